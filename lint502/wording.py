"""Pieces of messages that several rules share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from msgspec.structs import replace

from lint502.declared.listeners import Fact, Listener
from lint502.findings import Edit, Fix
from lint502.nginx import error_log
from lint502.nginx.parse import Directive
from lint502.places import Place
from lint502.standing import Standing

T = TypeVar("T")


def declared(fact: Fact[T], note: str) -> Place:
    """The place that states a fact, with a note that says so when a profile does."""
    return replace(fact.place, note=f"{note}{by_profile(fact)}", standing=fact.standing)


def by_profile(fact: Fact[T]) -> str:
    """Words such as " (the default of gunicorn 22.0)" for a fact out of a profile, or " (EXPOSE:
    nothing shows what the process binds)" for one that is derived, else ""."""
    if fact.profile is not None:
        return f" (the default of {fact.profile})"
    if not fact.what:
        return ""
    doubt = ": nothing shows what the process binds" if fact.standing is Standing.HINTED else ""
    return f" ({fact.what}{doubt})"


def listens(listener: Listener) -> str:
    """Where a listener listens: "port 3000", "the socket /run/api.sock"."""
    if listener.socket is not None:
        return f"the socket {listener.socket.value}"
    if listener.port is not None:
        return f"port {listener.port.value}"
    return "an address that is not declared"


def address_place(listener: Listener) -> Place:
    """The declaration of a listener's port or socket, or of the listener where it has none."""
    note = f"{listener.upstream} listens on {listens(listener)}"
    if listener.socket is not None:
        return declared(listener.socket, note)
    if listener.port is not None:
        return declared(listener.port, note)
    return replace(listener.place, note=f"{listener.upstream} is declared here")


def nothing_listens(datagrams: bool) -> tuple[int, str]:
    """What becomes of a request to a port on which nothing listens: status and log line.

    Nobody refuses a datagram at once: the session has begun by then, with the status 200, and gets
    no answer.
    """
    if datagrams:
        return 200, error_log.line("session-refused")
    return 502, error_log.line("connection-refused")


def listed(items: Iterable[str], most: int = 3) -> str:
    """Items as "a, b and c", or "a, b, c and 4 more"."""
    all_items = list(dict.fromkeys(items))
    shown = all_items[:most]
    if len(all_items) > most:
        return f"{', '.join(shown)} and {len(all_items) - most} more"
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def replacement(
    directive: Directive, arg: int, old: str, new: str, *, safe: bool = True
) -> Fix | None:
    """One argument of a line with ``old`` replaced by ``new``, as a fix; None where ``old`` does
    not stand there exactly once and as it is."""
    written = directive.args[arg] if arg < len(directive.args) else ""
    if not old or written.count(old) != 1:
        return None
    place = directive.arg_place(arg)
    column = place.column + written.index(old)
    shown = place.text[place.column - 1 : place.end_column - 1]
    if shown != written:
        if shown[1:-1] != written:
            return None
        column += 1
    line = " ".join(
        text.replace(old, new) if index == arg else text
        for index, text in enumerate(directive.args)
    )
    edit = Edit(place.file, place.line, column, column + len(old), new, place.text)
    return Fix(f"{directive.name} {line};", safe, (edit,))


def server_of(listener: Listener) -> str:
    """The name of the declared server, without its version; "" where none is declared."""
    return listener.server.value.partition("/")[0] if listener.server is not None else ""
