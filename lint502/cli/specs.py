"""Spec files that are to be written."""

from __future__ import annotations

import os

from lint502.cli import output
from lint502.reading import UnreadableError, read_regular, shown

LARGEST = 4 * 1024**2
"""As large as lint502 reads one."""


def text_of(name: str) -> str | None:
    """The text of a file in the folder, None where there is none. One that is reached by a link is
    refused."""
    if os.path.realpath(name) != f"{os.path.realpath('.')}/{name}":
        output.fail(f"{shown(name)} is elsewhere, or a link; nothing is written")
    if not os.path.lexists(name):
        return None
    try:
        return read_regular(name, LARGEST).decode()
    except UnreadableError as error:
        output.fail(f"{shown(name)} {error}; nothing is written")
    except ValueError:
        output.fail(f"{shown(name)} is not UTF-8; nothing is written")
