"""The values that a diagnosis is made of: what a record of an error log says, and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

from msgspec import Struct, field


class Statement(NamedTuple):
    """What a record says, whenever and to whomever, as nginx writes it; None where it is absent.

    ``message`` is what follows the number of the connection, up to the first field (``, client:``);
    ``request`` is a request line (``GET /a HTTP/1.1``), ``subrequest`` the URI of one. ``cut``:
    fields are missing, for nginx cut the record off, at 2047 bytes, or what a client sent leaves
    several readings, in which they differ.
    """

    level: str
    message: str
    server: str | None = None
    request: str | None = None
    subrequest: str | None = None
    upstream: str | None = None
    host: str | None = None
    cut: bool = False


Key = TypeVar("Key", bound=Hashable)

Classify = Callable[[Statement], Key]
"""What a statement belongs to: its cause, upstream and hop. Asked once for each distinct one that
is remembered, so that it may take its time."""


class Paths(Protocol):
    """Tells which paths are alike. ``hold``: statements that differ from the one that was asked
    about last in an alike path alone, and in the URI of their upstream as much, belong to the
    same."""

    hold: bool

    def key(self, server: bytes, path: bytes, upstream: bytes) -> tuple[bytes, bytes] | None:
        """What is the same of all that are alike; None where it is not known which are."""


class Matters(NamedTuple):
    """What of a request may matter for what its statement belongs to: its query; which of some
    digits its path has, where another of the rest would do as well; the path at all."""

    queries: bool = True
    digits: str = "0123456789"
    paths: Paths | None = None

    @property
    def alike(self) -> dict[int, str]:
        """For :meth:`str.translate`: one digit for all that do not matter."""
        rest = [digit for digit in "0123456789" if digit not in self.digits]
        return {ord(digit): rest[0] for digit in rest}


EVERYTHING = Matters()


class Tally(Struct):
    """How often something was said: ``first`` and ``last`` by the clock of the log, which may go
    back; ``minutes`` how often in each minute (the minutes of the log's clock since 1970).

    ``paths``, ``methods`` and ``clients`` count those that were seen first, up to a bound, and
    "" what is beyond it; ``example`` is a whole record.
    """

    count: int = 0
    first: datetime | None = None
    last: datetime | None = None
    minutes: Counter[int] = field(default_factory=Counter)
    methods: Counter[str] = field(default_factory=Counter)
    paths: Counter[str] = field(default_factory=Counter)
    clients: Counter[str] = field(default_factory=Counter)
    example: str = ""


class Place(Struct, frozen=True):
    """Where a statement's hop is: its id in the report, or why nobody can tell.

    ``hops`` are those that it may be of where it is not one: none where nothing is known.
    ``direct``: the request itself leads there, whatever the upstream may have redirected.
    """

    hop: str | None
    why: str = ""
    hops: tuple[str, ...] = ()
    direct: bool = False
