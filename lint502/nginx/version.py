"""nginx versions: comparing them, and the newest one that lint502 knows."""

from __future__ import annotations

import re
from typing import NamedTuple


class Version(NamedTuple):
    """An nginx version, compared as nginx counts: 1.9 is older than 1.10."""

    major: int
    minor: int
    patch: int = 0

    @classmethod
    def parse(cls, text: str) -> Version:
        """``"1.26.3"`` or ``"1.26"``, which is the newest 1.26.

        Raises ``ValueError`` for anything else.
        """
        match = re.fullmatch(r"(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?", text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not an nginx version such as 1.26.3")
        major, minor, patch = match.groups()
        return cls(int(major), int(minor), NEWEST_PATCH if patch is None else int(patch))

    def __str__(self) -> str:
        if self.patch == NEWEST_PATCH:
            return f"{self.major}.{self.minor}"
        return f"{self.major}.{self.minor}.{self.patch}"

    def predecessor(self) -> Version:
        """The newest version that is older."""
        if self.patch > 0:
            return Version(self.major, self.minor, self.patch - 1)
        return Version(self.major, self.minor - 1, NEWEST_PATCH)

    def successor(self) -> Version:
        """The oldest version that is newer."""
        return Version(self.major, self.minor, self.patch + 1)


NEWEST_PATCH = 9999
"""The patch level of a version that was given without one."""

OLDEST = Version(1, 18, 0)
"""The oldest version whose defaults the directive table states."""

NEWEST = Version(1, 31, 6)
"""The newest release of which the directive table knows."""
