"""How the mistakes in ``upstreams.toml`` are worded. Importing this module imports pydantic."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct
from pydantic import BaseModel

from lint502.declared.claims import ANY
from lint502.declared.sources.upstreams_toml import form
from lint502.declared.sources.upstreams_toml.lessons import (
    folded,
    instead_of,
    other_name,
    value_lesson,
)
from lint502.quoting import candidates, dotted, listing, quote
from lint502.toml.amounts import as_time
from lint502.toml.mistakes import Form, KeyPath, table, unknown_key

_TABLES: Mapping[str, type[BaseModel]] = {
    "": form.ListenerTable,
    "socket": form.SocketTable,
    "tls": form.TlsTable,
    "timeouts": form.TimeoutsTable,
    "keepalive": form.KeepaliveTable,
    "limits": form.LimitsTable,
}
"""The tables of a listener, by the key that they stand under."""

_UPSTREAMS = frozenset(("upstreams", "server", "servers", "backend", "backends", "service"))
_FRONTS = frozenset(("fronts", "frontend", "lb", "loadbalancer", "load_balancer", "proxy"))
_LISTS = frozenset(("http_versions", "tls.versions"))


class _Answer(Struct, frozen=True):
    """What is said of an unknown key, and the keys, dotted from the listener on, that it may be."""

    text: str
    keys: tuple[str, ...] = (ANY,)


def _is_table(path: KeyPath) -> bool:
    return isinstance(path[-1], int) or (len(path) == 2 and path[0] in ("upstream", "front"))


def _unknown(path: KeyPath, value: Any, hint: bool) -> str:
    key, above = str(path[-1]), path[:-1]
    if not above:
        return _unknown_at_top(key, value, hint)
    where = f" in {table(above)}"
    model = _model(above)
    if not hint:
        return f"unknown key {quote(key)}{where}"
    if (name := _dotted_name(path, value)) is not None:
        header = table((*path[:2], *name))
        fixed = table((path[0], ".".join((str(path[1]), *name))))
        return f"unknown table {header}; a name with dots is quoted: {fixed}"
    answer = _answer(path, value)
    if answer is None:
        return unknown_key(key, where, model.model_fields, hint=True)
    return f"unknown key {quote(key)}{where}; {answer.text}"


def meant_keys(path: KeyPath, value: Any) -> tuple[str, ...]:
    """The keys that an unknown key may be, dotted from the listener on: what they say is not
    known."""
    answer = _answer(path, value)
    return (ANY,) if answer is None else answer.keys


def _answer(path: KeyPath, value: Any) -> _Answer | None:
    """What is meant by an unknown key in the table of an upstream or a front."""
    key, above = str(path[-1]), path[:-1]
    if above[0] == "front":
        return _of_front(key, above)
    here, model = _table_key(above), _model(above)
    if folded(key) in model.model_fields:
        return _Answer(f'write "{folded(key)}"', (_joined(here, folded(key)),))
    for name, fields in _TABLES.items():
        if folded(key) in fields.model_fields:
            owner = table((*_listener(above), name) if name else _listener(above))
            keys = (_joined(name, folded(key)),)
            if key in fields.model_fields:
                return _Answer(f"it belongs into {owner}", keys)
            return _Answer(f'write "{folded(key)}" in {owner}', keys)
    known = (_known(key, above), _near(key, above))
    for answer in reversed(known) if here or isinstance(value, dict) else known:
        if answer is not None:
            return answer
    return _elsewhere(key, above)


def _known(key: str, above: KeyPath) -> _Answer | None:
    """What is called otherwise here, or means no key."""
    said = instead_of(key)
    if said is not None:
        return _Answer(_with_tables(said, _listener(above)))
    target = other_name(key, "keys")
    return None if target is None else _Answer(_write(target, above), (target,))


def _near(key: str, above: KeyPath) -> _Answer | None:
    close = candidates(key, _model(above).model_fields)
    if not close:
        return None
    here = _table_key(above)
    return _Answer(f"did you mean {listing(close)}?", tuple(_joined(here, one) for one in close))


def _elsewhere(key: str, above: KeyPath) -> _Answer | None:
    """A misspelling of a key of another table of the listener."""
    for name, fields in _TABLES.items():
        close = candidates(key, fields.model_fields)
        if len(close) == 1:
            owner = table((*_listener(above), name) if name else _listener(above))
            return _Answer(f'did you mean "{close[0]}" in {owner}?', (_joined(name, close[0]),))
    return None


def _of_front(key: str, above: KeyPath) -> _Answer | None:
    fields = form.FrontTable.model_fields
    if folded(key) in fields:
        return _Answer(f'write "{folded(key)}"')
    target = other_name(key, "front_keys")
    if target is not None:
        return _Answer(f'write "{target}"')
    close = candidates(key, fields)
    if close:
        return _Answer(f"did you mean {listing(close)}?")
    if any(key in model.model_fields for model in _TABLES.values()):
        return _Answer("it is a key of an upstream: a front only sends to nginx")
    return None


def _write(target: str, above: KeyPath) -> str:
    name, _, key = target.rpartition(".")
    if name == _table_key(above):
        return f'write "{key}"'
    owner = table((*_listener(above), name) if name else _listener(above))
    return f'write "{key}" in {owner}'


def _with_tables(said: str, listener: KeyPath) -> str:
    """A text with its tables, such as ``{upstream.limits}``, as this file writes them."""
    return re.sub(r"\{upstream\.(\w+)\}", lambda match: table((*listener, match[1])), said)


def _dotted_name(path: KeyPath, value: Any) -> tuple[str, ...] | None:
    """The rest of a name that has dots and no quotes: ``[upstream.api.internal]``."""
    if isinstance(value, list) and value:
        value = value[0]
    if len(path) != 3 or not isinstance(value, dict) or path[2] in _TABLES:
        return None
    model = form.FrontTable if path[0] == "front" else form.ListenerTable
    if candidates(str(path[2]), model.model_fields):
        return None
    name = [str(path[2])]
    while len(value) == 1:
        ((key, inner),) = value.items()
        if not isinstance(inner, dict) or key in model.model_fields:
            break
        name.append(key)
        value = inner
    return tuple(name)


def _unknown_at_top(key: str, value: Any, hint: bool) -> str:
    known = list(form.SpecFile.model_fields)
    if not isinstance(value, dict):
        if hint and key in form.ListenerTable.model_fields:
            said = "it belongs into the table of its upstream: [upstream.NAME]"
            return f"unknown key {quote(key)} outside of all tables; {said}"
        return unknown_key(key, " outside of all tables", known, hint=hint)
    message = f"unknown table [{dotted((key,))}]"
    if not hint:
        return message
    meant = _tables_meant(key, value)
    said = f"did you mean {listing(meant, '{}')}?" if meant else f"known are {listing(known)}"
    return f"{message}; {said}"


def _tables_meant(key: str, value: Mapping[str, Any]) -> list[str]:
    """The tables that an unknown one may be."""
    word = folded(key)
    close = candidates(key, ("upstream", "front"))
    kind = "front" if word in _FRONTS else close[0] if close else None
    inner = [name for name, one in value.items() if isinstance(one, (dict, list))]
    if kind is None and word in _UPSTREAMS:
        kind = "upstream"
    if kind is not None and inner:
        return [f"[{dotted((kind, inner[0]))}]"]
    if kind is not None and close:
        return [f"[{kind}.NAME]"]
    if not value.keys().isdisjoint(form.FrontTable.model_fields.keys() & {"kind", "servers"}):
        return [f"[{dotted(('front', key))}]"]
    if not value.keys().isdisjoint(form.ListenerTable.model_fields):
        return [f"[{dotted(('upstream', key))}]"]
    for name, one in value.items():
        if isinstance(one, dict) and not one.keys().isdisjoint(form.ListenerTable.model_fields):
            return [f"[{dotted(('upstream', f'{key}.{name}'))}]"]
    return []


def _listener(above: KeyPath) -> KeyPath:
    return above[:3] if len(above) > 2 and isinstance(above[2], int) else above[:2]


def _below(path: KeyPath) -> list[str]:
    """The keys of a path from the listener, or the front, on."""
    return [part for part in path[2:] if isinstance(part, str)]


def _table_key(above: KeyPath) -> str:
    """The table of a listener, by its key: ``""``, ``tls``, ``socket.directory``."""
    return ".".join(_below(above))


def _joined(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key


def _model(path: KeyPath) -> type[BaseModel]:
    """The model of the table at a path."""
    if path[0] == "front":
        return form.FrontTable
    below = _below(path)
    if below and below[-1] in ("directory", "directories"):
        return form.DirectoryTable
    return _TABLES[below[0] if below else ""]


def _lesson(path: KeyPath, value: Any) -> str | None:
    """What to write instead of a value that is none, where that is known."""
    if isinstance(value, int) and value.bit_length() > 64:
        return None
    return next(_lessons(path, value), None)


def _lessons(path: KeyPath, value: Any) -> Iterator[str]:
    names = [part for part in path if isinstance(part, str)]
    if path == ("upstream",) or path == ("front",):
        yield f"each has a name: [{path[0]}.NAME]"
    if len(path) == 2 and names[1] in _fields(names[0]) and not isinstance(value, (dict, list)):
        yield f"{quote(names[1])} is a key of one {names[0]}, which has a name: [{names[0]}.NAME]"
    key = ".".join(names[2:])
    said = value_lesson(key, value) if key else None
    if said is not None:
        bare = said.removeprefix("write ")
        in_list = isinstance(path[-1], int) or key not in _LISTS or bare in (said, f"[{bare[1:]}")
        yield said if in_list else f"write [{bare}]"
    if key == "protocol" and isinstance(value, str) and "://" in value:
        yield from (f'write "{one}"' for one in form.PROTOCOLS if value.startswith(f"{one}:"))
    if key == "port" and isinstance(value, list):
        yield f"several listeners are each a table [[{dotted(path[:2])}]]"
    if key == "keepalive" and (time := as_time(str(value))) is not None:
        yield f'write keepalive = {{ idle_timeout = "{time}" }}'
    if key == "tls" and (version := value_lesson("tls.versions", value)) is not None:
        yield f"write tls = {{ versions = [{version.removeprefix('write ')}] }}"
    if key == "tls" and value in form.TLS_VERSIONS:
        yield f"write tls = {{ versions = [{quote(value)}] }}"


def _fields(top: str) -> Iterable[str]:
    return (form.FrontTable if top == "front" else form.ListenerTable).model_fields


FORM = Form(_is_table, _unknown, form.FORMS, _lesson)
