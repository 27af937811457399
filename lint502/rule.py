"""A rule: its name, its check, the requests that show it, and its options."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import EllipsisType

from msgspec import Struct
from msgspec.structs import replace

from lint502.disagreements import Disagreement, Phase
from lint502.findings import Finding, Fix, Frequency, Severity
from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.values import parse_time
from lint502.pairing import Pair
from lint502.places import Place
from lint502.site import Site

Check = Callable[[Site], Iterator[Disagreement | Finding]]
"""Finds what disagrees at pairs, and what is wrong elsewhere."""


class TimeOption(Struct, frozen=True):
    """A time that ``[rules.NAME]`` in the settings can set; ``default`` is written as there."""

    name: str
    default: str
    description: str

    def parse(self, written: str | int) -> int:
        """The milliseconds of what the settings say. Raises ``ValueError``."""
        return parse_time(str(written))

    def value(self, site: Site, rule: str) -> int:
        """The time in milliseconds that counts for a root."""
        given = site.options.get(rule, {}).get(self.name)
        return self.parse(self.default) if given is None else given


class Rule(Struct, frozen=True):
    """A rule as its module ends with it: ``RULE = Rule("port-mismatch", check, "usual.once")``.

    ``shown_by`` names the function of ``lint502.lab.demonstrations`` that makes its claim visible;
    None where it claims nothing that a client would see.
    """

    name: str
    check: Check
    shown_by: str | None
    options: tuple[TimeOption, ...] = ()

    def finding(
        self,
        *,
        place: Place,
        message: str,
        related: tuple[Place, ...] = (),
        hops: tuple[str, ...] = (),
        severity: Severity | None = None,
        status: int | EllipsisType | None = ...,
        frequency: Frequency | EllipsisType | None = ...,
        log: str | EllipsisType | None = ...,
        upstream: str | None = None,
        front: str | None = None,
        fix: Fix | None = None,
        cause: Place | None = None,
        demand: int = 0,
    ) -> Finding:
        """A finding of this rule. What is left out (``...``) is as its page states it; a finding of
        severity info has neither status nor log."""
        from lint502.pages import facts

        stated = facts(self.name)
        severity = stated.severity if severity is None else severity
        if not _firm(related):
            severity = max(severity, Severity.WARNING, key=lambda one: one.rank)
            fix = None if fix is None else replace(fix, safe=False)
        quiet = severity is Severity.INFO
        log = (None if quiet else stated.log) if log is ... else log
        return Finding(
            rule=self.name,
            severity=severity,
            status=(None if quiet else stated.status) if status is ... else status,
            frequency=(None if quiet else stated.frequency) if frequency is ... else frequency,
            message=_shown(message),
            place=_noted(place),
            related=tuple(map(_noted, related)),
            hops=hops,
            upstream=upstream,
            log=None if log is None else _shown(log),
            fix=None if fix is None else _certain(fix),
            front=front,
            cause=None if cause is None else _noted(cause),
            demand=demand,
        )

    def disagreement(
        self,
        pair: Pair,
        phase: Phase,
        *,
        place: Place,
        message: str,
        certain: bool = True,
        methods: frozenset[str] | None = None,
        severity: Severity | None = None,
        related: tuple[Place, ...] = (),
        status: int | EllipsisType | None = ...,
        frequency: Frequency | EllipsisType = ...,
        log: str | EllipsisType | None = ...,
        upstream: str | EllipsisType | None = ...,
        fix: Fix | None = None,
        cause: Place | None = None,
        demand: int = 0,
    ) -> Disagreement:
        """What disagrees at a pair, as it is where nothing hides it.

        What is not ``certain``, or rests on what is not, is a warning, and happens sometimes if
        nothing else is said.
        ``upstream`` is the one that the pair is meant to reach, unless it is given.
        """
        meant = pair.meant
        certain = certain and _firm(related)
        found = self.finding(
            place=place,
            message=message,
            related=related,
            severity=severity if certain else Severity.WARNING,
            status=status,
            frequency="sometimes" if frequency is ... and not certain else frequency,
            log=log,
            upstream=(meant.upstream if meant is not None else None)
            if upstream is ...
            else upstream,
            fix=fix,
            cause=cause,
            demand=demand,
        )
        return Disagreement(pair, phase, found, methods)


def _firm(related: tuple[Place, ...]) -> bool:
    """Whether all facts that are stated at some places are firm."""
    return all(place.standing is None or place.standing.firm for place in related)


def _shown(text: str) -> str:
    """A text with "…" for what a template leaves open."""
    return text.replace(UNKNOWN, "…")


def _noted(place: Place) -> Place:
    return replace(place, note=_shown(place.note)) if UNKNOWN in place.note else place


def _certain(fix: Fix) -> Fix:
    """A fix without edits where what is to be written is not known."""
    known = all(UNKNOWN not in edit.text for edit in fix.edits)
    return fix if known and UNKNOWN not in fix.description else Fix(_shown(fix.description))
