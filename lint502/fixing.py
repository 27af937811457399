"""Fixes: what becomes of the files when the edits of findings are made, as far as a second look
bears them out.

Nothing is written here. Each round makes the edits of all findings that do not get into each
other's way, checks the edited texts as a whole, and keeps an edit only if its finding is gone at
every hop and nothing appears that was not found before. Where the whole is not borne out, the edits
on which the hops in question depend are tried apart from the others.

Fixes add and remove no hop, so that the n-th hop stays the n-th; its id does not stay, for it names
what the pass directive says.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from lint502.edits import MisplacedEditError, edited, overlap
from lint502.findings import Edit, Finding
from lint502.lint import Examined, HopReport
from lint502.nginx.buffers import refused_buffers
from lint502.nginx.directives import directive as directive_info
from lint502.nginx.parse import Directive
from lint502.nginx.tree import Context

MAX_ROUNDS = 10
MAX_CHECKS = 200
"""Checks of edited texts in one run: each reads the whole configuration."""

_MOST_LAYERS = 5
_INSTEAD = "would be found instead"
_VALUES = frozenset(("map", "geo", "split_clients"))
_VARIABLE = re.compile(r"\$(\w+|\{\w+\})")

Check = Callable[[Mapping[str, str]], Examined]
"""Checks the same roots again, with other texts for some files, by real path."""

Key = tuple[str, str, str]
"""A finding at one of its hops: rule, hop or place, upstream or front."""


@dataclass(frozen=True, slots=True)
class Unfixed:
    """A finding whose edits are not made, and why."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Mended:
    """The new texts, by real path, of the files that change; how many findings they end; those
    whose edits could not be made; how many more would be tried as unsafe."""

    texts: Mapping[str, str]
    fixed: int
    unfixed: tuple[Unfixed, ...]
    unsafe: int


def mend(
    first: Examined,
    check: Check,
    *,
    unsafe: bool = False,
    wanted: Sequence[Finding] | None = None,
    rules: Container[str] | None = None,
) -> Mended:
    """What fixing makes of the files that ``first`` is about.

    ``wanted`` are the findings to fix, or parts of them; without it, all that are reported. With
    ``rules`` only their findings are fixed.
    """
    view = _View(first)
    others = set(view.counts) - {
        key for finding in (first.report.findings if wanted is None else wanted)
        for key in view.keys(finding)
    }  # fmt: skip
    run = _Run(check, unsafe, others, rules)
    texts: dict[str, str] = {}
    fixed = 0
    refused: dict[tuple[frozenset[Key], str], Unfixed] = {}
    waiting: list[Finding] = []
    progress = False
    for _ in range(MAX_ROUNDS):
        candidates = [
            finding
            for finding in view.examined.report.findings
            if run.admits(view, finding) and view.identity(finding) not in refused
        ]
        groups, waiting, misplaced = _grouped(view, candidates)
        settled = run.settle(view, texts, groups)
        for group, reason in (*misplaced, *settled.refused):
            for finding in group.findings:
                refused[view.identity(finding)] = Unfixed(finding, reason)
        if settled.accepted:
            fixed += sum(len(group.findings) for group in settled.accepted)
            texts, view, progress = settled.texts, settled.view, True
        elif not waiting:
            if not (progress and refused):
                break
            refused, progress = {}, False  # what was in the way may be gone
    left = {view.identity(finding): finding for finding in view.examined.report.findings}
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
    original = {file.path: file.text for file in first.on_disk.values()}
    changed = {path: text for path, text in texts.items() if text != original[path]}
    also_unsafe = _Run(check, True, others, rules)
    more = sum(
        also_unsafe.admits(view, finding) and not run.admits(view, finding)
        for finding in left.values()
    )
    return Mended(changed, fixed, tuple(unfixed), more)


@dataclass(slots=True)
class _Group:
    """Findings that share an edit; their edits are made together or not at all. The file of an edit
    is its real path here."""

    edits: list[Edit]
    findings: list[Finding]


@dataclass(slots=True)
class _Settled:
    accepted: list[_Group]
    refused: list[tuple[_Group, str]]
    texts: dict[str, str]
    view: _View


@dataclass(frozen=True, slots=True)
class _Objection:
    """Why edited texts are not to be kept: at each of the hops (by number) where that is known.
    ``appeared`` are the findings that were not there before, where nothing else is wrong."""

    reason: str
    at: Mapping[int, str] = field(default_factory=dict)
    appeared: tuple[Finding, ...] = ()


