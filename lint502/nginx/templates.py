"""Telling a template from a configuration: Jinja, Go, ERB and their like."""

from __future__ import annotations

import re

from lint502.findings import Problem
from lint502.places import SourceFile

_MARKERS = (
    (re.compile(r"<%[-=#]?[^%]*%>"), "ERB or EJS: <% … %>"),
    (re.compile(r"\{%[-+]?\s*\w[^%\n]*%\}"), "Jinja: {% … %}"),
    (re.compile(r"\{\{[^{}\n]*\}\}"), "{{ … }}"),
    (re.compile(r"^[ \t]*\$\{\w+\}[ \t]*$", re.MULTILINE), "a directive from ${…}"),
)
_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)


def template_problem(source: SourceFile) -> Problem | None:
    """The problem to report where a file is a template."""
    marker = _marker(source.text)
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
    found = [
        (match.start(), kind)
        for pattern, kind in _MARKERS
        if (match := pattern.search(plain)) is not None
    ]
    if not found:
        return None
    position, kind = min(found)
    return plain.count("\n", 0, position) + 1, kind
