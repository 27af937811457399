"""The checkout: what the files of a repository may name and lead to without being asked.

What is checked may come from anybody, its settings and its links too. A setting that names a file
elsewhere, or a link that leads there, would bring that file's text into a report.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from lint502.reading import UnreadableError


class LeadsOutError(UnreadableError):
    """A link in the checkout leads out of it."""

    def __init__(self) -> None:
        super().__init__(
            "is reached by a link that leads out of the checkout; name what it leads to on the "
            "command line, or allow that with --allow-path"
        )


GIT = ".git"
"""Git's own folder, in which a checkout has nothing to name: also a job's token may be there."""


class Checkout(Struct, frozen=True):
    """The folder ``top`` with all below it, and the folders ``allowed`` elsewhere that whoever runs
    lint502 has named; both real paths."""

    top: str
    allowed: tuple[str, ...] = ()

    @classmethod
    def around(cls, folder: Path, allowed: Iterable[str] = ()) -> Checkout:
        """The repository that a folder belongs to, or the folder where it belongs to none."""
        top = _repository(str(folder)) or str(folder)
        return cls(os.path.realpath(top), tuple(map(os.path.realpath, allowed)))

    def holds(self, path: str) -> bool:
        """Whether what an absolute path leads to lies in the checkout, but not in its ``.git``,
        which has credentials; or where it is allowed."""
        return "\0" in path or self.holds_real(os.path.realpath(path))

    def holds_real(self, real: str) -> bool:
        """The same of a path whose links were followed; a NUL byte no file has in its name."""
        if "\0" in real:
            return True
        if any(_below(real, folder) for folder in self.allowed):
            return True
        return _below(real, self.top) and not _below(real, f"{self.top}/{GIT}")

    def leads_out(self, path: str) -> bool:
        """Whether a file that was found at an absolute path, with links not followed, is in this or
        another repository, but what it leads to is not."""
        if _below(path, self.top):
            return not self.holds(path)
        top = _repository(str(Path(path).parent))
        if top is None:
            return False
        return not Checkout(os.path.realpath(top), self.allowed).holds(path)


def _repository(folder: str) -> str | None:
    """The nearest folder from here upwards that is the top of a repository."""
    path = Path(folder)
    return next(
        (str(one) for one in (path, *path.parents) if os.path.lexists(one / GIT)),
        None,
    )


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