class _View:
    """What a check found, with its hops by number and the way from a place to the hops."""

    def __init__(self, examined: Examined) -> None:
        self.examined = examined
        self.hops: tuple[HopReport, ...] = examined.report.hops
        self._numbers = {hop.id: number for number, hop in enumerate(self.hops)}
        self._names: dict[Context, set[str]] = {}
        self._with: dict[Context, set[int]] = {}

    def keys(self, finding: Finding) -> Iterator[Key]:
        """What a finding is, whatever the texts around it say."""
        about = finding.upstream or finding.front or ""
        if not finding.hops:
            place = finding.place
            yield finding.rule, f"{place.file}: {place.text.strip()}", about
        for hop in finding.hops:
            yield finding.rule, str(self._numbers.get(hop, hop)), about

    def identity(self, finding: Finding) -> tuple[frozenset[Key], str]:
        """Names a finding and its fix from round to round."""
        return frozenset(self.keys(finding)), finding.fix.description if finding.fix else ""

    def hop_numbers(self, finding: Finding) -> set[int]:
        """The hops of a finding."""
        return {self._numbers[hop] for hop in finding.hops if hop in self._numbers}

    @cached_property
    def counts(self) -> Counter[Key]:
        """How often each finding is found."""
        return Counter(
            key for finding in self.examined.report.findings for key in self.keys(finding)
        )

    @cached_property
    def worst(self) -> dict[Key, int]:
        """How bad each finding is at its worst; 0 is an error."""
        worst: dict[Key, int] = {}
        for finding in self.examined.report.findings:
            for key in self.keys(finding):
                worst[key] = min(finding.severity.rank, worst.get(key, 99))
        return worst

    def path_of(self, file: str) -> str | None:
        """The real path of a file that is on the disk."""
        found = self.examined.on_disk.get(file)
        return None if found is None else found.path

    def text_of(self, path: str) -> str:
        """The text of a file, by its real path."""
        return self._texts[path]

    @cached_property
    def _texts(self) -> dict[str, str]:
        return {file.path: file.text for file in self.examined.on_disk.values()}

    @cached_property
    def contexts(self) -> list[Context]:
        """Every context of every root, in an order that edits do not change."""
        found: list[Context] = []
        for site in self.examined.sites:
            stack = [site.tree.main]
            while stack:
                context = stack.pop()
                found.append(context)
                stack.extend(context.children)
        return found

    @cached_property
    def _spots(self) -> dict[str, list[tuple[int, int, Directive, list[Context]]]]:
        """For each file the directives by place, each with the contexts that it stands in."""
        occurrences: dict[Directive, list[Context]] = {}
        for context in self.contexts:
            for item in context.items:
                line = item.opener if isinstance(item, Context) else item
                if line is not None:
                    occurrences.setdefault(line, []).append(context)
        spots: dict[str, list[tuple[int, int, Directive, list[Context]]]] = {}
        for line, found in occurrences.items():
            path = self.path_of(line.source.name)
            if path is not None:
                spots.setdefault(path, []).append((line.line, line.column, line, found))
        for of_file in spots.values():
            of_file.sort(key=lambda spot: spot[:2])
        return spots

    @cached_property
    def _hops_of(self) -> dict[Context, list[int]]:
        """The hops that a context bears on: those in it and below it, and those that use it."""
        found: dict[Context, list[int]] = {}
        number = 0
        for site in self.examined.sites:
            for hop in site.every_hop:
                if hop.reached:
                    for context in (*hop.context.up(), *(block.context for block in hop.blocks)):
                        found.setdefault(context, []).append(number)
                number += 1
        return found

    def bearing(self, edits: Iterable[Edit]) -> set[int]:
        """The hops on which edits bear, in every place into which their lines are included."""
        hops: set[int] = set()
        for edit in edits:
            spots = self._spots.get(edit.file, [])
            last = edit.line, max(edit.column, edit.end_column - 1)
            index = bisect_right(spots, last, key=lambda spot: spot[:2])
            if index == 0:
                continue
            _, column, line, contexts = spots[index - 1]
            for context in contexts:
                if (line, context) in self._passes and last[1] > column:
                    hops.add(self._passes[line, context])
                elif context.name in _VALUES:
                    hops.update(self._hops_with(context))
                else:
                    hops.update(self._hops_of.get(context, ()))
        return hops

    @cached_property
    def _passes(self) -> dict[tuple[Directive, Context], int]:
        """The hops by their pass: what it says bears on no other."""
        hops = (hop for site in self.examined.sites for hop in site.every_hop)
        return {(hop.directive, hop.context): number for number, hop in enumerate(hops)}

    def _hops_with(self, values: Context) -> set[int]:
        """The hops around which the variable of a ``map`` is named, or one made of it."""
        if values not in self._with:
            self._with[values] = self._find_hops_with(values)
        return self._with[values]

    def _find_hops_with(self, values: Context) -> set[int]:
        area = values.parent
        if area is None or not values.args:
            return set()
        names, more = {values.args[-1].lower()}, True
        makers = [*self._makers(area)]
        while more:
            found = {made for made, of in makers if made not in names and not of.isdisjoint(names)}
            names |= found
            more = bool(found)
        return {
            number
            for context, numbers in self._hops_of.items()
            if area in context.up() and not self._named(context).isdisjoint(names)
            for number in numbers
        }

    def _makers(self, area: Context) -> Iterator[tuple[str, set[str]]]:
        """The variables that are made of others in ``http {}`` or ``stream {}``, with these."""
        for context in self.contexts:
            if area not in context.up():
                continue
            if context.name in _VALUES and context.args:
                yield context.args[-1].lower(), self._named(context) | _variables(context.args[:-1])
            for line in context.by_name.get("set", ()):
                if len(line.args) == 2:
                    yield line.args[0].lower(), _variables(line.args[1:])

    def _named(self, context: Context) -> set[str]:
        """The variables that the lines of a context name, and those that open blocks in it."""
        found = self._names.get(context)
        if found is None:
            lines = (
                item
                for item in context.items
                if isinstance(item, Directive) or item.name not in _VALUES
            )
            found = self._names[context] = _variables(text for line in lines for text in line.args)
        return found

    @cached_property
    def by_place(self) -> dict[tuple[str, str, int], list[Finding]]:
        """The findings by rule, file and line: of the finding itself and of its edits."""
        found: dict[tuple[str, str, int], list[Finding]] = {}
        for finding in self.examined.report.findings:
            places = {(finding.place.file, finding.place.line)}
            if finding.fix is not None:
                places.update((edit.file, edit.line) for edit in finding.fix.edits)
            for file, line in places:
                found.setdefault((finding.rule, file, line), []).append(finding)
        return found

    def touched(self, group: _Group) -> list[Finding]:
        """The findings of a group, and those of the same rules about the same lines."""
        found: dict[int, Finding] = {id(finding): finding for finding in group.findings}
        for finding in group.findings:
            places = {(finding.place.file, finding.place.line)}
            if finding.fix is not None:
                places.update((edit.file, edit.line) for edit in finding.fix.edits)
            for file, line in places:
                for other in self.by_place.get((finding.rule, file, line), ()):
                    if _about_the_same(finding, other):
                        found.setdefault(id(other), other)
        return list(found.values())


