"""What a check has found, with its hops by number, and the way from a place in a file to them."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property

from lint502.edits.apply import overlap
from lint502.findings import Edit, Finding
from lint502.merging import taken_apart
from lint502.nginx.buffers import refusals
from lint502.nginx.parse import Directive
from lint502.nginx.tree import Context
from lint502.patterns import regex
from lint502.report_model import HopReport
from lint502.run import Result

_VALUES = frozenset(("map", "geo", "split_clients"))
_VARIABLE = regex(r"\$(\w+|\{\w+\})")

Key = tuple[str, str, str]
"""A finding at one of its hops: rule, hop or place, upstream or front."""


class View:
    """What a check found, with its hops by number and the way from a place to the hops."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.hops: tuple[HopReport, ...] = result.report.hops
        self._numbers = {hop.id: number for number, hop in enumerate(self.hops)}
        self._names: dict[Context, set[str]] = {}
        self._with: dict[Context, set[int]] = {}

    def keys(self, finding: Finding) -> Iterator[Key]:
        """What a finding is, whatever the texts around it say."""
        if not finding.hops:
            place = finding.place
            yield finding.rule, f"{place.file}: {place.text.strip()}", finding.about
        for hop, about in finding.subjects:
            yield finding.rule, str(self._numbers.get(hop, hop)), about

    def identity(self, finding: Finding) -> tuple[frozenset[Key], str]:
        """Names a finding and its fix from round to round."""
        return frozenset(self.keys(finding)), finding.fix.description if finding.fix else ""

    def hop_numbers(self, finding: Finding) -> set[int]:
        """The hops of a finding."""
        return {self._numbers[hop] for hop in finding.hops if hop in self._numbers}

    @cached_property
    def findings(self) -> list[Finding]:
        """Those that show, for each upstream one."""
        return taken_apart(self.result.report.findings, self.result.apart)

    @cached_property
    def every_finding(self) -> list[Finding]:
        """Those that others hide too: it is known that they are there."""
        return [*self.findings, *taken_apart(self.result.report.hidden, self.result.apart)]

    @cached_property
    def counts(self) -> Counter[Key]:
        """How often each finding is found."""
        return Counter(key for finding in self.every_finding for key in self.keys(finding))

    @cached_property
    def worst(self) -> dict[Key, int]:
        """How bad each finding is at its worst; 0 is an error."""
        worst: dict[Key, int] = {}
        for finding in self.every_finding:
            for key in self.keys(finding):
                worst[key] = min(finding.severity.rank, worst.get(key, 99))
        return worst

    def path_of(self, file: str) -> str | None:
        """The real path of a file that is on the disk."""
        found = self.result.on_disk.get(file)
        return None if found is None else found.path

    def text_of(self, path: str) -> str:
        """The text of a file, by its real path."""
        return self._texts[path]

    @cached_property
    def _texts(self) -> dict[str, str]:
        return {file.path: file.text for file in self.result.on_disk.values()}

    @cached_property
    def contexts(self) -> list[Context]:
        """Every context of every root, in an order that edits do not change."""
        found: list[Context] = []
        for site in self.result.sites:
            stack = [site.tree.main]
            while stack:
                context = stack.pop()
                found.append(context)
                stack.extend(context.children)
        return found

    @cached_property
    def refused(self) -> dict[tuple[int, str], str]:
        """What nginx refuses about buffers, by the number of the context and the family."""
        numbers = {context: number for number, context in enumerate(self.contexts)}
        return {
            (numbers[context], family): f"{said}{_where(context)}"
            for site in self.result.sites
            for context, family, said in refusals(site.tree.main, site.version)
        }

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
        for site in self.result.sites:
            for hop in site.every_hop:
                if hop.id not in site.unreached:
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
        hops = (hop for site in self.result.sites for hop in site.every_hop)
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
        for finding in self.findings:
            for file, line in {_line_of(finding), *_changed_lines(finding)}:
                found.setdefault((finding.rule, file, line), []).append(finding)
        return found

    def touched(self, findings: Iterable[Finding]) -> list[Finding]:
        """Some findings, and those of the same rules about the same lines."""
        found: dict[int, Finding] = {id(finding): finding for finding in findings}
        alike = {
            (finding.rule, _line_of(finding), finding.place.column, _edits_of(finding)): finding
            for finding in found.values()
        }
        for finding in alike.values():
            for file, line in _changed_lines(finding) or {_line_of(finding)}:
                for other in self.by_place.get((finding.rule, file, line), ()):
                    if _about_the_same(finding, other):
                        found.setdefault(id(other), other)
        return list(found.values())


def _where(context: Context) -> str:
    """Words such as " in location /files/ (nginx.conf:9)"."""
    line = context.opener
    named = " ".join((context.name, *context.args))
    return "" if line is None else f" in {named} ({line.source.name}:{line.line})"


def _variables(texts: Iterable[str]) -> set[str]:
    return {f"${name.strip('{}').lower()}" for text in texts for name in _VARIABLE.findall(text)}


def _line_of(finding: Finding) -> tuple[str, int]:
    return finding.place.file, finding.place.line


def _edits_of(finding: Finding) -> tuple[Edit, ...]:
    return finding.fix.edits if finding.fix is not None else ()


def _changed_lines(finding: Finding) -> set[tuple[str, int]]:
    return {(edit.file, edit.line) for edit in _edits_of(finding)}


def _about_the_same(one: Finding, other: Finding) -> bool:
    """Whether a fix that bears on one finding bears on another: they point at one place, where its
    edits are, or would change the same text."""
    changed = _changed_lines(one)
    if (not changed or _line_of(one) in changed) and (
        one.place.file,
        one.place.line,
        one.place.column,
    ) == (
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
