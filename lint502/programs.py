"""Programs of this machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def found(name: str, *more: str) -> str | None:
    """The path of a program on the PATH, or else in one of the folders ``more``; None where there
    is none.

    Of the PATH only absolute entries count: any other leads into the working directory, where lie
    the files that are checked, which are not to be run.
    """
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    folders = [entry for entry in entries if Path(entry).is_absolute()]
    return shutil.which(name, path=os.pathsep.join((*folders, *more)))
