"""What a variable can hold: ``set``, ``map``, ``geo``, ``split_clients``, and fixed captures.

Text that comes from the request is not known; it stands as :data:`UNKNOWN` in what comes out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lint502.nginx.parse import Directive
from lint502.nginx.tree import Context

UNKNOWN = "\0"
"""Stands for a stretch of text that cannot be known (nginx's own texts cannot hold it)."""

MAX_VALUES = 2_000
"""Beyond this many texts a variable counts as unknown."""

_MAX_DEPTH = 16
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))", re.ASCII)
_CAPTURE = re.compile(
    r"\(\?P?<(\w+)>((?:[\w-]|\\[.-])+(?:\|(?:[\w-]|\\[.-])+)*)\)(?![?*{])", re.ASCII
)
_ANY_CAPTURE = re.compile(r"\(\?P?<(\w+)>", re.ASCII)
_STARTS_WITH_SLASH = frozenset(("request_uri", "uri", "document_uri"))
_CODE = re.compile(
    r"(server_rewrite|rewrite|access|precontent|set|preread|content)_by_lua(_block|_file)?"
    r"|js_(access|content|filter|preread)|perl"
)
_GEO_PARAMETERS = frozenset(("proxy", "delete"))
_DEFAULT_ENTRY = {"map": "default", "geo": "default", "split_clients": "*"}
_VARIABLE_ARGUMENT = {"map": 1, "geo": -1, "split_clients": 1}


@dataclass(frozen=True, slots=True)
class Text:
    """One text that a template can become, and the line and argument it comes from, if it is
    another than the template's own."""

    text: str
    directive: Directive | None = None
    arg: int = 0


class Variables:
    """The variables of one ``http{}`` or ``stream{}``."""

    def __init__(self, area: Context) -> None:
        self._defined: dict[str, list[Text] | None] = {}
        self._written_elsewhere: set[str] = set()
        self._sets: dict[int, dict[str, list[tuple[Text, bool]]]] = {}
        for child in area.children:
            if child.name in _VARIABLE_ARGUMENT:
                self._define(child)
        self._collect_writers(area)

    def expand(self, template: str, context: Context) -> list[Text] | None:
        """Every text that ``template`` can become at ``context``; None beyond the bounds."""
        return self._expand(template, context, _MAX_DEPTH)

    def _define(self, block: Context) -> None:
        index = _VARIABLE_ARGUMENT[block.name]
        name = block.args[index] if -len(block.args) <= index < len(block.args) else ""
        if name.startswith("$"):
            self._defined[name[1:]] = None if block.unseen else _entries(block)

    def _collect_writers(self, context: Context) -> None:
        for name, directives in context.by_name.items():
            if name.endswith("_set") or name.startswith("set_"):
                self._written_elsewhere.update(
                    directive.args[0][1:]
                    for directive in directives
                    if directive.args and directive.args[0].startswith("$")
                )
        for child in context.children:
            self._collect_writers(child)

    def _expand(self, template: str, context: Context, depth: int) -> list[Text] | None:
        if "$" not in template:
            return [Text(template)]
        if depth == 0:
            return None
        texts = [Text("")]
        position = 0
        for match in _VARIABLE.finditer(template):
            literal = template[position : match.start()]
            position = match.end()
            values = self._values(match[1] or match[2], context, depth - 1)
            if values is None:
                values = [Text(UNKNOWN)]
            if len(texts) * len(values) > MAX_VALUES:
                return None
            texts = [
                Text(
                    before.text + literal + value.text,
                    value.directive or before.directive,
                    value.arg if value.directive else before.arg,
                )
                for before in texts
                for value in values
            ]
        rest = template[position:]
        return [Text(text.text + rest, text.directive, text.arg) for text in texts]

    def _values(self, name: str, context: Context, depth: int) -> list[Text] | None:
        """The texts that a variable can hold; None where they cannot be known."""
        if name in self._written_elsewhere:
            return None
        if name in _STARTS_WITH_SLASH:
            return [Text("/" + UNKNOWN)]
        values: list[Text] | None
        if name in self._defined:
            values = self._defined[name]
        elif name == "scheme":
            values = _schemes(context)
        elif name == "server_name":
            values = _server_name(context)
        else:
            values = self._set_values(name, context)
            if values is None:
                values = _captured(name, context)
        if values is None:
            return None
        return self._expand_all(values, context, depth)

    def _expand_all(self, values: list[Text], context: Context, depth: int) -> list[Text] | None:
        result: dict[str, Text] = {}
        for value in values:
            expanded = self._expand(value.text, context, depth)
            if expanded is None:
                return None
            for inner in expanded:
                origin = inner if inner.directive else value
                result.setdefault(inner.text, Text(inner.text, origin.directive, origin.arg))
            if len(result) > MAX_VALUES:
                return None
        return list(result.values())

    def _set_values(self, name: str, context: Context) -> list[Text] | None:
        """What the ``set`` lines that run before a hop leave in a variable.

        Those of the server run first, then those of the innermost location (an outer location's
        do not run: the rewrite module inherits nothing). A variable that neither sets keeps what
        another location left in it before a redirect. So does one that the server sets, where the
        request gets to a named location, or by ``rewrite`` to another one: the server's lines do
        not run again then.
        """
        server = context.enclosing("server")
        if server is None:
            return None
        within = [level for level in context.up() if level.name in ("if", "location", "server")]
        if any(_runs_code(level) for level in context.up()):
            return None
        location = context.enclosing("location")
        possible: list[Text] = []
        for level in (server, location):
            if level is None:
                continue
            if level is location:
                named = "".join(location.args[:1]).startswith("@")
                possible += self._set_in_locations(name, server, rewriting=not named)
            for text, certain in self._assignments(level).get(name, ()):
                inside = text.directive is not None and any(
                    text.directive in (inner.by_name.get("set") or ())
                    for inner in within
                    if inner.name == "if"
                )
                possible = [text] if certain or inside else [*possible, text]
        return possible or self._set_in_locations(name, server, rewriting=False) or None

    def _set_in_locations(self, name: str, server: Context, *, rewriting: bool) -> list[Text]:
        """What the locations set; ``rewriting``: only those that lead on by ``rewrite``."""
        return [
            text
            for level in _locations(server)
            if not rewriting or _rewrites(level)
            for text, _ in self._assignments(level).get(name, ())
        ]

    def _assignments(self, level: Context) -> dict[str, list[tuple[Text, bool]]]:
        """The ``set`` lines of one level in order, by name; whether each certainly runs."""
        found = self._sets.get(id(level))
        if found is None:
            found = self._sets[id(level)] = {}
            for item in level.items:
                if isinstance(item, Context):
                    if item.name == "if":
                        for line in item.by_name.get("set", ()):
                            _assign(found, line, certain=False)
                elif item.name == "set":
                    _assign(found, item, certain=True)
        return found


