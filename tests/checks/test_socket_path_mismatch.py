from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found

SPEC = '[upstream.app]\nsocket = "/run/app/app.sock"\n'
RULE = "socket-path-mismatch"
OTHERS = ("unused-upstream", "unix-url-colon")


def server(directive: str) -> str:
    return f"\nserver {{ location / {{\n{directive};\n}} }}"


@pytest.mark.parametrize(
    ("directive", "found"),
    [
        ("proxy_pass http://unix:/run/app/app.sock", False),
        ("proxy_pass http://unix:/run/app/app.sock:", False),
        ("proxy_pass http://unix:/var/run/app/app.sock:/x", False),
        ("fastcgi_pass unix:/run/app/app.sock", False),
        ("proxy_pass http://unix:/run/app.sock", True),
        # these have a rule of their own
        ("proxy_pass http://unix:/run/app/app.sock/api", False),
        ("fastcgi_pass unix:/run/app/app.sock:", False),
        ("uwsgi_pass unix:/run/app.sock", True),
    ],
)
def test_a_socket(lint: Lint, directive: str, found: bool) -> None:
    rows = [row for row in lint(server(directive), SPEC) if row.rule not in OTHERS]
    assert rows == ([Found(3, "warning", 502, "sometimes", RULE, None)] if found else [])


def test_by_name_it_is_certain(lint: Lint) -> None:
    body = """
        upstream app {
            server unix:/run/app.sock;
        }
        server { location / { proxy_pass http://app; } }"""
    assert lint(body, SPEC) == [Found(3, "error", 502, "always", RULE, "app")]
    assert lint(body, "[upstream.app]\nport = 80\n") == [
        Found(3, "error", 502, "always", RULE, "app")
    ]


def test_complete(lint: Lint) -> None:
    body = server("proxy_pass http://unix:/x")
    assert lint(body, "complete = true\n" + SPEC) == [Found(3, "error", 502, "always", RULE, "app")]
    assert lint(body, "complete = true") == [Found(3, "error", 502, "always", RULE, None)]


def test_no_socket_is_declared(lint: Lint) -> None:
    assert lint(server("proxy_pass http://unix:/x"), "[upstream.app]\nport = 80\n") == [
        Found(3, "info", None, None, "undeclared-upstream", None),
        Found(1, "info", None, None, "unused-upstream", "app", "upstreams.toml"),
    ]


@pytest.mark.parametrize(
    ("written", "fixed"),
    [
        ("http://unix:/run/app.sock", "http://unix:/run/app/app.sock"),
        ("http://unix:/run/app.sock:/x", "http://unix:/run/app/app.sock:/x"),
    ],
)
def test_the_fix(findings: Findings, written: str, fixed: str) -> None:
    body = server(f"proxy_pass {written}")
    (finding,) = findings(body, "complete = true\n" + SPEC)
    assert finding.fix is not None
    assert finding.fix.description == f"proxy_pass {fixed};"
    (edit,) = finding.fix.edits
    line = body.splitlines()[edit.line - 1]
    assert line[: edit.column - 1] + edit.text + line[edit.end_column - 1 :] == (
        f"proxy_pass {fixed};"
    )


def test_the_fix_of_a_path_that_a_variable_holds(findings: Findings) -> None:
    def edited(line: str, value: str) -> str | None:
        body = f"server {{ location / {{\n{line}\nproxy_pass http://unix:{value};\n}} }}"
        (finding,) = findings(body, "complete = true\n" + SPEC)
        return finding.fix.description if finding.fix is not None else None

    assert edited("set $s /run/app.sock;", "$s:/x") == "set $s /run/app/app.sock;"
    assert edited("set $s /run/app;", "$s.sock") is None


def test_of_many_the_nearest_are_named(findings: Findings) -> None:
    spec = "".join(f'[upstream.u{i}]\nsocket = "/run/u{i}/app.sock"\n' for i in range(9))
    found = findings(server("proxy_pass http://unix:/run/v3/app.sock"), spec)
    (finding,) = (one for one in found if one.rule == RULE)
    assert finding.message == (
        "nginx connects to the socket /run/v3/app.sock, which no upstream declares; declared: u3 "
        "on the socket /run/u3/app.sock, u0 on the socket /run/u0/app.sock, u1 on the socket "
        "/run/u1/app.sock and 6 more"
    )
    assert [place.note for place in finding.related] == [
        f"u{i} listens on the socket /run/u{i}/app.sock" for i in (3, 0, 1)
    ]


def test_of_one_upstream_the_nearest_are_named(findings: Findings) -> None:
    spec = "".join(f'[[upstream.app]]\nsocket = "/run/{i}.sock"\n' for i in range(4))
    (finding,) = findings(server("proxy_pass http://unix:/run/9.sock"), "complete = true\n" + spec)
    assert finding.message == (
        "nginx connects to the socket /run/9.sock, but app listens on the socket /run/0.sock, the "
        "socket /run/1.sock, the socket /run/2.sock and 1 more"
    )
    assert (finding.upstream, finding.fix) == ("app", None)
