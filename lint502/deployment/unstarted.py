"""Servers whose configuration a repository has, though no file of it says who starts them: each is
taken for a process of the machine on which nginx runs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from lint502.deployment.containers import HOST, Container, Program, Project
from lint502.deployment.layers import Files
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Words
from lint502.places import Place

MOST = 50
"""As many configurations as are looked at."""

_FOLDER = "/srv/repository"
"""Where the repository is for such a process; no configuration names it."""


class _Kind(Struct, frozen=True):
    """A server by the name of its configuration, by what that has, and by how it is started."""

    name: re.Pattern[str]
    has: re.Pattern[str]
    words: tuple[str, ...]


_KINDS = (
    _Kind(
        re.compile(r".*\.ini"), re.compile(r"^\[uwsgi\]", re.MULTILINE), ("uwsgi", "--ini", "{}")
    ),
    _Kind(
        re.compile(r"gunicorn.*\.py|.*gunicorn\.conf\.py"),
        re.compile(r"^bind\s*=", re.MULTILINE),
        ("gunicorn", "-c", "{}", "app:app"),
    ),
    _Kind(
        re.compile(r".*\.conf"),
        re.compile(r"^\[[\w.-]+\][^\[]*?^\s*listen\s*=[^\[]*?^\s*pm\b", re.MULTILINE | re.DOTALL),
        ("php-fpm", "-y", "{}"),
    ),
)


def unstarted(repository: Repository, paths: Iterable[str]) -> Project | None:
    """The servers whose configurations are among some files; None where there are none."""
    found = list(_containers(repository, paths))
    if not found:
        return None
    files = tuple(one.place.file for one in found)
    return Project("settings of servers", "host", tuple(found), files=files)


def _containers(repository: Repository, paths: Iterable[str]) -> Iterator[Container]:
    left = MOST
    for path in paths:
        name = os.path.basename(path)
        kinds = [kind for kind in _KINDS if kind.name.fullmatch(name)]
        source = repository.text(path) if kinds and left else None
        if source is None:
            continue
        for kind in kinds:
            if kind.has.search(source.text):
                left -= 1
                inner = os.path.relpath(path, repository.folder)
                here = f"{_FOLDER}/{inner}"
                place = Place(source.name, 1, 1, 2, source.line(1))
                words = tuple(word.replace("{}", here) for word in kind.words)
                program = Program(
                    Words(words, place), None, workdir=os.path.dirname(here), open=True
                )
                layer = Files(_FOLDER, repository.folder, place)
                yield Container(source.name, place, program, namespace=HOST, layers=(layer,))
                break
