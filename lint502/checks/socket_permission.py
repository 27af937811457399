"""socket-permission: nginx's workers may not connect to the upstream's unix socket."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from lint502.behaviour.failover import failing
from lint502.declared.listeners import Fact, Listener
from lint502.findings import Finding, Severity
from lint502.nginx.parse import Directive
from lint502.nginx.tree import Tree
from lint502.pairing import Pair
from lint502.places import Place
from lint502.site import Site
from lint502.wording import by_profile

_WRITE = 2
"""What ``connect()`` needs of a socket: unix(7)."""

_SEARCH = 1
"""What it needs of each directory on the way: path_resolution(7)."""

Level = Literal["owner", "group", "others"]


@dataclass(frozen=True, slots=True)
class Workers:
    """Whom nginx's workers run as, and the line that says so."""

    user: str
    group: str
    line: Directive


@dataclass(frozen=True, slots=True)
class Lock:
    """The socket or its directory, and what is needed there."""

    directory: bool
    owner: str | None
    group: str | None
    mode: Fact[int]

    @property
    def needed(self) -> int:
        """The permission that it takes, as one bit."""
        return _SEARCH if self.directory else _WRITE


@dataclass(frozen=True, slots=True)
class Refusal:
    """What keeps the workers out. ``level`` is the part of the mode that counts for them.
    ``unless`` is the group in which they might be, which would let them in; None where nothing
    does.
    """

    lock: Lock
    level: Level
    unless: str | None


def check(site: Site) -> Iterator[Finding]:
    """One finding for each socket that the user of nginx's workers cannot open."""
    who = workers(site.tree)
    if who is None:
        return
    for pair, exposure in failing(site, lambda pair: refusal(pair, who) is not None, "connect"):
        found, target, listener = refusal(pair, who), pair.target, pair.listener
        assert found is not None and listener is not None, "that is what fails"
        message = _message(found, who, listener)
        if exposure.hint:
            message += f"; {exposure.hint}"
        yield Finding(
            rule="socket-permission",
            severity=exposure.severity if found.unless is None else Severity.WARNING,
            status=502,
            frequency=exposure.frequency,
            message=message,
            place=target.place(f"nginx connects to {target.address.socket}"),
            related=(_place(found), who.line.place(f"nginx's workers run as {who.user}")),
            hops=(pair.hop.id,),
            upstream=listener.upstream,
            log=f"connect() to {target.address} failed (13: Permission denied) while connecting to "
            "upstream",
        )


def workers(tree: Tree) -> Workers | None:
    """Whom the workers run as; None where no line says so. What nginx was built with is not in its
    files."""
    lines = tree.main.by_name.get("user", ())
    if not lines or not lines[-1].args or lines[-1].args[0].isdecimal():
        return None
    user, *groups = lines[-1].args
    return Workers(user, groups[0] if groups else user, lines[-1])


def refusal(pair: Pair, who: Workers) -> Refusal | None:
    """Why the workers may not connect to a target; None where they may, or that is not known."""
    for lock in _locks(pair.listener):
        found = _refused(lock, who)
        if found is not None:
            return found
    return None


def rights(listener: Listener, who: Workers) -> dict[bool, int]:
    """The three bits of the mode that count for the workers, at most: of the directory (True) and
    of the socket (False), as far as they are declared."""
    found = {}
    for lock in _locks(listener):
        refused = _refused(lock, who)
        levels = (refused.level,) if refused is not None else _levels(who, lock.owner, lock.group)
        found[lock.directory] = max(_bits(lock.mode.value, level) for level in levels)
    return found


def _locks(listener: Listener | None) -> Iterator[Lock]:
    if listener is None or listener.socket is None:
        return
    socket = listener.socket.value
    if (there := socket.directory) is not None and there.value.mode is not None:
        mode = Fact(there.value.mode, there.place)
        yield Lock(True, there.value.owner, there.value.group, mode)
    if listener.socket_mode is not None:
        yield Lock(False, socket.owner, socket.group, listener.socket_mode)


def _refused(lock: Lock, who: Workers) -> Refusal | None:
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
    return Refusal(lock, refused[0], unless)


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


def _place(found: Refusal) -> Place:
    what = "the directory" if found.lock.directory else "the socket"
    note = f"{what} has mode {found.lock.mode.value:04o}{by_profile(found.lock.mode)}"
    return replace(found.lock.mode.place, note=note)


def _message(found: Refusal, who: Workers, listener: Listener) -> str:
    assert listener.socket is not None, "it has refused"
    lock, path = found.lock, listener.socket.value.path
    what = f"search the directory of {path}" if lock.directory else f"write to the socket {path}"
    named = ":".join(name for name in (lock.owner, lock.group) if name is not None)
    whose = f"it belongs to {named} and" if named else "it"
    message = (
        f"nginx's workers run as {who.user}, who may not {what}: {whose} has mode "
        f"{lock.mode.value:04o}{by_profile(lock.mode)}"
    )
    if found.unless is not None:
        return f"{message}; they may if {who.user} is a member of the group {found.unless}"
    group = "" if found.level == "owner" else f"the group {who.group} and "
    return f"{message}; give it {group}mode {'0750' if lock.directory else '0660'}"
