"""What is at the root of a failure: the finding of ``lint502 check`` at the same hop that explains
the cause which the log shows, or that nothing in the files does.

Which rules explain a cause its candidates say, the likeliest first; a finding whose own line of the
log is that of the cause explains it too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from lint502.diagnosis.addressed import Sent
from lint502.findings import Finding, Fix
from lint502.nginx import error_log
from lint502.nginx.addresses import normal_socket
from lint502.places import Place
from lint502.report_model import HopReport
from lint502.run import Result

UNEXPLAINED = "nothing in the files explains it: the process was down, or is not what they say"


class Candidate(Protocol):
    """What may be behind a cause: the rules that find it, and the commands that show it."""

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that find it."""

    @property
    def run(self) -> tuple[str, ...]:
        """The commands that show it."""

    @property
    def text(self) -> str:
        """What is the matter, as a sentence."""


class Cause(Protocol):
    """A cause that a line shows; ``message`` is its name in ``error_log.toml``, if it has one."""

    @property
    def candidates(self) -> Sequence[Candidate]:
        """What may be behind it, the likeliest first."""

    @property
    def message(self) -> str | None:
        """The name of its message."""


class Root(Struct, frozen=True):
    """What explains a failure. ``hop`` is the line of the pass, ``claim`` what it contradicts.
    ``behind``: another finding hides this one, which shows once that is fixed. Without a
    ``finding``, ``why`` says what may be so then, and ``look`` are commands that show it."""

    hop: Place
    finding: Finding | None = None
    claim: Place | None = None
    fix: Fix | None = None
    behind: bool = False
    why: str = ""
    look: tuple[str, ...] = ()


class Roots:
    """Finds the roots of failures at the hops of a configuration."""

    def __init__(self, result: Result) -> None:
        self._hops = {hop.id: hop for hop in result.report.hops}
        self._findings: dict[str, list[Finding]] = {}
        for finding in result.apart:
            for hop in finding.hops:
                self._findings.setdefault(hop, []).append(finding)

    def of(self, cause: Cause, hop: str, upstream: str | None = None) -> Root | None:
        """The root of a cause at a hop; None where there is no such hop. ``upstream`` is what the
        record says of it: findings about other servers of the hop explain nothing then."""
        reported = self._hops.get(hop)
        if reported is None:
            return None
        about = _upstreams(reported, upstream)
        there = [
            finding
            for finding in self._findings.get(hop, ())
            if not about or any(name in about for at, name in finding.subjects if at == hop)
        ]
        for finding in _explaining(cause, there):
            claim = next((one for one in finding.related if one.standing is not None), None)
            fix, hidden = finding.fix, bool(finding.behind)
            return Root(reported.place, finding, claim, fix, hidden)
        left = [one for one in cause.candidates if not one.rules]
        look = tuple(dict.fromkeys(command for one in left for command in one.run))
        why = f"{UNEXPLAINED}: {left[0].text}" if left else UNEXPLAINED
        return Root(reported.place, why=why, look=look)


def _explaining(cause: Cause, there: Sequence[Finding]) -> Iterator[Finding]:
    """The findings that explain a cause, what fails for sure before what may."""
    possible = (one for one in there if not _is_answered(one))
    ranked = sorted(possible, key=lambda one: (bool(one.behind), one.severity.rank))
    for candidate in cause.candidates:
        for rule in candidate.rules:
            yield from (finding for finding in ranked if finding.rule == rule)
    if cause.message is not None:
        yield from (finding for finding in ranked if _message(finding) == cause.message)


def _is_answered(finding: Finding) -> bool:
    """Whether the upstream answers the requests that the finding is about: 413, 431."""
    answered = finding.status is not None and 400 <= finding.status < 500
    return answered and finding.frequency == "sometimes"


def _message(finding: Finding) -> str | None:
    found = None if finding.log is None else error_log.find(finding.log)
    return None if found is None else found.message.name


def _upstreams(hop: HopReport, upstream: str | None) -> frozenset[str]:
    """The upstreams that a record may be about, and "" for what is about none; none where all are
    possible."""
    if upstream is None:
        return frozenset()
    sent = Sent.read(upstream)
    name = sent.name if sent.socket is None else f"unix:{normal_socket(sent.socket)}"
    found = [target.upstream for target in hop.targets if target.address.lower() == name]
    return frozenset(("", *filter(None, found))) if any(found) else frozenset()
