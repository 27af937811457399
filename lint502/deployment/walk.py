"""The files below a folder, nearest first, within bounds; what tools put there is passed over."""

from __future__ import annotations

import os
from collections.abc import Iterator

from msgspec import Struct

MOST_LOOKED_AT = 50_000
"""Files and folders that a walk looks at."""

_DEEPEST = 12

PASSED_OVER = frozenset(
    ("node_modules", "bower_components", "vendor", "venv", "env", "virtualenv", "site-packages",
     "__pycache__", "target", "dist", "build", "testdata", "third_party", ".git", ".hg", ".svn",
     ".venv", ".env", ".virtualenv", ".tox", ".nox", ".cache", ".npm", ".yarn", ".pnpm-store",
     ".idea", ".vscode", ".vs", ".gradle", ".m2", ".mvn", ".terraform", ".next", ".nuxt",
     ".svelte-kit", ".parcel-cache", ".turbo", ".mypy_cache", ".ruff_cache", ".pytest_cache",
     ".hypothesis", ".eggs", ".bundle", ".cargo", ".rustup", ".local", ".direnv", ".serverless")
)  # fmt: skip
"""Folders that tools fill."""


class Walk(Struct, frozen=True):
    """The paths of the files below a folder, those of each folder sorted; ``whole`` tells that
    these are all."""

    paths: tuple[str, ...]
    whole: bool


def walk(top: str) -> Walk:
    """The files below a folder; links are not followed."""
    paths: list[str] = []
    looked_at = 0
    level = [top]
    for _ in range(_DEEPEST):
        deeper: list[str] = []
        for folder in level:
            entries = list(_entries(folder))
            looked_at += 1 + len(entries)
            if looked_at > MOST_LOOKED_AT:
                return Walk(tuple(paths), False)
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in PASSED_OVER:
                        deeper.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    paths.append(entry.path)
        level = deeper
    return Walk(tuple(paths), True)


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        yield from sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
