"""Spec files without a mistake, which nearly all are, read without pydantic: importing that takes
longer than everything else that lint502 does with one.

The keys are those of :mod:`~lint502.declared.sources.upstreams_toml.form`, in the same order. A
file with a mistake is read by that, which says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from lint502.declared.claims import EXCLUDING, exclusions
from lint502.declared.listeners import FrontKind, HttpVersion, Overflow, Protocol, TlsVersion
from lint502.declared.sources.upstreams_toml import values
from lint502.nginx.addresses import normal_socket

Check = Callable[[Any], Any]
"""Gives a value as lint502 has it. Raises :class:`ValueError` where it is none."""

Tables = dict[str, Any]
"""A file as nested tables, with values as lint502 has them; what is not stated is not there."""


def tables_in(data: Mapping[str, Any]) -> Tables | None:
    """A file; None where something in it is a mistake. ``data`` is what tomli read in it."""
    try:
        tables: Tables = _FILE(data)
    except ValueError:
        return None
    return tables


def _is(kind: type) -> Check:
    def check(value: Any) -> Any:
        if type(value) is not kind:
            raise ValueError
        return value

    return check


def _text(check: Callable[[str], str]) -> Check:
    return lambda value: check(_STRING(value))


def _one_of(*names: str) -> Check:
    def check(value: Any) -> Any:
        if _STRING(value) not in names:
            raise ValueError
        return value

    return check


def _whole(least: int, most: int) -> Check:
    def check(value: Any) -> Any:
        if not least <= _INTEGER(value) <= most:
            raise ValueError
        return value

    return check


def _list(check: Check, least: int = 1, most: int | None = None) -> Check:
    def each(value: Any) -> Any:
        if len(_LIST(value)) < least or (most is not None and len(value) > most):
            raise ValueError
        return [check(one) for one in value]

    return each


def _either(kind: type, first: Check, other: Check) -> Check:
    return lambda value: first(value) if type(value) is kind else other(value)


def _table(checks: Mapping[str, Check]) -> Check:
    def check(value: Any) -> Any:
        _TABLE(value)
        table = {key: one(value[key]) for key, one in checks.items() if key in value}
        if len(table) < len(value):
            raise ValueError
        return table

    return check


def _named(check: Check) -> Check:
    return lambda value: {values.name(key): check(one) for key, one in _TABLE(value).items()}


def _socket_table(value: Any) -> Any:
    table = _table(SOCKET)(value)
    if "path" not in table:
        raise ValueError
    around = normal_socket(table["path"])
    above = table.get("directories", [])
    if any("path" not in one for one in above):
        raise ValueError
    for one in (*above, table.get("directory", {})):
        path = one.get("path")
        if path is not None and not f"{around}".startswith(f"{normal_socket(path).rstrip('/')}/"):
            raise ValueError
    return table


def _listener(value: Any) -> Any:
    table = _table(LISTENER)(value)
    if any(next(exclusions(key, table), None) for key in EXCLUDING if key in table):
        raise ValueError
    return table


_STRING, _INTEGER, _SWITCH, _LIST, _TABLE = map(_is, (str, int, bool, list, dict))
_LINE = _text(values.text)
_PATH = _text(values.socket_path)
_OVERFLOW = _one_of(*get_args(Overflow))

DIRECTORY = {"path": _PATH, "owner": _LINE, "group": _LINE, "mode": values.mode}
SOCKET = {
    **DIRECTORY,
    "directory": _table(DIRECTORY),
    "directories": _list(_table(DIRECTORY)),
}
TLS = {
    "versions": _list(_one_of(*get_args(TlsVersion))),
    "names": _list(_LINE),
    "sni": _one_of("required", "optional"),
    "client_certificate": _one_of("required", "optional", "none"),
    "chain_depth": _whole(0, 100),
}
TIMEOUTS = {"request": values.time, "response": values.time}
KEEPALIVE = {
    "idle_timeout": values.time,
    "max_requests": _whole(1, 2**53),
    "announces_close": _SWITCH,
}
LIMITS = {
    "request_headers": values.size,
    "request_body": values.size,
    "response_headers": values.size,
    "overflow": _OVERFLOW,
}
LISTENER = {
    "hosts": _list(_text(values.host), 0),
    "port": _whole(1, 65535),
    "published": _list(_whole(1, 65535)),
    "bind": _list(_text(values.bind)),
    "allowed_clients": _list(_text(values.ip)),
    "dynamic_address": _SWITCH,
    "resolvers": _list(_LINE, 0),
    "socket": _either(dict, _socket_table, _PATH),
    "server": _text(values.server),
    "protocol": _one_of(*get_args(Protocol)),
    "http_versions": _list(_one_of(*get_args(HttpVersion))),
    "proxy_protocol": _SWITCH,
    "same_host": _SWITCH,
    "websocket": _list(_text(values.url_path), 1, 100),
    "virtual_hosts": _list(_LINE),
    "unknown_host": _OVERFLOW,
    "tls": _either(dict, _table(TLS), _SWITCH),
    "timeouts": _table(TIMEOUTS),
    "keepalive": _either(dict, _table(KEEPALIVE), _SWITCH),
    "limits": _table(LIMITS),
}
FRONT = {
    "kind": _one_of(*get_args(FrontKind)),
    "servers": _list(_LINE),
    "idle_timeout": values.time,
    "proxy_protocol": _SWITCH,
    "sni": _LINE,
    "response_headers": values.size,
    "read_timeout": values.time,
    "connect_timeout": values.time,
    "tcp_idle_timeout": values.time,
}
FILE = {
    "complete": _SWITCH,
    "upstream": _named(_either(list, _list(_listener), _listener)),
    "front": _named(_table(FRONT)),
}
_FILE = _table(FILE)
