"""What is known of public images: where they listen, what they speak, what changes that.

Each file in ``images/`` has images of one subject:

    [[image]]
    names     = ["grafana/grafana"]       # without "docker.io/" and "library/"
    tags      = ["*fpm*"]                 # of these tags only; absent: of those that no other has
    source    = "grafana/grafana@main:conf/defaults.ini"
    server    = "tomcat"                  # a profile of lint502/declared/profiles/
    unprofiled = "…"                      # why no profile is named where it speaks HTTP
    versioned = true                      # the tag begins with the version of that server
    runs      = false                     # a base that starts no server of its own
    whole     = false                     # more ports may be open: what is in use decides
    ports     = [{ number = 3000, protocol = "http", tls = false }]
    variables = [{ name = "GF_SERVER_HTTP_PORT", form = "port", of = [3000] }]
    arguments = [{ name = "--http-port", form = "port", of = [3000] }]
    programs  = ["dotnet", "*.dll"]       # what a command runs that is still this server
    configuration = ["/etc/caddy/*"]      # what may change the ports where it is mounted or copied

A port, a variable or an argument may have a ``source`` of its own, and ``since`` and ``before``,
the versions by tag in which it holds. ``of`` are the ports that a variable or an argument changes;
absent: the first one. An image that listens where a configuration says, such as HAProxy, has no
ports.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Literal

import tomli
from msgspec import Struct

from lint502.patterns import regex

_FOLDER = Path(__file__).with_name("images")
_HUB = frozenset(
    ("docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")
)
_PART = regex(r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*", re.ASCII)
_TAG = regex(r"\w[\w.-]{0,127}", re.ASCII)
_VERSION = regex(r"(?:v|version-)?(\d{1,6}(?:\.\d{1,6}){0,4})(?![\d:])", re.ASCII)
_VARIABLE = regex(r"\$\{[^}]*\}|\$\w+", re.ASCII)
_LONGEST = 1000

Protocol = Literal["http", "grpc", "fastcgi", "uwsgi", "scgi", "memcached", "tcp", "udp"]
Form = Literal[
    "port", "ports", "tls-ports", "address", "urls", "scheme", "tls", "listens", "unread"
]
"""How a value is read: a port; several (``8080;8081``), those of TLS; an address whose end is a
port (``:9090``, ``tcp://0.0.0.0:9090/``); URLs (``http://+:80;https://+:443``); ``http`` or
``https``; whether the port speaks TLS (a file says so too); whether anything listens there at all.
What is unread changes the ports in a way that lint502 does not read."""

_Version = tuple[int, ...]
_Rows = tuple[Mapping[str, Any], ...]


class Reference(Struct, frozen=True):
    """A reference to an image: ``docker.io/library/postgres:16`` is of the registry ``docker.io``,
    the name ``postgres`` and the tag ``16``.

    ``tag`` is None where there is none, and "" where it is not known: it holds a variable, or a
    digest alone says which image is meant.
    """

    registry: str
    name: str
    tag: str | None = None
    digest: str | None = None


class ImagePort(Struct, frozen=True):
    """A port on which an image listens by default.

    ``tls`` is None where it depends. ``http_versions`` are empty where nothing is known of them.
    ``what`` says what it is for, "" for the one that the image is there for.
    """

    number: int
    protocol: Protocol
    tls: bool | None
    http_versions: tuple[str, ...]
    what: str
    source: str
    proxy_protocol: bool = False


class ImageSetting(Struct, frozen=True):
    """An environment variable, or an argument of the command, that changes a default port.

    An argument has its value behind ``=`` or as the next word. ``of`` are the numbers of the ports.
    """

    name: str
    form: Form
    of: tuple[int, ...]
    source: str


class KnownImage(Struct, frozen=True):
    """An image as a tag has it.

    ``server`` names a profile (``"tomcat"``, ``"tomcat/10.1"``), if there is one. ``runs`` is False
    for the base of programs that it does not have itself. ``programs`` are patterns of the names of
    programs: a command that runs one of them runs this server all the same; where there are none,
    only the image's own command does. ``configuration`` are patterns of paths in the container:
    what stands there instead of the image's own may change the ports. ``whole`` is False where
    more ports may be open than those that are listed.
    """

    name: str
    ports: tuple[ImagePort, ...]
    server: str | None
    variables: tuple[ImageSetting, ...]
    arguments: tuple[ImageSetting, ...]
    runs: bool
    programs: tuple[str, ...] = ()
    configuration: tuple[str, ...] = ()
    whole: bool = True

    @property
    def speaks_http(self) -> bool:
        """Whether one of its ports speaks HTTP."""
        return any(port.protocol in ("http", "grpc") for port in self.ports)

    def runs_as(self, program: str) -> bool:
        """Whether a command that runs this program, by its name or path, still runs the server."""
        name = program.rpartition("/")[2]
        return any(fnmatchcase(name, pattern) for pattern in self.programs)

    def is_configured_at(self, path: str) -> bool:
        """Whether a file or folder that is put at a path of the container may change the ports."""
        path = path.rstrip("/")
        return any(
            fnmatchcase(path, pattern) or pattern.startswith(f"{path}/")
            for pattern in self.configuration
        )


def parse_reference(text: str) -> Reference | None:
    """What a reference to an image says; None where it is none, or is not known.

    A registry that holds a variable, as in ``${REGISTRY}/grafana/grafana``, is one that nothing is
    known of.
    """
    if len(text) > _LONGEST:
        return None
    rest, _, digest = _VARIABLE.sub("$", text.strip()).partition("@")
    path, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        path, colon, tag = rest, "", ""
    registry, slash, name = path.partition("/")
    if not slash or not (set(registry) & set(".:$") or registry == "localhost"):
        registry, name = "docker.io", path
    if registry in _HUB:
        registry, name = "docker.io", name.removeprefix("library/")
    if not all(map(_PART.fullmatch, name.split("/"))):
        return None
    if colon:
        return Reference(registry, name, tag if _TAG.fullmatch(tag) else "", digest or None)
    return Reference(registry, name, "" if digest else None, digest or None)


def version_in(tag: str | None) -> tuple[int, ...] | None:
    """The version with which a tag begins, ``(16, 2)`` for ``v16.2-alpine``; None without one."""
    match = _VERSION.match(tag or "")
    return None if match is None else tuple(map(int, match[1].split(".")))


def known(reference: str) -> KnownImage | None:
    """What is known of an image; None for one that is not known, or not in this tag.

    In a registry of somebody's own, a name of two parts counts as that of the public image
    (``registry.example/mirror/grafana/grafana``), one of a single part does not.
    """
    found = parse_reference(reference)
    if found is None:
        return None
    name, rows = _rows(found)
    return None if rows is None else _image(name, rows, found.tag)


def names() -> tuple[str, ...]:
    """The names of all images, sorted."""
    return tuple(sorted(_table()))


def _rows(reference: Reference) -> tuple[str, _Rows | None]:
    """The rows for an image, and the name that they have it under."""
    if reference.registry == "docker.io":
        return reference.name, _table().get(reference.name)
    name = f"{reference.registry}/{reference.name}"
    if name in _table():
        return name, _table()[name]
    *_, owner, last = ("", *reference.name.split("/"))
    if owner == "library":
        return last, _table().get(last)
    return _tails().get(f"{owner}/{last}", ("", None))


def _image(name: str, rows: _Rows, tag: str | None) -> KnownImage | None:
    row = _row(rows, tag)
    if row is None:
        return None
    version = version_in(tag)
    floating = tag is None or tag == "latest"
    ports = tuple(
        ImagePort(
            each["number"],
            each["protocol"],
            each.get("tls"),
            tuple(each.get("http_versions", ())),
            each.get("what", ""),
            each.get("source", row["source"]),
            each.get("proxy_protocol", False),
        )
        for each in _holding(row.get("ports", ()), version, floating)
    )
    server = row.get("server")
    if server is not None and row.get("versioned") and version is not None:
        server = f"{server}/{'.'.join(map(str, version))}"
    return KnownImage(
        name,
        ports,
        server,
        tuple(_settings(row, "variables", version, floating)),
        tuple(_settings(row, "arguments", version, floating)),
        row.get("runs", True),
        tuple(row.get("programs", ())),
        tuple(row.get("configuration", ())),
        row.get("whole", bool(row.get("ports")) or not row.get("runs", True)),
    )


def _row(rows: _Rows, tag: str | None) -> Mapping[str, Any] | None:
    """The row for a tag: one that names it, else the one that names none."""
    if tag == "" and len(rows) > 1:
        return None
    for row in rows:
        if any(fnmatchcase(tag or "latest", pattern) for pattern in row.get("tags", ())):
            return row
    return next((row for row in rows if "tags" not in row), None)


def _settings(
    row: Mapping[str, Any], key: str, version: _Version | None, floating: bool
) -> Iterator[ImageSetting]:
    ports = row.get("ports", ())
    for each in _holding(row.get(key, ()), version, floating):
        of = tuple(each["of"]) if "of" in each else (ports[0]["number"],)
        yield ImageSetting(each["name"], each["form"], of, each.get("source", row["source"]))


def _holding(
    entries: list[Mapping[str, Any]] | tuple[()], version: _Version | None, floating: bool
) -> Iterator[Mapping[str, Any]]:
    """The entries that hold in a version: the newest where the tag floats, in any where it is not
    known."""
    for entry in entries:
        since, before = entry.get("since"), entry.get("before")
        if floating and before is not None:
            continue
        if version is not None and since is not None and not _at_least(version, since):
            continue
        if version is not None and before is not None and _at_least(version, before):
            continue
        yield entry


def _at_least(version: _Version, limit: str) -> bool:
    """Whether a version is ``limit`` or later; one that is cut short counts as its newest."""
    wanted = tuple(map(int, limit.split(".")))
    return version[: len(wanted)] >= wanted[: len(version)]


@cache
def _table() -> Mapping[str, _Rows]:
    """The rows of all files by name."""
    table: dict[str, _Rows] = {}
    for path in sorted(_FOLDER.glob("*.toml")):
        for row in tomli.loads(path.read_text(encoding="utf-8"))["image"]:
            for name in row["names"]:
                table[name] = (*table.get(name, ()), row)
    return table


@cache
def _tails() -> Mapping[str, tuple[str, _Rows]]:
    """The rows of images by the two parts that their name ends in, with the whole name."""
    tails: dict[str, tuple[str, _Rows]] = {}
    for name, rows in _table().items():
        parts = name.split("/")
        if len(parts) > 1 and not (len(parts) == 2 and "." in parts[0]):
            tail = "/".join(parts[-2:])
            if tail not in tails or tail == name:
                tails[tail] = (name, rows)
    return tails
