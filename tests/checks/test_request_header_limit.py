from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found

RULE = "request-header-limit"


def spec(limits: str, listener: str = "") -> str:
    return f"[upstream.up]\nport = 1\n{listener}[upstream.up.limits]\n{limits}\n"


def body(settings: str, directive: str = "proxy_pass http://up:1", above: str = "") -> str:
    return f"\n{above}\nserver {{ {settings}\nlocation / {{\n{directive};\n}} }}"


def too_large(line: int, severity: str = "error", status: int = 502) -> Found:
    return Found(line, severity, status, "sometimes", RULE, "up")


CLOSES = 'overflow = "close"\n'
ANSWERS = 'overflow = "answer"\n'


@pytest.mark.parametrize(
    ("settings", "takes", "line"),
    [
        # 4 8k by default
        ("", "16k", 5),
        ("", "32767", 5),
        ("", "32k", None),
        ("", "64k", None),
        ("large_client_header_buffers 4 16k;", "32k", 3),
        ("large_client_header_buffers 4 16k;", "64k", None),
        ("large_client_header_buffers 4 2k;", "8k", None),
        ("large_client_header_buffers 16 8k;", "64k", 3),
        # what is in the first buffer comes on top
        ("client_header_buffer_size 1k;", "32k", None),
        ("client_header_buffer_size 64k;", "32k", 3),
        ("client_header_buffer_size 64k;", "96k", None),
        ("client_header_buffer_size 64k; large_client_header_buffers 2 8k;", "64k", 3),
        ("client_header_buffer_size 64k;\nlarge_client_header_buffers 2 8k;", "8k", 4),
        ("client_max_body_size 1k;", "16k", 5),
    ],
)
def test_the_buffers_in_effect(lint: Lint, settings: str, takes: str, line: int | None) -> None:
    assert lint(body(settings), spec(f'{CLOSES}request_headers = "{takes}"')) == (
        [] if line is None else [too_large(line)]
    )


def test_those_of_http_and_of_the_server(lint: Lint) -> None:
    wide = "large_client_header_buffers 4 32k;"
    narrow = "large_client_header_buffers 4 4k;"
    facts = spec(f'{CLOSES}request_headers = "16k"')
    assert lint(body("", above=wide), facts) == [too_large(2)]
    assert lint(body(narrow, above=wide), facts) == []
    assert lint(body(wide, above=narrow), facts) == [too_large(3)]


@pytest.mark.parametrize(
    ("limits", "settings", "found"),
    [
        (f'{CLOSES}request_headers = "16k"', "", too_large(5)),
        (f'{ANSWERS}request_headers = "16k"', "", too_large(5, "warning", 431)),
        ('request_headers = "16k"', "", too_large(5, "warning")),
    ],
)
def test_what_the_client_sees(lint: Lint, limits: str, settings: str, found: Found) -> None:
    assert lint(body(settings), spec(limits)) == [found]


@pytest.mark.parametrize(
    ("server", "settings", "found"),
    [
        # both answer, and nobody has chosen a limit
        ("tomcat", "", None),
        ("node", "", None),
        ("go", "", None),
        ("php-fpm", "", None),
        ("tomcat", "large_client_header_buffers 4 16k;", too_large(3, "warning", 400)),
        ("spring-boot", "large_client_header_buffers 4 16k;", too_large(3, "warning", 400)),
        ("node", "large_client_header_buffers 4 16k;", too_large(3, "warning", 431)),
        ("node", "large_client_header_buffers 4 8k;", None),
        ("node", "large_client_header_buffers 4 4k;", None),
        ("go", "large_client_header_buffers 4 16k;", None),
        # these close the connection, or nobody says
        ("tornado", "", None),
        ("tornado", "large_client_header_buffers 8 16k;", too_large(3)),
        ("varnish", "", None),
        ("daphne", "", too_large(5, "warning")),
    ],
)
def test_what_profiles_say(lint: Lint, server: str, settings: str, found: Found | None) -> None:
    facts = f'[upstream.up]\nport = 1\nserver = "{server}"\n'
    directive = "fastcgi_pass up:1" if server == "php-fpm" else "proxy_pass http://up:1"
    assert lint(body(settings, directive), facts) == ([] if found is None else [found])


def test_uwsgi(findings: Findings) -> None:
    facts = '[upstream.up]\nport = 1\nserver = "uwsgi"\n'
    (finding,) = findings(body("", "uwsgi_pass up:1"), facts)
    assert finding.message == (
        "nginx lets request headers of up to 32k through by default (large_client_header_buffers "
        "4 8k), but up takes at most 4k, with every uwsgi_param (the default of uwsgi) and closes "
        "the connection beyond"
    )
    assert finding.fix is not None
    assert finding.fix.description == "start uWSGI with --buffer-size 65535"
    closed = body("uwsgi_pass_request_headers off;", "uwsgi_pass up:1")
    assert findings(closed, facts) == ()


def test_the_first_buffer(findings: Findings) -> None:
    settings = "client_header_buffer_size 64k;"
    (finding,) = findings(body(settings), spec(f'{CLOSES}request_headers = "32k"'))
    assert finding.message == (
        "nginx lets request headers of up to 96k through (client_header_buffer_size 64k and "
        "large_client_header_buffers 4 8k), but up takes at most 32k and closes the connection "
        "beyond"
    )
    assert finding.fix is not None
    assert finding.fix.description == (
        "raise the limit of the upstream above 96k, or lower client_header_buffer_size"
    )


def test_an_overflow_that_is_declared_of_the_body(lint: Lint) -> None:
    facts = '[upstream.up]\nport = 1\nserver = "tomcat"\n' \
        '[upstream.up.limits]\nrequest_body = "1m"\noverflow = "close"\n'  # fmt: skip
    assert lint(body("large_client_header_buffers 4 16k;"), facts) == []


@pytest.mark.parametrize("kind", ["fastcgi", "scgi", "uwsgi", "grpc"])
def test_other_families(lint: Lint, kind: str) -> None:
    listener = f'protocol = "{kind}"\n'
    facts = spec(f'{CLOSES}request_headers = "8k"', listener)
    assert lint(body("", f"{kind}_pass up:1"), facts) == [too_large(5)]
    answers = lint(
        body("", f"{kind}_pass up:1"), spec(f'{ANSWERS}request_headers = "8k"', listener)
    )
    assert answers == ([] if kind == "grpc" else [too_large(5, "warning", 431)])


def test_a_backup_server(lint: Lint) -> None:
    text = body("", "proxy_pass http://b", "upstream b { server a:2; server up:1 backup; }")
    facts = "[upstream.a]\nport = 2\n" + spec(f'{CLOSES}request_headers = "8k"')
    assert lint(text, facts) == [too_large(5, "warning")]


def test_what_is_not_known(lint: Lint) -> None:
    assert lint(body(""), "[upstream.up]\nport = 1\n") == []
    assert lint(body("large_client_header_buffers 4 $size;"), spec('request_headers = "1k"')) == []
    assert (
        lint(body("include gone.conf;"), spec(CLOSES + 'request_headers = "1k"'), files={"x": ""})
        == []
    )


def test_sides_that_do_not_speak_the_same(lint: Lint) -> None:
    facts = spec(f'{CLOSES}request_headers = "8k"', 'protocol = "http"\ntls = true\n')
    assert [row.rule for row in lint(body(""), facts)] == ["tls-mismatch"]
    facts = spec(f'{CLOSES}request_headers = "8k"', 'protocol = "uwsgi"\n')
    assert [row.rule for row in lint(body(""), facts)] == ["protocol-mismatch"]
