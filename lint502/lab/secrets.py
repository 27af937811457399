"""Keeps the values that templates were given out of the configuration that a proof shows: a header
or a parameter may be a password."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lint502.patterns import regex

_SHOWS_TEXT = regex(
    r" *(?!\w+_set_header (?:Host|Connection|Upgrade) )"
    r"(?:\w+_set_header|\w+_param|\w+_cache_key|add_header|set) "
)


def masked(configuration: str, values: Iterable[tuple[str, str]]) -> str:
    """The text of a configuration with ``${NAME}`` again for the ``values``, by their names, where
    they stand in lines that set headers, parameters and variables, or have several lines."""
    written = {
        value.replace("\\", "\\\\").replace('"', '\\"'): f"${{{name}}}"
        for name, value in sorted(values, key=lambda item: -len(item[1]))
        if value
    }
    several = [value for value in written if "\n" in value]
    if several:
        configuration = _replaced(configuration, several, written)
    if not written:
        return configuration
    lines = configuration.split("\n")
    for index, line in enumerate(lines):
        shown = _SHOWS_TEXT.match(line)
        if shown is not None:
            lines[index] = shown[0] + _replaced(line[shown.end() :], written, written)
    return "\n".join(lines)


def _replaced(text: str, values: Iterable[str], written: dict[str, str]) -> str:
    return re.sub("|".join(map(re.escape, values)), lambda match: written[match[0]], text)
