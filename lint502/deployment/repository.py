"""The files of a repository that say how it is run: bounded, each read once, none outside it."""

from __future__ import annotations

import os
from pathlib import Path

from lint502.checkout import Checkout, LeadsOutError
from lint502.places import SourceFile
from lint502.reading import Reader, RealPaths, UnreadableError, below, decode, shown

MAX_FILE_BYTES = 4 * 1024**2
MAX_TOTAL_BYTES = 64 * 1024**2
MAX_FILES = 5_000


class Repository:
    """The files below a folder, and of the checkout that it is in.

    ``overlay`` has texts of files, by real path, that count instead of what the disk has.
    """

    def __init__(
        self, folder: Path, reader: Reader | None = None, checkout: Checkout | None = None
    ) -> None:
        self.folder = str(folder)
        self._reader = Reader() if reader is None else reader
        self._checkout = Checkout.around(folder) if checkout is None else checkout
        self._real = RealPaths()
        self._sources: dict[str, SourceFile | UnreadableError] = {}
        self._total = 0

    def absolute(self, path: str, base: str | None = None) -> str:
        """A path as a file in the folder ``base`` writes it; links are not followed."""
        return os.path.normpath(os.path.join(base or self.folder, path))

    def name(self, path: str) -> str:
        """A path as reports show it: relative where it lies below the folder."""
        return shown(below(path, self.folder) or path)

    def holds(self, path: str) -> bool:
        """Whether a path lies in the checkout; elsewhere another machine has other files."""
        return self._checkout.holds_real(self._real.of(path))

    def is_file(self, path: str) -> bool:
        """Whether there is a file of the checkout that can be read."""
        return self._reader.is_file(path) and not self._leads_out(path)

    def is_folder(self, path: str) -> bool:
        """Whether there is a folder of the checkout."""
        return os.path.isdir(path) and not self._leads_out(path)

    def exists(self, path: str) -> bool:
        """Whether there is anything of that name."""
        return self._reader.exists(path)

    def names_in(self, folder: str) -> list[str]:
        """What is in a folder, sorted. Raises :class:`OSError` where it cannot be listed."""
        return self._reader.names_in(folder)

    def source(self, path: str) -> SourceFile:
        """The text of a file. Raises :class:`~lint502.reading.UnreadableError`, worded to follow
        "this file"."""
        found = self._sources.get(path)
        if found is None:
            try:
                found = self._read(path)
            except UnreadableError as error:
                found = error
            self._sources[path] = found
        if isinstance(found, UnreadableError):
            raise found.with_traceback(None)
        return found

    def text(self, path: str) -> SourceFile | None:
        """The text of a file; None where it cannot be read."""
        try:
            return self.source(path)
        except UnreadableError:
            return None

    def sources(self) -> tuple[SourceFile, ...]:
        """The files that were read."""
        return tuple(one for one in self._sources.values() if isinstance(one, SourceFile))

    def _read(self, path: str) -> SourceFile:
        if self._leads_out(path):
            if self._checkout.leads_out(path):
                raise LeadsOutError
            raise UnreadableError("lies outside of the checkout")
        if len(self._sources) >= MAX_FILES:
            raise UnreadableError(
                f"and {MAX_FILES} others say how the repository is run; lint502 reads no more"
            )
        data = self._reader.data(path, MAX_FILE_BYTES)
        self._total += len(data)
        if self._total > MAX_TOTAL_BYTES:
            raise UnreadableError(
                f"and those before it come to more than {MAX_TOTAL_BYTES // 1024**2} MB; lint502 "
                "stops here"
            )
        return SourceFile(self.name(path), decode(data.removeprefix(b"\xef\xbb\xbf")))

    def _leads_out(self, path: str) -> bool:
        return not self.holds(path)
