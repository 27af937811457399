"""What HTTP/2 to an upstream brings along: headers of a connection, and who refuses them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from lint502.behaviour.refusals import refusal
from lint502.declared.listeners import Listener
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.scope import Setting
from lint502.nginx.setting_lines import called
from lint502.nginx.symbols import UNKNOWN
from lint502.pairing import Pair
from lint502.wording import server_of

HeaderRefusal = Literal["reset", "close", "answer"]
"""How a server refuses such a request: it ends the stream, or the connection, or answers 400."""


_OF_A_CONNECTION = (
    "connection", "upgrade", "keep-alive", "proxy-connection", "transfer-encoding", "te"
)  # fmt: skip
"""Headers that make a request of HTTP/2 malformed (RFC 9113, 8.2.2), ``TE`` unless it is
"trailers"."""


class SentHeader(Struct, frozen=True):
    """A line that sends such a header, what it sends, and whether with every request."""

    line: Directive
    text: str
    always: bool


def header_refusal(pair: Pair) -> HeaderRefusal | None:
    """How a listener refuses what nginx sends to it, or may; None where it does not."""
    listener = pair.meant
    if listener is None or connection_header(pair.hop) is None:
        return None
    protocol = listener.protocol.value if listener.protocol is not None else None
    versions = listener.http_versions.value if listener.http_versions is not None else None
    if protocol not in ("http", "grpc", None):
        return None
    if protocol == "http" and versions is not None and "2" not in versions:
        return None
    known = refusal("connection-header", server_of(listener))
    if known is None:
        return "reset"
    return None if known.does == "nothing" else known.does


def refusal_is_known(listener: Listener) -> bool:
    """Whether it was measured what a server does with such a header."""
    return refusal("connection-header", server_of(listener)) is not None


def connection_header(hop: Hop) -> SentHeader | None:
    """The line of a hop that sends such a header; one that does so always goes first."""
    if hop.kind == "proxy":
        version = hop.scope.word("proxy_http_version")
        if version is None or version.value != "2":
            return None
    elif hop.kind != "grpc":
        return None
    headers = hop.scope.setting(f"{hop.kind}_set_header")
    lines = headers_of_a_connection(headers) if headers is not None else ()
    found = filter(None, (sent_header(hop, line) for line in lines))
    return min(found, key=lambda sent: not sent.always, default=None)


def headers_of_a_connection(headers: Setting) -> list[Directive]:
    """The lines that set such a header, in their order."""
    found = called(headers.lines)
    numbers = sorted(number for name in _OF_A_CONNECTION for number in found.get(name, ()))
    return [headers.directives[number] for number in numbers] if headers.directives else []


def sent_header(hop: Hop, line: Directive) -> SentHeader | None:
    """The header of a connection that a line sends, None where it sends none."""
    if len(line.args) != 2:
        return None
    name, value = line.args[0].lower(), line.args[1]
    if name not in _OF_A_CONNECTION:
        return None
    texts = hop.variables.expand(value, hop.context) or ()
    known = [text.text for text in texts if UNKNOWN not in text.text]
    bad = [text for text in known if text and not (name == "te" and text.lower() == "trailers")]
    unknown = not texts or any(UNKNOWN in one.text and not one.symbols for one in texts)
    if not bad and not unknown:
        return None
    always = bool(bad) and len(bad) == len(texts)
    return SentHeader(
        line, f"{line.args[0]}: {bad[0] if always and len(bad) == 1 else value}", always
    )


def speaks_http2(hop: Hop) -> bool | None:
    """Whether a hop speaks HTTP/2; None where it is not known."""
    if hop.kind != "proxy":
        return hop.kind == "grpc"
    version = hop.scope.word("proxy_http_version")
    return None if version is None else version.value == "2"
