"""Telling a template from a configuration: Jinja, Go, ERB and their like."""

from __future__ import annotations

import re

from lint502.findings import Problem
from lint502.places import SourceFile

_Markers = tuple[tuple[re.Pattern[str], str], ...]

_MARKERS: _Markers = (
    (re.compile(r"<%[-=#]?[^%]*%>"), "ERB or EJS: <% … %>"),
    (re.compile(r"\{%[-+]?\s*\w[^%\n]*%\}"), "Jinja: {% … %}"),
    (re.compile(r"\{\{[^{}\n]*\}\}"), "{{ … }}"),
    (re.compile(r"^[ \t]*\$\{\w+\}[ \t]*$", re.MULTILINE), "a directive from ${…}"),
)
_PLACEHOLDER: _Markers = ((re.compile(r"(?<!\$)\{[A-Z][A-Z0-9_]+\}"), "{NAME}"),)
_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)


def template_problem(source: SourceFile, *, refused: bool = False) -> Problem | None:
    """The problem to report where a file is a template; ``refused``: nginx would not read it, so
    that ``{NAME}`` is no block either."""
    marker = _marker(source.text)
    if marker is None and refused:
        marker = _first(_COMMENT.sub("", source.text), _PLACEHOLDER)
    if marker is None:
        return None
    line, kind = marker
    return Problem(
        source.name,
        line,
        f"this is a template ({kind}), not what nginx reads: render it first, then check the "
        "result",
    )


def _marker(text: str) -> tuple[int, str] | None:
    """The line of the first template marker outside comments, and what it looks like."""
    if not any(start in text for start in ("{{", "{%", "<%", "${")):
        return None
    plain = _COMMENT.sub("", text)
    return _first(plain, _MARKERS)


def _first(text: str, markers: _Markers) -> tuple[int, str] | None:
    found = [
        (match.start(), kind)
        for pattern, kind in markers
        if (match := pattern.search(text)) is not None
    ]
    if not found:
        return None
    position, kind = min(found)
    return text.count("\n", 0, position) + 1, kind
