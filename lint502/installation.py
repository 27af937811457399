"""How lint502 is installed here, and so how something is installed beside it."""

from __future__ import annotations

import shlex
import sys
from importlib.util import find_spec
from pathlib import Path


def command(*packages: str, again: bool = False) -> str:
    """The command that installs packages where lint502 runs, such as ``pipx inject lint502 h2``;
    ``again``: also where they seem to be there already."""
    forced = ("--force-reinstall", "--no-deps") if again else ()
    environment = Path(sys.prefix)
    if (environment / "pipx_metadata.json").is_file():
        words = ["pipx", "inject", environment.name]
        if again:
            words = ["pipx", "runpip", environment.name, "install", *forced]
    elif find_spec("pip") is not None:
        words = [sys.executable or "python3", "-m", "pip", "install", *forced]
    else:  # uv makes environments without pip
        words = ["uv", "pip", "install", "--python", sys.executable, *forced]
    return shlex.join((*words, *packages))
