"""The text of a ``lint502.toml`` for what a run took without being asked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from lint502.findings import Problem
from lint502.initial.facts import toml
from lint502.nginx.files import absolute_path
from lint502.nginx.roots import STANDARD_INPUT
from lint502.nginx.version import NEWEST
from lint502.options import Options
from lint502.patterns import regex
from lint502.reading import shown
from lint502.report_model import DeploymentReport

_HEAD = "# The settings of lint502. What its command line says comes before them.\n"
_MISSING = regex(r"include (?P<written>\S+): .*name it in allow_missing")


class UnnameableError(Exception):
    """A path that no settings of a folder can name; ``str()`` has it, and says why."""


class Asked(Struct, frozen=True):
    """What counted in a run: its parts, the deployments and problems of its report, and what the
    command line says of roots, of the version and of whether to derive."""

    parts: Sequence[Options]
    deployments: Sequence[DeploymentReport]
    problems: Sequence[Problem]
    roots: Sequence[str] = ()
    nginx_version: str | None = None
    derive: bool | None = None


def settings_text(asked: Asked, folder: Path) -> str:
    """The settings with which a check in ``folder`` does what the run did. Raises
    :class:`UnnameableError`."""
    groups = [
        _roots(asked, folder),
        _derive(asked),
        _version(asked),
        _missing(asked.problems),
        _maps(asked.parts, folder),
    ]
    texts = ("".join(f"{line}\n" for line in group) for group in groups)
    return "\n".join((_HEAD, *filter(None, texts)))


def _roots(asked: Asked, folder: Path) -> Iterator[str]:
    found = [root for part in asked.parts if part.deployed is None for root in part.roots]
    roots = dict.fromkeys(below(root, folder) for root in asked.roots or found)
    if roots:
        yield f"roots = {toml(list(roots))}"
    if asked.deployments:
        yield "# From these deployments it is known which files nginx reads:"
    for one in asked.deployments:
        names = ", ".join(one.roots)
        yield shown(f"#   {one.name} ({one.nginx}): {names}")


def _derive(asked: Asked) -> Iterator[str]:
    if asked.derive is not None:
        yield f"derive = {toml(asked.derive)}"


def _version(asked: Asked) -> Iterator[str]:
    if asked.nginx_version is not None:
        yield f"nginx_version = {toml(asked.nginx_version)}"
        return
    stated = dict.fromkeys(_stated_versions(asked.parts))
    if stated:
        yield "# The version of nginx is known, and need not be repeated:"
        yield from stated
    else:
        yield "# The nginx that runs there; without it the newest known counts."
        yield f"# nginx_version = {toml(str(NEWEST))}"


def _stated_versions(parts: Iterable[Options]) -> Iterator[str]:
    for part in parts:
        if part.deployed is None or part.deployed.nginx.version is None:
            continue
        nginx = part.deployed.nginx
        image, version = nginx.container.program.image, nginx.version
        assert version is not None
        place = nginx.container.place if image is None else image.place
        tag = " (its tag floats)" if version[1] else ""
        yield shown(f"# nginx_version = {toml(version[0])}  # {place.file}:{place.line}{tag}")


def _missing(problems: Iterable[Problem]) -> Iterator[str]:
    """Includes that are not here, which may exist only where nginx runs."""
    found: dict[str, str] = {}
    for problem in problems:
        match = _MISSING.match(problem.message)
        if match is not None:
            found.setdefault(match["written"], f"{problem.file}:{problem.line}")
    if found:
        yield "# Includes that exist only where nginx runs:"
        where = shown(", ".join(found.values()))
        yield f"# allow_missing = {shown(toml(list(found)))}  # {where}"


def _maps(parts: Iterable[Options], folder: Path) -> Iterator[str]:
    maps = dict.fromkeys(one for part in parts for one in part.maps)
    if maps:
        yield "[map]"
    for one in maps:
        source = one.source if _is_outside(one.source, folder) else below(one.source, folder)
        yield f"{toml(source)} = {toml(below(one.target, folder))}"


def _is_outside(path: str, folder: Path) -> bool:
    return not f"{path}/".startswith(f"{str(folder).rstrip('/')}/")


def below(path: str, folder: Path) -> str:
    """A path below a folder, as settings there name it. Raises :class:`UnnameableError`."""
    if path == STANDARD_INPUT or _is_outside(absolute_path(path, folder), folder):
        raise UnnameableError(
            f"{shown(path)}, which is not below this folder; run lint502 init in a folder above it"
        )
    relative = os.path.relpath(absolute_path(path, folder), folder)
    if any(0xD800 <= ord(one) <= 0xDFFF for one in relative):
        raise UnnameableError(f"{shown(path)}, for that is not UTF-8")
    return relative
