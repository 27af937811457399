"""response-header-buffer: the upstream sends larger response headers than nginx can hold."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.checks.failover import failing
from lint502.checks.site import Site
from lint502.checks.wording import by_profile, declared
from lint502.findings import Finding, Fix, Severity
from lint502.nginx.hops import Hop
from lint502.nginx.scope import Value
from lint502.nginx.values import format_size
from lint502.pairing import Pair

_FAMILIES = frozenset(("proxy", "fastcgi", "uwsgi", "scgi", "grpc"))
_CACHE_HEADER = 336 + 6 + 1
"""Bytes of the buffer that a cached response's own header takes, besides the key
(``ngx_http_file_cache_header_t`` on x86-64, and "\\nKEY: " with its line end)."""

_PAGE = 4096


def check(site: Site) -> Iterator[Finding]:
    """One finding for each hop whose ``*_buffer_size`` is not above the largest header."""
    for pair, exposure in failing(site, lambda pair: _too_small(pair) is not None, "header"):
        size, listener, hop = _too_small(pair), pair.listener, pair.hop
        assert size is not None and listener is not None and listener.response_headers is not None
        largest = listener.response_headers.value
        name = size.setting.name
        line = size.directive or hop.directive
        room = size.described(f"{name} {format_size(size.value)}")
        cached = "" if largest >= size.value else ", of which the cache takes a part"
        message = (
            f"{listener.upstream} sends response headers of up to {format_size(largest)}"
            f"{by_profile(listener.response_headers)}; nginx reads them into {room}{cached}"
        )
        if exposure.hint and exposure.severity is not Severity.ERROR:
            message += f"; {exposure.hint}"
        yield Finding(
            rule="response-header-buffer",
            severity=exposure.severity,
            status=502,
            frequency="sometimes",
            message=message,
            place=line.place(f"nginx has room for {format_size(size.value)}"),
            related=(
                declared(
                    listener.response_headers,
                    f"{listener.upstream} sends up to {format_size(largest)}",
                ),
            ),
            hops=(hop.id,),
            upstream=listener.upstream,
            log="upstream sent too big header while reading response header from upstream",
            fix=_fix(hop, largest),
        )


def _too_small(pair: Pair) -> Value[int] | None:
    """The buffer in effect, where the listener's largest header does not fit."""
    hop, listener = pair.hop, pair.listener
    if hop.kind not in _FAMILIES or listener is None or listener.response_headers is None:
        return None
    size = hop.scope.size(f"{hop.kind}_buffer_size")
    if size is None:
        return None
    largest = listener.response_headers.value
    room = size.value - (_CACHE_HEADER if _caches(hop) else 0)
    if hop.kind == "grpc":
        # HPACK may make the frames smaller than the text that is declared: by three eighths at most
        largest = largest * 5 // 8
    if largest > room or (largest == room and _buffers(hop)):
        return size
    return None


def _caches(hop: Hop) -> bool:
    if hop.kind == "grpc":
        return False
    cache = hop.scope.setting(f"{hop.kind}_cache")
    return cache is not None and bool(cache.lines) and cache.value.lower() != "off"


def _buffers(hop: Hop) -> bool:
    """With buffering on, a header that fills the buffer exactly leaves no room for the body."""
    if hop.kind == "grpc":
        return False
    flag = hop.scope.flag(f"{hop.kind}_buffering")
    return flag is not None and flag.value


def _fix(hop: Hop, largest: int) -> Fix:
    """The three settings that have to move together, or ``nginx -t`` refuses them."""
    size = _PAGE
    while size - _CACHE_HEADER <= largest:
        size *= 2
    family = hop.kind
    if family == "grpc":
        return Fix(f"grpc_buffer_size {format_size(size)};", safe=True)
    return Fix(
        f"{family}_buffer_size {format_size(size)}; {family}_buffers 8 {format_size(size)}; "
        f"{family}_busy_buffers_size {format_size(2 * size)};",
        safe=True,
    )