def _variables(texts: Iterable[str]) -> set[str]:
    return {f"${name.strip('{}').lower()}" for text in texts for name in _VARIABLE.findall(text)}


def _about_the_same(one: Finding, other: Finding) -> bool:
    """Whether two findings point at one place, or would change the same text."""
    if (one.place.file, one.place.line, one.place.column) == (
        other.place.file,
        other.place.line,
        other.place.column,
    ):
        return True
    if one.fix is None or other.fix is None:
        return False
    return any(
        mine == yours
        or (
            mine.file == yours.file
            and _replaces(mine)
            and _replaces(yours)
            and overlap(mine, yours)
        )
        for mine in one.fix.edits
        for yours in other.fix.edits
    )


def _replaces(edit: Edit) -> bool:
    return edit.column < edit.end_column


def _grouped(
    view: _View, findings: Iterable[Finding]
) -> tuple[list[_Group], list[Finding], list[tuple[_Group, str]]]:
    """The findings by their edits; those that wait, for their edits overlap others; and those that
    cannot be fixed, with the reason."""
    groups: list[_Group] = []
    waiting: list[Finding] = []
    misplaced: list[tuple[_Group, str]] = []
    by_edit: dict[Edit, _Group] = {}
    by_line: dict[tuple[str, int], list[Edit]] = {}
    for finding in findings:
        edits, reason = _placed(view, finding)
        if reason is not None:
            misplaced.append((_Group(edits, [finding]), reason))
            continue
        fresh = [edit for edit in edits if edit not in by_edit]
        shared = {id(by_edit[edit]): by_edit[edit] for edit in edits if edit in by_edit}
        clash = any(
            overlap(edit, other)
            for edit in fresh
            for other in by_line.get((edit.file, edit.line), ())
        )
        if clash or len(shared) > 1:
            waiting.append(finding)
            continue
        group = next(iter(shared.values()), None)
        if group is None:
            group = _Group([], [])
            groups.append(group)
        group.edits += fresh
        group.findings.append(finding)
        for edit in fresh:
            by_edit[edit] = group
            by_line.setdefault((edit.file, edit.line), []).append(edit)
    return groups, waiting, misplaced


