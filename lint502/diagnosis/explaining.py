"""Which finding of ``lint502 check`` explains a group."""

from __future__ import annotations

from lint502.diagnosis.diagnosis import Root, RootPlace
from lint502.diagnosis.facts import Facts
from lint502.diagnosis.grouping import Key
from lint502.findings import Finding
from lint502.nginx import error_log
from lint502.run import Result

_UNEXPLAINED = "nothing in the files explains it: what runs is not what they say, or was down"


class Roots:
    """Finds what is at the root of groups, by the findings at their hops, hidden ones too."""

    def __init__(self, result: Result, facts: Facts) -> None:
        self._facts = facts
        self._at: dict[str, list[Finding]] = {}
        for finding in result.apart:
            for hop in finding.hops:
                self._at.setdefault(hop, []).append(finding)

    def of(self, key: Key) -> Root | None:
        """The root of a group; None where its hop is not known, or nothing failed."""
        hop = key.place.hop
        if hop is None or not key.cause.failure:
            return None
        upstream = self._facts.of(hop, key.upstream.partition("://")[2] or key.upstream).upstream
        there = [
            finding
            for finding in self._at.get(hop, ())
            if upstream is None or finding.upstream in (None, upstream)
        ]
        for candidate in key.cause.candidates:
            for rule in candidate.rules:
                for finding in there:
                    if finding.rule == rule:
                        return root_of(finding, hop)
        for finding in there:
            if key.cause.message is not None and _message(finding) == key.cause.message:
                return root_of(finding, hop)
        return Root(None, message=_UNEXPLAINED)


def _message(finding: Finding) -> str | None:
    """The name of the message by which one knows a finding."""
    found = None if finding.log is None else error_log.find(finding.log)
    return None if found is None else found.message.name


def root_of(finding: Finding, hop: str) -> Root:
    """A finding at a hop as a root."""
    places = (finding.place, *finding.related)
    return Root(
        finding.rule,
        finding.severity.value,
        finding.message,
        tuple(RootPlace(one.file, one.line, one.text.strip(), one.note) for one in places),
        "" if finding.fix is None else finding.fix.description,
        finding.fingerprint_at(hop),
    )
