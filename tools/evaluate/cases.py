"""What a hop is made to fail by, what is asked of it, and what a diagnosis has to say of that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from lint502.lab.standins.certificates import Authority

NOTHING = ""
"""The root where nothing in the files explains a failure."""


class Place(Protocol):
    """A server of a case: ``text`` is its address as nginx takes it."""

    text: str

    def close(self) -> None:
        """End it."""


@dataclass(frozen=True, slots=True)
class Means:
    """What servers are made from: the folder for sockets, and the authorities of certificates;
    nginx knows the first one alone."""

    folder: str
    known: Authority
    strange: Authority


Factory = Callable[[Means], Place]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a record has to be read as: one of the causes, and one of the roots (rules, or
    :data:`NOTHING`; none where it is no failure). ``hop`` is the mark of its pass; None where
    nobody can tell."""

    causes: tuple[str, ...]
    roots: tuple[str, ...] = ()
    hop: str | None = ""


def expect(causes: str, roots: str | None = None, hop: str | None = "") -> Expected:
    """The same from texts: ``"refused socket-refused"``, ``"port-mismatch -"``, where "-" is
    :data:`NOTHING`."""
    named = tuple("" if one == "-" else one for one in (roots or "").split())
    return Expected(tuple(causes.split()), named, hop)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, or what is sent through ``stream {}`` (``port`` is of a place then).

    ``expected`` are the records that it leaves, in any order, each at least once. ``raw`` is sent
    instead of what the other fields make up; ``leaves``: the client does not wait for the answer.
    """

    path: str
    expected: tuple[Expected, ...]
    method: str = "GET"
    host: str = "shop.example"
    headers: tuple[str, ...] = ()
    body: int = 0
    port: str = "P0"
    raw: bytes | None = None
    at_once: int = 1
    leaves: float | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A way to fail. ``text`` stands in the server ``shop.example``, or where ``within`` says;
    ``@name@`` in it and in ``claims`` is the address of a server, ``@name.port@`` its port or
    path; a pass that is expected has its mark as a comment (``proxy_pass http://@a@; #=main``).

    ``versions`` are the branches of nginx in which it is so, all where there are none.
    """

    name: str
    text: str
    asks: tuple[Ask, ...]
    servers: Mapping[str, Factory] = field(default_factory=dict)
    claims: str = ""
    within: Literal["server", "http", "stream"] = "server"
    since: tuple[int, int] = (0, 0)
    before: tuple[int, int] = (99, 0)


def location(path: str, *lines: str) -> str:
    """A location with these lines; the last of them is the pass, and gets the mark ""."""
    *before, last = lines
    text = "".join(f"    {line}\n" for line in before)
    return f"location {path} {{\n{text}    {last} #=\n}}\n"


def claim(name: str, *facts: str, at: str = "a") -> str:
    """What ``upstreams.toml`` says of a server of a case on the loopback."""
    lines = [f"[upstream.{name}]", 'hosts = ["127.0.0.1"]', f"port = @{at}.port@", *facts]
    return "\n".join(lines) + "\n"