def _placed(view: _View, finding: Finding) -> tuple[list[Edit], str | None]:
    """The edits of a finding, by real path; a reason where they cannot be made."""
    edits: list[Edit] = []
    for edit in finding.fix.edits if finding.fix is not None else ():
        file = view.examined.on_disk.get(edit.file)
        if file is None:
            return edits, f"{edit.file} is no file on the disk"
        if not file.inside:
            return edits, (
                f"{edit.file} is a link to a file outside the tree that lint502 may read; check "
                "that file itself"
            )
        edits.append(replace(edit, file=file.path))
    return edits, None


def _applied(view: _View, texts: Mapping[str, str], groups: Iterable[_Group]) -> dict[str, str]:
    """Texts with the edits of groups made, which are placed in those of ``view``."""
    by_file: dict[str, list[Edit]] = {}
    for group in groups:
        for edit in group.edits:
            by_file.setdefault(edit.file, []).append(edit)
    changed = dict(texts)
    for path, edits in by_file.items():
        changed[path] = edited(view.text_of(path), edits)
    return changed


@dataclass(slots=True)
class _Run:
    """Tries edits; ``others`` are the findings that are to stay as they are, as are those of other
    rules than ``rules``."""

    check: Check
    unsafe: bool
    others: set[Key]
    rules: Container[str] | None = None
    checks: int = field(default=0)

    def admits(self, view: _View, finding: Finding) -> bool:
        """Whether a finding has edits that are to be made."""
        if finding.fix is None or not finding.fix.edits:
            return False
        if not (finding.fix.safe or self.unsafe):
            return False
        if self.rules is not None and finding.rule not in self.rules:
            return False
        return not all(key in self.others for key in view.keys(finding))

    def settle(self, view: _View, texts: Mapping[str, str], groups: list[_Group]) -> _Settled:
        """Accepts as many groups as a check bears out: all of them with one check, if it does."""
        settled = _Settled([], [], dict(texts), view)
        left: list[_Group] = []
        for group in groups:
            objection = _unknown(view, group)
            if objection is None:
                left.append(group)
            else:
                settled.refused.append((group, objection.reason))
        chunks = [left] if left else []
        while chunks:
            chunk = chunks.pop()
            tried = self._try(view, texts, [*settled.accepted, *chunk])
            if not isinstance(tried, _Objection):
                settled.accepted += chunk
                settled.texts, settled.view = tried
            elif len(chunk) == 1:
                settled.refused.append((chunk[0], tried.reason))
            else:
                guilty, parts = _divided(view, settled.accepted, chunk, tried)
                settled.refused += guilty
                chunks += reversed(parts)
        return settled

    def _try(
        self, view: _View, texts: Mapping[str, str], groups: list[_Group]
    ) -> tuple[dict[str, str], _View] | _Objection:
        """The texts with the edits of groups, and what a check says of them.

        What appears may be mended in its turn: a port that is right now can show that the scheme
        is not.
        """
        required = list(_required(view, groups))
        before, current = view, groups
        first: _Objection | None = None
        for _ in range(_MOST_LAYERS):
            if self.checks >= MAX_CHECKS:
                return _Objection(f"{MAX_CHECKS} attempts were made; run lint502 once more")
            self.checks += 1
            try:
                changed = _applied(before, texts, current)
            except MisplacedEditError as error:
                return _Objection(str(error))
            after = _View(self.check(changed))
            objection = _judged(view, after, required)
            if objection is None:
                return changed, after
            first = first or objection
            bad = [one for one in objection.appeared if not self.admits(after, one)]
            if bad:
                return _objection(after, bad, bad, _INSTEAD)
            if not objection.appeared:
                return _because(first, objection)
            current, _, misplaced = _grouped(after, objection.appeared)  # the others come next
            bad = [
                *(one for group, _ in misplaced for one in group.findings),
                *(one for group in current if _unknown(after, group) for one in group.findings),
            ]
            if bad:
                return _objection(after, bad, bad, _INSTEAD)
            before, texts = after, changed
        assert first is not None, "there is at least one layer"
        return first


def _because(first: _Objection, last: _Objection) -> _Objection:
    """What spoke against the edits alone, at the hops at which nothing could be mended either."""
    at = {hop: first.at.get(hop, reason) for hop, reason in last.at.items()}
    reason = next((first.at[hop] for hop in last.at if hop in first.at), first.reason)
    return _Objection(reason, at)


def _required(view: _View, groups: Iterable[_Group]) -> Iterator[Key]:
    """What has to be gone once the edits of groups are made."""
    found = {id(finding): finding for group in groups for finding in view.touched(group)}
    for finding in found.values():
        yield from view.keys(finding)


