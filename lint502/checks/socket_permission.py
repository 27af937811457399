"""socket-permission: nginx's workers may not connect to the upstream's unix socket."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from lint502.behaviour.sockets import USUAL, LockedOut, Workers, locked_out, workers
from lint502.declared.listeners import Listener
from lint502.disagreements import Disagreement
from lint502.nginx import error_log
from lint502.places import Place
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import by_profile, listed

_NAMES = tuple(who.user for who in USUAL)


def check(site: Site) -> Iterator[Disagreement]:
    """One for each socket that the user of nginx's workers cannot open."""
    stated = workers(site.tree)
    if stated is None and not site.tree.fragment:
        return
    who = USUAL[0] if stated is None else stated
    for pair in site.each_pair():
        found, target, listener = locked_out(pair, who), pair.target, pair.meant
        if found is None or listener is None:
            continue
        if stated is None and found.lock.usual:
            continue  # two guesses are one too many
        if stated is None and not all(locked_out(pair, other) for other in USUAL):
            continue
        yield RULE.disagreement(
            pair,
            "connect",
            certain=found.unless is None and stated is not None and not found.lock.usual,
            frequency="sometimes" if found.lock.usual else "always",
            message=_message(found, who, listener),
            place=target.place(f"nginx connects to {target.address.socket}"),
            related=(
                _place(found),
                *([who.line.place(f"nginx's workers run as {who.user}")] if who.line else ()),
            ),
            log=error_log.line("permission-denied", address=f"{target.address}"),
        )


def _place(found: LockedOut) -> Place:
    what = "the socket"
    if found.lock.directory:
        what = found.lock.path or "the directory"
    note = f"{what} has mode {found.lock.mode.value:04o}{by_profile(found.lock.mode)}"
    return replace(found.lock.mode.place, note=note)


def _message(found: LockedOut, who: Workers, listener: Listener) -> str:
    assert listener.socket is not None, "it has refused"
    lock, path = found.lock, listener.socket.value
    what = f"write to the socket {path}"
    if lock.directory:
        what = f"search {f'{lock.path}, above' if lock.path else 'the directory of'} {path}"
    if lock.usual:
        return (
            f"nginx's workers run as {who.user}, and {path} is below {lock.path}, which others may "
            f"not search unless somebody has opened it: it is made with mode {lock.mode.value:04o} "
            "or closer; say how it is (socket.directories), or move the socket to /run"
        )
    named = ":".join(name for name in (lock.owner, lock.group) if name is not None)
    whose = f"it belongs to {named} and" if named else "it"
    run = f"nginx's workers run as {who.user}, who may"
    if who.line is None:
        run = f"whom nginx's workers run as is not seen here; {listed(_NAMES, len(_NAMES))} may"
    message = f"{run} not {what}: {whose} has mode {lock.mode.value:04o}{by_profile(lock.mode)}"
    if who.line is None:
        return f"{message}; they may if they run as another user who is let in"
    if found.unless is not None:
        return f"{message}; they may if {who.user} is a member of the group {found.unless}"
    group = "" if found.level == "owner" else f"the group {who.group} and "
    return f"{message}; give it {group}mode {'0750' if lock.directory else '0660'}"


RULE = Rule("socket-permission", check, "sockets.permission")
