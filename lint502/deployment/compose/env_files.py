"""Files of variables: ``.env``, what ``env_file`` names, and the examples of both, within bounds.

An example (``.env.example``) shows what a file may hold that is not in the repository; what it says
is a hint, for the real values are elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from lint502.deployment import dotenv
from lint502.deployment.dotenv import EnvFile
from lint502.deployment.interpolation import Stacked, Variables
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Text
from lint502.reading import UnreadableError

MAX_READ = 32 * 1024**2
"""Characters of all such files together, as often as they are read; a line counts as 50 more, and a
variable of a service as 10."""

MAX_EXAMPLES = 1_000
"""Files of which examples are looked for."""

_WORDS = ("example", "sample", "template", "dist", "default", "defaults", "dev", "development")


class EnvFiles:
    """The files of variables of a repository."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._left = MAX_READ
        self._alone: dict[tuple[str, bool], EnvFile] = {}
        self._examples: dict[str, Mapping[str, Text]] = {}

    def read(self, path: str, outer: Variables, *, raw: bool = False) -> EnvFile:
        """The variables of a file, where ``outer`` are set already. Raises
        :class:`~lint502.reading.UnreadableError`."""
        found = self._alone.get((path, raw))
        if found is None:
            source = self._repository.source(path)
            self._take(len(source.text) + 50 * source.text.count("\n"))
            found = dotenv.read(source, outer, raw=raw)
            if found.alone:
                self._alone[path, raw] = found
        self._take(10 * len(found.variables.known))
        return found

    def examples(self, path: str) -> Mapping[str, Text]:
        """The values that the examples of a file give; of several the first one."""
        if path not in self._examples and len(self._examples) < MAX_EXAMPLES:
            self._examples[path] = self._read_examples(path)
        return self._examples.get(path, {})

    def _read_examples(self, path: str) -> Mapping[str, Text]:
        found: dict[str, Text] = {}
        for name in example_names(os.path.basename(path)):
            example = os.path.join(os.path.dirname(path), name)
            source = self._repository.text(example) if os.path.lexists(example) else None
            if source is not None:
                values = dotenv.read(source, Variables(found), example=True).variables.known
                found = {**values, **found}
        return found

    def _take(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise UnreadableError(
                f"and the other files of variables come to more than {MAX_READ // 1024**2} MB, as "
                "often as services name them; lint502 reads no more"
            )


def outer_of(own: Mapping[str, Text], variables: Variables) -> Variables:
    """What a file of a service has around it: the project's variables, then those of the service
    itself."""
    return Variables(Stacked(variables.known, own), variables.unknown)


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
