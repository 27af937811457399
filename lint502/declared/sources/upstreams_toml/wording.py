"""How the mistakes in ``upstreams.toml`` are worded. Importing this module imports pydantic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from lint502.declared.sources.upstreams_toml import form
from lint502.quoting import dotted, listing, meant, quote
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


def _is_table(path: KeyPath) -> bool:
    return isinstance(path[-1], int) or (len(path) == 2 and path[0] in ("upstream", "front"))


def _unknown(path: KeyPath, value: Any, hint: bool) -> str:
    key, above = str(path[-1]), path[:-1]
    if not above:
        return _unknown_at_top(key, value, hint)
    where = f" in {table(above)}"
    if hint and above[0] == "upstream":
        listener = above[:3] if len(above) > 2 and isinstance(above[2], int) else above[:2]
        for name, fields in _TABLES.items():
            if key in fields.model_fields:
                owner = table((*listener, name) if name else listener)
                return f"unknown key {quote(key)}{where}; it belongs into {owner}"
    return unknown_key(key, where, _model(above).model_fields, hint=hint)


def _unknown_at_top(key: str, value: Any, hint: bool) -> str:
    known = list(form.SpecFile.model_fields)
    if not isinstance(value, dict):
        return unknown_key(key, " outside of all tables", known, hint=hint)
    message = f"unknown table [{dotted((key,))}]"
    if not hint:
        return message
    otherwise = f"known are {listing(known)}"
    if not value.keys().isdisjoint(form.ListenerTable.model_fields):
        otherwise = f"did you mean [{dotted(('upstream', key))}]?"
    return f"{message}; {meant(key, known, otherwise, '[{}]')}"


def _model(path: KeyPath) -> type[BaseModel]:
    """The model of the table at a path."""
    if path[0] == "front":
        return form.FrontTable
    below = [part for part in path[2:] if isinstance(part, str)]
    if below and below[-1] in ("directory", "directories"):
        return form.DirectoryTable
    return _TABLES[str(below[0]) if below else ""]


FORM = Form(_is_table, _unknown, form.FORMS)
