"""The documented defaults of servers, which fill what an upstream does not declare.

Each file in ``profiles/`` describes one server: a ``title``, perhaps a ``note`` and a profile that
it is ``like``, ``in_code = true`` where programs set its figures in code of their own,
``in_settings = true`` where a product has settings for them, and its facts:

    [[fact]]
    key    = "keepalive.idle_timeout"    # as in upstreams.toml
    value  = "65s"                       # as in upstreams.toml
    source = "puma/puma@v7.2.1:lib/puma/configuration.rb:148"
    since  = "7.0"                       # from this version on; absent: always
    before = "8.0"                       # up to this version, not including it
    protocol = ["http"]                  # where the listener speaks this; absent: its default
    tls    = false                       # where it speaks plaintext; absent: either
    covers = ["request_headers"]         # an overflow that holds for some limits only
    least  = "8s"                        # of a time or size that varies: rules go by it

What is worth knowing and no rule needs is shown by ``lint502 servers``:

    [[also]]
    about  = "default address"           # or "header fields", "one header line" and others
    value  = "127.0.0.1:8000"            # in words
    source = "benoitc/gunicorn@27.0.1:gunicorn/config.py (bind)"
    since  = "…"                         # and ``before``, as above

One key is not in upstreams.toml: "limits.request_headers_status", the status with which too large a
header is answered where that is not 431.

What a server does by default is what a profile may say; where it listens it may not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import tomli
from msgspec import Struct

from lint502.nginx.values import parse_size, parse_time
from lint502.patterns import regex

_FOLDER = Path(__file__).with_name("profiles")
_VERSION = regex(r"\d{1,9}(?:\.\d{1,9}){0,9}", re.ASCII)
_TIMES = frozenset({"keepalive.idle_timeout", "timeouts.request"})
_SIZES = frozenset({"limits.request_headers", "limits.request_body"})
_FIRST = ("protocol", "tls")  # the other facts depend on these

_REMEMBERED = 1 << 10  # most upstreams have one of few servers

ServerVersion = tuple[int, ...]


class ProfileFact(Struct, frozen=True):
    """One figure of a profile and the condition under which it holds.

    ``value`` is of the type that :class:`~lint502.declared.listeners.Listener` has: times are
    milliseconds, sizes bytes. ``protocols`` is empty where the protocol does not matter.
    """

    key: str
    value: Any
    source: str
    since: str | None = None
    before: str | None = None
    protocols: tuple[str, ...] = ()
    tls: bool | None = None
    covers: tuple[str, ...] = ()
    least: int | None = None

    def holds_in(self, version: ServerVersion | None) -> bool:
        """Whether it holds in a version; ``None`` is the newest, ``(22,)`` the newest 22."""
        return _holds(version, self.since, self.before)


class Detail(Struct, frozen=True):
    """What is worth knowing of a server and no rule needs, in words."""

    about: str
    value: str
    source: str
    since: str | None = None
    before: str | None = None

    def holds_in(self, version: ServerVersion | None) -> bool:
        """As :meth:`ProfileFact.holds_in`."""
        return _holds(version, self.since, self.before)


class Profile(Struct, frozen=True):
    """The documented defaults of a server; ``like`` names the profile that fills the rest."""

    name: str
    title: str
    facts: tuple[ProfileFact, ...]
    like: str | None = None
    note: str | None = None
    in_code: bool = False
    in_settings: bool = False
    details: tuple[Detail, ...] = ()


class Default(Struct, frozen=True):
    """A figure as it fills a listener, with whose default it is and where that is written.
    ``certain``: neither a program's own code, nor a product's settings, nor the version, where none
    is named, can have another one."""

    value: Any
    profile: str
    source: str
    covers: tuple[str, ...] = ()
    certain: bool = True


@cache
def names() -> tuple[str, ...]:
    """The names of all profiles, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


