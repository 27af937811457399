"""Where a pass leads back to nginx itself: to which of its sockets, with which host and URI."""

from __future__ import annotations

import re

from msgspec import Struct

from lint502.behaviour.tls import verifies
from lint502.nginx.addresses import Address, parse_address, split_scheme
from lint502.nginx.hops import Hop, Target
from lint502.nginx.locations import prefix_of
from lint502.nginx.servers import ListeningSocket, Servers
from lint502.nginx.symbols import UNKNOWN
from lint502.patterns import regex

_OF_THE_CLIENT = regex(r"\$(?:(?:http_)?host\b|\{(?:http_)?host\})", re.ASCII)
_OF_THE_PASS = regex(r"\$(?:proxy_host\b|\{proxy_host\})", re.ASCII)
_WHOLE_URI = ("$request_uri", "${request_uri}")


class SentUri(Struct, frozen=True):
    """The URI that nginx asks for: None where it is any. ``changed``: not what came."""

    text: str | None
    changed: bool


def own_socket(servers: Servers, hop: Hop, target: Target) -> ListeningSocket | None:
    """The socket of nginx's own that a target certainly reaches, if it takes what comes."""
    if target.needs_resolver or target.tls is None or hop.datagrams:
        return None
    address = target.address
    if address.socket is None and address.ip is None:
        if not address.is_loopback:
            return None  # whose address a name is, the DNS decides
        address = Address("127.0.0.1", address.port)
    found = servers.at(address)
    if found is None or found.tls != target.tls:
        return None
    if not (address.is_loopback or address.socket or found.host == address.host):
        return None  # an address of this machine only if nginx says so
    if target.tls and not _shakes_hands(hop, found):
        return None
    if hop.kind == "stream":
        header = hop.scope.flag("proxy_protocol")
        sends = header is not None and header.value
        return None if found.proxy_protocol and not sends else found
    version = hop.scope.word("proxy_http_version")
    if version is None or version.value == "2" or found.proxy_protocol:
        return None
    return None if "http2" in found.parameters and not found.tls else found


def _shakes_hands(hop: Hop, socket: ListeningSocket) -> bool:
    """Whether the handshake with nginx's own socket is certain to succeed."""
    levels = [level for server in socket.servers for level in server.context.up()]
    asks = any(
        name in level.by_name
        for level in levels
        for name in ("ssl_verify_client", "ssl_reject_handshake")
    )
    return not asks and verifies(hop) is False


def host_sent(hop: Hop, target: Target, of_client: str | None) -> tuple[str | None, bool]:
    """The host of the request that nginx sends, None where it is not known; and whether it is the
    same for every request."""
    setting = hop.scope.setting("proxy_set_header")
    if setting is None or not setting.complete:
        return None, False
    lines = setting.named("Host")
    if len(lines) > 1 or any(len(line) != 2 for line in lines):
        return None, False
    text = lines[0][1] if lines else "$proxy_host"
    given = _OF_THE_CLIENT.search(text) is None
    if not given and of_client is None:
        return None, False
    text = _OF_THE_CLIENT.sub(lambda _: of_client or "", text)
    text = _OF_THE_PASS.sub(lambda _: _proxy_host(target), text)
    if not text.startswith("["):
        text = text.partition(":")[0]
    texts = hop.variables.expand(text, hop.context)
    if texts is None or len(texts) != 1 or UNKNOWN in texts[0].text:
        return None, False
    return texts[0].text.lower(), given


def _proxy_host(target: Target) -> str:
    if target.block is not None:
        return target.block.context.args[0]
    address = target.address
    return "localhost" if address.socket is not None else str(Address(address.host))


def uri_sent(hop: Hop, uri: str | None) -> SentUri | None:
    """The URI that comes of one at a hop; None where it is not known what becomes of it."""
    written = hop.value
    variables = "$" in written
    whole = next((end for end in _WHOLE_URI if written.endswith(end)), "")
    if variables:
        texts = hop.variables.expand(written.removesuffix(whole), hop.context)
        if texts is None or len(texts) != 1 or UNKNOWN in texts[0].text:
            return None
        written = texts[0].text
    try:
        _, given = parse_address(split_scheme(written)[1], 80, uri=True)
    except ValueError:
        return None
    given, asked, _ = given.partition("?")
    if not given:
        return SentUri(uri, changed=False)
    if whole and not asked:
        return SentUri(None if uri is None else given + uri, changed=True)
    if variables:  # it takes the place of the whole
        return SentUri(given, changed=given != uri)
    prefix = prefix_of(hop.context)
    if prefix is None:
        return None
    if given == prefix:
        return SentUri(uri, changed=False)
    return SentUri(None if uri is None else given + uri[len(prefix) :], changed=True)
