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


@pytest.mark.parametrize(
    ("buffers", "limit", "severity"),
    [
        # nobody has said that clients may send as much
        ("", "", "warning"),
        ("large_client_header_buffers 4 8k;", "", "error"),
        ("client_header_buffer_size 2k;", "", "error"),
        ("", '[upstream.up.limits]\nrequest_headers = "4k"\n', "error"),
        ("", '[upstream.up.limits]\nrequest_body = "1m"\n', "warning"),
    ],
)
def test_an_error_is_what_somebody_has_chosen(
    lint: Lint, buffers: str, limit: str, severity: str
) -> None:
    facts = f'[upstream.up]\nport = 1\nserver = "uwsgi"\n{limit}'
    line = 3 if buffers else 5
    assert lint(body(buffers, "uwsgi_pass up:1"), facts) == [too_large(line, severity)]


def test_uwsgi(findings: Findings) -> None:
    facts = '[upstream.up]\nport = 1\nserver = "uwsgi"\n'
    (finding,) = findings(body("", "uwsgi_pass up:1"), facts)
    assert finding.message == (
        "nginx lets request headers of up to 32k through by default (large_client_header_buffers "
        "4 8k), but up takes at most 4k, with every uwsgi_param (the default of uwsgi) and closes "
        "the connection beyond; headers of 4097 bytes are enough for that"
    )
    assert finding.fix is not None
    assert finding.fix.description == "start uWSGI with --buffer-size 65535"
    closed = body("uwsgi_pass_request_headers off;", "uwsgi_pass up:1")
    assert findings(closed, facts) == ()
    (finding,) = findings(body("uwsgi_pass_request_headers off;", STOCK), facts)
    assert finding.message.endswith(
        "; a query of 1944 bytes (QUERY_STRING and REQUEST_URI hold it) is enough for that"
    )


STOCK = "include uwsgi_params;\nuwsgi_pass up:1"


@pytest.mark.parametrize(
    ("buffers", "enough", "size"),
    [
        (
            "1 4k",
            "a query of 1944 bytes (QUERY_STRING and REQUEST_URI hold it) or headers of 3887 "
            "bytes is enough for that",
            16384,
        ),
        (
            "1 2k",
            "a query of 1944 bytes (QUERY_STRING and REQUEST_URI hold it) is enough for that",
            8192,
        ),
        ("4 1k", "headers of 3887 bytes are enough for that", 8192),
        ("2 1k", None, None),
        ("1 1k", None, None),
    ],
)
def test_what_uwsgi_params_hold_again(
    findings: Findings, buffers: str, enough: str | None, size: int | None
) -> None:
    facts = '[upstream.up]\nport = 1\nserver = "uwsgi"\n'
    found = findings(body(f"large_client_header_buffers {buffers};", STOCK), facts)
    said = [finding.message.partition("; ")[2] for finding in found]
    assert said == ([] if enough is None else [enough])
    fixes = [finding.fix.description for finding in found if finding.fix is not None]
    assert fixes == ([] if size is None else [f"start uWSGI with --buffer-size {size}"])


@pytest.mark.parametrize(
    ("buffers", "takes", "found"),
    [
        # nobody has chosen nginx's: nobody is taken to fill them all at once
        ("", "32k", False),
        ("", "32767", True),
        ("", "16k", True),
        ("4 8k", "32k", True),
        ("4 8k", "48k", False),
        ("1 16k", "32k", True),
        ("1 16k", "33k", False),
        # nginx answers 500 to what is larger than a packet can be
        ("8 16k", "65535", False),
        ("8 16k", "64k", False),
        ("8 16k", "65534", True),
    ],
)
def test_limits_of_uwsgi(lint: Lint, buffers: str, takes: str, found: bool) -> None:
    settings = f"large_client_header_buffers {buffers};" if buffers else ""
    limits = f'{CLOSES}request_headers = "{takes}"'
    rules = [row.rule for row in lint(body(settings, STOCK), spec(limits, 'protocol = "uwsgi"\n'))]
    assert rules == ([RULE] if found else [])


def test_uwsgi_by_http_holds_the_path_twice(findings: Findings) -> None:
    facts = '[upstream.up]\nport = 1\nserver = "uwsgi"\nprotocol = "http"\n'
    narrow = "large_client_header_buffers 1 4k;"
    (finding,) = (one for one in findings(body(narrow), facts) if one.rule == RULE)
    assert finding.message == (
        "nginx lets request headers of up to 4k through (large_client_header_buffers 1 4k), but "
        "up takes at most 4k (the default of uwsgi) and closes the connection beyond; a path of "
        "2049 bytes (REQUEST_URI and PATH_INFO hold it) is enough for that"
    )
    assert finding.fix is not None
    assert finding.fix.description == "start uWSGI with --buffer-size 16384"
    rewritten = body(narrow + "rewrite ^/x(.*) /$1;")
    assert [one for one in findings(rewritten, facts) if one.rule == RULE] == []


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
