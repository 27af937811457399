"""Reads spec files into a :class:`~lint502.declared.listeners.Spec`; says what is wrong in them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lint502.declared.claims import Claims
from lint502.declared.derived import with_derived
from lint502.declared.listeners import Spec
from lint502.declared.merge import merge_fronts, merge_listeners
from lint502.declared.observed import with_observed
from lint502.declared.sources.upstreams_toml import declared_in
from lint502.declared.upstreams import fronts_of, upstreams_of
from lint502.findings import Problem
from lint502.places import SourceFile
from lint502.reading import Reader
from lint502.toml.read import read_toml

if TYPE_CHECKING:
    from lint502.deployment.viewpoint import Viewpoint


def load_specs(
    paths: Sequence[Path],
    display: Callable[[Path], str] = str,
    reader: Reader | None = None,
    derived: Sequence[Claims] = (),
    viewpoint: Viewpoint | None = None,
    observed: Sequence[Claims] = (),
) -> tuple[Spec, list[Problem]]:
    """All spec files, merged fact by fact, and everything that is wrong in them.

    ``derived`` is what a deployment states, and nginx sees from its ``viewpoint``: it counts where
    the spec files say nothing. ``observed`` is what a probe saw, which counts before that.

    ``display`` gives the name under which reports show a path, ``reader`` the texts. What a problem
    is about is not known of an upstream; fronts with a problem are left out, and then the spec is
    not complete. The places in the result
    carry the text of their line.
    """
    problems: list[Problem] = []
    sources: list[SourceFile] = []
    files: dict[str, str] = {}
    found = []
    lost: str | None = None
    for path in paths:
        identity = str(path) if "\0" in str(path) else os.path.realpath(path)
        if identity in files:
            continue
        name = files[identity] = display(path)
        read = read_toml(path, name, reader)
        if isinstance(read, Problem):
            problems.append(read)
            lost = lost or f"{name} cannot be read"
            continue
        sources.append(read[0])
        declared = declared_in(*read)
        problems += sorted(declared.problems, key=lambda problem: problem.line or 0)
        found.append(declared)
        if declared.lost is not None:
            lost = lost or f"{name}:{declared.lost} is wrong"
    listeners = merge_listeners([one.listeners for one in found])
    fronts = merge_fronts([one.fronts for one in found])
    problems += (*listeners.problems, *fronts.problems)
    combined = with_observed(with_derived(listeners.claims, derived), observed)
    spec = Spec(
        upstreams_of(combined.claims),
        fronts_of(fronts.claims),
        not problems and any(one.complete is not None and one.complete.value for one in found),
        tuple(files.values()),
        tuple(sources),
        viewpoint,
        combined.drifts,
        lost,
    )
    return spec, problems
