"""How large a client's request is once it is passed on: parameters hold parts of it again.

uWSGI's ``buffer-size`` holds one packet, with the name and the value of each parameter and of each
header, and two bytes for the length of either (https://uwsgi-docs.readthedocs.io/en/latest/Protocol.html).
FastCGI and SCGI have as much of everything, with shorter lengths.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from lint502.behaviour.request_headers import Allowed
from lint502.declared.listeners import Listener
from lint502.nginx.hops import Hop
from lint502.nginx.pass_values import Kind
from lint502.nginx.setting_lines import SettingLines, once_for_lines
from lint502.nginx.tree import Context, once_a_context
from lint502.patterns import regex
from lint502.wording import listed, server_of

WITH_PARAMETERS = frozenset(("uwsgi", "scgi", "fastcgi"))
LARGEST_PACKET = 65535
"""Of a larger one nginx says "uwsgi request is too big", and answers 500 by itself
(``ngx_http_uwsgi_create_request()``)."""

_LENGTHS = {"uwsgi": 4}
_SHORT_LENGTHS = 2
"""The bytes beside a name and its value."""

_AROUND = 32
"""Bytes of the longest request line that are none of its query: the method, ``/?``, the version."""

_VARIABLE = regex(r"\$(?:\{(\w+)\}|(\w+))", re.ASCII)
_ORIGINAL = frozenset(("request_uri", "request"))
_QUERY = _ORIGINAL | {"args", "query_string"}
_PATH = _ORIGINAL | {"uri", "document_uri", "fastcgi_script_name", "request_filename"}
_PREFIXES = ("", "^~")
_CHANGING = frozenset(("rewrite", "internal"))
_CODE = ("rewrite_by_lua", "access_by_lua", "js_", "perl")
_ARGUMENTS = (("$args",), ("$query_string",))


class Held(Struct, frozen=True):
    """Where the longest part of a request line, the ``query`` or the ``path``, is sent: ``times``
    times, by these names. ``beside``: bytes that are sent in any case, at least."""

    part: str
    names: tuple[str, ...]
    times: int
    beside: int


class Excess(Struct, frozen=True):
    """What is more than a listener takes: the ``largest`` request that nginx lets through, in bytes
    as the listener counts them. ``length``: so long is a query or path that is too much by itself;
    ``fields``: so many bytes of headers are. None where nginx does not let them through, or where
    the listener counts as nginx does."""

    largest: int
    held: Held
    length: int | None
    fields: int | None
    longest: int

    @property
    def described(self) -> str:
        """A clause on what is enough to be too much; "" where that goes without saying."""
        enough = []
        if self.length is not None:
            names = listed(self.held.names)
            verb = "hold" if len(self.held.names) > 1 else "holds"
            enough.append(f"a {self.held.part} of {self.length} bytes ({names} {verb} it)")
        if self.fields is not None:
            enough.append(f"headers of {self.fields} bytes")
        if enough:
            return f"; {' or '.join(enough)} {'is' if self.length else 'are'} enough for that"
        return ""


def excess(hop: Hop, listener: Listener, allowed: Allowed) -> Excess | None:
    """What nginx lets through at a hop, where it is more than a listener takes.

    Where nobody has chosen nginx's buffers, nobody is taken to fill all of them at once.
    """
    assert listener.request_headers is not None, "that is what is compared"
    takes, held = listener.request_headers.value, _held(hop, listener)
    longest = allowed.longest_line - _AROUND
    by_part, by_fields = held.beside + held.times * longest, allowed.total if allowed.fields else 0
    largest = max(by_part, by_fields)
    if not allowed.is_default and hop.kind in WITH_PARAMETERS:
        rest = allowed.total - allowed.size if allowed.fields else 0
        largest = max(by_part + rest, held.beside + by_fields)
    if hop.kind == "uwsgi":
        largest = min(largest, LARGEST_PACKET)
    if largest <= takes:
        return None
    length = fields = None
    if held.times > 1 and by_part > takes:
        length = max(0, takes - held.beside) // held.times + 1
    if hop.kind in WITH_PARAMETERS and by_fields > takes - held.beside:
        fields = max(0, takes - held.beside) + 1
    return Excess(largest, held, length, fields, longest)


def _held(hop: Hop, listener: Listener) -> Held:
    """Where the part that is sent most often is sent."""
    if hop.kind not in WITH_PARAMETERS:
        if server_of(listener) == "uwsgi" and "$" not in hop.value and _any_path(hop):
            # it makes a packet of what it reads: http_parse() in proto/http.c
            return Held("path", ("REQUEST_URI", "PATH_INFO"), 2, 0)
        return Held("query", (), 1, 0)
    setting = hop.scope.setting(f"{hop.kind}_param")
    query, path = _QUERY, _PATH if _any_path(hop) else _ORIGINAL
    if _may_rewrite(hop):
        query = path = _ORIGINAL
    known = {} if setting is None else _known(setting.lines)
    key = hop.kind, query, path
    if key not in known:
        known[key] = _in_parameters(() if setting is None else setting.lines, *key)
    return known[key]


@once_for_lines
def _known(_: SettingLines) -> dict[tuple[Kind, frozenset[str], frozenset[str]], Held]:
    """What is held by parameters, as far as somebody has asked for it."""
    return {}


def _in_parameters(
    parameters: Iterable[tuple[str, ...]], kind: Kind, query: frozenset[str], path: frozenset[str]
) -> Held:
    lines = [(line[0], line[1], len(line) == 2) for line in parameters if len(line) > 1]
    beside = sum(
        _LENGTHS.get(kind, _SHORT_LENGTHS) + len(name) + len(_VARIABLE.sub("", value))
        for name, value, always in lines
        if always
    )
    found = [
        Held(part, tuple(dict.fromkeys(names)), len(names), beside)
        for part, variables in (("query", query), ("path", path))
        for names in ([name for name, value, _ in lines for _ in _uses(value, variables)],)
    ]
    return max(found, key=lambda held: held.times)


def _uses(value: str, variables: frozenset[str]) -> Iterator[str]:
    for match in _VARIABLE.finditer(value):
        name = match[1] or match[2]
        if name in variables:
            yield name


def _any_path(hop: Hop) -> bool:
    """Whether a path of any length gets to a hop as it is."""
    location = hop.context.enclosing("location")
    if location is None or hop.context.name != "location" or _may_rewrite(hop):
        return False
    modifier = location.args[0] if len(location.args) == 2 else ""
    return modifier in _PREFIXES and not hop.location.startswith("@")


def _may_rewrite(hop: Hop) -> bool:
    """Whether something around a hop may give a request another path or query."""
    return any(
        _changes_requests(level) for level in hop.context.up() if level.name not in ("http", "main")
    )


@once_a_context
def _changes_requests(level: Context) -> bool:
    """Whether a level does so, or an ``if`` in it."""
    if level.uncertain_of(*_CHANGING) or not _CHANGING.isdisjoint(level.by_name):
        return True
    if any(name.startswith(_CODE) for name in (*level.by_name, *level.uncertain)):
        return True
    if any(line.args[:1] in _ARGUMENTS for line in level.by_name.get("set", ())):
        return True
    return any(_changes_requests(child) for child in level.children if child.name == "if")
