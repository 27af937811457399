"""Response heads that pass nginx, and are too large for what stands before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from lint502.behaviour.fronts import AlikeWays, Trouble, Way, ways, with_pairs
from lint502.declared.listeners import Fact
from lint502.nginx.parse import Directive
from lint502.pairing import Pair
from lint502.site import Site


class PassedHead(Struct, frozen=True):
    """A pair behind a server that a front sends to, and the size in bytes of the largest head of a
    response that comes from there."""

    way: Way
    pair: Pair
    size: Fact[int]

    @property
    def too_large(self) -> bool:
        """Whether it is more than the front takes."""
        takes = self.way.front.response_headers
        return takes is not None and self.size.value > takes.value


def passed_heads(site: Site) -> Iterator[PassedHead]:
    """The pairs of the hops of ``http {}`` behind each way of a front whose limit is known."""
    return _heads(site, _ways(site))


def _ways(site: Site) -> list[Way]:
    return [way for way in ways(site) if way.front.response_headers is not None and not way.stream]


def _heads(site: Site, found: Iterable[Way]) -> Iterator[PassedHead]:
    for way, pair in with_pairs(site, found):
        if pair.meant is not None and pair.meant.response_headers is not None:
            yield PassedHead(way, pair, pair.meant.response_headers)


def large_heads(site: Site) -> Iterator[tuple[Trouble, list[PassedHead]]]:
    """The passes behind which a head is too large for a front, one trouble for each and front, with
    the heads that are."""
    grouped: dict[tuple[str, Directive], list[PassedHead]] = {}
    alike = AlikeWays(_ways(site))
    for head in _heads(site, alike.first):
        if head.too_large:
            key = (head.way.front.name, head.pair.hop.directive)
            grouped.setdefault(key, []).append(head)
    for (_, line), heads in grouped.items():
        yield Trouble(line, alike.all(head.way for head in heads)), heads


def heads_of(site: Site, way: Way, line: Directive | None) -> list[PassedHead]:
    """Those of one way, and of one pass where it is given."""
    return [
        head
        for head in passed_heads(site)
        if head.way.front is way.front
        and head.way.server is way.server
        and (line is None or head.pair.hop.directive is line)
    ]
