"""Placeholders: ``@NAME@``, ``%%NAME%%`` and their like, in whose place a script puts a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from lint502.nginx.rendered import Piece
from lint502.nginx.symbols import Symbol
from lint502.patterns import regex

_ANYWHERE = regex(
    r"@([A-Z][A-Z0-9_]+)@"
    r"|%%([A-Z][A-Z0-9_]*)%%"
    r"|(?<!%)%([A-Z][A-Z0-9_]{2,})%(?!%)"
    r"|(?<![A-Za-z0-9_${])__([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)__(?![A-Za-z0-9_])"
    r"|(?<![?P'k])<([A-Z][A-Z0-9_-]+)>(?!.*</)"
)
"""No text of nginx's own: ``%E2%80`` is a byte of a URI, ``(?<NAME>…)`` a capture, ``<HTML>`` a
page."""

_MARKS = ("@", "%", "__", "<")
"""Each of these has one of them."""

_WITH_DEFAULT = regex(r"\$\{[A-Za-z_][A-Za-z0-9_]*:[-=?+][^{}\n]*\}")
"""``${NAME:-default}``, which some programs called envsubst know, and nginx does not."""

_BRACES = regex(r"(?<!\$)\{([A-Z][A-Z0-9_]+)\}")


def _is_text(text: str, match: re.Match[str]) -> bool:
    """Whether a ``<NAME>`` stands in a string, as those of pages do."""
    if not match[0].startswith("<"):
        return False
    before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
    return before.count('"') % 2 == 1 or before.count("'") % 2 == 1


def placeholders(text: str, value: Callable[[str], str | None], *, braces: bool) -> Iterator[Piece]:
    """The placeholders of a text; ``braces``: ``{NAME}`` is one too, for nginx would not read the
    text as it stands. ``value`` gives the values of names that have one."""
    found: list[re.Match[str]] = []
    if any(mark in text for mark in _MARKS):
        found += (match for match in _ANYWHERE.finditer(text) if not _is_text(text, match))
    if "${" in text:
        found += _WITH_DEFAULT.finditer(text)
    if braces:
        found += _BRACES.finditer(text)
    end = 0
    for match in sorted(found, key=lambda match: match.start()):
        if match.start() < end:
            continue
        end = match.end()
        if match[0].startswith("$"):
            yield Piece.of(*match.span(), Symbol.computed(match[0]))
            continue
        name = next(group for group in match.groups() if group)
        given = value(name)
        if given is not None:
            yield Piece(*match.span(), given, name)
        else:
            yield Piece.of(*match.span(), Symbol.without_value(match[0], name))
