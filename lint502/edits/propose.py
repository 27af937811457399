"""Edits that rules propose: arguments written anew, lines set in, taken out or put first.

An edit stands where the culprit stands; a setting that nobody has written is set in at the level of
the hop. Everything else on the lines stays: indentation, comments, line ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from lint502.findings import Edit
from lint502.nginx.directives import directive as directive_info
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.scope import Setting
from lint502.nginx.tree import Context
from lint502.patterns import regex

_ALONE = regex(r"\s*;\s*(#.*)?")
Edits = tuple[Edit, ...]
"""Empty where nothing can be written with certainty: then the fix is described only."""


def insertion(before: Directive, lines: Sequence[str]) -> Edit:
    """New lines in front of a directive, without their semicolons: with its indentation and the
    file's line end, or on its own line where it does not begin that."""
    source = before.source
    line = source.line(before.line)
    ahead = line[: before.column - 1]
    between = " " if ahead.strip() else f"{source.line_end(before.line)}{ahead}"
    text = "".join(f"{new};{between}" for new in lines)
    return Edit(source.name, before.line, before.column, before.column, text, line)


def rewritten(line: Directive, words: str) -> Edits:
    """A line with other arguments."""
    tokens = line.placed_args()
    if not tokens:
        return ()  # it stands in a file that is not here
    first, last = tokens[0], tokens[-1]
    if any("\n" in token or token.line != first.line for token in tokens):
        return ()
    whole = line.source.line(first.line)
    return (Edit(line.source.name, first.line, first.column, last.end_column, words, whole),)


def appended(line: Directive, word: str) -> Edits:
    """A line with one more argument."""
    found = rewritten(line, f" {word}")
    return tuple(replace(edit, column=edit.end_column) for edit in found)


def removal(line: Directive) -> Edits:
    """A line taken out, up to its semicolon; what stands beside it stays."""
    edits = rewritten(line, "")
    if not edits or edits[0].line != line.line:
        return ()
    text = line.source.line(line.line)
    end = edits[0].end_column
    if text[end - 1 : end] != ";":
        return ()
    alone = not (text[: line.column - 1].strip() or text[end:].strip())
    start, end = (1, len(text) + 1) if alone else (line.column, end + 1)
    return (Edit(line.source.name, line.line, start, end, "", text),)


def swapped(one: Directive, other: Directive) -> Edits:
    """Two lines, each in the place of the other, with the comments that follow them where nothing
    else stands beside them."""
    places = [line.place() for line in (one, other)]
    for line, place in zip((one, other), places, strict=True):
        ends = rewritten(line, "") if line.args else ()
        written = (ends[0].line, ends[0].end_column) if ends else None
        if line.args and written != (line.line, place.end_column):
            return ()
    if all(_ALONE.fullmatch(place.text[place.end_column - 1 :]) for place in places) and not any(
        place.text[: place.column - 1].strip() for place in places
    ):
        places = [replace(place, end_column=len(place.text) + 1) for place in places]
    texts = [place.text[place.column - 1 : place.end_column - 1] for place in places]
    return tuple(
        Edit(place.file, place.line, place.column, place.end_column, text, place.text)
        for place, text in zip(places, reversed(texts), strict=True)
    )


def set_to(
    hop: Hop, settings: Iterable[tuple[Setting | None, str]], *, here: bool = False
) -> Edits:
    """Settings of a hop with new arguments, all or none of them: on the lines that set them now,
    else set in at the level of the hop. With ``here`` an inherited line is left to the others."""
    edits: list[Edit] = []
    missing: list[tuple[str, str]] = []
    for setting, words in settings:
        if setting is None or len(setting.directives) > 1:
            return ()
        if setting.directives and not (here and setting.origin == "inherited"):
            found = rewritten(setting.directives[0], words)
            if not found:
                return ()
            edits += found
        else:
            missing.append((setting.name, words))
    if missing:
        before = place_for(hop.context, [name for name, _ in missing])
        if before is None:
            return ()
        edits.append(insertion(before, [f"{name} {words}" for name, words in missing]))
    return tuple(edits)


def in_place_of(lines: Iterable[Directive], at: Directive | None = None) -> str:
    """Words on lines that a fix writes anew, but for the one that the report points at: " in the
    place of proxy_buffers (proxy.conf:4)"; "" where there are none."""
    found = [place_of(line) for line in dict.fromkeys(lines) if line is not at]
    if not found:
        return ""
    *others, last = found
    return f" in the place of {', '.join(others)}{' and ' if others else ''}{last}"


def place_of(line: Directive) -> str:
    """Words such as "proxy_buffers (proxy.conf:4)"."""
    return f"{line.name} ({line.source.name}:{line.line})"


def beside(hop: Hop, setting: Setting) -> str:
    """Words for a setting that is written anew at the level of the hop, and not where the hop has
    it from: " beside proxy_pass"; "" where it stands there already."""
    return f" beside {hop.directive.name}" if setting.origin == "inherited" else ""


def place_for(context: Context, names: Iterable[str]) -> Directive | None:
    """The line in front of which settings are set in, so that they count in a context: its pass,
    else its first line. A context that does not take them (an ``if``) leaves it to the one around
    it."""
    area = "stream" if context.enclosing("stream") is not None else "http"
    inner: Context | None = None
    allowed = [info.contexts for name in names if (info := directive_info(area, name)) is not None]
    while not all(_called(context) in contexts for contexts in allowed):
        if context.parent is None or context.opener is None:
            return None
        inner, context = context, context.parent
    lines = [item for item in context.items if isinstance(item, Directive)]
    passes = [line for line in lines if line.name.endswith("_pass")]
    if passes:
        return passes[0]
    return inner.opener if inner is not None else next(iter(lines), None)


def _called(context: Context) -> str:
    """The name of a context as the table of directives has it."""
    if context.name != "if" or context.parent is None:
        return context.name
    return f"if-in-{context.parent.name}"
