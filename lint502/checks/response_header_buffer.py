"""response-header-buffer: the upstream sends larger response headers than nginx can hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lint502.behaviour.http2 import speaks_http2
from lint502.behaviour.limits import HTTP2_LIMITED, too_big_header
from lint502.disagreements import Disagreement
from lint502.edits.propose import Edits, insertion, rewritten, set_to
from lint502.findings import Edit, Fix
from lint502.nginx import error_log
from lint502.nginx.buffers import buffers_at
from lint502.nginx.hops import Hop
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

_HTTP1_ONLY = 128
"""Bytes of a header's text that HTTP/2 does without: status line, colons, line ends."""

_PAGE = 4096


def check(site: Site) -> Iterator[Disagreement]:
    """One for each hop whose ``*_buffer_size`` is not above the largest header."""
    for pair in site.each_pair():
        size, listener, hop = _too_small(pair), pair.meant, pair.hop
        if size is None or listener is None or listener.response_headers is None:
            continue
        largest = listener.response_headers.value
        name = size.setting.name
        line = size.directive or hop.directive
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
            fix=_fix(hop, size, largest),
        )


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


def _fix(hop: Hop, small: Value[int], largest: int) -> Fix:
    """The three settings that have to move together, or ``nginx -t`` refuses them; none of them
    gets smaller."""
    size = _PAGE
    while size - _CACHE_HEADER <= largest:
        size *= 2
    family = hop.kind
    words = {f"{family}_buffer_size": format_size(size)}
    if family != "grpc":
        now = buffers_at(hop.scope, family)
        each = max(size, now.each if now is not None else 0)
        number = max(8, now.number if now is not None else 0)
        busy = max(2 * each, (now.busy if now is not None else None) or 0)
        words[f"{family}_buffers"] = f"{number} {format_size(each)}"
        words[f"{family}_busy_buffers_size"] = format_size(busy)
        if now is not None and now.written is not None and now.written < each:
            words[f"{family}_temp_file_write_size"] = format_size(2 * each)
    description = " ".join(f"{name} {value};" for name, value in words.items())
    return Fix(description, True, _edits(hop, small, words))


def _edits(hop: Hop, small: Value[int], words: Mapping[str, str]) -> Edits:
    """The settings where the one that is too small stands: on their own lines, else above it."""
    if small.directive is None:
        own = {name: hop.scope.setting(name) for name in words}
        return set_to(hop, [(own[name], value) for name, value in words.items()], here=True)
    level = next(
        (
            one
            for one in hop.context.up()
            if small.directive in one.by_name.get(small.setting.name, ())
        ),
        None,
    )
    if level is None:
        return ()
    edits: list[Edit] = []
    missing: list[str] = []
    for name, value in words.items():
        lines = level.by_name.get(name, ())
        if len(lines) > 1:
            return ()
        if not lines:
            missing.append(f"{name} {value}")
        elif not (found := rewritten(lines[0], value)):
            return ()
        else:
            edits += found
    if missing:
        edits.append(insertion(small.directive, missing))
    return tuple(edits)


RULE = Rule("response-header-buffer", check, "limits.large_header")
