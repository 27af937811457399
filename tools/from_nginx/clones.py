"""What clones of repositories have at their tags."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TypeVar

from lint502.nginx.version import OLDEST, Version

_RELEASE = re.compile(r"release-(\d+\.\d+\.\d+)")
T = TypeVar("T")


def releases(clone: str) -> list[Version]:
    """The releases of nginx from the oldest on that is known, in the order of their numbers."""
    found = filter(None, map(_RELEASE.fullmatch, _git(clone, "tag").split()))
    return sorted(version for one in found if (version := Version.parse(one[1])) >= OLDEST)


def tag(release: Version) -> str:
    """The tag of a release."""
    return f"release-{release}"


def text(clone: str, commit: str, path: str) -> str:
    """A file at a commit."""
    return _git(clone, "show", f"{commit}:{path}")


def last_commit(clone: str) -> tuple[str, str]:
    """The newest commit and its day: ``("3f6f7824…", "2026-08-21")``."""
    commit, day = _git(clone, "log", "-1", "--format=%H %cs").split()
    return commit, day


class Files:
    """The files of a clone, each text read and made into something once, however many commits have
    it."""

    def __init__(self, clone: str, patterns: Sequence[str]) -> None:
        self._clone = clone
        self._patterns = patterns
        self._made: dict[tuple[str, str], object] = {}

    def each(self, commit: str, make: Callable[[str, str], T]) -> Iterator[T]:
        """What ``make`` makes of path and text of each file of a commit."""
        for line in _git(self._clone, "ls-tree", "-r", commit).splitlines():
            about, _, path = line.partition("\t")
            if not any(fnmatchcase(path, pattern) for pattern in self._patterns):
                continue
            key = (path, about.split()[2])
            if key not in self._made:
                self._made[key] = make(path, _git(self._clone, "cat-file", "blob", key[1]))
            yield self._made[key]  # type: ignore[misc]


def _git(clone: str, *args: str) -> str:
    done = subprocess.run(
        ["git", "-C", clone, *args],
        check=True,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    return done.stdout
