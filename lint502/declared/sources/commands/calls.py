"""A program that is run with its arguments, and what it is found to be."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from lint502.declared.listeners import Fact
from lint502.declared.sources.commands.words import Variables, Word, name_of
from lint502.deployment.filesystem import ContainerFiles
from lint502.deployment.texts import Unread
from lint502.places import Place, SourceFile

Facts = Mapping[str, Fact[Any]]


class Surroundings(Struct, frozen=True):
    """What is the same for all programs of a container: its files, the working directory of the
    first one, and the folder of this machine that was built there; the image, and whether a
    Dockerfile of the repository builds on it."""

    files: ContainerFiles
    top: str
    folder: str | None
    image: str | None = None
    built: bool = True

    def source(self, path: str) -> SourceFile | None:
        """The text of a file of the container; of one that is not known to be there, that of the
        build folder, which such images are made from."""
        found = self.files.source(path)
        if found is not None or self.folder is None:
            return found
        top = self.top.rstrip("/") + "/"
        if not path.startswith(top):
            return None
        return self.files.repository.text(
            posixpath.normpath(posixpath.join(self.folder, path[len(top) :]))
        )

    def matching(self, pattern: str) -> list[tuple[str, SourceFile]]:
        """The files of the container whose paths fit a pattern with ``*`` in its last part, with
        their texts, sorted."""
        folder, name = posixpath.split(pattern)
        paths = (
            posixpath.join(folder, one)
            for one in self.files.listing(folder).names
            if fnmatchcase(one, name)
        )
        found = ((path, self.files.source(path)) for path in paths)
        return [(path, source) for path, source in found if source is not None]


class Call(Struct, frozen=True):
    """A program with its arguments, the variables that it sees and the folder that it runs in.

    ``words[0]`` is the program.
    """

    words: tuple[Word, ...]
    variables: Variables
    folder: str
    surroundings: Surroundings

    @property
    def name(self) -> str:
        """The program, without the folder that it is in."""
        return name_of(self.words[0])

    @property
    def arguments(self) -> tuple[Word, ...]:
        """All words but the program."""
        return self.words[1:]

    @property
    def place(self) -> Place:
        """Where the program is named."""
        return self.words[0].place

    def path(self, name: str) -> str:
        """A path as this program would look it up."""
        return posixpath.normpath(posixpath.join(self.folder, name))

    def source(self, name: str) -> SourceFile | None:
        """The text of a file that it names."""
        return self.surroundings.source(self.path(name))

    def first_source(self, *names: str) -> SourceFile | None:
        """That of the first of several that is there."""
        return next((one for one in map(self.source, names) if one is not None), None)

    def variable(self, *names: str) -> Word | None:
        """The first of several variables that is set."""
        return next((self.variables[name] for name in names if name in self.variables), None)

    def running(self, words: Iterable[Word]) -> Call:
        """Another program run in its place."""
        return replace(self, words=tuple(words))


class Result(Struct, frozen=True):
    """What a program is found to be: names of what is recognised, what it listens at.

    ``whole``: it listens at nothing else. ``stays``: it goes on running in the background, as
    ``nginx`` does by itself.
    """

    programs: tuple[str, ...] = ()
    listeners: tuple[Facts, ...] = ()
    whole: bool = True
    unread: tuple[Unread, ...] = ()
    stays: bool = False


NOTHING = Result()
"""A program that listens at nothing."""


class Next(Struct, frozen=True):
    """What a program runs in its turn: calls of programs, or a text for the shell.

    ``known``: nothing else that may listen is run.
    """

    calls: tuple[Call, ...] = ()
    texts: tuple[ShellText, ...] = ()
    known: bool = True
    programs: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()
    listeners: tuple[Facts, ...] = ()
    """What the program listens at itself."""


class ShellText(Struct, frozen=True):
    """A text that a shell runs: a script, or the text behind ``-c``.

    ``parameters`` are ``$1``, ``$2`` …; ``source`` is the file that the text is, None where it is
    written at ``place``.
    """

    text: str
    place: Place
    call: Call
    parameters: tuple[Word, ...] = ()
    source: SourceFile | None = field(default=None)
