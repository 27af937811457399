"""Fixes: what becomes of the files when the edits of findings are made, as far as a second check
bears them out.

Nothing is written here. Each round makes the edits of all findings that do not get into each
other's way, checks the edited texts as a whole, and keeps an edit only if its finding is gone at
every hop and nothing appears that was not found before. Where the whole is not borne out, the edits
on which the hops in question depend are tried apart from the others.

Fixes add and remove no hop, so that the n-th hop stays the n-th; its id does not stay, for it names
what the pass directive says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from lint502.edits.apply import MisplacedEditError
from lint502.findings import Finding
from lint502.fixing.groups import Group, applied, grouped
from lint502.fixing.judging import INSTEAD, Objection, all_of, judged, objection_of
from lint502.fixing.view import Key, View
from lint502.merging import of_one_cause
from lint502.run import Result
from lint502.wording import listed

MAX_ROUNDS = 10
MAX_CHECKS = 200
"""Checks of edited texts in one run: each reads the whole configuration."""

_MOST_LAYERS = 5
_MOST_APART = 10

Recheck = Callable[[Mapping[str, str]], Result]
"""Checks the same roots again, with other texts for some files, by real path."""


class Unfixed(Struct, frozen=True):
    """A finding whose edits are not made, and why."""

    finding: Finding
    reason: str


class Fixed(Struct, frozen=True):
    """The new texts, by real path, of the files that change; how many findings they end; those
    whose edits could not be made; how many more would be tried as unsafe; and what nginx refuses
    all the same, as it did before."""

    texts: Mapping[str, str]
    fixed: int
    unfixed: tuple[Unfixed, ...]
    unsafe: int
    refused: tuple[str, ...] = ()


def fix(
    first: Result,
    check: Recheck,
    *,
    unsafe: bool = False,
    wanted: Sequence[Finding] | None = None,
    rules: Container[str] | None = None,
) -> Fixed:
    """What fixing makes of the files that ``first`` is about.

    ``wanted`` are the findings to fix, or parts of them; without it, all that there are. With
    ``rules`` only their findings are fixed.
    """
    view = View(first)
    others = set(view.counts) - {
        key
        for finding in (view.every_finding if wanted is None else wanted)
        for key in view.keys(finding)
    }
    run = _Run(check, unsafe, others, rules)
    texts: dict[str, str] = {}
    fixed = 0
    refused: dict[tuple[frozenset[Key], str], Unfixed] = {}
    waiting: list[Finding] = []
    progress = False
    for _ in range(MAX_ROUNDS):
        candidates = [
            finding
            for finding in view.findings
            if run.admits(view, finding) and view.identity(finding) not in refused
        ]
        groups, waiting, misplaced = grouped(view, candidates)
        settled = run.settle(view, texts, groups)
        for group, reason in (*misplaced, *settled.refused):
            for finding in group.findings:
                refused[view.identity(finding)] = Unfixed(finding, reason)
        if settled.accepted:
            fixed += sum(len(of_one_cause(group.findings)) for group in settled.accepted)
            texts, view, progress = settled.texts, settled.view, True
        elif not waiting:
            if not (progress and refused):
                break
            refused, progress = {}, False  # what was in the way may be gone
    left = {view.identity(finding): finding for finding in view.findings}
    unfixed = [
        Unfixed(left[identity], item.reason) for identity, item in refused.items()
        if identity in left
    ]  # fmt: skip
    unfixed += [
        Unfixed(finding, "another fix changes the same text")
        for finding in waiting
        if view.identity(finding) in left and view.identity(finding) not in refused
    ]
    original = {file.path: file.text for file in first.on_disk.values()}
    changed = {path: text for path, text in texts.items() if text != original[path]}
    also_unsafe = _Run(check, True, others, rules)
    more = sum(
        also_unsafe.admits(view, finding) and not run.admits(view, finding)
        for finding in left.values()
    )
    return Fixed(changed, fixed, tuple(unfixed), more, tuple(dict.fromkeys(view.refused.values())))


class _Settled(Struct):
    accepted: list[Group]
    refused: list[tuple[Group, str]]
    texts: dict[str, str]
    view: View


class _Run(Struct):
    """Tries edits; ``others`` are the findings that are to stay as they are, as are those of other
    rules than ``rules``."""

    check: Recheck
    unsafe: bool
    others: set[Key]
    rules: Container[str] | None = None
    checks: int = field(default=0)

    def admits(self, view: View, finding: Finding) -> bool:
        """Whether a finding has edits that are to be made."""
        if finding.fix is None or not finding.fix.edits:
            return False
        if not (finding.fix.safe or self.unsafe):
            return False
        if self.rules is not None and finding.rule not in self.rules:
            return False
        return not all(key in self.others for key in view.keys(finding))

    def settle(self, view: View, texts: Mapping[str, str], groups: list[Group]) -> _Settled:
        """Accepts as many groups as a check bears out: all of them with one check, if it does."""
        settled = _Settled([], [], dict(texts), view)
        left: list[Group] = []
        stopped: list[tuple[Group, str]] = []
        for group in groups:
            objection = _unknown(view, group)
            if objection is None:
                left.append(group)
            else:
                stopped.append((group, objection.reason))
        chunks = [left] if left else []
        while chunks:
            chunk = chunks.pop()
            tried = self._try(view, texts, [*settled.accepted, *chunk])
            if not isinstance(tried, Objection):
                settled.accepted += chunk
                settled.texts, settled.view = tried
            elif len(chunk) == 1:
                settled.refused.append((chunk[0], tried.reason))
            else:
                guilty, parts = _divided(view, settled.accepted, chunk, tried)
                settled.refused += guilty
                chunks += reversed(parts)
        settled.refused += self._with_what_else(view, texts, settled, stopped)
        return settled

    def _with_what_else(
        self,
        view: View,
        texts: Mapping[str, str],
        settled: _Settled,
        stopped: list[tuple[Group, str]],
    ) -> Iterator[tuple[Group, str]]:
        """The groups that are stopped by what is not known, each with what else a check says: one
        run names all that stands in the way."""
        groups = [group for group, _ in stopped]
        tried = self._try(view, texts, [*settled.accepted, *groups]) if groups else None
        for number, (group, reason) in enumerate(stopped):
            more: list[str] = []
            if isinstance(tried, Objection) and tried.at:
                bearing = view.bearing(group.edits)
                more = [said for hop, said in tried.at.items() if hop in bearing]
            elif isinstance(tried, Objection) and number < _MOST_APART:
                alone = self._try(view, texts, [*settled.accepted, group])
                more = [alone.reason] if isinstance(alone, Objection) else []
            yield group, all_of((reason, *more))

    def _try(
        self, view: View, texts: Mapping[str, str], groups: list[Group]
    ) -> tuple[dict[str, str], View] | Objection:
        """The texts with the edits of groups, and what a check says of them.

        What appears may be fixed in its turn: a port that is right now can show that the scheme
        is not.
        """
        required = list(_required(view, groups))
        before, current = view, groups
        first: Objection | None = None
        for _ in range(_MOST_LAYERS):
            if self.checks >= MAX_CHECKS:
                return Objection(f"{MAX_CHECKS} attempts were made; run lint502 once more")
            self.checks += 1
            try:
                changed = applied(before, texts, current)
            except MisplacedEditError as error:
                return Objection(str(error))
            after = View(self.check(changed))
            objection = judged(view, after, required)
            if objection is None:
                return changed, after
            first = first or objection
            bad = [one for one in objection.appeared if not self.admits(after, one)]
            if bad:
                return objection_of(after, bad, bad, INSTEAD)
            if not objection.appeared:
                return _because(first, objection)
            current, _, misplaced = grouped(after, objection.appeared)  # the others come next
            bad = [
                *(one for group, _ in misplaced for one in group.findings),
                *(one for group in current if _unknown(after, group) for one in group.findings),
            ]
            if bad:
                return objection_of(after, bad, bad, INSTEAD)
            before, texts = after, changed
        assert first is not None, "there is at least one layer"
        return first


def _because(first: Objection, last: Objection) -> Objection:
    """What spoke against the edits alone, at the hops at which nothing could be fixed either."""
    at = {hop: first.at.get(hop, reason) for hop, reason in last.at.items()}
    reason = all_of(first.at[hop] for hop in last.at if hop in first.at) or first.reason
    return Objection(reason, at)


def _required(view: View, groups: Iterable[Group]) -> Iterator[Key]:
    """What has to be gone once the edits of groups are made."""
    found = {id(finding): finding for group in groups for finding in view.touched(group.findings)}
    for finding in found.values():
        yield from view.keys(finding)


def _unknown(view: View, group: Group) -> Objection | None:
    """An objection where edits bear on a hop of whose upstream nothing is known."""
    own = {number for finding in group.findings for number in view.hop_numbers(finding)}
    if not own:
        return None
    others = [view.hops[number] for number in sorted(view.bearing(group.edits) - own)]
    unknown = dict.fromkeys(
        f"{hop.directive} {hop.value} ({hop.place.file}:{hop.place.line})"
        for hop in others
        if hop.reason is not None or any(target.upstream is None for target in hop.targets)
    )
    if not unknown:
        return None
    plural = "s" if len(unknown) > 1 else ""
    return Objection(
        f"it also bears on {listed(unknown, len(unknown))}, of whose upstream{plural} nothing is "
        "known"
    )


def _divided(
    view: View, accepted: Iterable[Group], chunk: list[Group], objection: Objection
) -> tuple[list[tuple[Group, str]], list[list[Group]]]:
    """The groups of a chunk on which alone a hop depends that speaks against them, with what it
    says; and the others, those first that have nothing to do with the objection."""
    bearing = {id(group): view.bearing(group.edits) for group in (*accepted, *chunk)}
    times = Counter(hop for hops in bearing.values() for hop in hops)
    guilty: list[tuple[Group, str]] = []
    suspects: list[Group] = []
    others: list[Group] = []
    for group in chunk:
        against = sorted(bearing[id(group)].intersection(objection.at))
        alone = next((hop for hop in against if times[hop] == 1), None)
        if alone is not None:
            guilty.append((group, all_of(objection.at[hop] for hop in against)))
        else:
            (suspects if against else others).append(group)
    if guilty or (suspects and others):
        return guilty, [part for part in (others, suspects) if part]
    middle = len(chunk) // 2
    return [], [chunk[:middle], chunk[middle:]]
