"""Reads spec files into a :class:`~lint502.declared.listeners.Spec`; says what is wrong in them."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lint502.declared.facts import spec_of
from lint502.declared.listeners import Front, Spec, Upstream
from lint502.findings import Problem
from lint502.places import SourceFile
from lint502.quoting import dotted, escape
from lint502.reading import Reader
from lint502.toml import positions
from lint502.toml.positions import Key, Node
from lint502.toml.read import read_toml

if TYPE_CHECKING:
    from lint502.declared.model import SpecFile


def load_specs(
    paths: Sequence[Path], display: Callable[[Path], str] = str, reader: Reader | None = None
) -> tuple[Spec, list[Problem]]:
    """All spec files, merged, and everything that is wrong in them.

    ``display`` gives the name under which reports show a path, ``reader`` the texts. Upstreams and
    fronts with a problem are left out; of those that are declared twice the first stays. The places
    in the result carry the text of their line.
    """
    upstreams: dict[str, Upstream] = {}
    fronts: dict[str, Front] = {}
    problems: list[Problem] = []
    sources: list[SourceFile] = []
    files: dict[str, str] = {}
    complete = False
    for path in paths:
        identity = str(path) if "\0" in str(path) else os.path.realpath(path)
        if identity in files:
            continue
        name = files[identity] = display(path)
        read = read_toml(path, name, reader)
        if isinstance(read, Problem):
            problems.append(read)
            continue
        sources.append(read[0])
        found, wrong = _spec(*read)
        complete = complete or found.complete
        for upstream in found.upstreams:
            first = upstreams.setdefault(upstream.name, upstream)
            if first is not upstream:
                wrong.append(_twice("upstream", first, upstream))
        for front in found.fronts:
            other = fronts.setdefault(front.name, front)
            if other is not front:
                wrong.append(_twice("front", other, front))
        problems += sorted(wrong, key=lambda problem: problem.line or 0)
    spec = Spec(
        tuple(upstreams.values()),
        tuple(fronts.values()),
        complete,
        tuple(files.values()),
        tuple(sources),
    )
    return spec, problems


def _twice(kind: str, first: Upstream | Front, second: Upstream | Front) -> Problem:
    place = second.place
    return Problem(
        place.file,
        place.line,
        f"[{dotted((kind, second.name))}] is declared twice, "
        f"first in {escape(first.place.file)}, line {first.place.line}",
    )


def _spec(source: SourceFile, data: dict[str, Any]) -> tuple[Spec, list[Problem]]:
    root = positions.scan(source.text)
    table, problems = _validate(data, root, source.name)
    return spec_of(table, source, root), problems


def _validate(data: dict[str, Any], root: Node, name: str) -> tuple[SpecFile, list[Problem]]:
    """The valid part of a file, and a problem for each mistake in the rest."""
    from pydantic import ValidationError

    from lint502.declared.model import SpecFile

    try:
        return SpecFile.model_validate(data), []
    except ValidationError as error:
        from lint502.declared.mistakes import mistakes

        found = list(mistakes(error, data, root, name))
    valid = _without(data, {mistake.path[:2] for mistake in found})
    return SpecFile.model_validate(valid), [mistake.problem for mistake in found]


def _without(data: dict[str, Any], paths: Container[tuple[Key, ...]]) -> dict[str, Any]:
    """The data without some upstreams, fronts and keys outside of tables."""
    return {
        top: (
            {key: entry for key, entry in value.items() if (top, key) not in paths}
            if isinstance(value, dict)
            else value
        )
        for top, value in data.items()
        if (top,) not in paths
    }
