"""Takes comments out of a text, without moving what is left."""

from __future__ import annotations

import re


def blanked(text: str, opening: str, closing: str) -> str:
    """A text with spaces for all that stands between two marks, and for these; lines stay. A
    comment that nothing closes goes to the end."""
    found: list[str] = []
    at = 0
    while (start := text.find(opening, at)) != -1:
        end = text.find(closing, start + len(opening))
        stop = len(text) if end == -1 else end + len(closing)
        found += (text[at:start], re.sub(r"[^\n]", " ", text[start:stop]))
        at = stop
    return "".join((*found, text[at:]))
