"""Pieces of a configuration as text: lines, and what gives its variables their values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lint502.nginx.hops import Hop
from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.tree import Context
from lint502.patterns import regex

_VARIABLE = regex(r"\$(?:\{(\w+)\}|(\w+))", re.ASCII)
_MAPS = {"map": 1, "geo": -1, "split_clients": 1}
_PLAIN = regex(r"[^\s;{}\"'\\#]+")


def maps_for(text: str, hop: Hop) -> str:
    """The ``map``, ``geo`` and ``split_clients`` blocks that a text needs, as they are written."""
    area = hop.context.enclosing("http")
    blocks: dict[str, Context] = {}
    for child in area.children if area is not None else ():
        index = _MAPS.get(child.name)
        if index is not None and -len(child.args) <= index < len(child.args):
            blocks[child.args[index].removeprefix("$")] = child
    found: dict[str, str] = {}
    wanted = _variables(text)
    while wanted:
        name = wanted.pop()
        block = blocks.get(name)
        if block is None or name in found:
            continue
        lines = [
            statement(item.name, item.args)
            for item in block.items
            if not isinstance(item, Context) and item.name != "include"
        ]
        head = " ".join((block.name, *map(quoted, block.args)))
        found[name] = f"    {head} {{\n{indented(lines, 2)}    }}\n"
        wanted |= _variables(found[name])
    return "".join(found.values())


def sets_for(text: str, hop: Hop) -> Iterator[str]:
    """The ``set`` lines of the server and the location that a text needs."""
    levels = [level for level in hop.context.up() if level.name in ("server", "location")]
    lines = [line for level in reversed(levels) for line in level.by_name.get("set", ())]
    wanted = _variables(text)
    for line in reversed(lines):
        if len(line.args) == 2 and line.args[0].removeprefix("$") in wanted:
            wanted |= _variables(line.args[1])
    for line in lines:
        if len(line.args) == 2 and line.args[0].removeprefix("$") in wanted:
            yield statement("set", line.args)


def _variables(text: str) -> set[str]:
    return {match[1] or match[2] for match in _VARIABLE.finditer(text)}


def statement(name: str, args: Iterable[str]) -> str:
    """A directive with its arguments: ``proxy_bind 127.0.0.1;``."""
    return " ".join((quoted(name), *map(quoted, args))) + ";"


def indented(lines: Iterable[str], depth: int) -> str:
    """Lines within so many blocks."""
    return "".join(f"{'    ' * depth}{line}\n" for line in lines)


def quoted(word: str) -> str:
    """A word as nginx reads it back, in quotes where it needs them; what a template leaves open in
    it is some word."""
    word = word.replace(UNKNOWN, "open")
    if _PLAIN.fullmatch(word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
