"""What a line of the error log or a status means, as it is shown to people and to programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import to_builtins

from lint502.diagnosis.causes import Candidate, Cause
from lint502.diagnosis.statuses import Layer, Status
from lint502.reading import shown
from lint502.report import Style, json
from lint502.report.cells import wrap
from lint502.report.layout import INDENT
from lint502.report.palette import Palette

_LABEL = 8
"""Columns of a label below a candidate, with what is before and after it."""

_CUT = "It is not whole, so that it may be one of several lines. The likeliest:"
_LONGEST = 2_000
"""Characters of a pasted line that are shown."""


def lines(explained: Sequence[tuple[str, Sequence[Cause]]], style: Style) -> str:
    """Pasted lines, each with what it shows: one cause, or several where it is cut off."""
    return "\n".join(_joined(_line(text, causes, style)) for text, causes in explained)


def status(found: Status, messages: Sequence[tuple[str, str]], style: Style) -> str:
    """A status, with lines of the error log that come with it and what each shows."""
    palette = Palette(style.colour)
    text = [palette.bold(found.number), *_below(found.title, style, INDENT), ""]
    for layer in found.layers:
        text.append(f"{INDENT}{palette.bold(_capital(layer.by))}")
        text += [*_layer(layer, style), ""]
    if messages:
        text += _below("Lines of nginx's error log that come with it:", style, INDENT)
    for message, title in messages:
        text += [palette.other(line) for line in _below(message, style, INDENT * 2)]
        text += _below(title, style, INDENT * 3)
    return _joined(text)


def lines_json(explained: Sequence[tuple[str, Sequence[Cause]]]) -> str:
    """The same of lines, for programs."""
    found = [
        {"line": text, "causes": [to_builtins(cause) for cause in causes]}
        for text, causes in explained
    ]
    return json.dump({"schema_version": json.SCHEMA_VERSION, "lines": found})


def status_json(found: Status, messages: Sequence[tuple[str, str]]) -> str:
    """The same of a status, for programs."""
    data = {
        **to_builtins(found),
        "lines": [{"text": text, "title": title} for text, title in messages],
    }
    return json.dump({"schema_version": json.SCHEMA_VERSION, "status": data})


def outcome(cause: Cause) -> str:
    """What the client gets, in a sentence; "" where the line does not say that."""
    if not cause.failure:
        return "No request failed by this line alone."
    if cause.status is None:
        return ""
    if cause.status == 9:
        return "The client gets the upstream's bytes without a status line; $status is 009."
    if cause.message is None or cause.about in ("nginx", "client"):
        return f"The client gets a {cause.status}."
    return f"The client gets a {cause.status}, unless another server of the block answers."


def candidates(found: Sequence[Candidate], style: Style) -> Iterator[str]:
    """What may be behind a line, in order, with what tells it apart."""
    palette = Palette(style.colour)
    for number, one in enumerate(found, 1):
        mark = f"{number}. " if len(found) > 1 else ""
        first, *rest = _below(one.text, style, INDENT + " " * len(mark))
        yield f"{INDENT}{mark}{first.lstrip()}"
        yield from rest
        before = INDENT + " " * len(mark)
        yield from _labelled("tell", [one.tell], style, palette, before)
        yield from _commands(one.run, style, palette, before)
        yield from _rules(one.rules, style, palette, before)


def _line(text: str, causes: Sequence[Cause], style: Style) -> Iterator[str]:
    palette = Palette(style.colour)
    short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    yield from (palette.other(line) for line in _below(shown(short), style, ""))
    if len(causes) > 1:
        yield ""
        yield from _below(_CUT, style, INDENT)
    for cause in causes[:1]:
        yield ""
        yield from _titled(cause, style)
        if cause.candidates:
            yield ""
        yield from candidates(cause.candidates, style)
    if len(causes) > 1:
        yield ""
        yield from _below("Or:", style, INDENT)
    for cause in causes[1:]:
        yield ""
        yield from _titled(cause, style)


def _titled(cause: Cause, style: Style) -> Iterator[str]:
    palette = Palette(style.colour)
    yield from (palette.bold(line) for line in _below(cause.title, style, INDENT))
    if said := outcome(cause):
        yield from _below(said, style, INDENT)


def _layer(layer: Layer, style: Style) -> Iterator[str]:
    palette = Palette(style.colour)
    yield from _below(layer.text, style, INDENT * 2)
    yield from _labelled("tell", [layer.tell], style, palette, INDENT)
    yield from _commands(layer.run, style, palette, INDENT)
    yield from _rules(layer.rules, style, palette, INDENT)
    yield from _labelled("see", [layer.source], Style(style.colour), palette, INDENT)


def _rules(rules: Sequence[str], style: Style, palette: Palette, before: str) -> Iterator[str]:
    if rules:
        text = f"lint502 explain {' '.join(rules)}"
        yield from _labelled("more", [text], Style(style.colour), palette, before)


def _commands(
    commands: Sequence[str], style: Style, palette: Palette, before: str
) -> Iterator[str]:
    """Commands, which are never wrapped: they are to be copied."""
    yield from _labelled("run", commands, Style(style.colour), palette, before)


def _labelled(
    label: str, texts: Sequence[str], style: Style, palette: Palette, before: str
) -> Iterator[str]:
    width = None if style.width is None else max(style.width - len(before) - _LABEL, 20)
    found = [line for text in texts for line in wrap(text, width)]
    for number, line in enumerate(found):
        head = " " * _LABEL if number else f"{INDENT}{palette.dim(label)}{' ' * (6 - len(label))}"
        yield f"{before}{head}{line}"


def _below(text: str, style: Style, indent: str) -> list[str]:
    width = None if style.width is None else max(style.width - len(indent), 20)
    return [f"{indent}{line}" for line in wrap(text, width)]


def _capital(text: str) -> str:
    return text if text.startswith("nginx") else text[:1].upper() + text[1:]


def _joined(found: Sequence[str] | Iterator[str]) -> str:
    return "\n".join(found).rstrip() + "\n"
