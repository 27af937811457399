"""What variables hold by themselves: entries of ``map``, ``geo`` and ``split_clients``, named
captures that match fixed words, ``$scheme`` and ``$server_name``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from lint502.nginx.parse import Directive
from lint502.nginx.symbols import Symbol, symbols_in
from lint502.nginx.tree import Context, once_a_context
from lint502.patterns import regex

_CAPTURE = regex(r"\(\?P?<(\w+)>((?:[\w-]|\\[.-])+(?:\|(?:[\w-]|\\[.-])+)*)\)(?![?*{])", re.ASCII)
_ANY_CAPTURE = regex(r"\(\?P?<(\w+)>", re.ASCII)
_GEO_PARAMETERS = frozenset(("proxy", "delete"))
_DEFAULT_ENTRY = {"map": "default", "geo": "default", "split_clients": "*"}


class Text(Struct, frozen=True):
    """One text that a template can become, and the line and argument it comes from, if it is
    another than the template's own."""

    text: str
    directive: Directive | None = None
    arg: int = 0

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """What a template leaves open in it."""
        return symbols_in(self.text)


Values: TypeAlias = "list[Text] | None"
"""What a variable can hold; None where that cannot be known."""


def entries_of(block: Context) -> list[Text]:
    """The values of a block's entries; what none of them matches is "" without a ``default``."""
    values: dict[str, Text] = {}
    default = _DEFAULT_ENTRY[block.name]
    parameters = _GEO_PARAMETERS if block.name == "geo" else ()
    for item in block.items:
        if isinstance(item, Directive) and len(item.args) == 1 and item.name not in parameters:
            values.setdefault(item.args[0], Text(item.args[0], item, 0))
    if default not in block.by_name:
        values.setdefault("", Text(""))
    return list(values.values())


def schemes(context: Context) -> list[Text] | None:
    """What ``$scheme`` can be, by the ``listen`` lines of the server."""
    server = context.enclosing("server")
    return None if server is None else _schemes_of(server)


@once_a_context
def _schemes_of(server: Context) -> list[Text] | None:
    if server.partial or server.uncertain_of("listen", "ssl"):
        return None
    if any(line.args and line.args[0].lower() == "on" for line in server.by_name.get("ssl", ())):
        return [Text("https")]
    listens = server.by_name.get("listen", [])
    secure = ["ssl" in line.args or "quic" in line.args for line in listens] or [False]
    return [
        Text(scheme) for scheme, has in (("http", not all(secure)), ("https", any(secure))) if has
    ]


def server_name(context: Context) -> list[Text] | None:
    """``$server_name``: the first name of the server, where it is a plain one."""
    server = context.enclosing("server")
    names = server.by_name.get("server_name") if server is not None else None
    if server is None or "server_name" in server.uncertain or not names or not names[0].args:
        return None
    name = names[0].args[0]
    return None if set(name) & set("~*$^") else [Text(name, names[0], 0)]


def captured(name: str, context: Context) -> list[Text] | None:
    """A named capture that matches a fixed set of words."""
    found: list[Text] | None = None
    for level in context.up():
        for pattern, line in captures(level).get(name, ()):
            words = {match[1]: match[2] for match in _CAPTURE.finditer(pattern)}.get(name)
            if words is None or found is not None:
                return None
            found = [
                Text(re.sub(r"\\(.)", r"\1", word), line, max(0, _index(line, pattern)))
                for word in words.split("|")
            ]
    return found


@once_a_context
def captures(level: Context) -> Mapping[str, Sequence[tuple[str, Directive | None]]]:
    """The regular expressions of a level by the names of their captures, with their lines."""
    patterns: list[tuple[str, Directive | None]] = []
    if level.name in ("location", "if"):
        patterns = [(arg, level.opener) for arg in level.args]
    elif level.name == "server":
        patterns = [
            (arg, line) for line in level.by_name.get("server_name", ()) for arg in line.args
        ]
    found: dict[str, list[tuple[str, Directive | None]]] = {}
    for pattern, line in patterns:
        for name in dict.fromkeys(_ANY_CAPTURE.findall(pattern)):
            found.setdefault(name, []).append((pattern, line))
    return found


def _index(line: Directive | None, arg: str) -> int:
    return line.args.index(arg) if line is not None and arg in line.args else 0
