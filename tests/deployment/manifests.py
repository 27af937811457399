"""Manifests for tests, read as from standard input, and the places of words in them."""

from __future__ import annotations

from textwrap import dedent

from lint502.deployment import kubernetes
from lint502.deployment.containers import Container, Project
from lint502.deployment.texts import Text
from lint502.places import Place, SourceFile

NAME = "k8s.yaml"


class Written:
    """A text with manifests, under the name ``k8s.yaml``."""

    def __init__(self, text: str) -> None:
        self.source = SourceFile(NAME, dedent(text))

    def project(self) -> Project:
        """What it runs."""
        return kubernetes.project_of("k8s/", self.source)

    def place(self, words: str, number: int = 1) -> Place:
        """The place of the last one of some words, where they stand for the n-th time:
        ``"name: web"`` is that of ``web``."""
        start = -1
        for _ in range(number):
            start = self.source.text.index(words, start + 1)
        line = self.source.text.count("\n", 0, start) + 1
        before = self.source.text.rfind("\n", 0, start) + 1
        word = words.split(" ")[-1]
        column = start - before + len(words) - len(word) + 1
        return Place(NAME, line, column, column + len(word), self.source.line(line))

    def text(self, words: str, number: int = 1) -> Text:
        """The last one of some words, as a value."""
        return Text(words.split(" ")[-1].strip("\"'"), self.place(words, number))


def deployment(name: str, container: str, more: str = "") -> str:
    """A Deployment with one container of its name, whose fields are lines of YAML."""
    fields = "".join(f"        {line}\n" for line in dedent(container).strip().splitlines())
    pod = "".join(f"      {line}\n" for line in dedent(more).strip().splitlines())
    return (
        f"---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n"
        f"  template:\n    metadata:\n      labels:\n        app: {name}\n    spec:\n"
        f"{pod}      containers:\n      - name: {name}\n{fields}"
    )


def only(project: Project) -> Container:
    """The container of a project that has one."""
    (found,) = project.containers
    return found
