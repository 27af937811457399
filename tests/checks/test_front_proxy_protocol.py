from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, stream

RULE = "front-proxy-protocol"

SENDS = "[front.edge]\nproxy_protocol = true\n"
SENDS_NONE = "[front.edge]\nproxy_protocol = false\n"


def differs(line: int, status: int = 502) -> Found:
    return Found(line, "error", status, "always", RULE, None)


@pytest.mark.parametrize(
    ("listen", "front", "status"),
    [
        ("80", SENDS, 400),
        ("80 proxy_protocol", SENDS, None),
        ("80", SENDS_NONE, None),
        ("80 proxy_protocol", SENDS_NONE, 502),
        ("443 ssl", SENDS, 502),
        ("443 ssl proxy_protocol", SENDS_NONE, 502),
        ("443 ssl proxy_protocol", SENDS, None),
        ("443 quic", SENDS, None),
        ("80", "[front.edge]\n", None),
        ("80 proxy_protocol", '[front.edge]\nkind = "haproxy"\n', None),
    ],
)
def test_both_ways(lint: Lint, listen: str, front: str, status: int | None) -> None:
    found = lint(f"\nserver {{ listen {listen}; root /srv; }}", front)
    assert found == ([] if status is None else [differs(2, status)])


def test_the_status_is_that_of_the_kind(lint: Lint) -> None:
    front = '[front.edge]\nkind = "cloudflare"\nproxy_protocol = false\n'
    body = "\nserver { listen 80 proxy_protocol; }"
    assert lint(body, front, ignore=("front-keepalive-race",)) == [differs(2, 520)]


def test_one_line_counts_for_all_servers_of_a_socket(lint: Lint) -> None:
    body = """
server { listen 80; server_name a; }
server { listen 80 proxy_protocol; server_name b; }
"""
    assert lint(body, SENDS) == []
    assert lint(body, SENDS_NONE) == [differs(3)]


def test_it_may_use_another_port_of_the_server(lint: Lint) -> None:
    body = """
server { listen 80; listen 81 proxy_protocol; server_name a; }
server { listen 80; server_name b; }
server { listen 82 proxy_protocol; server_name b; }
server { listen 80; }
"""
    assert lint(body, SENDS) == [differs(2, 400)]
    assert lint(body, f'{SENDS}servers = ["a", "b"]\n') == []


def test_no_listen_is_port_80(findings: Findings) -> None:
    (finding,) = findings("\nserver { server_name a; }", SENDS)
    assert finding.place.line == 2
    assert finding.message == (
        "nginx expects no PROXY header on *:80, but edge sends one: nginx takes it for the "
        "request, and a answers 400"
    )


def test_messages(findings: Findings) -> None:
    (finding,) = findings("\nserver { listen 80 proxy_protocol; server_name a; }", SENDS_NONE)
    assert finding.message == (
        "nginx expects a PROXY header on *:80, but edge sends none: nginx closes the connection, "
        "and a answers 502"
    )
    assert finding.log == 'broken header: "…'
    (finding,) = findings("\nserver { listen 443 ssl; server_name a; }", SENDS)
    assert finding.message == (
        "nginx expects a TLS handshake on *:443, but edge sends a PROXY header first: there is no "
        "handshake, and a answers 502"
    )
    assert (finding.log, finding.front) == (None, "edge")
    assert finding.fix is not None
    assert finding.fix.description == "listen 443 proxy_protocol;"


def test_an_include_that_is_not_there_may_hold_a_listen(findings: Findings) -> None:
    body = "\ninclude /etc/elsewhere/*.conf;\nserver { listen 80; }"
    found = findings(body, SENDS, files={"x": ""})
    assert [item for item in found if item.rule == RULE] == []


def test_stream_passes_the_header_on(lint: Lint) -> None:
    """And the upstream may be the one that expects it."""
    body = "\nserver { listen 1%s; return x; }"
    assert lint(body % "", SENDS, wrap=stream) == []
    assert lint(body % " proxy_protocol", SENDS, wrap=stream) == []
    assert lint(body % " proxy_protocol", SENDS_NONE, wrap=stream) == [differs(2)]


def test_http_is_meant_where_there_is_some(lint: Lint) -> None:
    body = "\nserver { listen 80; } } stream { server { listen 1 proxy_protocol; return x; }"
    assert lint(body, SENDS_NONE) == []


@pytest.mark.parametrize(
    ("listen", "front"), [("80 proxy_protocol", SENDS_NONE), ("443 ssl", SENDS)]
)
def test_through_what_passes_connections_on_the_client_gets_no_answer(
    findings: Findings, listen: str, front: str
) -> None:
    (found,) = findings(f"\nserver {{ listen {listen}; }}", f'{front}kind = "aws-nlb"\n')
    assert found.status is None
    assert found.message.endswith(" gets no answer")
