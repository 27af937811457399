"""What somebody has decided not to hear of: comments in the files, and paths in the settings.

    # lint502: ignore[keepalive-race, port-mismatch] the legacy host goes in May

counts for its own line where something stands before it, else for the directive that follows or, in
files that state something of upstreams, the key, table or instruction; a block or table as a whole.
Rules know nothing of it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from lint502.findings import Finding, Problem
from lint502.nginx.parse import Directive, ParsedFile
from lint502.patterns import regex
from lint502.places import Place, SourceFile
from lint502.reading import shown
from lint502.rule_names import RULES

_MARK = "lint502:"
_COMMENT = regex(r"\s*lint502:\s*ignore\b(?:\s*\[([^\]]*)\])?\s*(.*)")
_IN_TOML = regex(r"#(\s*lint502:\s*ignore\b.*)")
_HEADER = regex(r"\s*\[\[?\s*([^\]#]+?)\s*\]\]?")
_HOW = "write: # lint502: ignore[RULE] and why"


class Ignore(Struct, frozen=True, eq=False):
    """One rule of a comment: not to be reported between two lines of its file. ``states``: the file
    is one that states something of upstreams, so that it counts for what rests on that, too."""

    rule: str
    place: Place
    first: int
    last: int
    states: bool = False


class _Alike(Struct, frozen=True, eq=False):
    """Ignores of one rule for the same lines of a file."""

    first: int
    last: int
    states: bool
    ignores: tuple[Ignore, ...]


class IgnoresOfFile:
    """The ignores of one rule in one file, found by the line that they cover."""

    def __init__(self, ignores: Iterable[Ignore]) -> None:
        alike: dict[tuple[int, int, bool], list[Ignore]] = {}
        for one in ignores:
            alike.setdefault((one.first, one.last, one.states), []).append(one)
        self._alike = [_Alike(*key, tuple(found)) for key, found in sorted(alike.items())]
        self._latest = [0] * len(self._alike)
        self._note(0, len(self._alike))

    def covering(self, line: int) -> Iterator[_Alike]:
        """Those that cover a line, by the lines that they cover."""
        return self._within(0, len(self._alike), line)

    def _note(self, start: int, end: int) -> int:
        """Note in the middle of a stretch the last line of all of its ignores."""
        if start == end:
            return 0
        middle = (start + end) // 2
        latest = max(self._note(start, middle), self._note(middle + 1, end))
        latest = self._latest[middle] = max(latest, self._alike[middle].last)
        return latest

    def _within(self, start: int, end: int, line: int) -> Iterator[_Alike]:
        if start == end:
            return
        middle = (start + end) // 2
        if self._latest[middle] < line:
            return
        yield from self._within(start, middle, line)
        one = self._alike[middle]
        if one.first <= line:
            if line <= one.last:
                yield one
            yield from self._within(middle + 1, end, line)


class PathIgnore(Struct, frozen=True):
    """Rules that are not reported in the files that a pattern fits; the pattern is absolute.
    ``place`` is where the settings have it, ``written`` the pattern as it stands there."""

    pattern: str
    rules: tuple[str, ...]
    place: Place | None = None
    written: str = ""

    def fits(self, path: str) -> bool:
        """Whether an absolute path is one of those."""
        return fnmatchcase(path, self.pattern)


class UnusedPath(Struct, frozen=True):
    """A rule that a pattern of the settings ignores for nothing; ``fits``: it fits some file."""

    rule: str
    written: str
    place: Place
    fits: bool


def in_configuration(parsed: ParsedFile) -> tuple[list[Ignore], list[Problem]]:
    """The comments of an nginx file that ignore something, and what is wrong with them."""
    ignores: list[Ignore] = []
    problems: list[Problem] = []
    if _MARK not in parsed.source.text:
        return ignores, problems
    spans = sorted(_spans(parsed.directives))
    starts = [first for first, _, _ in spans]
    ends: dict[int, int] = {}
    for first, last, block in spans:
        if not block:
            ends.setdefault(last, first)
    for comment in parsed.comments:
        if (match := _COMMENT.match(comment.text)) is None:
            continue
        line = parsed.source.line(comment.line)
        column = len(line) - len(comment.text)
        before = line[: column - 1]
        if before.strip():
            first, last = ends.get(comment.line, comment.line), comment.line
        else:
            index = bisect_right(starts, comment.line)
            first, last = spans[index][:2] if index < len(spans) else (comment.line, comment.line)
        place = Place(parsed.source.name, comment.line, column, len(line) + 1, line)
        _add(match, Ignore("", place, first, last), ignores, problems)
    return ignores, problems


def in_source(source: SourceFile) -> tuple[list[Ignore], list[Problem]]:
    """The comments of a file of a deployment that ignore something, and what is wrong with them."""
    ignores: list[Ignore] = []
    problems: list[Problem] = []
    if _MARK not in source.text:
        return ignores, problems
    from lint502.deployment.comments import comments

    for comment in comments(source):
        if (match := _COMMENT.match(comment.text)) is None:
            continue
        line = source.line(comment.line)
        place = Place(source.name, comment.line, comment.column, len(line) + 1, line)
        about = Ignore("", place, comment.first, comment.last, states=True)
        _add(match, about, ignores, problems)
    return ignores, problems


def in_spec(source: SourceFile) -> tuple[list[Ignore], list[Problem]]:
    """The comments of a spec file that ignore something, and what is wrong with them."""
    ignores: list[Ignore] = []
    problems: list[Problem] = []
    if _MARK not in source.text:
        return ignores, problems
    lines = source.text.split("\n")
    following = _following(lines)
    tables: dict[int, int] = {}
    for number, text in enumerate(lines, 1):
        found = _IN_TOML.search(text)
        match = _COMMENT.match(found[1]) if found is not None else None
        if found is None or match is None:
            continue
        first = last = number
        if not text[: found.start()].strip():
            first = following[number]
            last = tables[first] = tables.get(first) or _end_in_toml(lines, first)
        place = Place(source.name, number, found.start() + 1, len(text) + 1, text.rstrip("\r"))
        _add(match, Ignore("", place, first, last, states=True), ignores, problems)
    return ignores, problems


def _add(
    match: re.Match[str], about: Ignore, ignores: list[Ignore], problems: list[Problem]
) -> None:
    """Take what a comment says, which is about some lines."""
    rules = [name.strip() for name in (match[1] or "").split(",") if name.strip()]
    wrong = None
    unknown = [name for name in rules if name not in RULES]
    if not rules:
        wrong = f"this comment names no rule to ignore; {_HOW}"
    elif not match[2].strip():
        wrong = f"this comment does not say why it ignores {', '.join(map(shown, rules))}; {_HOW}"
    elif unknown:
        from lint502.quoting import meant, quote

        hint = meant(unknown[0], RULES, 'see "lint502 rules"')
        wrong = f"this comment ignores a rule {quote(unknown[0])} that does not exist; {hint}"
    if wrong is not None:
        problems.append(Problem(about.place.file, about.place.line, wrong))
        return
    ignores += [replace(about, rule=rule) for rule in rules]


def _spans(directives: Iterable[Directive]) -> Iterator[tuple[int, int, bool]]:
    """The first and last lines of every directive, and whether it is a block."""
    for directive in directives:
        last = max((getattr(arg, "line", 0) for arg in directive.args), default=0)
        inner = list(_spans(directive.block or ()))
        end = max([directive.line, last, *(span[1] for span in inner)])
        yield directive.line, end, directive.block is not None
        yield from inner


def _following(lines: Sequence[str]) -> list[int]:
    """For each line, counted from 1, the next one that is neither empty nor a comment; the line
    itself where there is none."""
    following = list(range(len(lines) + 1))
    for number in range(len(lines) - 1, 0, -1):
        text = lines[number].strip()  # the line after it
        says_nothing = not text or text.startswith("#")
        following[number] = following[number + 1] if says_nothing else number + 1
    return following


def _end_in_toml(lines: Sequence[str], first: int) -> int:
    """The last line of the key or the table that a line begins, with the tables within that one."""
    header = _HEADER.match(lines[first - 1])
    if header is None:
        return first
    within = f"{header[1]}."
    for index in range(first + 1, len(lines) + 1):
        other = _HEADER.match(lines[index - 1])
        if other is not None and not other[1].startswith(within):
            return index - 1
    return len(lines)


class Suppression(Struct):
    """All that a run is not to report, and what of it was of use; ``folder`` is what names of files
    are relative to."""

    ignores: Sequence[Ignore]
    paths: Sequence[PathIgnore]
    folder: Path
    _used: set[_Alike] = field(default_factory=set)
    _used_paths: set[tuple[PathIgnore, str]] = field(default_factory=set)
    _in_files: dict[tuple[str, str], bool] = field(default_factory=dict)
    _by_rule: dict[str, dict[str, IgnoresOfFile]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found: dict[tuple[str, str], list[Ignore]] = {}
        for ignore in self.ignores:
            found.setdefault((ignore.rule, ignore.place.file), []).append(ignore)
        for (rule, file), ignores in found.items():
            self._by_rule.setdefault(rule, {})[file] = IgnoresOfFile(ignores)

    def left(self, finding: Finding, passes: Mapping[str, Directive]) -> Finding | None:
        """A finding without what is ignored of it: None where nothing is left.

        A comment counts at the finding's own place, where the other side is stated, and at the
        passes of its hops (``passes``, by the hop's id): of several, a finding keeps the others.
        """
        by_file = self._by_rule.get(finding.rule)
        if self._by_path(finding):
            return None
        if by_file is None:
            return finding

        def covering(place: Place) -> Iterable[_Alike]:
            ignores = by_file.get(place.file)
            return () if ignores is None else ignores.covering(place.line)

        whole = set(covering(finding.place))
        for place in finding.related:
            stated = place.standing is not None
            whole.update(one for one in covering(place) if one.states or stated)
        if whole:
            self._used.update(whole)
            return None
        kept = []
        for hop in finding.hops:
            found = set(covering(passes[hop].place())) if hop in passes else set()
            self._used.update(found)
            if not found:
                kept.append(hop)
        if finding.hops and not kept:
            return None
        return finding if len(kept) == len(finding.hops) else replace(finding, hops=tuple(kept))

    def unused(self) -> Iterator[Ignore]:
        """The ignores that have ignored nothing."""
        used = {ignore for alike in self._used for ignore in alike.ignores}
        return (ignore for ignore in self.ignores if ignore not in used)

    def unused_paths(self, files: Iterable[str]) -> Iterator[UnusedPath]:
        """The rules that patterns of the settings have ignored for nothing, in a run that has read
        some files."""
        paths = [str(self.folder / file) for file in files]
        for ignore in self.paths:
            left = [rule for rule in ignore.rules if (ignore, rule) not in self._used_paths]
            if left and ignore.place is not None:
                fits = any(map(ignore.fits, paths))
                for rule in left:
                    yield UnusedPath(rule, ignore.written, ignore.place, fits)

    def _by_path(self, finding: Finding) -> bool:
        if not self.paths:
            return False
        key = finding.place.file, finding.rule
        if key not in self._in_files:
            file = str(self.folder / finding.place.file)
            found = [
                ignore
                for ignore in self.paths
                if finding.rule in ignore.rules and ignore.fits(file)
            ]
            self._used_paths.update((ignore, finding.rule) for ignore in found)
            self._in_files[key] = bool(found)
        return self._in_files[key]