def _assign(found: dict[str, list[tuple[Text, bool]]], line: Directive, *, certain: bool) -> None:
    if len(line.args) == 2 and line.args[0].startswith("$"):
        name = line.args[0][1:]
        found.setdefault(name, []).append((Text(line.args[1], line, 1), certain))


def _locations(server: Context) -> Iterator[Context]:
    for child in server.children:
        if child.name == "location":
            yield child
            yield from _locations(child)


def _rewrites(location: Context) -> bool:
    """Whether a ``rewrite`` here leads to another location."""
    levels = [location, *(child for child in location.children if child.name == "if")]
    return any(
        line.args[2:] in ((), ("last",))
        for level in levels
        for line in level.by_name.get("rewrite", ())
    )


def _runs_code(level: Context) -> bool:
    """Whether Lua, njs or Perl run here, which may write any variable."""
    return any(_CODE.fullmatch(name) for name in level.by_name)


def _entries(block: Context) -> list[Text]:
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


def _schemes(context: Context) -> list[Text] | None:
    """What ``$scheme`` can be, by the ``listen`` lines of the server."""
    server = context.enclosing("server")
    if server is None or server.unseen or server.partial:
        return None
    if any(line.args and line.args[0].lower() == "on" for line in server.by_name.get("ssl", ())):
        return [Text("https")]
    listens = server.by_name.get("listen", [])
    secure = ["ssl" in line.args or "quic" in line.args for line in listens] or [False]
    return [
        Text(scheme) for scheme, has in (("http", not all(secure)), ("https", any(secure))) if has
    ]


def _server_name(context: Context) -> list[Text] | None:
    """``$server_name``: the first name of the server, where it is a plain one."""
    server = context.enclosing("server")
    names = server.by_name.get("server_name") if server is not None else None
    if not names or not names[0].args:
        return None
    name = names[0].args[0]
    return None if set(name) & set("~*$^") else [Text(name, names[0], 0)]


def _captured(name: str, context: Context) -> list[Text] | None:
    """A named capture that matches a fixed set of words."""
    found: list[Text] | None = None
    for level in context.up():
        patterns: list[tuple[str, Directive | None]] = []
        if level.name in ("location", "if"):
            patterns = [(arg, level.opener) for arg in level.args]
        elif level.name == "server":
            patterns = [
                (arg, line) for line in level.by_name.get("server_name", ()) for arg in line.args
            ]
        for pattern, line in patterns:
            if name not in _ANY_CAPTURE.findall(pattern):
                continue
            words = {match[1]: match[2] for match in _CAPTURE.finditer(pattern)}.get(name)
            if words is None or found is not None:
                return None
            found = [
                Text(re.sub(r"\\(.)", r"\1", word), line, max(0, _index(line, pattern)))
                for word in words.split("|")
            ]
    return found


def _index(line: Directive | None, arg: str) -> int:
    return line.args.index(arg) if line is not None and arg in line.args else 0
