"""What an upgrade of nginx changes for the hops of a site: two runs, compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from lint502.findings import Finding, Problem, Severity
from lint502.merging import beyond
from lint502.nginx.changelog import Entry
from lint502.nginx.changes import Change, changes_between, others_between
from lint502.nginx.hops import Hop
from lint502.nginx.version import Version
from lint502.report_model import Report
from lint502.run import Result


class Changed(Struct, frozen=True):
    """A change with the hops (by id) that behave differently; ``what`` and ``keep`` in the words
    of their pass directive. All hops of its kinds where it depends on what is answered."""

    change: Change
    what: str
    keep: str | None
    hops: tuple[str, ...]


class Because(Struct, frozen=True):
    """A finding that comes or goes, and the changes that bring that about."""

    finding: Finding
    changes: tuple[Changed, ...]


class Upgrade(Struct, frozen=True):
    """What comes of an upgrade. ``before`` and ``after`` are the runs for the two versions.

    ``changes`` has what becomes different without a finding that says so, ``others`` the changes of
    nginx's behaviour of which it is not known that they bear on a hop.
    """

    before: Report
    after: Report
    appear: tuple[Because, ...]
    vanish: tuple[Because, ...]
    changes: tuple[Changed, ...]
    others: tuple[Entry, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What could not be checked, in either run."""
        return tuple(dict.fromkeys((*self.before.problems, *self.after.problems)))

    @property
    def has_errors(self) -> bool:
        """Whether an error appears."""
        return any(item.finding.severity is Severity.ERROR for item in self.appear)


def compare(before: Result, after: Result) -> Upgrade:
    """What differs between the runs for an older and a newer version."""
    old, new = before.report, after.report
    happened = list(_happened(after, old.version, new.version))
    appear = tuple(
        Because(finding, _causes(finding, happened))
        for finding in beyond(new.findings, old.findings)
    )
    vanish = tuple(
        Because(finding, _causes(finding, happened))
        for finding in beyond(old.findings, new.findings)
    )
    known = {
        (changed.change, hop)
        for item in appear
        for changed in item.changes
        for hop in item.finding.hops
    }
    silent = []
    for changed in happened:
        hops = tuple(hop for hop in changed.hops if (changed.change, hop) not in known)
        if hops:
            silent.append(Changed(changed.change, changed.what, changed.keep, hops))
    others = others_between(old.version, new.version)
    return Upgrade(old, new, appear, vanish, tuple(silent), tuple(others))


def _happened(after: Result, old: Version, new: Version) -> Iterator[Changed]:
    hops = {hop.id: hop for site in after.sites for hop in site.hops}
    for change in changes_between(old, new):
        worded: dict[tuple[str, str | None], list[str]] = {}
        for hop in hops.values():
            if change.concerns(hop):
                worded.setdefault(_words(change, hop), []).append(hop.id)
        for (what, keep), found in worded.items():
            yield Changed(change, what, keep, tuple(found))


def _words(change: Change, hop: Hop) -> tuple[str, str | None]:
    keep = None if change.keep is None else change.for_hop(change.keep, hop)
    return change.for_hop(change.what, hop), keep


def _causes(finding: Finding, happened: Sequence[Changed]) -> tuple[Changed, ...]:
    return tuple(
        changed
        for changed in happened
        if finding.rule in changed.change.rules and set(changed.hops) & set(finding.hops)
    )
