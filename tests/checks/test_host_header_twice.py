from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import NEW, Found

ALWAYS = [Found(4, "error", 400, "always", "host-header-twice", "up")]
PERHAPS = [Found(4, "warning", 400, "sometimes", "host-header-twice", "up")]


def spec(server: str) -> str:
    return f'[upstream.up]\nport = 3000\nserver = "{server}"\n'


def body(*lines: str, before: str = "", passes: str = "proxy_pass http://127.0.0.1:3000;") -> str:
    """The second line of the headers is on line 4."""
    return f"\nserver {{ {before} location / {{\n" + "\n".join(lines) + f"\n{passes} }} }}"


def header(line: str) -> str:
    return f"proxy_set_header {line};"


TWICE = (header("Host $host"), header("Host $http_host"))


@pytest.mark.parametrize(
    ("server", "found"),
    [
        ("hypercorn", ALWAYS),
        ("nginx", ALWAYS),
        ("go", ALWAYS),
        ("spring-boot/3.2", ALWAYS),
        ("gunicorn", ALWAYS),
        ("gunicorn/27.0", ALWAYS),
        ("gunicorn/22.0", PERHAPS),  # that version does not refuse it, but the application may
        ("uvicorn", PERHAPS),  # by its parser
        ("jetty", PERHAPS),
        ("node", []),
        ("nest", []),
        ("werkzeug/3.1", []),
    ],
)
def test_servers(lint: Lint, server: str, found: list[Found]) -> None:
    assert lint(body(*TWICE), spec(server)) == found


def test_a_server_that_nobody_knows(lint: Lint) -> None:
    assert lint(body(*TWICE), "[upstream.up]\nport = 3000\n") == PERHAPS
    assert lint(body(*TWICE)) == [
        Found(2, "info", None, None, "undeclared-upstream", None)._replace(line=5)
    ]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (("Host $host", "host $host"), ALWAYS),
        (("Host a", "Host b"), ALWAYS),
        (('Host ""', "Host $host"), []),
        (("Host $host", 'Host ""'), []),
        (("Host $host", "Host $nothing"), []),
        (("Host $host", "Host $http_x"), PERHAPS),
        (("Host $host", "Host $http_x:80"), ALWAYS),
        (("Host $host", "X-Host $host"), []),
        (("X-Host $host", "X-Host $host"), []),
    ],
)
def test_what_is_sent(lint: Lint, lines: tuple[str, ...], found: list[Found]) -> None:
    text = body(*map(header, lines), before='set $nothing "";')
    assert lint(text, spec("hypercorn")) == found


@pytest.mark.parametrize(
    ("server", "name", "found"),
    [
        ("node", "Content-Length $content_length", [400, "sometimes"]),
        ("node", "Content-Length 5", [400, "always"]),
        ("uwsgi", "Content-Length $content_length", [502, "sometimes"]),
        ("hypercorn", "Content-Length $content_length", None),
        ("jetty", "Content-Length $content_length", None),  # nobody knows
        ("aiohttp", "Content-Type text/plain", [400, "always"]),
        ("node", "Content-Type text/plain", None),
        ("nginx/1.26", 'Authorization "Basic YTpi"', [400, "always"]),
        ("nginx/1.22", 'Authorization "Basic YTpi"', None),
        ("node", 'Authorization "Basic YTpi"', None),
    ],
)
def test_other_headers(lint: Lint, server: str, name: str, found: list[int | str] | None) -> None:
    stated = spec(server) + ('protocol = "http"\n' if server == "uwsgi" else "")
    rows = lint(body(header(name), header(name)), stated)
    rows = [row for row in rows if row.rule == "host-header-twice"]
    expected = []
    if found is not None:
        expected = [ALWAYS[0]._replace(status=int(found[0]), frequency=str(found[1]))]
    assert rows == expected


def test_levels(lint: Lint) -> None:
    outer = header("Host $host")
    assert lint(body(header("X-A b"), header("Host a"), before=outer), spec("nginx")) == []
    twice = lint(body("", "", before=outer * 2), spec("nginx"))
    assert twice == [ALWAYS[0]._replace(line=2)]


def test_what_speaks_no_http_1(lint: Lint) -> None:
    http2 = "proxy_http_version 2; proxy_pass http://127.0.0.1:3000;"
    declared = spec("nginx") + 'http_versions = ["1.1", "2"]\n'
    assert lint(body(*TWICE, passes=http2), declared, version=NEW) == []
    assert lint(body(*TWICE, passes="grpc_pass 127.0.0.1:3000;"), declared) == []


@pytest.mark.parametrize(
    ("lines", "safe", "left"),
    [
        (TWICE, False, [3]),
        ((TWICE[0], TWICE[0]), True, [3]),
        ((TWICE[0], "include one.conf;"), False, [3]),
        (("include one.conf;", TWICE[1]), False, [4]),
        (("include two.conf;", ""), False, []),  # others may include it
    ],
)
def test_the_fix_keeps_one(
    findings: Findings, lines: tuple[str, ...], safe: bool, left: list[int]
) -> None:
    files = {"one.conf": "proxy_set_header Host $server_name;\n", "two.conf": "\n".join(TWICE)}
    (finding,) = findings(body(*lines), spec("nginx"), files=files)
    assert finding.fix is not None
    assert finding.fix.description == "keep one Host line only"
    assert finding.fix.safe is safe
    assert [(edit.file, edit.line) for edit in finding.fix.edits] == [
        ("nginx.conf", line) for line in left
    ]


def test_its_words(findings: Findings) -> None:
    (finding,) = findings(body(*TWICE), spec("hypercorn"))
    assert finding.message == ('nginx sends Host 2 times, "$host" and "$http_host": up answers 400')
    assert [place.line for place in finding.related] == [3]
