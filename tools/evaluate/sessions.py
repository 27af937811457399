"""Ways to fail in ``stream {}``."""

from __future__ import annotations

from lint502.lab.standins.behaviour import Behaviour, TlsBehaviour
from tools.evaluate.cases import Ask, Case, claim, expect
from tools.evaluate.scripted import (
    closes,
    declared,
    no_file,
    nobody,
    nobody_on_udp,
    on_port,
    resets,
)


def _case(name: str, causes: str, roots: str, server: object, *facts: str, lines: str = "") -> Case:
    said = claim(name, 'protocol = "tcp"', *facts)
    if server is no_file:
        said = f'[upstream.{name}]\nsocket = "@a.path@"\n'
    return Case(
        name,
        f"server {{\n    listen 127.0.0.1:@{name}@;\n    {lines}\n    proxy_pass @a@; #=\n}}\n",
        (Ask("hello", (expect(causes, roots),), port=name),
         Ask("again", (expect(causes, roots),), port=name)),
        {"a": server},  # type: ignore[dict-item]
        said,
        within="stream",
    )  # fmt: skip


CASES = (
    _case("stream-down", "refused", "-", nobody),
    _case("stream-no-file", "no-such-socket", "-", no_file),
    _case("stream-reset", "session-reset", "-", on_port(resets)),
    _case("stream-proxy-header", "session-reset", "proxy-protocol-mismatch", on_port(resets),
          "proxy_protocol = true"),
    _case("stream-to-plain", "handshake-closed", "tls-mismatch", on_port(closes), "tls = false",
          lines="proxy_ssl on;"),
    _case("stream-misnamed", "certificate-name-mismatch", "tls-name-mismatch",
          declared(Behaviour("tcp", tls=TlsBehaviour(names=("api.internal",)))),
          "[upstream.stream-misnamed.tls]", 'names = ["api.internal"]',
          lines="proxy_ssl on;\n    proxy_ssl_verify on;\n    proxy_ssl_name localhost;\n"
          "    proxy_ssl_trusted_certificate @folder@/ca.pem;"),
    Case(
        "stream-udp",
        "server {\n    listen 127.0.0.1:@stream-udp@ udp;\n    proxy_timeout 400ms;\n"
        "    proxy_responses 1;\n    proxy_pass @a@; #=\n}\n",
        (Ask("hello", (expect("refused datagram-unanswered session-reset", "-"),),
             port="udp:stream-udp"),),
        {"a": nobody_on_udp},
        claim("stream-udp", 'protocol = "udp"'),
        within="stream",
    ),
    Case(
        "stream-two",
        "upstream stream-two {\n    server @a@ max_fails=0;\n    server @b@ max_fails=0;\n}\n"
        "server {\n    listen 127.0.0.1:@stream-two@;\n    proxy_pass stream-two; #=\n}\n"
        "server {\n    listen 127.0.0.1:@stream-three@;\n    proxy_pass stream-two; #=other\n}\n",
        (
            Ask("hello", (expect("refused", "-"),), port="stream-two"),
            Ask("hello", (expect("refused", "-", "other"),), port="stream-three"),
        ),
        {"a": nobody, "b": nobody},
        '[upstream.two-a]\nhosts = ["127.0.0.1"]\nport = @a.port@\nprotocol = "tcp"\n'
        '[upstream.two-b]\nhosts = ["127.0.0.1"]\nport = @b.port@\nprotocol = "tcp"\n',
        within="stream",
    ),
)  # fmt: skip