@cache
def load(name: str) -> Profile:
    """The profile of this name, which must be one of :func:`names`."""
    with (_FOLDER / f"{name}.toml").open("rb") as file:
        data = tomli.load(file)
    like = data.get("like")
    entries = data.get("fact", [])
    spoken = [entry["value"] for entry in entries if entry["key"] == "protocol"]
    if like is not None:
        spoken += [fact.value for fact in load(like).facts if fact.key == "protocol"]
    facts = tuple(_fact(entry, spoken[:1]) for entry in entries)
    in_settings = data.get("in_settings", False)
    inherited = like is not None and load(like).in_code and not in_settings
    in_code = data.get("in_code", inherited)
    details = tuple(Detail(**entry) for entry in data.get("also", []))
    note = data.get("note")
    return Profile(name, data["title"], facts, like, note, in_code, in_settings, details)


@lru_cache(_REMEMBERED)
def parse_server(server: str) -> tuple[str, str | None]:
    """``"gunicorn/22.0"`` as name and version; the version is ``None`` where there is none.

    Raises ``ValueError``, worded to follow the name of the key, where it is written otherwise, or
    there is no such profile.
    """
    name, slash, version = server.partition("/")
    if name not in names() or (slash and not _VERSION.fullmatch(version)):
        from lint502.declared.server_mistakes import refusal

        raise refusal(server, names())
    return name, version or None


@lru_cache(_REMEMBERED)
def defaults(server: str, protocol: str | None, tls: bool | None) -> Mapping[str, Default]:
    """What the profile of ``server`` (``"gunicorn"`` or ``"gunicorn/22.0"``) says, by key.

    ``protocol`` and ``tls`` are what the listener declares, ``None`` where it does not. Without a
    version the newest counts.
    """
    name, written = parse_server(server)
    version = None if written is None else tuple(map(int, written.split(".")))
    facts = [
        (fact, profile.name if its_version is None else name)
        for profile, its_version in line_of(load(name), version)
        for fact in profile.facts
        if fact.holds_in(its_version)
    ]
    facts.sort(key=lambda pair: pair[0].key not in _FIRST)
    found: dict[str, Default] = {}
    for fact, owner in facts:
        spoken = protocol or _value(found, "protocol")
        secure = _value(found, "tls") if tls is None else tls
        if fact.key in found or (fact.protocols and spoken not in fact.protocols):
            continue
        if fact.tls not in (None, secure):
            continue
        label = name if written is None else f"{name} {written}"
        unversioned = written is None or owner != name
        if fact.since is not None and unversioned:
            label = f"{owner} since {fact.since}"
        varies = unversioned and (fact.since is not None or fact.before is not None)
        certain = not (varies or load(name).in_code or load(name).in_settings)
        value = fact.value if fact.least is None else fact.least
        found[fact.key] = Default(value, label, fact.source, fact.covers, certain)
    return found


def line_of(
    profile: Profile, version: ServerVersion | None
) -> Iterator[tuple[Profile, ServerVersion | None]]:
    """A profile, the one that it is like and so on; a version counts for the first one only."""
    yield profile, version
    while profile.like is not None:
        profile = load(profile.like)
        yield profile, None


def _value(found: Mapping[str, Default], key: str) -> Any:
    return found[key].value if key in found else None


def _fact(entry: Mapping[str, Any], spoken: list[str]) -> ProfileFact:
    key = entry["key"]
    return ProfileFact(
        key,
        _typed(key, entry["value"]),
        entry["source"],
        entry.get("since"),
        entry.get("before"),
        () if key in _FIRST else tuple(entry.get("protocol", spoken)),
        entry.get("tls"),
        tuple(entry.get("covers", ())),
        _typed(key, entry["least"]) if "least" in entry else None,
    )


def _typed(key: str, value: Any) -> Any:
    if key == "socket.mode":
        return int(value, 8)
    if key in _TIMES:
        return parse_time(str(value))
    if key in _SIZES:
        return parse_size(str(value), offset=True)
    return tuple(value) if isinstance(value, list) else value


def _holds(version: ServerVersion | None, since: str | None, before: str | None) -> bool:
    if since is not None and not at_least(version, since):
        return False
    return before is None or not at_least(version, before)


def at_least(version: ServerVersion | None, limit: str) -> bool:
    """Whether a version is ``limit`` or later; one that is cut short counts as its newest."""
    if version is None:
        return True
    wanted = tuple(map(int, limit.split(".")))
    return version[: len(wanted)] >= wanted[: len(version)]
