"""Unix sockets: who may connect to one, where it lies, and what of a path is none of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from msgspec import Struct

from lint502.declared.listeners import Directory, Fact, Listener
from lint502.declared.reachable import goes_beyond
from lint502.nginx.addresses import Address, normal_socket
from lint502.nginx.parse import Directive
from lint502.nginx.tree import Tree
from lint502.pairing import Pair
from lint502.patterns import regex
from lint502.standing import Standing

_ALL = 7
_HOME = regex(r"(?P<path>/home/(?P<user>[^/]+)|/root)/")

_WRITE = 2
"""What ``connect()`` needs of a socket: unix(7)."""


_SEARCH = 1
"""What it needs of each directory on the way: path_resolution(7)."""


Level = Literal["owner", "group", "others"]


class Workers(Struct, frozen=True):
    """Whom nginx's workers run as, and the line that says so; None where it is only usual."""

    user: str
    group: str
    line: Directive | None = None


USUAL = tuple(Workers(name, name) for name in ("www-data", "nginx", "nobody", "http"))
"""Whom they run as in Debian, in the packages and images of nginx, as nginx builds it by default,
and in Arch Linux."""


class Lock(Struct, frozen=True):
    """The socket or a directory above it, and what is needed there. ``path`` is that of a directory
    that is named; ``usual``: nothing says so, but this is how such a directory is made."""

    directory: bool
    owner: str | None
    group: str | None
    mode: Fact[int]
    path: str | None = None
    usual: bool = False

    @property
    def needed(self) -> int:
        """The permission that it takes, as one bit."""
        return _SEARCH if self.directory else _WRITE


class LockedOut(Struct, frozen=True):
    """What keeps the workers out. ``level`` is the part of the mode that counts for them.
    ``unless`` is the group in which they might be, which would let them in; None where nothing
    does.
    """

    lock: Lock
    level: Level
    unless: str | None


def workers(tree: Tree) -> Workers | None:
    """Whom the workers run as; None where no line says so. What nginx was built with is not in its
    files."""
    lines = tree.main.by_name.get("user", ())
    if "user" in tree.main.uncertain:
        return None
    if not lines or not lines[-1].args or lines[-1].args[0].isdecimal():
        return None
    user, *groups = lines[-1].args
    return Workers(user, groups[0] if groups else user, lines[-1])


def locked_out(pair: Pair, who: Workers) -> LockedOut | None:
    """Why the workers may not connect to a target; None where they may, or that is not known."""
    for lock in _locks(pair.meant):
        found = _refused(lock, who)
        if found is not None:
            return found
    return None


def rights(listener: Listener, who: Workers) -> dict[bool, int]:
    """The three bits of the mode that count for the workers, at most: of the directory (True) and
    of the socket (False), as far as they are declared."""
    found: dict[bool, int] = {}
    for lock in _locks(listener):
        refused = _refused(lock, who)
        levels = (refused.level,) if refused is not None else _levels(who, lock.owner, lock.group)
        allowed = max(_bits(lock.mode.value, level) for level in levels)
        found[lock.directory] = found.get(lock.directory, _ALL) & allowed
    return found


def _locks(listener: Listener | None) -> Iterator[Lock]:
    """What stands on the way to a socket, from the outermost directory on."""
    if listener is None or listener.socket is None:
        return
    stated = _directories(listener)
    if not stated:
        yield from _home(listener.socket)
    for there, fact in stated:
        if there.mode is not None:
            place = there.place or fact.place
            yield Lock(
                True, there.owner, there.group, Fact(there.mode, place, fact.standing), there.path
            )
    if listener.socket_mode is not None:
        owner, group = listener.socket_owner, listener.socket_group
        yield Lock(
            False,
            None if owner is None else owner.value,
            None if group is None else group.value,
            listener.socket_mode,
        )


def _directories(listener: Listener) -> list[tuple[Directory, Fact[Any]]]:
    found: list[tuple[Directory, Fact[Any]]] = []
    if listener.socket_directories is not None:
        each = sorted(listener.socket_directories.value, key=lambda one: len(one.path or ""))
        found += [(one, listener.socket_directories) for one in each]
    if listener.socket_directory is not None:
        found.append((listener.socket_directory.value, listener.socket_directory))
    return found


