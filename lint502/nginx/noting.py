"""A version of nginx that notes what it is compared with: on what depends on that, older versions
differ."""

from __future__ import annotations

from collections.abc import Iterator, Set
from contextlib import contextmanager

from lint502.nginx.version import OLDEST, Version


class NotingVersion(Version):
    """A version that is compared as any other, and keeps in ``starts`` the versions from which on
    something is different, as it was asked.

    As a subclass it is asked first, on whichever side of a comparison it stands.
    """

    starts: set[Version]

    @classmethod
    def of(cls, version: Version) -> NotingVersion:
        """One that has noted nothing."""
        noting = cls(*version)
        noting.starts = set()
        return noting

    @staticmethod
    @contextmanager
    def apart(version: Version) -> Iterator[Set[Version]]:
        """What a version notes meanwhile, which is then not among its own."""
        if not isinstance(version, NotingVersion):
            yield frozenset()
            return
        own, version.starts = version.starts, set()
        try:
            yield version.starts
        finally:
            version.starts = own

    @staticmethod
    def note(version: Version, starts: Set[Version]) -> None:
        """Note what was noted apart."""
        if isinstance(version, NotingVersion):
            version.starts |= starts

    def __lt__(self, other: tuple[object, ...]) -> bool:
        return not self >= other

    def __ge__(self, other: tuple[object, ...]) -> bool:
        if isinstance(other, Version) and tuple.__gt__(other, OLDEST):
            self.starts.add(other)
        return tuple.__ge__(self, other)

    def __le__(self, other: tuple[object, ...]) -> bool:
        return not self > other

    def __gt__(self, other: tuple[object, ...]) -> bool:
        if isinstance(other, Version) and tuple.__ge__(other, OLDEST):
            self.starts.add(other.successor())
        return tuple.__gt__(self, other)
