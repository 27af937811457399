"""Files that show what a ``.env`` may hold: hints, for the real values are elsewhere."""

from __future__ import annotations

import os

from lint502.deployment import dotenv
from lint502.deployment.interpolation import Variables
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Text

_WORDS = ("example", "sample", "template", "dist", "default", "defaults", "dev", "development")


def example_variables(repository: Repository, path: str) -> dict[str, Text]:
    """The values that the examples of a ``.env`` file give, the first one that gives one first."""
    found: dict[str, Text] = {}
    for name in example_names(os.path.basename(path)):
        example = os.path.join(os.path.dirname(path), name)
        source = repository.text(example) if repository.is_file(example) else None
        if source is None:
            continue
        values = dotenv.read(source, Variables(found), example=True).variables.known
        found = {**values, **found}
    return found


def example_names(name: str) -> list[str]:
    """The names of examples of a file: ``.env.example``, ``example.env``, ``env.sample`` for
    ``.env``; ``api.env.example``, ``api.example.env`` and, after them, those of ``.env`` for
    ``api.env``."""
    stem, suffix = os.path.splitext(name)
    names = [f"{name}{separator}{word}" for separator in ".-_" for word in _WORDS]
    if suffix == ".env" and stem:
        names += [f"{stem}.{word}.env" for word in _WORDS]
    if name == ".env":
        names += [f"{word}.env" for word in _WORDS]
        names += [f".{word}.env" for word in _WORDS]
        names += [f"env.{word}" for word in _WORDS]
        names += [f"env-{word}" for word in _WORDS]
        return names
    return names + example_names(".env")
