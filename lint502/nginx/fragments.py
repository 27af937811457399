"""Files that are included from elsewhere: which contexts one of them stands in.

A comment ``# lint502: context http,server`` says it; else its first directives show it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lint502.nginx.parse import Directive, ParsedFile
from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.tokens import Comment
from lint502.patterns import regex
from lint502.reading import shown

_CONTEXT_COMMENT = regex(r"\s*lint502:\s*context\s+(\S.*?)\s*$")


_THIRD_PARTY = regex(
    r"\w+_by_lua|lua_|js_|more_|brotli|zstd|modsecurity|passenger_|pagespeed|geoip2|echo|"
    r"vhost_traffic_status|headers_|upload_|nchan_|fancyindex|subs_filter|srcache_|http2|quic_"
)
"""Directives of well-known modules, and of nginx itself, that crossplane's tables lack."""


_CONTEXTS = frozenset(("main", "http", "stream", "server", "location", "upstream", "if"))


def contexts_around(parsed: ParsedFile) -> tuple[str, ...]:
    """The contexts that a file stands in, from the outside in; none for a main file.

    Raises ``ValueError`` where the file does not look like an nginx configuration.
    """
    stated = _stated_context(parsed.comments)
    if stated is not None:
        return stated
    if not parsed.directives:
        return ("http",)  # only comments: nothing that bears on anything
    names = [
        one.name for one in parsed.directives if UNKNOWN not in one.name and "$" not in one.name
    ]
    if not names:
        return ("http",)  # a template leaves all open
    if not {"http", "events", "stream", "mail"}.isdisjoint(names):
        return ()
    counted = {around: _allowed(names, mask) for around, mask in _fragment_contexts()}
    best = max(counted.values())
    if not best:
        if not any(name == "include" or _THIRD_PARTY.match(name) for name in names):
            raise ValueError(
                "this does not look like an nginx configuration: no directive at its top is one "
                "that nginx knows"
            )
        return ("http",)
    around = next(candidate for candidate, count in counted.items() if count == best)
    if around == ("http",) and _is_stream(parsed.directives):
        return ("stream",)
    return around


def _stated_context(comments: Iterable[Comment]) -> tuple[str, ...] | None:
    for comment in comments:
        match = _CONTEXT_COMMENT.match(comment.text)
        if match is None:
            continue
        names = tuple(name.strip() for name in match[1].split(","))
        unknown = [name for name in names if name not in _CONTEXTS]
        if unknown:
            raise ValueError(
                f'the comment on line {comment.line} names a context "{shown(unknown[0])}"; write '
                "for example: # lint502: context http,server"
            )
        around = tuple(name for name in names if name != "main")
        if around and around[0] not in ("http", "stream"):
            raise ValueError(
                f"the comment on line {comment.line} has to name every context from the outside "
                "in, for example: # lint502: context http,server"
            )
        return around
    return None


def _fragment_contexts() -> list[tuple[tuple[str, ...], int]]:
    """The contexts that a fragment may stand in, likeliest first, with crossplane's bit mask."""
    from crossplane.analyzer import CONTEXTS

    return [
        (("http",), CONTEXTS[("http",)]),
        (("http", "server"), CONTEXTS[("http", "server")]),
        (("http", "server", "location"), CONTEXTS[("http", "location")]),
        (("http", "upstream"), CONTEXTS[("http", "upstream")]),
        (("stream",), CONTEXTS[("stream",)]),
        (("stream", "server"), CONTEXTS[("stream", "server")]),
        ((), CONTEXTS[()]),
    ]


def _allowed(names: Iterable[str], mask: int) -> int:
    from crossplane.analyzer import DIRECTIVES

    return sum(
        any(bits & mask for bits in DIRECTIVES.get(name, ())) for name in names if name != "include"
    )


def _is_stream(directives: Sequence[Directive]) -> bool:
    """Whether servers at the top pass on TCP: a ``proxy_pass`` of their own, and no location."""
    servers = [directive for directive in directives if directive.name == "server"]
    return bool(servers) and all(
        any(inner.name == "proxy_pass" for inner in server.block or ())
        and not any(inner.name in ("location", "server_name") for inner in server.block or ())
        for server in servers
    )
