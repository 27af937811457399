"""Words what pydantic finds wrong in a spec file, for the person who has to mend it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from lint502.declared import model, profiles
from lint502.findings import Problem
from lint502.quoting import MOST_HINTS, dotted, listing, meant, quote
from lint502.toml.positions import Key, Node

_TABLES: Mapping[str, type[BaseModel]] = {
    "": model.ListenerTable,
    "socket": model.SocketTable,
    "tls": model.TlsTable,
    "timeouts": model.TimeoutsTable,
    "keepalive": model.KeepaliveTable,
    "limits": model.LimitsTable,
}
"""The tables of a listener, by the key that they stand under."""

_MUST = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "string_type": "a string",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """A problem and the key path that it concerns."""

    path: tuple[Key, ...]
    problem: Problem


def mistakes(
    error: ValidationError, data: Mapping[str, Any], root: Node, name: str
) -> Iterator[Mistake]:
    """A mistake for each that pydantic found in ``data``, with its line in the file ``name``."""
    for number, item in enumerate(error.errors(include_url=False)):
        path, value = _locate(item["loc"], data)
        message = _message(path, value, item, hint=number < MOST_HINTS)
        node = root.at(path)
        yield Mistake(path, Problem(name, node.line, message, node.column))


def _locate(location: Sequence[Key], data: Any) -> tuple[tuple[Key, ...], Any]:
    """The key path of an error and the value there.

    The path ends before what the file does not have: pydantic's names for the form of a value,
    and missing keys.
    """
    path: list[Key] = []
    for part in location:
        in_list = isinstance(data, list) and isinstance(part, int)
        if in_list or (isinstance(data, dict) and part in data):
            data = data[part]
        elif part in model.FORMS:
            continue
        else:
            break
        path.append(part)
    return tuple(path), data


def _message(path: tuple[Key, ...], value: Any, item: Mapping[str, Any], *, hint: bool) -> str:
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(path, value, hint=hint)
    if item["loc"][-1] == "[key]":
        return str(context["error"])
    if kind == "missing":
        return f'{_table(path)} needs the key "{item["loc"][-1]}"'
    inside = isinstance(path[-1], int) and path[0] == "upstream" and len(path) > 3
    inside = inside or (isinstance(path[-1], int) and path[0] == "front")
    subject = _subject(path[:-1] if inside else path)
    must = "must contain only" if inside else "must be"
    if kind in _MUST:
        text = f"the string {quote(value)}" if isinstance(value, str) else quote(value)
        what = "strings" if inside else _MUST[kind]
        return f"{subject} {must} {what}, not {text}"
    if kind == "literal_error":
        return f"{subject} {must} {_choice(context['expected'], value, hint=hint)}"
    if kind == "greater_than_equal":
        return f"{subject} must be at least {context['ge']}, not {quote(value)}"
    if kind == "less_than_equal":
        return f"{subject} must be at most {context['le']}, not {quote(value)}"
    if kind == "too_short":
        return f"{subject} must not be empty"
    if kind == "wrong_form":
        return f"{subject} {item['msg']}, not {quote(value)}"
    if kind == "value_error":
        error = context["error"]
        unknown_server = hint and isinstance(error, profiles.UnknownServerError)
        return f"{subject} {error}" + (f"; {error.hint()}" if unknown_server else "")
    return f"{subject} is wrong: {item['msg']}"


def _choice(expected: str, value: Any, *, hint: bool) -> str:
    words = [word for word in expected.split("'") if word not in ("", ", ", " or ")]
    question = meant(value, words) if hint and isinstance(value, str) else ""
    return f"{listing(words)}, not {quote(value)}" + (f"; {question}" if question else "")


def _unknown(path: tuple[Key, ...], value: Any, *, hint: bool) -> str:
    key, above = str(path[-1]), path[:-1]
    where = _table(above)
    if not above:
        message = f"unknown table [{dotted(path)}]" if isinstance(value, dict) else ""
        message = message or f"unknown key {quote(key)} outside of all tables"
    else:
        message = f"unknown key {quote(key)} in {where}"
    if not hint:
        return message
    if above and above[0] == "upstream":
        listener = above[:3] if len(above) > 2 and isinstance(above[2], int) else above[:2]
        for table, fields in _TABLES.items():
            if key in fields.model_fields:
                owner = _table((*listener, table) if table else listener)
                return f"{message}; it belongs into {owner}"
    known = list(_model(above).model_fields)
    otherwise, form = f"known are {listing(known)}", '"{}"'
    if message.startswith("unknown table"):
        form = "[{}]"
        if not value.keys().isdisjoint(model.ListenerTable.model_fields):
            otherwise = f"did you mean [{dotted(('upstream', key))}]?"
    return f"{message}; {meant(key, known, otherwise, form)}"


def _model(path: tuple[Key, ...]) -> type[BaseModel]:
    """The model of the table at a path."""
    if not path:
        return model.SpecFile
    if path[0] == "front":
        return model.FrontTable
    below = [part for part in path[2:] if isinstance(part, str)]
    return _TABLES[str(below[0]) if below else ""]


def _subject(path: tuple[Key, ...]) -> str:
    """A key with the table that it is in, as the file writes them."""
    if isinstance(path[-1], int) or (len(path) == 2 and path[0] in ("upstream", "front")):
        return _table(path)
    return f"{quote(path[-1])} in {_table(path[:-1])}" if path[:-1] else quote(path[-1])


def _table(path: tuple[Key, ...]) -> str:
    if path and isinstance(path[-1], int):
        return f"[[{dotted(path)}]]"
    return f"[{dotted(path)}]"
