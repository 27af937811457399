from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, http, stream

RULE = "unix-socket-in-tmp"
SPEC = '[upstream.app]\nsocket = "/tmp/app.sock"\n'
WARNING = Found(3, "warning", 502, "always", RULE, "app")


def server(directive: str) -> str:
    return f"\nserver {{ location / {{\n{directive};\n}} }}"


@pytest.mark.parametrize(
    "directive",
    [
        "proxy_pass http://unix:/tmp/app.sock",
        "proxy_pass http://unix:/tmp/app.sock:/api",
        "fastcgi_pass unix:/tmp/app.sock",
        "uwsgi_pass unix:/tmp/app.sock",
        "scgi_pass unix:/tmp/app.sock",
        "grpc_pass unix:/tmp/app.sock",
        "memcached_pass unix:/tmp/app.sock",
        "set $there unix:/tmp/app.sock; proxy_pass http://$there",
    ],
)
def test_below_tmp(lint: Lint, directive: str) -> None:
    assert [row for row in lint(server(directive), SPEC) if row.rule == RULE] == [WARNING]


def test_what_is_not_declared(lint: Lint) -> None:
    body = server("fastcgi_pass unix:/var/tmp/x/php.sock")
    assert WARNING._replace(upstream=None) in lint(body)


def test_where_other_sockets_are_declared(lint: Lint) -> None:
    body = server("fastcgi_pass unix:/tmp/x.sock")
    assert WARNING._replace(upstream=None) in lint(
        body, '[upstream.app]\nsocket = "/run/app.sock"\n'
    )


def test_a_stream(lint: Lint) -> None:
    body = "\nserver {\nlisten 1; proxy_pass unix:/tmp/app.sock;\n}"
    assert lint(body, SPEC, wrap=stream) == [WARNING]


@pytest.mark.parametrize(
    ("path", "spec"),
    [
        ("/run/app.sock", '[upstream.app]\nsocket = "/run/app.sock"\n'),
        ("/srv/tmp/app.sock", '[upstream.app]\nsocket = "/srv/tmp/app.sock"\n'),
        ("/tmpfs/app.sock", '[upstream.app]\nsocket = "/tmpfs/app.sock"\n'),
        # another container shares it through a volume
        ("/tmp/app.sock", SPEC + "same_host = false\n"),
        # both are in one container, or share one /tmp
        ("/tmp/app.sock", SPEC + "same_host = true\n"),
        # what is wrong is its path
        ("/tmp/app.sock", 'complete = true\n[upstream.app]\nsocket = "/run/app.sock"\n'),
    ],
)
def test_silence(lint: Lint, path: str, spec: str) -> None:
    rules = {row.rule for row in lint(server(f"proxy_pass http://unix:{path}"), spec)}
    assert RULE not in rules


@pytest.mark.parametrize(
    ("line", "in_container"),
    [
        ("access_log /dev/stdout;", True),
        ("access_log /dev/stdout main;", True),
        ("server { access_log /proc/self/fd/1; }", True),
        ("error_log /dev/stderr warn;", True),
        ("error_log stderr;", False),  # which is never opened
        ("access_log /var/log/dev/stdout;", False),
        ("access_log off;", False),
        ("resolver 127.0.0.11 valid=10s;", True),
        ("resolver 127.0.0.11:53;", True),
        ("resolver 127.0.0.1;", False),
        ("server { location / { proxy_pass http://host.docker.internal:3000; } }", True),
        ("server { location / { proxy_pass http://docker.internal:3000; } }", False),
    ],
)
def test_what_runs_in_a_container(lint: Lint, line: str, in_container: bool) -> None:
    body = server("fastcgi_pass unix:/tmp/app.sock") + line
    found = [row for row in lint(body, SPEC) if row.rule == RULE]
    assert found == ([] if in_container else [WARNING])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("daemon off;", []),
        ("daemon on;", [WARNING]),
        ("pid /tmp/nginx.pid;", []),
        ("pid /run/nginx.pid;", [WARNING]),
    ],
)
def test_what_its_unit_does_not_run(lint: Lint, line: str, expected: list[Found]) -> None:
    def main(body: str) -> str:
        return f"{line} {http(body)}"

    assert lint(server("fastcgi_pass unix:/tmp/app.sock"), SPEC, wrap=main) == expected


def test_many_hops_make_one_finding(findings: Findings) -> None:
    locations = "".join(f"location /{i} {{ proxy_pass http://up; }}" for i in range(30))
    body = f"upstream up {{ server unix:/tmp/app.sock; }} server {{ {locations} }}"
    (finding,) = findings(body, SPEC)
    assert (finding.rule, len(finding.hops)) == (RULE, 30)
    assert finding.message == (
        "the socket /tmp/app.sock is in a temporary directory: if nginx or its upstream is a "
        "systemd service with PrivateTmp, each has one of its own, and nginx finds no socket "
        "there; put it below /run, or declare same_host = true if both have one /tmp, as in one "
        "container"
    )


def test_a_backup(lint: Lint) -> None:
    body = """
        upstream up {
            server unix:/tmp/app.sock backup; server unix:/run/b.sock;
        }
        server { location / { proxy_pass http://up; } }"""
    spec = SPEC + '[upstream.b]\nsocket = "/run/b.sock"\n'
    assert lint(body, spec) == [WARNING._replace(frequency="sometimes")]
