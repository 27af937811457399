"""Compose projects for tests: files written to a folder, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lint502.deployment import compose
from lint502.deployment.containers import Container, Image, Project
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Text
from lint502.places import SourceFile
from tests.support.sites import write


class Builds:
    """Builds nothing: notes what is asked for, and gives the image that it was made with."""

    def __init__(self, image: Image | None = None) -> None:
        self.image = image or Image(None)
        self.asked: list[dict[str, object]] = []

    def __call__(
        self,
        repository: Repository,
        dockerfile: str | SourceFile,
        context: str,
        *,
        target: str | None = None,
        args: Mapping[str, Text | None] | None = None,
        contexts: Mapping[str, str] | None = None,
    ) -> Image:
        inline = dockerfile.text if isinstance(dockerfile, SourceFile) else None
        name = "" if isinstance(dockerfile, SourceFile) else repository.name(dockerfile)
        values = {key: one and one.value for key, one in (args or {}).items()}
        self.asked.append(
            {
                "dockerfile": inline or name,
                "context": repository.name(context),
                "target": target,
                "args": values,
                "contexts": {key: repository.name(one) for key, one in (contexts or {}).items()},
            }
        )
        return self.image


def projects(
    folder: Path, files: Mapping[str, str], image: Image | None = None
) -> dict[str, Project]:
    """The projects of files, by their names; all YAML files are Compose files."""
    write(folder, dict(files))
    paths = [str(folder / name) for name in files if name.endswith((".yml", ".yaml"))]
    found = compose.projects(Repository(folder), paths, Builds(image))
    return {one.name: one for one in found}


def project(
    folder: Path, text: str, files: Mapping[str, str] | None = None, image: Image | None = None
) -> Project:
    """The project of ``compose.yaml``."""
    return projects(folder, {"compose.yaml": text, **(files or {})}, image)["compose.yaml"]


def service(folder: Path, text: str, files: Mapping[str, str] | None = None) -> Container:
    """The service ``web`` of ``compose.yaml``, of which ``text`` has the keys."""
    lines = "".join(f"    {line}\n" for line in text.strip("\n").split("\n"))
    written = {"compose.yaml": f"services:\n  web:\n    image: web\n{lines}", **(files or {})}
    (found,) = projects(folder, written)["compose.yaml"].containers
    return found
