"""The pass directive that speaks what a listener speaks."""

from __future__ import annotations

from lint502.declared.listeners import Listener
from lint502.nginx.addresses import split_scheme
from lint502.nginx.hops import Hop
from lint502.pairing import Pair

_SCHEMES = {
    "http": ("http://", "https://"),
    "grpc": ("grpc://", "grpcs://"),
    "uwsgi": ("", "suwsgi://"),
    "fastcgi": ("", ""),
    "scgi": ("", ""),
    "memcached": ("", ""),
}
"""What stands before the address without TLS, and with it; the last three have no TLS."""

_NEEDS = {
    "fastcgi": "include fastcgi_params; fastcgi_param SCRIPT_FILENAME "
    "$document_root$fastcgi_script_name; ",
    "uwsgi": "include uwsgi_params; ",
    "scgi": "include scgi_params; ",
    "memcached": "set $memcached_key $uri; ",
}
"""What a request is not complete without."""


def fitting_pass(hop: Hop, listener: Listener) -> str | None:
    """The lines with which a hop speaks what a listener speaks; None where no directive does.

    Its protocol is that of the hop where it is not declared, and it speaks TLS where it says so.
    """
    spoken = "http" if hop.kind == "proxy" else hop.kind
    protocol = spoken if listener.protocol is None else listener.protocol.value
    schemes = _SCHEMES.get(protocol)
    if schemes is None or hop.kind == "stream":
        return None
    scheme = schemes[listener.tls is not None and listener.tls.value]
    name = "proxy" if protocol == "http" else protocol
    uri = hop.kind == "proxy" and protocol == "http"
    return f"{_NEEDS.get(protocol, '')}{name}_pass {scheme}{_address(hop, uri=uri)};"


def apart(pair: Pair, others: str) -> str:
    """Words for a server that needs a pass of its own, for ``others`` is what the rest of those
    behind the line speak."""
    assert pair.meant is not None, "that is what differs"
    line = pair.target.written
    return (
        f"another upstream block for {pair.meant.upstream} ({line.source.name}:{line.line}) with a "
        f"pass of its own, for the other servers behind {pair.hop.directive.name} speak {others}"
    )


def _address(hop: Hop, *, uri: bool) -> str:
    """What follows the scheme of a pass; without a URI where the directive takes none."""
    _, rest = split_scheme(hop.value)
    if rest.startswith("$"):
        before, separator, after = rest.partition("://")
        if separator:
            rest = after
        elif ":" not in before:  # it may hold a scheme
            found = {str(target.address) for target in hop.targets}
            return found.pop() if len(found) == 1 else "ADDRESS"
    if uri:
        return rest
    if rest[:5].lower() == "unix:":
        path, _, _ = rest[5:].partition(":")
        return f"{rest[:5]}{path}"
    end = next((i for i, character in enumerate(rest) if character in "/?"), len(rest))
    return rest[:end]
