"""Regular expressions of Python written so that RE2 and PCRE take them for the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from lint502.patterns import regex

_TOKEN = regex(
    r"\\Z|\\.|\[(?:\\.|[^\]\\])*\]|\(\?P<(?P<name>\w+)>|(?P<group>\((?!\?))|[\^$]|\|…(?=\))",
    re.DOTALL,
)
_SAME = {"\\Z": "\\z", "^": "\\A", "$": "(?:\\n?\\z)", "|…": ""}
"""What is written otherwise elsewhere; ``…`` stands in no log, but in what is written of one."""


def portable(pattern: str | bytes, group: str | None = None) -> str:
    """An expression without groups, but for the named one. ``^`` and ``$`` are the ends of the
    text, and before its last line feed."""
    text = pattern.decode() if isinstance(pattern, bytes) else pattern

    def written(token: re.Match[str]) -> str:
        if token["name"] is not None or token["group"] is not None:
            return "(" if group is not None and token["name"] == group else "(?:"
        return _SAME.get(token[0], token[0])

    return _TOKEN.sub(written, text)


def names(pattern: str) -> tuple[str, ...]:
    """The names of an expression's groups."""
    return tuple(token["name"] for token in _TOKEN.finditer(pattern) if token["name"])


def whole(pattern: str) -> str:
    """An expression of all texts that another one is of as a whole; ``.`` is any character."""
    return rf"(?s)\A(?:{pattern})\z"


_Tree = Mapping[str, "_Tree"]
_COMMA = ","


def without(words: Iterable[str]) -> str:
    """An expression of a text, as short as can be, in which none of these words is.

    Each of the words begins with a comma, and has no other one.
    """
    inside = _tree(words)[_COMMA]
    begun = f"{_COMMA}{_begun(inside)}"
    return f"(?:[^{_COMMA}]|(?:{begun})*?{_COMMA}{_left(inside)})*?(?:{begun})*?"


def beginning(words: Iterable[str]) -> str:
    """An expression of what one of these words, or several, begin with; also of nothing."""
    return _begun(_tree(words), whole=True)


def _tree(words: Iterable[str]) -> _Tree:
    tree: dict[str, dict[str, object]] = {}
    for word in words:
        level: dict[str, dict[str, object]] = tree
        for letter in word:
            level = level.setdefault(letter, {})  # type: ignore[assignment]
    return tree  # type: ignore[return-value]


def _begun(tree: _Tree, *, whole: bool = False) -> str:
    """What begins a word, but for whole words where these are not meant."""
    parts = [
        re.escape(letter) + _begun(below, whole=whole)
        for letter, below in tree.items()
        if below or whole
    ]
    return f"(?:{'|'.join(parts)})?" if parts else ""


def _left(tree: _Tree) -> str:
    """What begins a word and goes on otherwise."""
    others = "".join(map(re.escape, tree))
    parts = [re.escape(letter) + _left(below) for letter, below in tree.items() if below]
    return f"(?:{'|'.join([f'[^{others}{_COMMA}]', *parts])})"
