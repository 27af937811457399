"""lint502 for programs in Python: one function, and the types of its report.

    from lint502.api import check

    report = check("deploy/nginx.conf", folder="/srv/shop")
    for finding in report.findings:
        print(finding.place.file, finding.place.line, finding.rule, finding.message)

What stands in :data:`__all__` keeps its form: fields may be added, none is renamed or taken away.
Everything else in the package may change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lint502.findings import Edit, Finding, Fix, Note, Problem, Severity
from lint502.places import Place
from lint502.report_model import HopReport, Report, TargetReport
from lint502.workspace import CheckRequest, Workspace, WorkspaceError

__all__ = [
    "Edit",
    "Finding",
    "Fix",
    "HopReport",
    "Note",
    "Place",
    "Problem",
    "Report",
    "Severity",
    "TargetReport",
    "WorkspaceError",
    "check",
]


def check(
    *roots: str,
    folder: str | Path,
    specs: Sequence[str | Path] = (),
    nginx_version: str | None = None,
    maps: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    overlay: Mapping[str, str] | None = None,
    standard_input: bytes = b"",
    allow_paths: Sequence[str | Path] = (),
    derive: bool | None = None,
    deployments: Sequence[str] = (),
) -> Report:
    """What ``lint502 check`` finds in a folder.

    ``roots`` are main files, directories or fragments; without any, those of the folder's settings
    count, or those that its deployments have, or nginx.conf where it usually is. ``derive`` tells
    whether Compose files and their like are read, ``deployments`` names those that count. The other
    arguments are the command's options; each comes before the settings. ``folder`` is what relative
    paths start from, here and in the report. ``overlay`` has texts of files, by absolute path, that
    count instead of what the disk has: nginx files, upstreams.toml and lint502.toml alike.
    ``standard_input`` is what the root ``-`` stands for. Nothing is written, and no working
    directory is looked at.

    What cannot be checked is among the problems of the report. Raises :class:`WorkspaceError` where
    nothing can be checked as it is asked for: no configuration is there, no such rule, no such
    version.
    """
    here = Path(folder).absolute()
    texts = {str((here / path).resolve()): text for path, text in (overlay or {}).items()}
    workspace = Workspace.at(
        here,
        texts,
        standard_input=lambda: standard_input,
        allow_paths=tuple(map(str, allow_paths)),
    )
    request = CheckRequest(
        roots,
        tuple(map(Path, specs)),
        nginx_version,
        [f"{source}={target}" for source, target in (maps or {}).items()],
        [f"{name}={value}" for name, value in (env or {}).items()],
        select=select,
        ignore=ignore,
        derive=derive,
        deployments=deployments,
    )
    return workspace.job(request).run().report
