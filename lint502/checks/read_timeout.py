"""read-timeout: an answer takes longer than nginx waits, or the upstream works on it for longer."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.demands import largest_for
from lint502.behaviour.limits import read_timeout
from lint502.behaviour.unset import unset
from lint502.declared.listeners import Fact, Listener
from lint502.disagreements import Disagreement
from lint502.edits.propose import set_to
from lint502.findings import Fix
from lint502.nginx.scope import Value
from lint502.nginx.values import format_time
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import by_profile, declared

_MARGIN = 30_000
_FAMILIES = ("proxy", "fastcgi", "uwsgi", "scgi", "grpc")


def check(site: Site) -> Iterator[Disagreement]:
    """One for each hop that waits less than its upstream may take to answer, or works for it."""
    yield from _works_for_nobody(site)
    found = [(pair, one) for pair in site.each_pair() if (one := _too_short(pair)) is not None]
    needed = largest_for(
        (timeout.directive or pair.hop.directive, _takes(pair)) for pair, timeout in found
    )
    for pair, timeout in found:
        listener, hop, takes = pair.meant, pair.hop, _takes(pair)
        assert listener is not None and listener.response_timeout is not None
        line = timeout.directive or hop.directive
        name, longer = timeout.setting.name, format_time(needed[line] + _MARGIN)
        stream = hop.kind == "stream"
        seen = "the client gets no answer" if stream else "a slow request answers 504"
        waits = timeout.described(f"{format_time(timeout.value)} ({name})")
        message = (
            f"{listener.upstream} takes up to {format_time(takes)} to start an answer, but nginx "
            f"waits for {waits}: {seen}"
        )
        yield RULE.disagreement(
            pair,
            "wait",
            status=200 if stream else 504,
            message=message,
            place=line.place(f"nginx waits {format_time(timeout.value)}"),
            related=(
                declared(
                    listener.response_timeout,
                    f"{listener.upstream} takes up to {format_time(takes)}",
                ),
            ),
            log=None if stream else ...,
            cause=unset(hop, timeout.setting),
            fix=Fix(f"{name} {longer};", True, set_to(hop, [(timeout.setting, longer)])),
            demand=takes,
        )


def _works_for_nobody(site: Site) -> Iterator[Disagreement]:
    """Where nobody says how long answers take, but the upstream is given longer than any of its
    hops waits: then none of them is the one for the slow answers."""
    waiting: dict[int, tuple[Listener, list[tuple[Pair, Value[int]]]]] = {}
    for pair in site.each_pair():
        listener = pair.meant
        if listener is None or listener.request_timeout is None or listener.response_timeout:
            continue
        timeout = read_timeout(pair.hop)
        if timeout is not None and pair.hop.kind in _FAMILIES:
            waiting.setdefault(id(listener), (listener, []))[1].append((pair, timeout))
    for listener, there in waiting.values():
        works = listener.request_timeout
        assert works is not None, "that is what is compared"
        if not any(_waits_long_enough(timeout, works.value) for _, timeout in there):
            for pair, timeout in there:
                yield _too_soon(pair, timeout, listener, works)


def _waits_long_enough(timeout: Value[int], works: int) -> bool:
    """Where the time is written, somebody may want it shorter; half as long is no mistake."""
    written = timeout.directive is not None
    return timeout.value == 0 or timeout.value * (2 if written else 1) >= works


def _too_soon(
    pair: Pair, timeout: Value[int], listener: Listener, works: Fact[int]
) -> Disagreement:
    gives_up, waits = format_time(works.value), format_time(timeout.value)
    name = timeout.setting.name
    return RULE.disagreement(
        pair,
        "wait",
        certain=False,
        message=(
            f"{listener.upstream} works on a request for up to {gives_up}{by_profile(works)}, but "
            f"nginx waits for {timeout.described(f'{waits} ({name})')}: an answer that takes "
            "longer is a 504, though the upstream still works on it"
        ),
        place=(timeout.directive or pair.hop.directive).place(f"nginx waits {waits}"),
        related=(declared(works, f"{listener.upstream} gives a request up after {gives_up}"),),
        cause=unset(pair.hop, timeout.setting),
        fix=Fix(
            f"{name} {gives_up}; or say how long answers take (timeouts.response)",
            edits=set_to(pair.hop, [(timeout.setting, gives_up)]),
        ),
    )


def _takes(pair: Pair) -> int:
    """How long the listener may take, in milliseconds."""
    assert pair.meant is not None and pair.meant.response_timeout is not None
    return pair.meant.response_timeout.value


def _too_short(pair: Pair) -> Value[int] | None:
    """nginx's timeout, where it is below what the listener takes (0 has a rule of its own), and
    the listener itself has not given up by then."""
    listener = pair.meant
    if listener is None or listener.response_timeout is None:
        return None
    timeout, gives_up = read_timeout(pair.hop), listener.request_timeout
    if timeout is None or not 0 < timeout.value < listener.response_timeout.value:
        return None
    return None if gives_up is not None and gives_up.value < timeout.value else timeout


RULE = Rule("read-timeout", check, "limits.late_answer")
