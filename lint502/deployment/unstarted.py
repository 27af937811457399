"""Servers whose configuration a repository has, though no file of it says who starts them: each is
taken for a process of the machine on which nginx runs."""

from __future__ import annotations

import os
from collections.abc import Iterable

from lint502.deployment.containers import HOST, Container, Program, Project
from lint502.deployment.layers import Files
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Words
from lint502.places import Place

_FOLDER = "/srv/repository"
"""Where the repository is for such a process; no configuration names it."""


def unstarted(
    repository: Repository, settings: Iterable[tuple[str, tuple[str, ...]]]
) -> Project | None:
    """The servers of some configurations, each with how it is started; None where there are
    none."""
    found = tuple(_container(repository, path, words) for path, words in settings)
    if not found:
        return None
    files = tuple(one.place.file for one in found)
    return Project("settings of servers", "host", found, files=files)


def _container(repository: Repository, path: str, started: tuple[str, ...]) -> Container:
    source = repository.text(path)
    first = "" if source is None else source.line(1)
    here = f"{_FOLDER}/{os.path.relpath(path, repository.folder)}"
    place = Place(repository.name(path), 1, 1, 2, first)
    words = tuple(word.replace("{}", here) for word in started)
    program = Program(Words(words, place), None, workdir=os.path.dirname(here), open=True)
    layer = Files(_FOLDER, repository.folder, place)
    return Container(place.file, place, program, namespace=HOST, layers=(layer,))
