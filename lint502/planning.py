"""Which roots a run checks: those that are named, those that deployments have, or what is found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from lint502.checkout import Checkout
from lint502.findings import Problem
from lint502.nginx.files import absolute_path
from lint502.nginx.roots import STANDARD_INPUT, default_roots
from lint502.patterns import regex
from lint502.places import SourceFile
from lint502.reading import Reader, UnreadableError, decode, shown

if TYPE_CHECKING:
    from lint502.deployment.deployed import Around, Deployed
    from lint502.deployment.discovery import Discovered
    from lint502.deployment.repository import Repository
    from lint502.deployment.search import Found
    from lint502.deployment.texts import Unread

_MANIFEST = regex(rb"^\s*[\"']?apiVersion[\"']?\s*:", re.MULTILINE)

_MOST_NAMES = 5
"""As many files as a note names."""

_CUT_SHORT = "there are too many files, or includes, below this folder to look at them all"


class NoRootError(Exception):
    """There is nothing to check; ``str()`` says what to do."""


class NoDeploymentError(Exception):
    """There is no deployment of a name that is asked for; ``str()`` says which there are."""


class Plan(Struct, frozen=True):
    """The roots to check: ``plain`` ones by their paths, and the nginx of deployments. ``notes``
    are worth saying of how they were found, ``problems`` what was not looked at. ``around`` are the
    deployments that the plain roots do not belong to."""

    plain: tuple[str, ...]
    deployed: tuple[Deployed, ...] = ()
    around: Around | None = None
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    unread: tuple[Unread, ...] = ()
    """What could not be made out of the files of the deployments."""


def plan(
    folder: Path,
    named: Sequence[str],
    *,
    derive: bool,
    deployments: Sequence[str] = (),
    reader: Reader | None = None,
    checkout: Checkout | None = None,
    standard_input: Callable[[], bytes] = lambda: b"",
) -> Plan:
    """What a run in a folder checks. ``named`` are roots; with ``derive`` deployments are looked
    for, and with ``deployments`` only those of these names count. What ``standard_input`` gives for
    the root ``-`` may be manifests of Kubernetes.

    Raises :class:`NoRootError` and :class:`NoDeploymentError`.
    """
    deployed: tuple[Deployed, ...] = ()
    around: Around | None = None
    problems: tuple[Problem, ...] = ()
    unread: tuple[Unread, ...] = ()
    if derive and any(root != STANDARD_INPUT for root in named or ("",)):
        from lint502.deployment.files import files_of
        from lint502.deployment.repository import Repository

        repository = Repository(folder, reader, checkout)
        files = files_of(repository)
        if not (files.whole or named):
            problems = (Problem(".", None, f"{_CUT_SHORT}; name the roots"),)
        if files.any:
            from lint502.deployment.deployed import Around
            from lint502.deployment.discovery import discover

            found = discover(repository, files)
            deployed = found.deployed
            around = Around(found.projects, repository) if found.projects else None
            problems += tuple(_problems(found))
            unread = found.unread
        deployed = _chosen(deployed, deployments)
    elif deployments:
        deployed = _chosen((), deployments)
    if derive and STANDARD_INPUT in named:
        from lint502.deployment.repository import Repository

        given = _manifests(standard_input(), Repository(folder, reader, checkout))
        if given:
            named = [root for root in named if root != STANDARD_INPUT]
            deployed = (*given, *deployed)
            if not named:
                return Plan((), given, None, (), problems, unread)
    if named:
        return Plan(*_by_readers(named, deployed, folder), around, (), problems, unread)
    passing = tuple(one for one in deployed if one.has_pass())
    if passing:
        return Plan((), passing, None, (), problems, unread)
    usual = tuple(default_roots(folder, reader))
    if usual:
        return Plan(*_by_readers(usual, deployed, folder), around, (), problems, unread)
    return replace(_searched(folder, deployed, around, problems, reader), unread=unread)


def _searched(
    folder: Path,
    deployed: Sequence[Deployed],
    around: Around | None,
    problems: tuple[Problem, ...],
    reader: Reader | None,
) -> Plan:
    from lint502.deployment.search import search

    found = search(folder, reader)
    notes = tuple(_on_search(found))
    if not found.roots:
        said = "".join(f"; {note}" for note in notes)
        said += "" if found.whole else f"; {_CUT_SHORT}"
        raise NoRootError(
            "no nginx configuration is named, and no file below this folder is one with a "
            f"pass{said}; name one, for example: lint502 check deploy/nginx.conf"
        )
    if not found.whole:
        problems = (Problem(".", None, f"{_CUT_SHORT}; name the roots"),)
    return Plan(*_by_readers(found.roots, deployed, folder), around, notes, problems)


def _by_readers(
    roots: Sequence[str], deployed: Sequence[Deployed], folder: Path
) -> tuple[tuple[str, ...], tuple[Deployed, ...]]:
    """The roots that no nginx of a deployment reads, and those that read the others."""
    readers = [(root, list(_reading(deployed, root, folder))) for root in roots]
    plain = tuple(root for root, reading in readers if not reading)
    return plain, tuple(dict.fromkeys(one for _, reading in readers for one in reading))


def _manifests(data: bytes, repository: Repository) -> tuple[Deployed, ...]:
    """The nginx that rendered manifests run, such as the output of ``helm template``.

    Raises :class:`NoRootError` where they run none that has a configuration of its own.
    """
    if _MANIFEST.search(data) is None:
        return ()
    from lint502.deployment import kubernetes
    from lint502.deployment.discovery import deployed_of

    try:
        source = SourceFile("<stdin>", decode(data))
    except UnreadableError:
        return ()
    project = kubernetes.project_of("<stdin>", source)
    found = tuple(deployed_of(project, repository))
    if not found:
        raise NoRootError(
            "standard input has manifests of Kubernetes, but no pod of them runs an nginx with a "
            "configuration that they have"
        )
    return found


def _problems(found: Discovered) -> Iterator[Problem]:
    """What was not looked at: a Compose file that is none."""
    for project in found.projects:
        if project.kind == "compose" and not project.containers:
            for one in project.unread:
                yield Problem(one.place.file, one.place.line, f"this file {one.why}")


def _reading(deployed: Sequence[Deployed], root: str, folder: Path) -> Iterator[Deployed]:
    """The nginx of deployments that read a root."""
    if root != STANDARD_INPUT:
        path = absolute_path(root, folder)
        yield from (one for one in deployed if one.reads(path))


def _chosen(deployed: Sequence[Deployed], names: Sequence[str]) -> tuple[Deployed, ...]:
    """Those of the deployments that are asked for: by their names, or else by those of one of
    their files."""
    if not names:
        return tuple(deployed)
    found = []
    for name in names:
        wanted = [one for one in deployed if name == one.nginx.project.name]
        wanted = wanted or [one for one in deployed if name in one.nginx.project.files]
        if not wanted:
            known = dict.fromkeys(one.nginx.project.name for one in deployed)
            there = f"there are {_few(tuple(known))}" if known else "there is none with an nginx"
            raise NoDeploymentError(f"no deployment is called {shown(name)}; {there}")
        found += wanted
    return tuple(dict.fromkeys(found))


def on_deployed(deployed: Deployed) -> Iterator[str]:
    """What is worth saying of how the files of a deployment were found."""
    nginx = deployed.nginx
    where = f"{nginx.project.name}: {nginx.container.name}"
    if nginx.guessed:
        yield f"{where}: the main file of its image is not known; taken to include conf.d/*.conf"
    if nginx.version is not None and nginx.version[1]:
        yield f"{where}: its tag floats; taken for nginx {nginx.version[0]}"
    examples = sorted(name for name, text in nginx.values.items() if text.example)
    if examples:
        yield f"{where}: values of {', '.join(examples)} are those of an example file"


def _on_search(found: Found) -> Iterator[str]:
    """What is worth saying of roots that were searched for."""
    if found.roots:
        roots = _few(found.roots)
        yield f"nothing names a root; taken for what has a pass: {roots}"


def _few(paths: Sequence[str]) -> str:
    names = ", ".join(shown(path) for path in paths[:_MOST_NAMES])
    more = len(paths) - _MOST_NAMES
    return f"{names} and {more} more" if more > 0 else names
