"""``--format text``: the groups for whoever is on call, what hurts most first."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.diagnosis.diagnosis import Diagnosis, Group, Root
from lint502.findings import Severity
from lint502.published import rule_address
from lint502.reading import shown
from lint502.report import Style
from lint502.report.cells import cells
from lint502.report.diagnosis import words
from lint502.report.diagnosis.histogram import Axis, axis_of, sparkline
from lint502.report.layout import labelled, room, running, sentence
from lint502.report.palette import Palette

MOST_GROUPS = 20
_MOST_CANDIDATES = 3
_LONGEST_EXAMPLE = 600
_MOST_COLUMNS = 60


def render(diagnosis: Diagnosis, style: Style) -> str:
    """The groups, what the access log says, and what else there was."""
    palette = Palette(style.colour, style.links)
    axis = axis_of(diagnosis.groups, min(room(style.width) or _MOST_COLUMNS, _MOST_COLUMNS))
    blocks = ["\n".join(_head(diagnosis, axis, style, palette))]
    chosen = diagnosis.groups if style.unlimited else diagnosis.groups[:MOST_GROUPS]
    configured = bool(diagnosis.roots)
    said: set[tuple[str, ...]] = set()
    blocks += ("\n".join(_group(group, axis, style, palette, configured, said)) for group in chosen)
    left = diagnosis.groups[len(chosen) :]
    if left:
        lines = words.number(sum(one.tally.count for one in left), "line")
        text = f"and {words.number(len(left), 'more group')} of {lines}: lint502 diagnose --all"
        blocks.append("\n".join(running(text, style.width)))
    end = [*_access(diagnosis, style, palette), *_rest(diagnosis, style, palette)]
    if end:
        blocks.append("\n".join(end))
    return "\n\n".join(blocks) + "\n"


def _head(diagnosis: Diagnosis, axis: Axis | None, style: Style, palette: Palette) -> list[str]:
    lines = [palette.bold(line) for line in running(words.headline(diagnosis), style.width)]
    if layer := words.layer(diagnosis):
        lines += sentence(layer, style.width)
    if axis is not None and axis.columns > 1:
        lines += sentence(f"each column of the histograms is {axis.words}", style.width)
    return lines


def _group(
    group: Group,
    axis: Axis | None,
    style: Style,
    palette: Palette,
    configured: bool,
    said: set[tuple[str, ...]],
) -> list[str]:
    """A group; ``said`` are the candidates that a group before it has had."""
    width = style.width
    lines = _heading(group, width, palette)
    lines += sentence(shown(group.cause.title), width)

    def add(label: str, *texts: str) -> None:
        nonlocal lines
        lines += labelled(label, [text for text in texts if text], width, palette)

    when = words.when(group)
    if axis is not None and axis.columns > 1:
        add("when", when, sparkline(axis.counts(group.tally.minutes)))
    else:
        add("when", when)
    add("asked", words.asked(group))
    add("got", words.answers(group))
    add("after", words.took(group))
    if configured:
        add("hop", *_hop(group))
    if group.root is not None:
        lines += _root(group.root, width, palette, look=not group.cause.candidates)
    if group.cause.failure and (group.root is None or group.root.rule is None):
        lines += _candidates(group, width, palette, said)
    add("line", _cut(shown(group.tally.example)))
    return lines


def _heading(group: Group, width: int | None, palette: Palette) -> list[str]:
    severity = Severity.ERROR if group.cause.failure else Severity.INFO
    name = palette.severity(severity, shown(group.cause.name))
    status = words.status(group)
    times = "once" if group.tally.count == 1 else f"{group.tally.count:,} times"
    parts = [palette.bold(times), name, *([f"·  {status}"] if status else [])]
    upstream = shown(group.upstream)
    line = "  ".join(parts)
    if not upstream:
        return [line]
    if width is None or cells(f"{line}  ·  {upstream}") <= width:
        return [f"{line}  ·  {upstream}"]
    return [line, *sentence(upstream, width)]


def _hop(group: Group) -> Iterator[str]:
    if group.hop is not None:
        yield f"{shown(group.hop.file)}:{group.hop.line}  {shown(group.hop.label)}"
        return
    why = shown(group.why) or "the record does not tell it"
    yield f"unknown: {why}"
    if group.hops:
        yield f"one of {words.places_of(group)}"


def _root(root: Root, width: int | None, palette: Palette, *, look: bool) -> list[str]:
    """What explains it; ``look``: with what to look at where nothing does."""
    if root.rule is None:
        lines = labelled("root", [shown(root.message)], width, palette)
        commands = list(map(shown, root.look)) if look else []
        return lines + labelled("look", commands, width, palette)
    said = [f"{root.severity} {root.rule}: {shown(root.message)}"]
    for place in root.places:
        note = f"  ({shown(place.note)})" if place.note else ""
        said.append(f"{shown(place.file)}:{place.line}  {shown(place.text.strip())}{note}")
    lines = labelled("root", said, width, palette)
    if root.fix:
        lines += labelled("fix", list(map(shown, root.fix.splitlines())), width, palette)
    more = [f"lint502 explain {root.rule}", rule_address(root.rule) or ""]
    return lines + labelled("more", list(filter(None, more)), width, palette)


def _candidates(
    group: Group, width: int | None, palette: Palette, said: set[tuple[str, ...]]
) -> list[str]:
    """What may be behind it: all of them in short, and what tells the likeliest one apart. Where
    they have been said before, only how to look."""
    lines: list[str] = []
    every = group.cause.candidates
    found = [one for one in every if one.settled] or every[:_MOST_CANDIDATES]
    known = tuple(one.text for one in found)
    again = known in said
    said.add(known)
    for number, one in enumerate(found[:1] if again else found):
        label = "it is" if one.settled else "or" if number else "maybe"
        texts = [one.text, one.tell] if one.settled or not number else [one.text]
        text = "as above" if again else " ".join(filter(None, texts))
        lines += labelled(label, [shown(text)] if text else [], width, palette)
        lines += labelled("run", list(map(shown, one.run[: 1 if number else 2])), width, palette)
    if again:
        return lines
    left = 0 if any(one.settled for one in found) else len(every) - len(found)
    if left:
        lines += labelled("or", [words.number(left, "other cause")], width, palette)
    rules = words.rules_of(group)[:2]
    return lines + labelled("more", [f"lint502 explain {one}" for one in rules], width, palette)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_EXAMPLE else f"{text[:_LONGEST_EXAMPLE]}…"


def _access(diagnosis: Diagnosis, style: Style, palette: Palette) -> Iterator[str]:
    access = diagnosis.access
    if access is None:
        return
    yield palette.bold("access log")
    yield from sentence(words.requests(access), style.width)
    for one, count in words.sorted_without(access):
        text = f"no line in the error log: {words.without_line(one, count)}"
        yield from sentence(text, style.width)
    if access.unread:
        yield from sentence(words.unread(access), style.width)
        yield from labelled("line", [_cut(shown(access.example))], style.width, palette)


def _rest(diagnosis: Diagnosis, style: Style, palette: Palette) -> Iterator[str]:
    for text in words.totals(diagnosis):
        yield from running(text, style.width)
    for one in diagnosis.unread[:3]:
        yield from labelled("line", [_cut(shown(one.example))], style.width, palette)
    for front in diagnosis.fronts:
        yield from running(shown(front), style.width)
