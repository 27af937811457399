"""What a variable can hold: ``set``, ``map``, ``geo``, ``split_clients``, and fixed captures.

Text that comes from the request is not known; it stands as :data:`UNKNOWN` in what comes out.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from lint502.nginx.assignments import (
    assigned_names,
    assigns,
    deciding_level,
    is_conditional,
    leads_on_by_rewrite,
    runs_code,
)
from lint502.nginx.known_values import (
    Text,
    Values,
    captured,
    captures,
    entries_of,
    schemes,
    server_name,
)
from lint502.nginx.lines import lines_in
from lint502.nginx.parse import Directive
from lint502.nginx.requested import RequestedHosts
from lint502.nginx.symbols import UNKNOWN, Symbol, carrying, symbols_in
from lint502.nginx.tree import Context
from lint502.patterns import regex

MAX_VALUES = 2_000
"""Beyond this many texts a variable counts as unknown."""

MAX_TEXTS = 100_000
"""As many texts are made in all, those once that come of the same values."""

MAX_CHARACTERS = 4_096
"""A longer text counts as unknown; no address is as long."""

_UNKNOWNS = regex(f"{UNKNOWN}{{2,}}")
_MAX_DEPTH = 16
_FEW = 4
_VARIABLE = regex(r"\$(?:\{(\w+)\}|(\w+))", re.ASCII)
_SENT_BY_CLIENTS = {"http_connection": ("keep-alive", "close", "upgrade", "")}
"""Headers of a connection, of which clients have few words: browsers say ``keep-alive``, and
nothing in HTTP/2 (RFC 9110, 7.6.1; RFC 9113, 8.2.2)."""

_STARTS_WITH_SLASH = frozenset(("request_uri", "uri", "document_uri"))
_VARIABLE_ARGUMENT = {"map": 1, "geo": -1, "split_clients": 1}


class Variables:
    """The variables of one ``http{}`` or ``stream{}``."""

    def __init__(self, area: Context) -> None:
        self._blocks: dict[str, Context] = {}
        self._written_elsewhere: set[str] = set()
        self._set: dict[int, ChainMap[str, Values]] = {}
        self._carried: dict[int, _Carried] = {}
        self._mapped: dict[tuple[object, ...], Values] = {}
        self._expanded: dict[tuple[object, ...], tuple[list[Values], Values]] = {}
        self._entries: dict[str, tuple[list[Text], tuple[str, ...]]] = {}
        self._at: dict[tuple[str, int], Values] = {}
        self._alike: dict[tuple[str, tuple[object, ...]], Values] = {}
        self._kept: list[dict[str, Values]] = []
        """Values whose ids are part of a key."""
        self._made = 0
        self.exhausted = False
        """Whether there was more than :data:`MAX_TEXTS`, so that some values are not known."""
        self._asked: set[str] = set()
        self._hosts = RequestedHosts(area)
        self._asked_for: dict[int, tuple[list[Text], bool]] = {}
        for child in area.children:
            if child.name in _VARIABLE_ARGUMENT:
                index = _VARIABLE_ARGUMENT[child.name]
                name = child.args[index] if -len(child.args) <= index < len(child.args) else ""
                if name.startswith("$"):
                    self._blocks[name[1:]] = child
        self._collect_writers(area)

    def expand(self, template: str, context: Context) -> list[Text] | None:
        """Every text that ``template`` can become at ``context``; None where there are more than
        :data:`MAX_VALUES`, or texts of more than :data:`MAX_CHARACTERS`.

        Where the values that go in are the same, it is the same list: hops share what they can
        reach.
        """
        return self._shared(template, lambda name: self._value(name, context))

    def hosts(self, context: Context) -> tuple[list[Text], bool]:
        """The hosts that clients are known to ask for, the names of the server; and whether they
        ask for no others."""
        server = context.enclosing("server")
        if server is None:
            return [], False
        found = self._asked_for.get(id(server))
        if found is None:
            names, whole = self._hosts.of(server)
            texts = [Text(line.args[index].lower(), line, index) for line, index in names]
            found = self._asked_for[id(server)] = texts, whole
        return found

    def _collect_writers(self, area: Context) -> None:
        for name, directives in lines_in(area).of.items():
            if name.endswith("_set") or name.startswith("set_"):
                self._written_elsewhere.update(
                    directive.args[0][1:]
                    for directive in directives
                    if directive.args and directive.args[0].startswith("$")
                )

    def _shared(self, template: str, value: Callable[[str], Values]) -> Values:
        """What a template expands to, once for the same values."""
        if "$" not in template:
            return [Text(template)]
        values = {name: value(name) for name in _names_in(template)}
        key = (template, *map(_identity, values.values()))
        if key not in self._expanded:  # the values are kept: ids are those of what lives
            expanded = None
            if not self.exhausted:
                expanded = self._expand(template, values.__getitem__)
                self._made += len(expanded or ())
                self.exhausted = self._made > MAX_TEXTS
            self._expanded[key] = (list(values.values()), expanded)
        return self._expanded[key][1]

    def _expand(self, template: str, value: Callable[[str], Values]) -> Values:
        if "$" not in template:
            return [Text(template)]
        texts = {"": Text("")}
        position = 0
        for match in _VARIABLE.finditer(template):
            literal = template[position : match.start()]
            position = match.end()
            values = value(match[1] or match[2])
            if values is None:
                values = [Text(UNKNOWN)]
            if len(texts) * len(values) > MAX_VALUES:
                return None
            texts = {
                text.text: text
                for before in texts.values()
                for inner in values
                for text in (_joined(before, literal, inner),)
            }
            if any(len(text) > MAX_CHARACTERS for text in texts):
                return None
        rest, own = template[position:], symbols_in(template)
        return [
            Text(carrying(text.text + rest, (*own, *text.symbols)), text.directive, text.arg)
            for text in texts.values()
        ]

    def _value(self, name: str, context: Context) -> Values:
        """What a variable can hold when a hop at ``context`` is reached."""
        if name in self._written_elsewhere:
            return None
        server = context.enclosing("server")
        if server is not None:
            found = self._set_at(deciding_level(context, server), server)
            if name in found:
                code = any(runs_code(level) for level in context.up())
                return None if code else found[name]
        return self._other_value(name, context)

    def _other_value(self, name: str, context: Context) -> Values:
        """What a variable holds that no ``set`` line has changed."""
        if name in _STARTS_WITH_SLASH:
            return [Text("/" + UNKNOWN)]
        if name in self._blocks:
            return self._block_value(name, context)
        if name in _SENT_BY_CLIENTS:
            return [Text(text) for text in _SENT_BY_CLIENTS[name]]
        if name == "scheme":
            return schemes(context)
        if name == "server_name":
            return server_name(context)
        if name == "host":
            names, whole = self.hosts(context)
            return names if whole else None
        return captured(name, context)

    def _block_value(self, name: str, context: Context) -> Values:
        """What a ``map``, ``geo`` or ``split_clients`` gives; it is looked at when it is asked."""
        block = self._blocks[name]
        if block.unseen or name in self._asked or len(self._asked) > _MAX_DEPTH:
            return None
        if is_conditional(block):
            return None
        if name not in self._entries:
            entries = entries_of(block)
            used = dict.fromkeys(other for one in entries for other in _names_in(one.text))
            self._entries[name] = entries, tuple(used)
        entries, used_names = self._entries[name]
        asked = (name, id(context) if used_names else 0)
        if asked not in self._at:
            self._asked.add(name)
            alike = (name, self._surroundings(context) if used_names else ())
            if alike not in self._alike:
                values = {other: self._value(other, context) for other in used_names}
                key = (name, *map(_identity, values.values()))
                self._asked.discard(name)
                if key not in self._mapped:
                    self._mapped[key] = self._union(entries, values.__getitem__)
                    self._kept.append(values)
                self._alike[alike] = self._mapped[key]
            self._asked.discard(name)
            self._at[asked] = self._alike[alike]
        return self._at[asked]

    def _surroundings(self, context: Context) -> tuple[object, ...]:
        """What tells a place from those where all variables hold the same."""
        server = context.enclosing("server")
        if server is None:
            return (id(context),)
        capturing = (id(level) for level in context.up() if captures(level))
        code = any(runs_code(level) for level in context.up())
        return (
            id(self._set_at(deciding_level(context, server), server)),
            id(server),
            code,
            *capturing,
        )

    def _union(self, texts: list[Text], value: Callable[[str], Values]) -> Values:
        """Every text that one of several templates can become."""
        result: dict[str, Text] = {}
        for text in texts:
            expanded = self._shared(text.text, value)
            if expanded is None:
                return None
            if len(texts) == 1 and all(inner.directive or not inner.text for inner in expanded):
                return expanded
            for inner in expanded:
                origin = inner if inner.directive else text
                result.setdefault(inner.text, Text(inner.text, origin.directive, origin.arg))
            if len(result) > MAX_VALUES:
                return None
        return list(result.values())

    def _set_at(self, level: Context, server: Context) -> ChainMap[str, Values]:
        """What the ``set`` lines that run before a hop at ``level`` leave behind, by name.

        Those of the server run first, then those of the innermost location (an outer location's
        do not run: the rewrite module inherits nothing), each with the values of that moment. A
        location that the request gets to from another one by ``rewrite``, or by its name, also
        finds what that one set: the server's lines do not run again then.
        """
        found = self._set.get(id(level))
        if found is None:
            if level is server:
                found = ChainMap()
            elif level.name == "if" and level.parent is not None:
                found = self._set_at(deciding_level(level.parent, server), server).new_child()
            else:
                carried = self._carried_in(server)
                named = "".join(level.args[:1]).startswith("@")
                if not any(True for _ in assigned_names(level)):
                    found = self._set[id(level)] = carried.of_named if named else carried.of_others
                    return found
                start = carried.into_named if named else carried.by_rewrite
                found = ChainMap({}, start, carried.all)
            self._run(level, found)
            self._set[id(level)] = found
        return found

    def _run(self, level: Context, found: ChainMap[str, Values]) -> None:
        """Run the ``set`` lines of one level in order; those in an ``if`` may run or not."""

        def value(name: str) -> Values:
            if name in self._written_elsewhere:
                return None
            return found[name] if name in found else self._other_value(name, level)

        for item in level.items:
            if isinstance(item, Context):
                if item.name == "if":
                    before = {
                        name: found[name] if name in found else self._unset(name, level)
                        for name in assigned_names(item)
                    }
                    for line in item.by_name.get("set", ()):
                        self._assign(line, found, value)
                    for name, values in before.items():
                        found[name] = _any_of((values, found[name]))
            elif item.name == "set" and item.conditional and assigns(item):
                name = item.args[0][1:]
                without = found[name] if name in found else [_left_open(item)]
                self._assign(item, found, value)
                found[name] = _any_of((without, found[name]))
            elif item.name == "set":
                self._assign(item, found, value)

    def _unset(self, name: str, level: Context) -> Values:
        """What a variable holds before the first ``set``: nothing, unless a block defines it."""
        return self._block_value(name, level) if name in self._blocks else [Text("")]

    def _assign(
        self, line: Directive, found: ChainMap[str, Values], value: Callable[[str], Values]
    ) -> None:
        if assigns(line):
            found[line.args[0][1:]] = self._union([Text(line.args[1], line, 1)], value)

    def _carried_in(self, server: Context) -> _Carried:
        """What the locations of a server set, each on its own."""
        carried = self._carried.get(id(server))
        if carried is None:
            before = self._set_at(server, server)
            everywhere: dict[str, list[Values]] = {}
            rewritten: dict[str, list[Values]] = {}
            for location in server.locations():
                own = before.new_child()
                self._run(location, own)
                leads_on = leads_on_by_rewrite(location)
                for name, values in own.maps[0].items():
                    everywhere.setdefault(name, []).append(values)
                    if leads_on:
                        rewritten.setdefault(name, []).append(values)
            all_ = {name: _any_of(values) for name, values in everywhere.items()}
            into_named, by_rewrite = _with(before, everywhere), _with(before, rewritten)
            carried = self._carried[id(server)] = _Carried(
                all_,
                into_named,
                by_rewrite,
                ChainMap({}, into_named, all_),
                ChainMap({}, by_rewrite, all_),
            )
        return carried


class _Carried(Struct, frozen=True):
    """What variables can hold after other locations of a server have set them: after any, at the
    start of a named location, and at the start of one that a ``rewrite`` may lead to; ``of_named``
    and ``of_others``: in those that set nothing themselves."""

    all: dict[str, Values]
    into_named: dict[str, Values]
    by_rewrite: dict[str, Values]
    of_named: ChainMap[str, Values]
    of_others: ChainMap[str, Values]


def _left_open(line: Directive) -> Text:
    """What a variable holds where a template leaves out the line that sets it."""
    why = f"a template may leave out set {line.args[0]} (line {line.line}), or say something else"
    return Text(carrying(UNKNOWN, (Symbol(line.args[0], why),)))


def _names_in(template: str) -> list[str]:
    """The variables of a template, each once."""
    if "$" not in template:
        return []
    return list(dict.fromkeys(braced or plain for braced, plain in _VARIABLE.findall(template)))


def _identity(values: Values) -> object:
    """What tells values from others: few by what they are, many by the list that they stand in."""
    if values is None or len(values) <= _FEW:
        return None if values is None else tuple(values)
    return id(values)


def _joined(before: Text, literal: str, value: Text) -> Text:
    origin = value if value.directive else before
    text = _UNKNOWNS.sub(UNKNOWN, before.text + literal + value.text)
    symbols = (*before.symbols, *value.symbols)
    return Text(carrying(text, symbols), origin.directive, origin.arg)


def _any_of(several: Iterable[Values]) -> Values:
    """All the values of several; None where one of them is not known."""
    both: dict[str, Text] = {}
    for values in several:
        if values is None or len(both) > MAX_VALUES:
            return None
        for text in values:
            both.setdefault(text.text, text)
    return list(both.values())


def _with(before: Mapping[str, Values], others: Mapping[str, list[Values]]) -> dict[str, Values]:
    """``before``, where each variable may also hold what others have set."""
    result = dict(before)
    for name, several in others.items():
        result[name] = _any_of([before[name], *several] if name in before else several)
    return result
