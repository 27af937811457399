"""response-header-buffer: the upstream sends larger response headers than nginx can hold."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from lint502.behaviour.demands import largest_for
from lint502.behaviour.http2 import speaks_http2
from lint502.behaviour.limits import HTTP2_LIMITED, meant_for_headers, too_big_header
from lint502.behaviour.unset import unset
from lint502.disagreements import Disagreement
from lint502.edits.buffers import Lines, fix
from lint502.nginx import error_log
from lint502.nginx.buffers import NAMES, Buffers
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.scope import Value
from lint502.nginx.values import format_size
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import by_profile, declared

_FAMILIES = frozenset(("proxy", "fastcgi", "uwsgi", "scgi", "grpc"))
_CACHE_HEADER = 336 + 6 + 1
"""Bytes of the buffer that a cached response's own header takes, besides the key
(``ngx_http_file_cache_header_t`` on x86-64, and "\\nKEY: " with its line end)."""

_RECORD_HEADER = 8
"""Bytes of the buffer that the FastCGI record takes, besides the header that it brings."""

_PAGE = 4096

_LARGEST_FIX = 32 * 1024
"""Bytes that are enough for the headers of which nothing is said."""

_HTTP1_ONLY = 128
"""Bytes of a header's text that HTTP/2 does without: status line, colons, line ends."""


def check(site: Site) -> Iterator[Disagreement]:
    """One for each hop whose ``*_buffer_size`` is not above the largest header, or where that is
    not declared, of which only the buffers for the body are large."""
    compared = Lines(site.tree.main)
    yield from _too_small_ones(site, compared)
    for pair in site.each_pair():
        if pair.meant is None or pair.meant.response_headers is None:
            found = meant_for_headers(pair.hop)
            if found is not None:
                yield _doubt(pair, found, compared)


def _doubt(pair: Pair, buffers: Buffers, compared: Lines) -> Disagreement:
    hop, name = pair.hop, f"{pair.hop.kind}_buffers"
    setting = hop.scope.setting(name)
    assert setting is not None, "it is written"
    line, room = setting.directives[-1], format_size(buffers.size)
    return RULE.disagreement(
        pair,
        "head",
        certain=False,
        message=(
            f"{name} of {format_size(buffers.each)} are for the body; response headers above "
            f"{room}, which is {hop.kind}_buffer_size by default, answer 502"
        ),
        place=line.place("for the body alone"),
        log=too_big_header(hop),
        upstream=None,
        fix=replace(fix(hop, line, min(buffers.each, _LARGEST_FIX), compared), safe=False),
    )


def _too_small_ones(site: Site, compared: Lines) -> Iterator[Disagreement]:
    found = [(pair, size) for pair in site.each_pair() if (size := _too_small(pair)) is not None]
    lines = {id(pair): _line(pair.hop, size) for pair, size in found}
    needed = largest_for((lines[id(pair)], _largest(pair)) for pair, _ in found)
    for pair, size in found:
        listener, hop, line = pair.meant, pair.hop, lines[id(pair)]
        if listener is None or listener.response_headers is None:
            continue
        largest = listener.response_headers.value
        name = size.setting.name
        status, log = _outcome(hop, largest, size.value)
        room = size.described(f"{name} {format_size(size.value)}")
        taken = "the cache takes a part" if _caches(hop) else "FastCGI's own header takes a part"
        cached = "" if largest >= size.value else f", of which {taken}"
        message = (
            f"{listener.upstream} sends response headers of up to {format_size(largest)}"
            f"{by_profile(listener.response_headers)}; nginx reads them into {room}{cached}"
        )
        yield RULE.disagreement(
            pair,
            "head",
            certain=_certain(hop, largest, size.value),
            status=status,
            message=message,
            place=line.place(f"nginx has room for {format_size(size.value)}"),
            related=(
                declared(
                    listener.response_headers,
                    f"{listener.upstream} sends up to {format_size(largest)}",
                ),
            ),
            log=log,
            cause=unset(hop, size.setting) if line is hop.directive else None,
            fix=fix(hop, line, _room_for(needed[line]), compared),
            demand=largest,
        )


def _line(hop: Hop, size: Value[int]) -> Directive:
    """The line that sets the buffer. For a default the innermost of those that have to go with it,
    where other hops have it too; else the pass."""
    if size.directive is not None:
        return size.directive
    names = [f"{hop.kind}_{name}" for name in NAMES]
    for level in hop.context.up():
        found = [line for name in names for line in level.by_name.get(name, ())]
        if found:
            alone = hop.directive in level.by_name.get(hop.directive.name, ())
            return hop.directive if alone and _beside(found[0], hop.directive) else found[0]
    return hop.directive


def _beside(one: Directive, other: Directive) -> bool:
    return one.source.name == other.source.name


def _largest(pair: Pair) -> int:
    listener = pair.meant
    return (
        listener.response_headers.value
        if listener is not None and listener.response_headers is not None
        else 0
    )


def _room_for(largest: int) -> int:
    """The size of a buffer that takes a header, in whole pages."""
    size = _PAGE
    while size - _CACHE_HEADER <= largest:
        size *= 2
    return size


def _too_small(pair: Pair) -> Value[int] | None:
    """The buffer in effect, where the listener's largest header does not fit."""
    hop, listener = pair.hop, pair.meant
    if hop.kind not in _FAMILIES or listener is None or listener.response_headers is None:
        return None
    size = hop.scope.size(f"{hop.kind}_buffer_size")
    if size is None:
        return None
    largest = listener.response_headers.value
    room = size.value - (_CACHE_HEADER if _caches(hop) else 0)
    if hop.kind == "fastcgi":
        room -= _RECORD_HEADER
    if speaks_http2(hop):
        largest = _http2_sizes(hop, largest)[1]
    if largest > room or (largest == room and _buffers(hop)):
        return size
    return None


def _http2_sizes(hop: Hop, largest: int) -> tuple[int, int]:
    """What a header of that much text counts at least and usually at most, as HTTP/2.

    Up to 1.31.2 the frames count: HPACK takes up to three eighths off the text. From then on the
    names and values do, those in Huffman's code as eight fifths of their coded length.
    """
    if hop.scope.version >= HTTP2_LIMITED:
        return largest - _HTTP1_ONLY, largest * 6 // 5
    return largest * 5 // 8, largest


def _certain(hop: Hop, largest: int, size: int) -> bool:
    return not speaks_http2(hop) or _http2_sizes(hop, largest)[0] > size


def _outcome(hop: Hop, largest: int, size: int) -> tuple[int, str]:
    """Status and log line; a header that fills the buffer exactly costs the body only."""
    exactly = largest == size and hop.kind != "fastcgi" and not _caches(hop)
    if exactly and not speaks_http2(hop):
        return 200, error_log.line("closed-in-body")
    return 502, too_big_header(hop)


def _caches(hop: Hop) -> bool:
    if hop.kind == "grpc":
        return False
    cache = hop.scope.setting(f"{hop.kind}_cache")
    return cache is not None and bool(cache.lines) and cache.value.lower() != "off"


def _buffers(hop: Hop) -> bool:
    """With buffering on, a header that fills the buffer exactly leaves no room for the body."""
    if speaks_http2(hop) or hop.kind == "fastcgi":
        return False
    flag = hop.scope.flag(f"{hop.kind}_buffering")
    return flag is not None and flag.value


RULE = Rule("response-header-buffer", check, "limits.large_header")
