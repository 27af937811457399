"""Hops that can reach the same targets, in the same way: one stands for all where there are many.

A hundred servers that pass to a ``map`` of a thousand addresses are a hundred thousand pairs; where
all that bears on these hops is written alike, what is true of one is true of the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from msgspec.structs import replace

from lint502.findings import Problem
from lint502.nginx.hops import Hop
from lint502.nginx.tree import Context, once_a_context
from lint502.nginx.variables import MAX_TEXTS

MAX_TOGETHER = 20_000
"""Targets of all hops together up to which each hop is looked at by itself."""

MAX_PAIRS = 20_000
"""Targets of all hops together that are looked at."""

FEWEST = 4
"""As many targets of a hop are looked at in any case."""

_ONE_OF_ITS_OWN = frozenset(
    ("server_name", "access_log", "error_log", "root", "alias", "ssl_certificate",
     "ssl_certificate_key", "add_header", "index", "expires")
)  # fmt: skip
"""What servers and locations have of their own, and what bears on no pair."""

_BY_LOCATION = frozenset(
    ("error_page", "auth_request", "mirror", "try_files", "rewrite", "post_action")
)
"""Where one of these stands, requests get to a location from another one, by its name."""

Same: TypeAlias = Mapping[str, Sequence[Hop]]
"""The hops that another one stands for, by its id."""


def stand_ins(hops: Sequence[Hop]) -> Same:
    """Which hops stand for which others; none where all are few enough."""
    if sum(len(hop.targets) for hop in hops) <= MAX_TOGETHER:
        return {}
    alike: dict[tuple[object, ...], list[Hop]] = {}
    numbers: dict[tuple[object, ...], int] = {}
    levels: dict[int, int] = {}
    for hop in hops:
        if len(hop.targets) > 1:
            around = []
            for level in hop.context.up():
                if level.name in ("http", "stream", "main"):
                    break
                if id(level) not in levels:
                    levels[id(level)] = numbers.setdefault(_level(level), len(numbers))
                around.append(levels[id(level)])
            alike.setdefault((*_what_bears_on(hop), *around), []).append(hop)
    return {first.id: others for first, *others in alike.values() if others}


def bounded(hops: Sequence[Hop], same: Same) -> tuple[list[Hop], list[Problem]]:
    """The hops with as many targets as are looked at, and what is to be said where it is not all of
    them."""
    represented = {hop.id for others in same.values() for hop in others}
    left, cut = MAX_PAIRS, []
    result = []
    for hop in hops:
        size = 0 if hop.id in represented else len(hop.targets)
        if size > max(left, FEWEST):
            cut.append(hop)
            hop = _cut(hop)
        left -= min(size, len(hop.targets))
        result.append(hop)
    problems = []
    lost = next((hop for hop in hops if hop.unknown and hop.variables.exhausted), None)
    if lost is not None:
        place = lost.directive.place()
        said = (
            f"the values of variables come to more than {MAX_TEXTS} texts; where some hops lead "
            "was not looked at"
        )
        problems.append(Problem(place.file, place.line, said, place.column))
    if not cut:
        return result, problems
    total = sum(len(hop.targets) for hop in hops)
    place = cut[0].directive.place()
    said = (
        f"the {len(hops)} hops have {total} targets together, more than the {MAX_PAIRS} that "
        f"lint502 looks at: from here on, of {len(cut)} hops only the first {FEWEST} targets"
    )
    return result, [*problems, Problem(place.file, place.line, said, place.column)]


def _cut(hop: Hop) -> Hop:
    return replace(
        hop,
        targets=hop.targets[:FEWEST],
        unknown=hop.unknown or f"only {FEWEST} of its {len(hop.targets)} targets were looked at",
    )


def _what_bears_on(hop: Hop) -> tuple[object, ...]:
    """All that rules can look at in a hop itself, but for names and places."""
    return (
        id(hop.targets),
        hop.kind,
        hop.directive.name,
        hop.directive.args,
        hop.unknown,
        id(hop.variables),
    )


def _level(level: Context) -> tuple[object, ...]:
    """A level around a hop, without the locations that are in it."""
    args: tuple[str, ...] = level.args
    if level.name == "location" and not args[-1].startswith("@") and not _names_matter(level):
        args = tuple(arg for arg in args[:-1] if arg)
    return level.name, args, level.partial, level.conditional, tuple(_lines(level))


def _lines(level: Context) -> Iterator[object]:
    for item in level.items:
        if isinstance(item, Context):
            if item.name != "location":
                yield item.name, item.args, tuple(_lines(item))
        elif item.name not in _ONE_OF_ITS_OWN:
            yield item.name, item.args[1:] if item.name == "listen" else item.args
    unknown = (*level.unseen, *(line for lines in level.uncertain.values() for line in lines))
    yield tuple((line.name, line.source.name, line.line) for line in unknown)


def _names_matter(location: Context) -> bool:
    area = location.enclosing("http", "stream")
    return area is None or _has_ways_between(area)


@once_a_context
def _has_ways_between(level: Context) -> bool:
    return not _BY_LOCATION.isdisjoint(level.by_name) or any(map(_has_ways_between, level.children))


def with_others(
    ids: Sequence[str], same: Same, known: dict[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """The ids of hops, each with those that it stands for; ``known`` keeps what was found."""
    for id in ids:
        if id not in known:
            known[id] = (id, *(other.id for other in same.get(id, ())))
    return known[ids[0]] if len(ids) == 1 else tuple(other for id in ids for other in known[id])
