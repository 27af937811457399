"""Which projects the Compose files of a repository are, alone and put together.

See ``docs/decisions/0022-compose-projects.md``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from lint502.deployment.compose.loading import Loader, Model
from lint502.deployment.compose.values import Keyed, Scalar, as_keyed, each, each_text
from lint502.deployment.compose.volume_syntax import volume_of
from lint502.deployment.texts import UNKNOWN
from lint502.reading import UnreadableError

_FIRST = ("compose", "docker-compose")
"""The names that Compose looks for, without their suffix."""

_OVERRIDE = tuple(f"{name}.override" for name in _FIRST)
MAX_OVERLAYS = 200
"""Overlays of which each is put over a base."""


class Choice(Struct, frozen=True):
    """Files that are one project together, by their paths; or, alone, one that cannot be read."""

    files: tuple[str, ...]
    model: Model | None = None
    error: UnreadableError | None = None
    shown: tuple[str, ...] = ()
    """The files that the project is named after."""
    part: bool = False
    """Whether it is only part of a project, of which the rest is not known."""


class _Candidate(Struct, frozen=True):
    """A file alone, with its ``services`` and what it ``has`` (``"service web"``, ``"network
    front"``). ``lacks`` are services without image or build, networks, services and so on
    that it names but does not have; ``bare``: no service of it has an image."""

    path: str
    model: Model
    services: frozenset[str]
    has: frozenset[str]
    lacks: frozenset[str]
    bare: bool


def choices(loader: Loader, paths: Sequence[str]) -> list[Choice]:
    """The projects that Compose files are."""
    unreadable: list[Choice] = []
    alone: dict[str, _Candidate] = {}
    for path in dict.fromkeys(paths):
        (read,) = _loaded(loader, (path,), (path,))
        if read.model is None:
            unreadable.append(read)
        else:
            alone[path] = _candidate(path, read.model)
    included = {one for candidate in alone.values() for one in candidate.model.included}
    named = {
        one for path, candidate in alone.items() for one in candidate.model.files if one != path
    }
    candidates = {
        path: one
        for path, one in alone.items()
        if path not in included and not (one.lacks and path in named)
    }
    found: list[Choice] = []
    used: set[str] = set()
    overlays = 0
    for folder, files in _by_folder(candidates).items():
        stated = _stated(loader, folder, files)
        overrides = _overrides(files)
        if stated is not None:
            found += _loaded(loader, stated, stated)
            used |= set(stated)
        for path in files:
            if path in used or path in overrides.values():
                continue
            one = candidates[path]
            override = overrides.get(path)
            if override is not None:
                found += _loaded(loader, (path, override), (path,))
            elif not one.lacks or (_stem(path) in _FIRST and not one.bare):
                found.append(_alone(one))
            else:
                base = None
                if overlays < MAX_OVERLAYS:
                    base = _base(one, candidates, set(overrides.values()))
                if base is not None:
                    overlays += 1
                    found += _loaded(loader, (base, path), (base, path))
                elif not one.bare:
                    found.append(_alone(one))
    return [*found, *unreadable]


def _alone(one: _Candidate) -> Choice:
    part = any(name.startswith("service ") for name in one.lacks)
    return Choice((one.path,), one.model, shown=(one.path,), part=part)


def _loaded(loader: Loader, files: Sequence[str], shown: Sequence[str]) -> list[Choice]:
    try:
        return [Choice(tuple(files), loader.model(files), shown=tuple(shown))]
    except UnreadableError as error:
        return [Choice(tuple(files), error=error, shown=tuple(shown))]


def _by_folder(candidates: Mapping[str, _Candidate]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in candidates:
        found.setdefault(os.path.dirname(path), []).append(path)
    return found


def _stated(loader: Loader, folder: str, files: Sequence[str]) -> tuple[str, ...] | None:
    """The files that ``COMPOSE_FILE`` of ``.env`` names, if it names several that are there."""
    known = loader.variables(folder, []).known
    text = known.get("COMPOSE_FILE")
    if text is None:
        return None
    separator = known.get("COMPOSE_PATH_SEPARATOR")
    names = text.value.split(separator.value if separator and separator.value else ":")
    paths = [loader.repository.absolute(name, folder) for name in names if name]
    if len(paths) < 2 or not all(map(loader.repository.is_file, paths)):
        return None
    return tuple(paths) if paths[0] in files else None


def _overrides(files: Sequence[str]) -> dict[str, str]:
    """The overrides that Compose merges by their names, by the file that they are merged into."""
    found = {}
    over = [path for path in files if _stem(path) in _OVERRIDE]
    for path in files:
        stem = _stem(path)
        if stem not in _FIRST or not over:
            continue
        named = [one for one in over if _stem(one) == f"{stem}.override"]
        others = [one for one in files if _stem(one) in _FIRST and one != path]
        if named or not others:
            found[path] = (named or over)[0]
    return found


def _base(
    overlay: _Candidate, candidates: Mapping[str, _Candidate], overrides: set[str]
) -> str | None:
    """The file that an overlay is put over: one of its folder, or of the folder above, that has
    what it lacks; one by whose name its own begins before others."""
    folder = os.path.dirname(overlay.path)
    for where in (folder, os.path.dirname(folder)):
        found = [
            one
            for one in candidates.values()
            if os.path.dirname(one.path) == where
            and one.path != overlay.path
            and one.path not in overrides
            and (not one.lacks or _stem(one.path) in _FIRST)
            and one.has & overlay.lacks
        ]
        if found:
            return max(found, key=lambda one: _likeness(overlay, one)).path
    return None


def _likeness(overlay: _Candidate, base: _Candidate) -> tuple[bool, int, int, bool]:
    """How well a base fits: its name, what it has of what lacks, services of the same name."""
    stem, other = _stem(overlay.path), _stem(base.path)
    like = re.match(rf"{re.escape(other)}[._-]", stem) is not None
    return (
        like,
        len(overlay.lacks & base.has),
        len(overlay.services & base.services),
        other in _FIRST,
    )


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]


def _candidate(path: str, model: Model) -> _Candidate:
    services = model.sections.get("services")
    every = {
        name: one
        for name, one in (services.entries if services is not None else {}).items()
        if isinstance(one, Keyed)
    }
    bare = {
        name
        for name, one in every.items()
        if one.get("image") is None and one.get("build") is None and one.get("provider") is None
    }
    lacks = {f"service {name}" for name in bare}
    for one in every.values():
        lacks |= _named(one)
    has = {f"service {name}" for name in every.keys() - bare}
    for kind in ("network", "volume", "config", "secret"):
        section = model.sections.get(f"{kind}s")
        has |= {f"{kind} {name}" for name in (section.entries if section is not None else ())}
    lacks -= has | {"network default"}
    return _Candidate(
        path,
        model,
        services=frozenset(every),
        has=frozenset(has),
        lacks=frozenset(lacks),
        bare=bool(every) and bare == every.keys(),
    )


def _named(service: Keyed) -> set[str]:
    """The networks, services, volumes, configs and secrets that a service names."""
    found: set[str] = set()
    networks = service.get("networks")
    if networks is not None:
        found |= {f"network {name}" for name in as_keyed(networks).entries}
    for key in ("depends_on", "links"):
        value = service.get(key)
        names = (
            value.entries
            if isinstance(value, Keyed)
            else [one.text.partition(":")[0] for one in each_text(value)]
        )
        found |= {f"service {name}" for name in names}
    found |= {f"volume {name}" for one in each(service.get("volumes")) if (name := volume_of(one))}
    for key in ("config", "secret"):
        for one in each(service.get(f"{key}s")):
            source = one.text("source") if isinstance(one, Keyed) else None
            name = one.text if isinstance(one, Scalar) else source
            if name:
                found.add(f"{key} {name}")
    return {name for name in found if UNKNOWN not in name}
