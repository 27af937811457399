"""The fix of a buffer that is too small for a response's header: all settings that ``nginx -t``
compares with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lint502.edits.propose import Edits, in_place_of, insertion, place_for, rewritten
from lint502.findings import Edit, Fix
from lint502.nginx.buffers import NAMES, Change, Refusals, buffers_at
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.tree import Context
from lint502.nginx.values import format_size


def fix(hop: Hop, line: Directive, size: int, refusals: Refusals) -> Fix:
    """A buffer of ``size`` bytes for a hop, and what has to go with it: at the level of ``line``,
    or at the hop's own where nginx would refuse them there."""
    words = _words(hop, size)
    description = " ".join(f"{name} {value};" for name, value in words.items())
    first: Fix | None = None
    for level in _levels(hop, line):
        change = _change(hop, level, words)
        edits = _edits(hop, line, change) if change is not None else ()
        if change is None or not edits:
            continue
        elsewhere = "" if line in _lines(level) or line is hop.directive else _inside(level)
        there = [old for old in change.lines if old in _lines(level)]
        within = [old for old in change.lines if old not in there]
        text = f"{description}{elsewhere}{in_place_of(there, line)}"
        if within:
            text += f" and also{in_place_of(within)}"
        found = Fix(text, True, edits)
        if not refusals.of(change, hop.kind, hop.scope.version):
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
            if len(found) > 1:
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


def _edits(hop: Hop, line: Directive, change: Change) -> Edits:
    """A change as edits: lines written anew, and the others set in beside one of the family, or at
    the level of the hop."""
    edits: list[Edit] = []
    for old in change.lines:
        found = rewritten(old, change.words[old.name])
        if not found:
            return ()
        edits += found
    written = change.level.by_name
    missing = [f"{name} {value}" for name, value in change.words.items() if name not in written]
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
