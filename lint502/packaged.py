"""Files that are installed with lint502's modules."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec


def table_of(package: str, name: str) -> dict[str, Any]:
    """What a TOML file says that stands beside the modules of a package, which is imported.

    A wheel has the same as JSON besides, which ``hatch_build.py`` makes of it: that is read in a
    tenth of the time.
    """
    try:
        data = _beside(package, name.removesuffix(".toml") + ".json")
    except OSError:
        import tomli

        return tomli.loads(_beside(package, name).decode("utf-8"))
    table: dict[str, Any] = msgspec.json.decode(data)
    return table


def _beside(package: str, name: str) -> bytes:
    """The bytes of a file; as :mod:`importlib.resources` gives them, which takes 5 ms to import."""
    module = sys.modules[package]
    assert module.__file__ is not None and module.__spec__ is not None
    path = Path(module.__file__).with_name(name)
    data: bytes = module.__spec__.loader.get_data(str(path))  # type: ignore[union-attr]
    return data