def _unknown(view: _View, group: _Group) -> _Objection | None:
    """An objection where edits bear on a hop of whose upstream nothing is known."""
    own = {number for finding in group.findings for number in view.hop_numbers(finding)}
    if not own:
        return None
    for number in sorted(view.bearing(group.edits) - own):
        hop = view.hops[number]
        if hop.reason is not None or any(target.upstream is None for target in hop.targets):
            where = f"{hop.place.file}:{hop.place.line}"
            return _Objection(
                f"it also bears on {hop.directive} {hop.value} ({where}), of whose upstream "
                "nothing is known"
            )
    return None


def _divided(
    view: _View, accepted: Iterable[_Group], chunk: list[_Group], objection: _Objection
) -> tuple[list[tuple[_Group, str]], list[list[_Group]]]:
    """The groups of a chunk on which alone a hop depends that speaks against them, with what it
    says; and the others, those first that have nothing to do with the objection."""
    bearing = {id(group): view.bearing(group.edits) for group in (*accepted, *chunk)}
    times = Counter(hop for hops in bearing.values() for hop in hops)
    guilty: list[tuple[_Group, str]] = []
    suspects: list[_Group] = []
    others: list[_Group] = []
    for group in chunk:
        against = sorted(bearing[id(group)].intersection(objection.at))
        alone = next((hop for hop in against if times[hop] == 1), None)
        if alone is not None:
            guilty.append((group, objection.at[alone]))
        else:
            (suspects if against else others).append(group)
    if guilty or (suspects and others):
        return guilty, [part for part in (others, suspects) if part]
    middle = len(chunk) // 2
    return [], [chunk[:middle], chunk[middle:]]


def _judged(before: _View, after: _View, required: Sequence[Key]) -> _Objection | None:
    """What speaks against edited texts, if anything does."""
    report = after.examined.report
    if report.problems:
        return _Objection(f"the file could not be read any more: {report.problems[0].message}")
    if len(before.hops) != len(after.hops) or len(before.contexts) != len(after.contexts):
        return _Objection("the file would be read in another way")
    refused = _refused_by_nginx(before, after)
    if refused is not None:
        return refused
    allowed = Counter(before.counts)
    allowed.subtract(required)
    wrong = {
        key
        for key, count in after.counts.items()
        if count > allowed[key] or after.worst[key] < before.worst.get(key, 99)
    }
    if not wrong:
        return None
    staying = wrong.intersection(required)
    found = [
        finding
        for finding in report.findings
        if any(key in (staying or wrong) for key in after.keys(finding))
    ]
    if not staying:
        return _objection(after, found, found, _INSTEAD)
    return _objection(after, found, [], "would still be found")


def _objection(
    after: _View, findings: Sequence[Finding], appeared: Sequence[Finding], what: str
) -> _Objection:
    at: dict[int, str] = {}
    reason = ""
    for finding in findings:
        where = f"({finding.place.file}:{finding.place.line})"
        for hop in sorted(after.hop_numbers(finding)):
            named = "" if appeared else _named(after.hops[hop])
            at.setdefault(hop, f"{finding.rule} {what}{named} {where}")
        reason = reason or next(iter(at.values()), f"{finding.rule} {what} {where}")
    return _Objection(reason, at, tuple(appeared))


def _named(hop: HopReport) -> str:
    where = " ".join(part for part in (hop.server, hop.location) if part)
    return f" at {where}" if where else ""


def _refused_by_nginx(before: _View, after: _View) -> _Objection | None:
    """What ``nginx -t`` would refuse that it has taken before: a directive that stands twice, and
    buffers that do not go together."""
    for old, new in zip(before.contexts, after.contexts, strict=True):
        if old.name != new.name:
            return _Objection("the file would be read in another way")
        for name, lines in new.by_name.items():
            if 1 < len(lines) > len(old.by_name.get(name, ())) and _once(new, name):
                return _Objection(f"{name} would stand twice in one block")
    for site in after.examined.sites:
        said = refused_buffers(site.tree.main, site.version)
        if said is not None and said not in {
            refused_buffers(one.tree.main, one.version) for one in before.examined.sites
        }:
            return _Objection(said)
    return None


def _once(context: Context, name: str) -> bool:
    """Whether a directive may stand only once in a context."""
    if context.name == "upstream":
        area = "stream_upstream" if context.enclosing("stream") else "upstream"
    else:
        area = "stream" if context.enclosing("stream") else "http"
    info = directive_info(area, name)
    return info is not None and info.inherit == "value" and info.type not in ("list", "mask")
