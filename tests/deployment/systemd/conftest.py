"""A repository with units."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from lint502.deployment import systemd
from lint502.deployment.containers import Container, Project
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Text
from lint502.places import Place


class Units:
    """Units and other files of a repository."""

    def __init__(self, top: Path) -> None:
        self.top = top
        (top / ".git").mkdir()

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))

    def project(self) -> Project | None:
        """What all units of the repository run."""
        paths = [
            str(path)
            for path in sorted(self.top.rglob("*"))
            if path.suffix in (".service", ".socket")
        ]
        return systemd.project(Repository(self.top), paths)

    def service(self, text: str, name: str = "app.service") -> Container:
        """The only container, of a unit whose ``[Service]`` has some lines."""
        self.write(name, f"[Service]\nType=exec\n{dedent(text)}")
        found = self.project()
        assert found is not None
        (container,) = found.containers
        return container

    def place(self, name: str, line: int, words: str) -> Place:
        """The place of some words of a line."""
        text = (self.top / name).read_text().split("\n")[line - 1]
        start = text.index(words) + 1
        return Place(name, line, start, start + len(words), text)

    def text(self, name: str, line: int, words: str) -> Text:
        """Some words of a line, as a value."""
        return Text(words, self.place(name, line, words))


@pytest.fixture
def units(tmp_path: Path) -> Units:
    return Units(tmp_path)
