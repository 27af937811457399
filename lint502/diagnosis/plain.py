"""Records that can be read in one way only: that a server passes a request to an upstream, with
no quote, no blank and no field where a client could have put one."""

from __future__ import annotations

from lint502.diagnosis.statements import Statement

UPSTREAM = b", upstream: "
HOST = b", host: "
REFERRER = b", referrer: "
"""What stands between the quotes of a request, its upstream, its host and its referrer."""

VERSION = b" HTTP/"
"""What ends a request: in a referrer, it may be one that a client made up."""

QUOTE = b"%22"
"""A quote in a request that may be one in the URI of its upstream."""

_LEVELS = {
    b"[%b]" % name: name.decode()
    for name in (b"emerg", b"alert", b"crit", b"error", b"warn", b"notice", b"info", b"debug")
}
_VERSIONS = (b" HTTP/1.1", b" HTTP/2.0", b" HTTP/1.0", b" HTTP/3.0")


def statement(
    level: bytes, message: bytes, server: bytes, request: bytes, upstream: bytes, host: bytes
) -> Statement | None:
    """What a record says; None where it can be read in other ways, too.

    ``level`` is ``[error]``, ``server`` all that stands between the client and the quote of the
    request: ``server: shop.example.com, request: ``. Neither of these nor the message has a quote.
    """
    name = server[8:-11]
    if (
        level not in _LEVELS
        or server[:8] != b"server: "
        or server[-11:] != b", request: "
        or b" " in name
        or b"," in name
        or b" " in upstream
        or b" " in host
        or b"lua" in message
        or QUOTE in request
        or request.count(b" ") != 2
        or not request.endswith(_VERSIONS)
    ):
        return None
    text = b"\n".join((message, name, request, upstream, host)).decode("utf-8", "surrogateescape")
    said, name_, request_, upstream_, host_ = text.split("\n")
    return Statement(_LEVELS[level], said, name_, request_, None, upstream_, host_)


_WITHOUT_URI = (b"fastcgi:", b"uwsgi:", b"suwsgi:", b"scgi:", b"memcached:", b"grpc:", b"grpcs:")


def address(upstream: bytes, uri: bytes, alike: bytes) -> bytes | None:
    """What an upstream has beside the end of a URI, which is its path: both, with a blank between
    them, and the digits of the path as ``alike`` translates them. None where it has other ones."""
    if upstream.startswith(_WITHOUT_URI):
        return upstream
    start = upstream.find(b"://") + 3
    at = upstream.find(b":/", start + 5) + 1 if upstream.startswith(b"unix:", start) else 0
    path = upstream[at or upstream.find(b"/", start) :]
    if not path.startswith(b"/") or not uri.endswith(path):
        return None
    return b"%b %b" % (upstream[: -len(path)], path.translate(alike))
