"""Where the files of a root come from."""

from __future__ import annotations

from typing import Protocol

from lint502.places import SourceFile


class Store(Protocol):
    """Where included files come from: the disk, or a dump. ``has_templates`` tells whether files
    may be there only as templates from which they are rendered."""

    has_templates: bool

    def name(self, path: str) -> str:
        """A path as reports show it."""

    def mapped(self, path: str) -> str:
        """Where to read what nginx reads at an absolute path."""

    def matches(self, pattern: str) -> list[str]:
        """The paths that a glob finds, in nginx's order."""

    def identity(self, path: str) -> str:
        """What tells one file from another."""

    def read(self, path: str) -> SourceFile:
        """The text of one file; raises ``UnreadableError``."""

    def sees(self, pattern: str) -> bool | None:
        """Whether the folder of a glob is there to be searched; None: it lies outside the tree."""
