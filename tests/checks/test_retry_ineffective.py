from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found

RULE = "retry-ineffective"
TWO = "server 127.0.0.1:1; server 127.0.0.1:2;"
SPEC = "".join(f'[[upstream.up]]\nport = {port}\nprotocol = "grpc"\n' for port in (1, 2))
WARNING = Found(3, "warning", 502, "sometimes", RULE, None)


def body(settings: str, servers: str = TWO, directive: str = "grpc_pass b") -> str:
    return f"upstream b {{ {servers} }}\nserver {{ location / {{\n{settings}\n{directive}; }} }}"


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ("grpc_next_upstream error timeout http_502;", True),
        ("grpc_next_upstream error invalid_header;", True),
        ("grpc_next_upstream error non_idempotent;", True),
        ("grpc_next_upstream error timeout;", False),
        ("grpc_next_upstream error http_502 off;", False),  # that is retry-off
        ("proxy_next_upstream error http_502;", False),
        ("", False),
    ],
)
def test_the_conditions(lint: Lint, settings: str, found: bool) -> None:
    rows = [row for row in lint(body(settings), SPEC) if row.rule == RULE]
    assert rows == ([WARNING] if found else [])


@pytest.mark.parametrize(
    ("servers", "directive"),
    [
        ("server 127.0.0.1:1;", "grpc_pass b"),
        ("server 127.0.0.1:1; server 127.0.0.1:2 down;", "grpc_pass b"),
        (TWO, "grpc_pass 127.0.0.1:1"),
        (TWO, "proxy_pass http://b"),
    ],
)
def test_where_there_is_nowhere_to_go(lint: Lint, servers: str, directive: str) -> None:
    rows = lint(body("grpc_next_upstream error http_502;", servers, directive), SPEC)
    assert RULE not in [row.rule for row in rows]


def test_its_words(findings: Findings) -> None:
    text = body("grpc_next_upstream http_502 http_503 non_idempotent;")
    (finding,) = (one for one in findings(text, SPEC) if one.rule == RULE)
    assert finding.message == (
        "http_502, http_503 and non_idempotent never take effect: nginx sends a gRPC call to one "
        'server of upstream "b" only, once it has begun to send it; what that one answers, or that '
        "it fails, is what the client gets"
    )
    assert finding.fix is not None
    assert [edit.text for edit in finding.fix.edits] == ["error timeout"]
