"""Ports and hosts in settings that are JavaScript: ``server: { port: 3000, host: true }``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lint502.declared.listeners import Fact
from lint502.declared.sources.commands.comments import blanked
from lint502.declared.sources.commands.facts import ALL, bind_fact, port_fact
from lint502.declared.sources.commands.words import Word
from lint502.patterns import regex
from lint502.places import Place, SourceFile

MAX_CHARACTERS = 200_000

_COMMENT = regex(r"(?<![:\"'])//[^\n]*")
_VALUES = {
    "port": re.compile(r"[\"']?\bport\b[\"']?\s*:\s*(\d{1,5})\b"),
    "host": re.compile(r"[\"']?\bhost\b[\"']?\s*:\s*(true\b|[\"'][\w.:-]{1,100}[\"'])"),
}


def configured(source: SourceFile, key: str, other: str) -> Mapping[str, Fact[Any]] | None:
    """The fact of ``port`` or ``host`` where a file has it once, as a literal; None where it does
    not have it. Of a file that has it otherwise, or that speaks of ``other`` too, nothing is known.
    """
    if len(source.text) > MAX_CHARACTERS:
        return {}
    text = blanked(source.text, "/*", "*/")
    text = _COMMENT.sub(lambda match: " " * len(match[0]), text)
    named = re.findall(rf"\b{key}\b", text)
    if not named:
        return None
    found = list(_VALUES[key].finditer(text))
    if len(found) != 1 or len(named) != 1 or re.search(rf"\b{other}\b", text):
        return {}
    match = found[0]
    line = text.count("\n", 0, match.start()) + 1
    column = match.start() - text.rfind("\n", 0, match.start())
    place = Place(source.name, line, column, column + len(match[0]), source.line(line))
    value = match[1].strip("\"'")
    if key == "port":
        return port_fact(Word(value, place))
    return bind_fact(Word(ALL if value == "true" else value, place))
