"""The fix of a buffer that is too small for a response's header: all settings that ``nginx -t``
compares with it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from lint502.edits.propose import Edits, in_place_of, insertion, place_for, rewritten
from lint502.findings import Edit, Fix
from lint502.nginx.buffers import NAMES, Change, Refusals, buffers_at
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.tree import Context
from lint502.nginx.values import format_size, parse_size


class Lines:
    """The lines of a root that nginx compares: in which contexts they stand, those of a shared file
    in several, and what bears on one that many hops share. It is looked up once."""

    def __init__(self, main: Context) -> None:
        self.refusals = Refusals()
        self._main = main
        self._known: dict[tuple[object, ...], tuple[set[str], dict[Directive, str]]] = {}

    @cached_property
    def _standing(self) -> Mapping[Directive, Sequence[Context]]:
        standing: dict[Directive, list[Context]] = {}
        stack = [self._main]
        while stack:
            context = stack.pop()
            stack.extend(context.children)
            for line in _lines(context):
                standing.setdefault(line, []).append(context)
        return standing

    def beside(
        self, line: Directive, words: Mapping[str, str], family: str
    ) -> tuple[set[str], dict[Directive, str]]:
        """What contexts of a line set themselves; and those of their lines that would be too small
        beside new settings, with what they have to be."""
        asked = (line, *words.items())
        if asked not in self._known:
            contexts = self._standing.get(line, [])
            own = {name for name in words if any(name in one.by_name for one in contexts)}
            self._known[asked] = own, _raised(contexts, words, family)
        return self._known[asked]


def fix(hop: Hop, line: Directive, size: int, lines: Lines) -> Fix:
    """A buffer of ``size`` bytes for a hop, and what has to go with it: at the level of ``line``,
    or at the hop's own where nginx would refuse them there.

    Where ``line`` stands in other contexts too, and one of these has a line of its own for what
    would be set in, that one changes as well, or the line is set in at the hop.
    """
    words = _words(hop, size)
    description = " ".join(f"{name} {value};" for name, value in words.items())
    first: Fix | None = None
    for level in _levels(hop, line):
        change = _change(hop, level, words)
        if change is None:
            continue
        own: set[str] = set()
        raised: Mapping[Directive, str] = {}
        if line in _lines(level):
            own, raised = lines.beside(line, words, hop.kind)
            own = own - level.by_name.keys()
        edits = _edits(hop, line, change, own, raised)
        if not edits:
            continue
        elsewhere = "" if line in _lines(level) or line is hop.directive else _inside(level)
        there = [old for old in change.lines if old in _lines(level)]
        within = [old for old in change.lines if old not in there]
        within += (old for old in raised if old not in change.lines)
        here = [name for name in words if name in own and not _goes_along(name)]
        text = f"{description}{elsewhere}{in_place_of(there, line)}"
        if within:
            text += f" and also{in_place_of(within)}"
        if here:
            text += f" with {' and '.join(here)} beside {hop.directive.name}"
        found = Fix(text, True, edits)
        if not lines.refusals.of(change, hop.kind, hop.scope.version):
            return found
        first = first or found
    return first or Fix(description, True)


def _words(hop: Hop, size: int) -> dict[str, str]:
    """The settings that have to move together; none of them gets smaller."""
    family = hop.kind
    words = {f"{family}_buffer_size": format_size(size)}
    if family == "grpc":
        return words
    now = buffers_at(hop.scope, family)
    each = max(size, now.each if now is not None else 0)
    number = max(8, now.number if now is not None else 0)
    busy = max(2 * each, (now.busy if now is not None else None) or 0)
    words[f"{family}_buffers"] = f"{number} {format_size(each)}"
    words[f"{family}_busy_buffers_size"] = format_size(busy)
    if now is not None and now.written is not None and now.written < each:
        words[f"{family}_temp_file_write_size"] = format_size(2 * each)
    if now is not None and now.temporary is not None and 0 < now.temporary < each:
        words[f"{family}_max_temp_file_size"] = format_size(2 * each)
    return words


def _levels(hop: Hop, line: Directive) -> Iterator[Context]:
    """The level that a line stands at, then the hop's own."""
    own = hop.context.enclosing("location", "server") or hop.context
    yield next((one for one in hop.context.up() if line in _lines(one)), own)
    yield own


def _lines(level: Context) -> Iterator[Directive]:
    """The lines of any family that nginx compares."""
    for name, lines in level.by_name.items():
        if name.partition("_")[2] in NAMES:
            yield from lines


def _change(hop: Hop, level: Context, words: Mapping[str, str]) -> Change | None:
    """New settings at a level, and on the lines within it that count for a hop; None where one
    stands there twice."""
    lines: list[Directive] = []
    for name in words:
        for one in (*_within(hop, level, name), level):
            found = one.by_name.get(name, [])
            if len(found) > 1 or name in one.uncertain:
                return None
            lines += found
    return Change(level, words, lines)


def _within(hop: Hop, level: Context, name: str) -> Iterator[Context]:
    """The innermost context within a level that has a setting of its own for a hop."""
    for one in hop.context.up():
        if one is level:
            return
        if name in one.by_name:
            yield one
            return


def _goes_along(name: str) -> bool:
    """Whether nginx takes what goes with the others where nobody writes a setting."""
    return name.partition("_")[2] in NAMES[2:]


def _raised(
    contexts: Iterable[Context], words: Mapping[str, str], family: str
) -> dict[Directive, str]:
    """The lines of other contexts that would be too small, with what they have to be."""
    found: dict[Directive, str] = {}
    least = parse_size(words.get(f"{family}_buffers", "0 0").split()[1])
    for context in contexts:
        for line in _lines(context):
            if not line.name.startswith(f"{family}_") or not _goes_along(line.name):
                continue
            try:
                size = parse_size(line.args[0])
            except (IndexError, ValueError):
                continue
            if size < least and (size or not line.name.endswith("_max_temp_file_size")):
                found[line] = format_size(2 * least)
    return found


def _edits(
    hop: Hop, line: Directive, change: Change, own: Container[str], raised: Mapping[Directive, str]
) -> Edits:
    """A change as edits: lines written anew, and the others set in beside one of the family, or at
    the level of the hop. ``own`` is what other contexts set themselves, so that it cannot be set
    in there: what goes along by itself is not set in at all."""
    edits: list[Edit] = []
    for old in dict.fromkeys((*change.lines, *raised)):
        found = rewritten(old, change.words.get(old.name) or raised[old])
        if not found:
            return ()
        edits += found
    written = change.level.by_name
    here = [name for name in change.words if name in own and not _goes_along(name)]
    missing = [
        f"{name} {value}"
        for name, value in change.words.items()
        if name not in written and name not in own
    ]
    if here:
        at = place_for(hop.context, here)
        if at is None:
            return ()
        edits.append(insertion(at, [f"{name} {change.words[name]}" for name in here]))
    if missing:
        family = [one for one in _lines(change.level) if one.name.startswith(f"{hop.kind}_")]
        before = line if line in family else next(iter(family), None)
        before = before or place_for(hop.context, change.words)
        if before is None:
            return ()
        edits.append(insertion(before, missing))
    return tuple(edits)


def _inside(level: Context) -> str:
    """Words such as " in location /files/ (nginx.conf:9)"."""
    line = level.opener
    named = " ".join((level.name, *level.args))
    return f" in {named}" if line is None else f" in {named} ({line.source.name}:{line.line})"
