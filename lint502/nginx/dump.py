"""The output of ``nginx -T``: every file that nginx read, under a heading of its own."""

from __future__ import annotations

import os
import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import takewhile

from lint502.nginx.files import glob_match, posix_glob
from lint502.patterns import regex
from lint502.places import SourceFile
from lint502.reading import MissingFileError

_HEADING = regex(r"^# configuration file (\S+):\r?$", re.MULTILINE)

_MAGIC = regex(r"[*?\[\\]")
_SAID_AFTER = regex(r"(?:^nginx: [^\n]*\n?)+\Z", re.MULTILINE)


class DumpFiles:
    """The files of an ``nginx -T`` output; nothing is read from the disk."""

    has_templates = False

    def __init__(self, text: str, name: Callable[[str], str]) -> None:
        self._name = name
        self._files: dict[str, SourceFile] = {}
        text = _SAID_AFTER.sub("", text)
        headings = list(_HEADING.finditer(text))
        for heading, following in zip(headings, [*headings[1:], None], strict=True):
            end = len(text) if following is None else following.start()
            path = os.path.normpath(heading[1])
            body = text[heading.end() + 1 : end]
            # nginx ends each file of the dump with a line end of its own
            body = body.removesuffix("\n").removesuffix("\r")
            self._files.setdefault(path, SourceFile(name(path), body))
        self._sorted = sorted(self._files)
        self.first = os.path.normpath(headings[0][1])

    def name(self, path: str) -> str:
        """The path that nginx used, as reports show it."""
        return self._name(path)

    def mapped(self, path: str) -> str:
        """A dump has the paths that nginx used."""
        return path

    def sees(self, pattern: str) -> bool | None:
        """Whatever nginx read is in the dump."""
        return True

    def matches(self, pattern: str) -> list[str]:
        """The files of the dump that a glob names, component by component."""
        parts = posix_glob(pattern).split("/")
        beginning = _MAGIC.split(pattern, maxsplit=1)[0]
        first = bisect_left(self._sorted, beginning)
        after = (self._sorted[index] for index in range(first, len(self._sorted)))
        candidates = takewhile(lambda path: path.startswith(beginning), after)
        return [path for path in candidates if _glob_match(path.split("/"), parts)]

    def identity(self, path: str) -> str:
        """The path itself."""
        return path

    def read(self, path: str) -> SourceFile:
        """The text under a heading. Raises :class:`MissingFileError`."""
        try:
            return self._files[path]
        except KeyError:
            raise MissingFileError("the dump does not have this file") from None


def _glob_match(path: Sequence[str], pattern: Sequence[str]) -> bool:
    return len(path) == len(pattern) and all(map(glob_match, path, pattern))


def is_dump(text: str) -> bool:
    """Whether a text is the output of ``nginx -T``, with or without what was said before it: by
    nginx itself, by the entry point of a container, by a shell. Such lines are no directives."""
    heading = _HEADING.search(text)
    if heading is None:
        return False
    before = text[: heading.start()].splitlines()
    return not any(line.rstrip().endswith((";", "{", "}")) for line in before)