def _home(socket: Fact[str]) -> Iterator[Lock]:
    """The home directory that a socket is below, as users get them.

    Sources: Ubuntu since 21.04 (https://discourse.ubuntu.com/t/19533) makes them 0750, Debian since
    12 0700 (DIR_MODE in adduser.conf(5)); root's is 0700 on both.
    """
    match = _HOME.match(normal_socket(socket.value))
    if match is None:
        return
    user, path = match["user"] or "root", match["path"]
    what = "a home directory on Ubuntu, and closed likewise on Debian"
    mode = Fact(0o700 if user == "root" else 0o750, socket.place, Standing.DEFAULT, what)
    yield Lock(True, user, user, mode, path, usual=True)


def _refused(lock: Lock, who: Workers) -> LockedOut | None:
    if who.user == "root":  # CAP_DAC_OVERRIDE
        return None
    levels = _levels(who, lock.owner, lock.group)
    refused = [level for level in levels if not _bits(lock.mode.value, level) & lock.needed]
    unless = None
    if len(refused) < len(levels):
        by_membership = levels == ("others", "group") and refused == ["others"]
        if not by_membership or _same(who.group, lock.group) is None:
            return None
        unless = lock.group
    return LockedOut(lock, refused[0], unless)


def _levels(who: Workers, owner: str | None, group: str | None) -> tuple[Level, ...]:
    """The parts of a mode that may count for the workers, the likeliest first.

    nginx gives them the supplementary groups of their user (initgroups(3)), which nobody declares.
    """
    owns = _same(who.user, owner)
    if owns:
        return ("owner",)
    levels: tuple[Level, ...] = ("group",) if _same(who.group, group) else ("others", "group")
    return levels if owns is not None else (*levels, "owner")


def _same(name: str, other: str | None) -> bool | None:
    """Whether two names mean one user or group; None where that is not known."""
    if other is None:
        return None
    if name == other:
        return True
    return False if not other.isdecimal() or other == "0" else None


def _bits(mode: int, level: Level) -> int:
    return mode >> {"owner": 6, "group": 3, "others": 0}[level] & 7


TEMPORARY = ("/tmp/", "/var/tmp/")
"""The directories that systemd may make private (systemd.exec(5), ``PrivateTmp``)."""


def in_tmp(address: Address) -> bool:
    """Whether an address is a socket below a directory that systemd makes private."""
    return address.socket is not None and address.socket.startswith(TEMPORARY)


_TELLING = regex(r"(?P<socket>.+?\.sock(?:et)?)(?P<rest>(?:/|:/).*|:)|(?P<other>.+):")
"""What looks like a socket and something that is none of its path."""


class Slip(Struct, frozen=True):
    """The path of the socket that is meant, and what else nginx takes for a part of it.
    ``certain``: no file can have the path that is written."""

    socket: str
    rest: str
    certain: bool


def slip(pair: Pair) -> Slip | None:
    """What a target's path holds besides that of a socket; None where it may be one."""
    written, listener, mismatch = pair.target.address.socket, pair.listener, pair.mismatch
    if written is None or (listener is not None and listener.socket is not None):
        return None
    for near in mismatch.nearest if mismatch is not None else ():
        socket = socket_path(near)
        if socket and written.startswith(socket) and goes_beyond(written[len(socket) :]):
            return Slip(socket, written[len(socket) :], certain=True)
    match = _TELLING.fullmatch(written)
    if match is None:
        return None
    socket, rest = match["socket"] or match["other"], match["rest"] or ":"
    certain = rest.startswith(":") or (mismatch is not None and mismatch.certain)
    return Slip(socket, rest, certain)


def socket_path(listener: Listener) -> str | None:
    """The path of a listener's socket as nginx has it, None where it has none."""
    return normal_socket(listener.socket.value) if listener.socket is not None else None
