"""The facts of listeners as lines of ``upstreams.toml``, and the keys that nothing states."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lint502.declared.listeners import Fact, Listener
from lint502.declared.upstreams import FIELDS
from lint502.declared.written import SIZES, TIMES
from lint502.nginx.pass_values import PROTOCOLS, Kind
from lint502.nginx.values import format_size, format_time
from lint502.standing import Standing

_NOT_WRITTEN = frozenset(
    (
        "same_host",
        "published",
        "resolvers",
        "socket.owner",
        "socket.group",
        "socket.mode",
        "socket.directory",
        "socket.directories",
        "limits.request_headers_status",
    )
)
"""What a deployment says by how it is put together, or what is a part of another line."""

_REQUESTS = frozenset(("http", "grpc", "fastcgi", "uwsgi", "scgi"))
_HTTP = frozenset(("http", "grpc"))
_POOLED = frozenset(("http", "grpc", "fastcgi", "memcached"))
_ANY = frozenset((*_REQUESTS, "memcached", "tcp", "udp"))

_UNKNOWN: tuple[tuple[str, str, frozenset[str], str], ...] = (
    ("server", '"{server}"', _REQUESTS, "its documented defaults fill what is not stated here"),
    ("protocol", '"{protocol}"', _ANY, "that it speaks"),
    ("tls", "false", frozenset(("http", "grpc", "tcp")), "whether it speaks TLS"),
    ("http_versions", '["1.0", "1.1"]', _HTTP, 'that it accepts; "2" is HTTP/2'),
    ("timeouts.request", '"30s"', _REQUESTS, "after which the server gives a request up"),
    ("timeouts.response", '"20s"', _REQUESTS, "the longest that an answer takes to start"),
    ("keepalive.idle_timeout", '"5s"', _POOLED, "after which it closes an idle connection"),
    ("limits.request_headers", '"16k"', _REQUESTS, "the largest head of a request that it takes"),
    ("limits.request_body", '"10m"', _REQUESTS, "the largest body of a request that it takes"),
    ("limits.response_headers", '"12k"', _REQUESTS, "the largest response head that it sends"),
    ("websocket", '["/ws/"]', frozenset(("http",)), "paths that need Upgrade"),
)
"""Keys with the form of their value, the protocols for which rules use them, and what they are."""

_SERVERS = {
    "http": "node/20",
    "grpc": "grpc-go",
    "fastcgi": "php-fpm",
    "uwsgi": "uwsgi",
}


def toml(value: Any) -> str:
    """A value as TOML writes it, with escapes for what would not be seen."""
    import tomlkit

    text = str(tomlkit.item(value).as_string())
    return "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in text)


def fact_lines(listener: Listener) -> Iterator[tuple[str, Fact[Any]]]:
    """What is stated of a listener: ``port = 8000``, with the fact."""
    facts: dict[str, Fact[Any]] = {
        key: fact for key, name in FIELDS.items() if (fact := getattr(listener, name)) is not None
    }
    for key, fact in facts.items():
        inner = [other for other in facts if other.startswith(f"{key}.")]
        if key in _NOT_WRITTEN or (inner and key in ("tls", "keepalive")):
            continue
        yield f"{key} = {_written(key, fact, facts)}", fact


def _written(key: str, fact: Fact[Any], facts: dict[str, Fact[Any]]) -> str:
    value = fact.value
    if key in TIMES:
        return toml(format_time(value))
    if key in SIZES:
        return toml(format_size(value))
    if key != "socket":
        return toml(list(value) if isinstance(value, tuple) else value)
    parts = {"path": value}
    for part in ("owner", "group", "mode"):
        if (known := facts.get(f"socket.{part}")) is not None:
            parts[part] = f"{known.value:04o}" if part == "mode" else known.value
    if len(parts) == 1:
        return toml(value)
    return f"{{ {', '.join(f'{name} = {toml(one)}' for name, one in parts.items())} }}"


def stated_by(fact: Fact[Any]) -> str:
    """Where a fact stands, by what, and how far it is to be trusted."""
    place = f"{fact.place.file}:{fact.place.line}"
    if fact.standing is Standing.DEFAULT and fact.profile is not None:
        return f"{place}: the default of {fact.profile}"
    what = f": {fact.what}" if fact.what else ""
    return f"{place}{what} ({fact.standing.word})"


def unknown_lines(listeners: Sequence[Listener], kinds: Iterable[Kind]) -> Iterator[str]:
    """The keys that nothing states and that rules use for what is spoken there."""
    stated = {
        key
        for listener in listeners
        for key, name in FIELDS.items()
        if getattr(listener, name) is not None
    }
    closed = any(one.keepalive is not None and not one.keepalive.value for one in listeners)
    protocols = [str(one.protocol.value) for one in listeners if one.protocol is not None] or [
        PROTOCOLS[kind] for kind in kinds
    ]
    for key, form, used_for, help in _UNKNOWN:
        if key in stated or not used_for.intersection(protocols):
            continue
        if key.startswith("keepalive.") and closed:
            continue
        if key == "tls" and any(one.startswith("tls.") for one in stated):
            continue
        value = form.format(protocol=protocols[0], server=_SERVERS.get(protocols[0], "apache"))
        yield f"{key} = {value}  # {help}"
