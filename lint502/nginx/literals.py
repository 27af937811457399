"""Regular expressions that are a text, and what they certainly match."""

from __future__ import annotations

import re

from msgspec import Struct

from lint502.patterns import regex

_LITERAL = regex(
    r"(?P<start>\^?)(?P<text>(?:[A-Za-z0-9/_-]|\\[./-])+)(?:(?:\.\*|\(\.\*\))\$?)?", re.ASCII
)
"""A text, as a regular expression; what may follow it is of no account."""


class Literal(Struct, frozen=True):
    """A regular expression that is a text, as ``^/api/``; ``anchored`` with the ``^``."""

    text: str
    anchored: bool
    folded: bool

    @classmethod
    def of(cls, modifier: str, regex: str) -> Literal | None:
        """What stands behind ``~`` or ``~*``; None where it is more than a text."""
        match = _LITERAL.fullmatch(regex)
        if match is None:
            return None
        text = match["text"].replace("\\", "")
        folded = modifier == "~*"
        return cls(text.lower() if folded else text, bool(match["start"]), folded)

    def is_in(self, prefix: str) -> bool:
        """Whether it matches all that starts with a prefix."""
        prefix = prefix.lower() if self.folded else prefix
        return prefix.startswith(self.text) if self.anchored else self.text in prefix
