from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, stream

RULE = "tls-verify-depth"
VERIFY = "proxy_ssl_verify on;"


def spec(depth: int, more: str = "") -> str:
    return f"[upstream.up]\nport = 1\ntls = {{ chain_depth = {depth} }}\n{more}\n"


def located(*lines: str) -> str:
    return "\nserver { location / {\n" + "\n".join(lines) + "\n} }"


@pytest.mark.parametrize(
    ("lines", "depth", "line"),
    [
        ((VERIFY, "proxy_pass https://up:1;"), 0, None),
        ((VERIFY, "proxy_pass https://up:1;"), 1, None),
        ((VERIFY, "proxy_pass https://up:1;"), 2, 4),
        ((VERIFY, "proxy_ssl_verify_depth 2;", "proxy_pass https://up:1;"), 2, None),
        ((VERIFY, "proxy_ssl_verify_depth 2;", "proxy_pass https://up:1;"), 3, 4),
        ((VERIFY, "proxy_ssl_verify_depth 0;", "proxy_pass https://up:1;"), 1, 4),
        (("proxy_pass https://up:1;",), 2, None),
        ((VERIFY, "proxy_pass http://up:1;"), 2, None),
        (("grpc_ssl_verify on;", "grpc_pass grpcs://up:1;"), 2, 4),
        ((VERIFY, "grpc_pass grpcs://up:1;"), 2, None),
        (("uwsgi_ssl_verify on;", "uwsgi_pass suwsgi://up:1;"), 2, 4),
    ],
)
def test_depths(lint: Lint, lines: tuple[str, ...], depth: int, line: int | None) -> None:
    found = [one for one in lint(located(*lines), spec(depth)) if one.rule != "tls-mismatch"]
    assert found == ([] if line is None else [Found(line, "error", 502, "always", RULE, "up")])


def test_inherited_and_stream(lint: Lint) -> None:
    body = f"\n{VERIFY}\nproxy_ssl_verify_depth 3;\nserver {{\nproxy_pass https://up:1; }}"
    inner = body.replace("server {", "server { location / {").replace("; }", "; } }")
    assert lint(inner, spec(3)) == []
    assert lint(inner, spec(4)) == [Found(3, "error", 502, "always", RULE, "up")]
    body = f"\nserver {{ listen 1; proxy_ssl on;\n{VERIFY}\nproxy_pass up:1; }}"
    tcp = spec(2, 'protocol = "tcp"')
    assert lint(body, tcp, wrap=stream) == [Found(4, "error", 502, "always", RULE, "up")]


def test_message(findings: Findings) -> None:
    (found,) = findings(located(VERIFY, "proxy_pass https://up:1;"), spec(2))
    assert found.message == (
        "the certificate of up has 2 intermediate certificates above it, and "
        "proxy_ssl_verify_depth is 1 by default: nginx does not get to the root, and refuses the "
        "certificate"
    )
    assert found.fix is not None
    assert (found.fix.description, found.fix.safe) == ("proxy_ssl_verify_depth 2;", True)
