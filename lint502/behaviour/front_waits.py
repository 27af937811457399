"""How long what stands before nginx waits for a response, and which responses are later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from lint502.behaviour.fronts import AlikeWays, Trouble, Way, ways, with_pairs
from lint502.behaviour.limits import read_timeout
from lint502.declared.listeners import Fact, Front
from lint502.nginx.parse import Directive
from lint502.pairing import Pair
from lint502.site import Site

_WAITS_AS_LONG = frozenset(("aws-alb",))
"""Kinds of fronts whose idle timeout counts while they wait, too: an ALB then answers 504.

Source: https://repost.aws/knowledge-center/eks-http-504-errors
"""


def waits(front: Front) -> Fact[int] | None:
    """The time in milliseconds; None where it is not known. What passes connections on forgets
    those that are silent for so long."""
    if front.read_timeout is not None:
        return front.read_timeout
    if front.kind is not None and front.kind.value in _WAITS_AS_LONG:
        return front.idle_timeout
    return front.tcp_idle_timeout


class SlowAnswer(Struct, frozen=True):
    """A pair behind a server that a front sends to, and how many milliseconds an answer from there
    may take to start."""

    way: Way
    pair: Pair
    takes: Fact[int]

    @property
    def too_slow(self) -> bool:
        """Whether the front gives it up, and neither nginx nor the upstream does so before."""
        waiting, timeout = waits(self.way.front), read_timeout(self.pair.hop)
        works = None if self.pair.meant is None else self.pair.meant.request_timeout
        if waiting is None or timeout is None or not waiting.value < self.takes.value:
            return False
        others = [timeout.value or None, None if works is None else works.value]
        return all(other is None or waiting.value < other for other in others)


def slow_answers(site: Site) -> Iterator[SlowAnswer]:
    """The pairs of the hops of ``http {}`` behind each way of a front of which it is known how long
    it waits."""
    return _answers(site, _ways(site))


def _ways(site: Site) -> list[Way]:
    return [way for way in ways(site) if not way.stream and waits(way.front) is not None]


def _answers(site: Site, found: Iterable[Way]) -> Iterator[SlowAnswer]:
    for way, pair in with_pairs(site, found):
        if pair.meant is not None and pair.meant.response_timeout is not None:
            yield SlowAnswer(way, pair, pair.meant.response_timeout)


def late_answers(site: Site) -> Iterator[tuple[Trouble, list[SlowAnswer]]]:
    """The passes behind which an answer is too slow for a front, one trouble for each and front,
    with the answers that are."""
    grouped: dict[tuple[str, Directive], list[SlowAnswer]] = {}
    alike = AlikeWays(_ways(site))
    for answer in _answers(site, alike.first):
        if answer.too_slow:
            key = (answer.way.front.name, answer.pair.hop.directive)
            grouped.setdefault(key, []).append(answer)
    for (_, line), late in grouped.items():
        yield Trouble(line, alike.all(one.way for one in late)), late
