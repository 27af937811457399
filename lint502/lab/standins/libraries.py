"""The libraries of the extra ``lab``, which plain lint502 does without."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from lint502 import installation
from lint502.lab.bench import LabError

LIBRARIES = {"dns": "dnspython", "h11": "h11", "h2": "h2", "trustme": "trustme"}
"""The packages of the extra, by the name of a module of each."""


def lacking(modules: Collection[str]) -> str:
    """What is missing, and the command that installs it."""
    names = sorted(LIBRARIES.get(name.partition(".")[0], name) for name in modules)
    said = " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
    return f"proofs need {said}; install {'it' if len(names) == 1 else 'them'} with: " + (
        installation.command(*names)
    )


@contextmanager
def needed() -> Iterator[None]:
    """Around an import: raises LabError, which says what to install, where it fails."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise LabError(lacking([error.name or ""])) from None
