"""Values that are compared by some of their fields."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, ClassVar

from msgspec import Struct


class Compared(Struct, frozen=True, eq=False):
    """A value of which some fields are what it is, and the others are said of it beside: two are
    equal where their ``identity`` is."""

    identity: ClassVar[attrgetter[tuple[Any, ...]]]

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return bool(self.identity(self) == self.identity(other))

    def __hash__(self) -> int:
        return hash(self.identity(self))
