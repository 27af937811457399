"""What a profile says, by version: each figure with the versions in which it holds, whichever of
the profiles that it is like has it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from msgspec import Struct

from lint502.declared.profiles import Detail, Profile, ProfileFact, line_of, load
from lint502.declared.written import written

_FIRST = "0"
"""A version before any that is named."""

_Numbers = tuple[int, ...]


class Period(Struct, frozen=True):
    """Versions between which nothing of a profile changes; both None where nothing ever does.
    ``example`` is one of them, None where the version does not matter."""

    since: str | None = None
    before: str | None = None
    example: str | None = None

    @property
    def words(self) -> str:
        """``since 7.0``, ``before 7.0``, ``5.0 to 7.0``; "" where nothing changes."""
        if self.since is not None and self.before is not None:
            return f"since {self.since}, before {self.before}"
        if self.since is not None:
            return f"since {self.since}"
        return "" if self.before is None else f"before {self.before}"


class Figure(Struct, frozen=True):
    """A figure in words. ``owner`` is the profile that has it; ``condition`` is "" where it holds
    for every listener."""

    name: str
    value: str
    period: Period
    owner: str
    source: str
    condition: str = ""


def periods(profile: Profile) -> tuple[Period, ...]:
    """The periods of a profile's versions, the oldest first."""
    limits = {
        limit for one in _entries(profile) for limit in (one.since, one.before) if limit is not None
    }
    ordered = sorted(limits, key=_numbers)
    if not ordered:
        return (Period(),)
    bounds = (None, *ordered, None)
    return tuple(Period(since, before, since or _FIRST) for since, before in pairwise(bounds))


def figures(name: str, version: str | None = None) -> tuple[Figure, ...]:
    """The figures of a profile; of one version where that is given."""
    profile = load(name)
    chosen = periods(profile) if version is None else (Period(example=version),)
    found: dict[ProfileFact | Detail, tuple[str, Period]] = {}
    for period in chosen:
        for one, owner in _holding(profile, period.example):
            first = found[one][1] if one in found else period
            found[one] = (owner, Period(first.since, period.before, first.example))
    order = list(dict.fromkeys(map(_name, found)))
    ordered = sorted(found, key=lambda one: (isinstance(one, Detail), order.index(_name(one))))
    return tuple(_figure(one, *found[one]) for one in ordered)


def _holding(profile: Profile, version: str | None) -> Iterator[tuple[ProfileFact | Detail, str]]:
    """What holds in a version, with the profile that has it; the nearest one counts."""
    taken: set[str] = set()
    numbers = None if version is None else _numbers(version)
    for one, its_version in line_of(profile, numbers):
        held = [entry for entry in _entries(one) if entry.holds_in(its_version)]
        yield from ((entry, one.name) for entry in held if _name(entry) not in taken)
        taken.update(map(_name, held))


def _entries(profile: Profile) -> Iterator[ProfileFact | Detail]:
    yield from profile.facts
    yield from profile.details


def _name(one: ProfileFact | Detail) -> str:
    return one.about if isinstance(one, Detail) else one.key


def _figure(one: ProfileFact | Detail, owner: str, period: Period) -> Figure:
    if isinstance(one, Detail):
        return Figure(one.about, one.value, period, owner, one.source)
    value = written(one.key, one.value)
    if one.least is not None:
        value = f"{written(one.key, one.least)} to {value}"
    return Figure(one.key, value, period, owner, one.source, _condition(one, load(owner)))


def _condition(fact: ProfileFact, profile: Profile) -> str:
    spoken = [
        one.value for own, _ in line_of(profile, None) for one in own.facts if one.key == "protocol"
    ]
    parts = []
    if fact.protocols and list(fact.protocols) != spoken[:1]:
        parts.append(f"protocol {' or '.join(fact.protocols)}")
    if fact.tls is not None:
        parts.append("with TLS" if fact.tls else "without TLS")
    if fact.covers:
        parts.append(f"of {', '.join(fact.covers)}")
    return ", ".join(parts)


def _numbers(version: str) -> _Numbers:
    return tuple(map(int, version.split(".")))
