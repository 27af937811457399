from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, check, stream

RULE = "front-keepalive-race"

FRONT = '[front.edge]\nidle_timeout = "60s"\n'
SERVER = "server { listen 80; server_name shop; location / { root /srv; } }"


def early(line: int, status: int = 502) -> Found:
    return Found(line, "error", status, "sometimes", RULE, None)


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("", None),  # 75s
        ("keepalive_timeout 61s;", None),
        ("keepalive_timeout 60500ms;", 2),
        ("keepalive_timeout 60s;", 2),
        ("keepalive_timeout 5s 5s;", 2),
        # nginx says that it closes, each time
        ("keepalive_timeout 0;", None),
        ("keepalive_timeout 5s; keepalive_requests 1;", None),
        # what it announces does no harm
        ("keepalive_requests 10; keepalive_time 1s;", None),
        ("keepalive_timeout 5s; keepalive_requests 2;", 2),
        ("keepalive_timeout $t;", None),
    ],
)
def test_nginx_has_to_keep_connections_longer(lint: Lint, setting: str, line: int | None) -> None:
    assert lint(f"\n{setting}\n{SERVER}", FRONT) == ([] if line is None else [early(line)])


def test_the_default_is_too_short(lint: Lint, findings: Findings) -> None:
    front = '[front.edge]\nkind = "google-lb"\n'
    assert lint(f"\n{SERVER}", front) == [early(1)]
    (finding,) = findings(f"\n{SERVER}", front)
    assert finding.message == (
        "nginx closes idle connections to shop after 75s by default, but edge uses them for 10m "
        "(the default of google-lb): a request on one that nginx is just closing answers 502; edge "
        "has to close first, so keepalive_timeout has to be longer than 10m"
    )
    assert finding.place.text.startswith("events {} http {")
    assert finding.fix is not None
    assert (finding.fix.description, finding.fix.edits) == ("keepalive_timeout 610s;", ())
    assert (finding.front, finding.hops, finding.upstream) == ("edge", (), None)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("google-lb", 502),
        ("cloudflare", 520),
        ("envoy", 503),
        ("istio", 503),
        ("traefik", 502),
        ("caddy", 502),
        ("akamai", 502),
        ("azure-front-door", 503),
        # 60s or less, or not documented
        ("aws-alb", None),
        ("nginx", None),
        ("cloudfront", None),
        ("fastly", None),
        ("haproxy", None),
        ("varnish", None),
        ("kong", None),
        # these pass connections on
        ("aws-nlb", None),
        ("azure-load-balancer", None),
        ("azure-application-gateway", None),
    ],
)
def test_what_is_documented_of_each_kind(lint: Lint, kind: str, status: int | None) -> None:
    found = lint(f"\n{SERVER}", f'[front.edge]\nkind = "{kind}"\n')
    assert found == ([] if status is None else [early(1, status)])


@pytest.mark.parametrize(("kind", "status"), [("fastly", 503), ("azure-front-door", 503)])
def test_a_declared_time_with_the_status_of_the_kind(lint: Lint, kind: str, status: int) -> None:
    front = f'[front.edge]\nkind = "{kind}"\nidle_timeout = "90s"\n'
    assert lint(f"\n{SERVER}", front) == [early(1, status)]


def test_the_innermost_time_counts(lint: Lint) -> None:
    """That of the location which has answered the last request."""
    body = """
keepalive_timeout 5s;
server { listen 80; server_name a; keepalive_timeout 90s; location / { root /srv; } }
server { listen 80; server_name b; keepalive_timeout 90s;
location / { root /srv; }
location /api { location /api/x { keepalive_timeout 30s; root /srv; } } }
server { listen 80; server_name c; keepalive_timeout 3s;
location / { keepalive_timeout 90s; root /srv; } }
"""
    assert lint(body, FRONT) == [early(6)]


def test_one_finding_a_line(findings: Findings) -> None:
    servers = "".join(
        f"server {{ listen 80; server_name s{n}; location / {{ root /srv; }} }}\n" for n in range(9)
    )
    (finding,) = findings(f"\nkeepalive_timeout 10s;\n{servers}", FRONT)
    assert "connections to s0, s1, s2 and 6 more after 10s, but" in finding.message
    assert finding.fix is not None
    assert [(edit.line, edit.text) for edit in finding.fix.edits] == [(2, "70s")]


@pytest.mark.parametrize(
    ("servers", "lines"),
    [
        (None, [2, 3, 4]),
        (["b.example.com"], [3]),
        (["x.wild.example.com"], [4]),
        (["a.example.com", "b.example.com"], [2, 3]),
        # nobody is called so: the default server
        (["nobody.example.com"], [2]),
    ],
)
def test_the_servers_that_it_sends_to(
    lint: Lint, servers: list[str] | None, lines: list[int]
) -> None:
    body = """
server { listen 80; keepalive_timeout 1s; server_name a.example.com; }
server { listen 80; keepalive_timeout 2s; server_name b.example.com; }
server { listen 80; keepalive_timeout 3s; server_name *.wild.example.com; }
server { listen 127.0.0.1:81; keepalive_timeout 4s; server_name status; }
"""
    front = FRONT if servers is None else f"{FRONT}servers = {servers!r}\n".replace("'", '"')
    assert lint(body, front) == [early(line) for line in lines]


def test_only_this_machine_reaches_it(lint: Lint) -> None:
    """Then that is where the front is."""
    body = "\nserver { listen 127.0.0.1:81; keepalive_timeout 4s; }"
    assert lint(body, FRONT) == [early(2)]


def test_nobody_gets_to_a_server_that_rejects_handshakes(lint: Lint) -> None:
    body = "\nserver { listen 443 ssl; keepalive_timeout 4s; ssl_reject_handshake on; }"
    assert lint(body, FRONT) == []


def test_an_include_that_is_not_there_may_set_it(findings: Findings) -> None:
    body = f"\ninclude /etc/elsewhere/*.conf;\n{SERVER}"
    found = findings(body, '[front.edge]\nkind = "google-lb"\n', files={"x": ""})
    assert [item for item in found if item.rule == RULE] == []


def test_a_fragment_may_stand_in_anything(tmp_path: Path) -> None:
    files = {"shop.conf": SERVER, "upstreams.toml": '[front.edge]\nkind = "google-lb"\n'}
    assert check(tmp_path, files, "shop.conf").findings == ()


def test_the_margin_can_be_set(lint: Lint) -> None:
    body = f"\nkeepalive_timeout 61s;\n{SERVER}"
    assert lint(body, FRONT, rules={RULE: {"margin": 2000}}) == [early(2)]
    assert lint(body, FRONT, rules={RULE: {"margin": 500}}) == []


def test_nothing_is_declared(lint: Lint) -> None:
    body = f"\nkeepalive_timeout 1s;\n{SERVER}"
    assert lint(body, "[front.edge]\n") == []
    assert lint(body, "") == []


def test_stream_keeps_no_connections(lint: Lint) -> None:
    assert lint("\nserver { listen 1; return x; }", FRONT, wrap=stream) == []
