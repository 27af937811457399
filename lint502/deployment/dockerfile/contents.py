"""What ``echo`` and ``printf`` print, where every shell prints the same."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lint502.deployment.shell import UNKNOWN
from lint502.patterns import regex

_ECHO_OPTION = regex(r"-[neE]+")
_PIECE = regex(r"\\(.)|%(.)|[^\\%]+|[\\%]", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", '"': '"'}


def printed(words: Sequence[str]) -> str | None:
    """The text; None where it is not known, or another program runs."""
    if not words or any(UNKNOWN in word for word in words):
        return None
    if words[0] == "echo":
        return _echo(words[1:])
    if words[0] == "printf" and len(words) > 1:
        rest = words[2:] if words[1] == "--" else words[1:]
        return _printf(rest[0], list(rest[1:])) if rest else None
    return None


def _echo(words: Sequence[str]) -> str | None:
    options = ""
    while words and _ECHO_OPTION.fullmatch(words[0]):
        options += words[0]
        words = words[1:]
    text = " ".join(words)
    if "\\" in text:
        if "e" not in options:
            return None  # dash takes it for an escape, bash does not
        made = _printf(text.replace("%", "%%"), [])
        if made is None:
            return None
        text = made
    return text if "n" in options else f"{text}\n"


def _printf(form: str, values: list[str]) -> str | None:
    made: list[str] = []
    while True:
        left = len(values)
        for match in _PIECE.finditer(form):
            escape, conversion = match[1], match[2]
            if escape is not None:
                if escape not in _ESCAPES:
                    return None
                made.append(_ESCAPES[escape])
            elif conversion == "%":
                made.append("%")
            elif conversion == "s":
                made.append(values.pop(0) if values else "")
            elif conversion is not None or match[0] in "\\%":
                return None
            else:
                made.append(match[0])
        if not values or len(values) == left:
            return "".join(made)
