"""Python: requirements files, uv, Poetry, PDM, Pipenv, ``pylock.toml``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from lint502.declared.sources.lock_files.lines import (
    json_data,
    json_text,
    normalized,
    read,
    text_at,
    toml_packages,
)
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Text
from lint502.patterns import regex
from lint502.places import SourceFile

_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
_MOST_FILES = 30
_NAMES = ("requirements*.txt", "*requirements.txt")
_REQUIREMENT = regex(
    r"^[ \t]*(?P<name>[A-Za-z0-9][\w.-]*)[ \t]*(?:\[[^\]\n]*\][ \t]*)?"
    r"===?[ \t]*(?P<version>[\w.!+-]+)(?!\S*\*)[ \t]*(?P<marker>;[^\n\\]*)?",
    re.MULTILINE | re.ASCII,
)
_OTHER = regex(r"^[ \t]*(?:-r|-c|--requirement|--constraint)[ \t=]*(?P<path>[^\s#]+)", re.MULTILINE)


def versions(repository: Repository, folder: str, part: str, name: str) -> Iterator[Text]:
    """The versions of a package that the files of a folder pin."""
    normal = normalized(name)
    for lock in _LOCKS:
        source = read(repository, folder, lock)
        if source is not None and (not part or _has_member(source, part)):
            yield from toml_packages(source, normal)
    if part:
        return
    source = read(repository, folder, "Pipfile.lock")
    if source is not None:
        yield from _pipfile(source, normal)
    yield from _requirements(repository, folder, normal)


def _has_member(source: SourceFile, part: str) -> bool:
    """Whether a lock of uv has the program in a folder below as a member of its workspace."""
    return any(
        f'source = {{ {kind} = "{part}" }}' in source.text for kind in ("editable", "virtual")
    )


def _pipfile(source: SourceFile, normal: str) -> Iterator[Text]:
    default = json_data(source).get("default")
    for key, entry in default.items() if isinstance(default, dict) else ():
        pinned = entry.get("version") if isinstance(entry, dict) else None
        if normalized(key) == normal and isinstance(pinned, str) and pinned.startswith("=="):
            yield Text(pinned[2:], json_text(source, key, pinned).place)


def _requirements(repository: Repository, folder: str, normal: str) -> Iterator[Text]:
    """What requirements files pin, with those that they name in turn."""
    waiting = _requirement_files(repository, folder)
    seen: set[str] = set()
    while waiting and len(seen) < _MOST_FILES:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        source = repository.text(path) if repository.is_file(path) else None
        if source is None:
            continue
        yield from _pins(source, normal)
        for match in _OTHER.finditer(source.text):
            waiting.append(repository.absolute(match["path"], str(PurePosixPath(path).parent)))


def _requirement_files(repository: Repository, folder: str) -> list[str]:
    """The requirements files of a folder: ``requirements.txt``, or where there is none, all."""
    names = _names(repository, folder)
    found = [name for name in names if any(fnmatchcase(name, one) for one in _NAMES)]
    if "requirements.txt" in found:
        found = ["requirements.txt"]
    elif "requirements" in names:
        below = _names(repository, repository.absolute("requirements", folder))
        found += [f"requirements/{name}" for name in below if name.endswith(".txt")]
    return [repository.absolute(name, folder) for name in found[:_MOST_FILES]]


def _names(repository: Repository, folder: str) -> list[str]:
    """The names in a folder, sorted."""
    try:
        if repository.is_folder(folder):
            return sorted(path.name for path in Path(folder).iterdir())
    except (OSError, ValueError):
        pass
    return []


def _pins(source: SourceFile, normal: str) -> Iterator[Text]:
    for match in _REQUIREMENT.finditer(source.text):
        if normalized(match["name"]) == normal:
            yield text_at(source, match.start("version"), match.end("version"))
