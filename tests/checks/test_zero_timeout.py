from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import NEW, Found, stream

RULE = "zero-timeout"
SPEC = "[upstream.up]\nport = 1\n"


def body(settings: str, directive: str = "proxy_pass http://up:1", above: str = "") -> str:
    return f"\n{above}\nserver {{ location / {{\n{settings}\n{directive};\n}} }}"


def zero(line: int, severity: str = "error", status: int = 504, frequency: str = "always") -> Found:
    return Found(line, severity, status, frequency, RULE, None)


UPLOADS = zero(4, "warning", frequency="sometimes")


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ("proxy_read_timeout 0;", [zero(4)]),
        ("proxy_read_timeout 0s;", [zero(4)]),
        ("proxy_read_timeout 0ms;", [zero(4)]),
        ('proxy_read_timeout "0m 0s";', [zero(4)]),
        ("proxy_connect_timeout 0;", [zero(4)]),
        ("proxy_send_timeout 0;", [UPLOADS]),
        ("proxy_read_timeout 0; proxy_connect_timeout 0;", [zero(4), zero(4)]),
        ("proxy_read_timeout 1ms;", []),
        ("proxy_read_timeout 10;", []),
        # these do mean "no limit", or keep nothing
        ("proxy_next_upstream_timeout 0; proxy_next_upstream_tries 0;", []),
        ("keepalive_timeout 0; send_timeout 0; resolver_timeout 0;", []),
        # of another family
        ("fastcgi_read_timeout 0; grpc_read_timeout 0;", []),
        ("# proxy_read_timeout 0;", []),
    ],
)
def test_which_timeouts(lint: Lint, settings: str, found: list[Found]) -> None:
    assert [row for row in lint(body(settings), SPEC) if row.rule == RULE] == found


@pytest.mark.parametrize("kind", ["fastcgi", "uwsgi", "scgi", "grpc", "memcached"])
def test_each_family_has_its_own(lint: Lint, kind: str) -> None:
    facts = f'{SPEC}protocol = "{kind}"\n'
    for name in ("read", "connect"):
        found = lint(body(f"{kind}_{name}_timeout 0;", f"{kind}_pass up:1"), facts)
        assert found == [zero(4)]
    uploads = lint(body(f"{kind}_send_timeout 0;", f"{kind}_pass up:1"), facts)
    assert uploads == ([] if kind == "memcached" else [UPLOADS])


def test_a_line_far_above_is_told_once(findings: Findings) -> None:
    text = body("", above="proxy_read_timeout 0;") + (
        "server { listen 81; location / { proxy_pass http://up:1; } "
        "location /b { proxy_read_timeout 1m; proxy_pass http://up:1; } }"
    )
    (finding,) = findings(text, SPEC)
    assert (finding.place.line, len(finding.hops)) == (2, 2)


def test_what_no_hop_meets(lint: Lint) -> None:
    assert lint("\nserver { proxy_read_timeout 0; location / { return 204; } }") == []
    assert lint(body("proxy_read_timeout $t;"), SPEC) == []


def test_a_unix_socket_is_connected_at_once(lint: Lint) -> None:
    facts = '[upstream.up]\nsocket = "/s"\n'
    for scheme, found in (("http", []), ("https", [zero(4, frequency="sometimes")])):
        text = body("proxy_connect_timeout 0;", f"proxy_pass {scheme}://unix:/s:/")
        assert [row for row in lint(text, facts) if row.rule == RULE] == found


def test_methods_without_a_body(lint: Lint) -> None:
    text = "proxy_send_timeout 0; limit_except GET { deny all; }"
    assert lint(body(text), SPEC) == []
    assert lint(body("proxy_send_timeout 0; proxy_pass_request_body off;"), SPEC) == []


def test_up_to_1_19_8_a_near_server_is_in_time(lint: Lint) -> None:
    connect, read = body("proxy_connect_timeout 0;"), body("proxy_read_timeout 0;")
    assert lint(connect, SPEC, version="1.19.8") == [zero(4, frequency="sometimes")]
    assert lint(connect, SPEC, version="1.19.9") == [zero(4)]
    assert lint(read, SPEC, version="1.18.0") == [zero(4, frequency="sometimes")]
    assert lint(read, SPEC, version="1.19.9") == [zero(4)]


def test_connections_that_another_location_leaves_open(lint: Lint) -> None:
    text = body("proxy_connect_timeout 0;", "proxy_pass http://b", "upstream b { server up:1; }")
    assert lint(text, SPEC, version=NEW) == [zero(4)]
    text += "server { listen 81; location / { proxy_pass http://b; } }"
    assert lint(text, SPEC, version=NEW) == [zero(4, frequency="sometimes")]


def test_stream(lint: Lint) -> None:
    text = "\nserver { listen 1%s;\n%s\nproxy_pass %s; }"
    tcp = f'{SPEC}protocol = "tcp"\n'
    udp = f'{SPEC}protocol = "udp"\n'

    def found(options: str, settings: str, facts: str, target: str = "up:1") -> list[Found]:
        return lint(text % (options, settings, target), facts, wrap=stream)

    assert found("", "proxy_connect_timeout 0;", tcp) == [zero(3, status=502)]
    assert found("", "proxy_timeout 0;", tcp) == [zero(3, status=200)]
    assert found(" udp", "proxy_connect_timeout 0;", udp) == []
    assert found(" udp", "proxy_timeout 0;", udp) == [zero(3, status=200)]


def test_the_fix_is_the_default(findings: Findings) -> None:
    (finding,) = findings(body("proxy_read_timeout 0;"), SPEC)
    assert finding.fix is not None
    assert (finding.fix.description, finding.fix.safe) == ("proxy_read_timeout 60s;", False)
    assert finding.message == (
        'proxy_read_timeout 0 does not mean "no limit": nginx gives each request up as soon as it '
        "is sent, and answers 504"
    )
