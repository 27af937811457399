"""``--stdin-filename``: a file as an editor has it, checked in its place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from msgspec import Struct
from msgspec.structs import replace

from lint502.cli import arguments
from lint502.cli.ci import renamed
from lint502.findings import Finding
from lint502.nginx.dump import is_dump
from lint502.nginx.roots import STANDARD_INPUT
from lint502.places import Place
from lint502.reading import shown

if TYPE_CHECKING:
    from lint502.nginx.version import Version
    from lint502.options import Progress
    from lint502.report_model import HopReport, Report
    from lint502.run import Result
    from lint502.workspace import CheckRequest, Job, Workspace

OPTION = "--stdin-filename"


class Buffer(Struct, frozen=True):
    """The text that a file has in an editor: ``name`` as it was given, ``path`` the real one."""

    name: str
    path: str
    text: str

    @property
    def overlay(self) -> dict[str, str]:
        """The text, by the real path of its file."""
        return {self.path: self.text}


def buffer(name: str) -> Buffer:
    """What standard input has of a file; a name that can be none ends the process."""
    if not name or "\0" in name:
        raise typer.BadParameter("names no file", param_hint=OPTION)
    path = os.path.realpath(name)
    if Path(path).is_dir():
        raise typer.BadParameter(f"{shown(name)} is a folder; name a file", param_hint=OPTION)
    return Buffer(name, path, arguments.read_standard_input().decode("utf-8", "surrogateescape"))


def without_standard_input(request: CheckRequest) -> CheckRequest:
    """The request without the root ``-``, which says no more than the option does."""
    return replace(request, roots=[root for root in request.roots if root != STANDARD_INPUT])


def checked(
    buffer: Buffer,
    workspace: Workspace,
    request: CheckRequest,
    installed: Version | None,
    progress: Progress,
) -> tuple[Job, Result]:
    """The run that has the file, and what it finds: that of the roots that are found as without the
    option, or else of the file as a root, or a fragment, of its own."""
    from lint502.deployment.search import looks_like_nginx
    from lint502.workspace import WorkspaceError

    is_nginx = is_dump(buffer.text) or looks_like_nginx(buffer.path, buffer.text)
    try:
        job = workspace.job(request, installed=installed)
    except WorkspaceError as error:
        if error.argument is not None or not is_nginx:
            arguments.refuse(error)
    else:
        result = job.run(progress=progress)
        if not (is_nginx and job.parts) or _reads(result, buffer, workspace):
            arguments.say_notes(job)
            return job, result
    job = arguments.job(workspace, replace(request, roots=[buffer.name]), installed)
    return job, job.run(progress=progress)


def _reads(result: Result, buffer: Buffer, workspace: Workspace) -> bool:
    names = (*result.files, *(problem.file for problem in result.report.problems))
    return any(_is(name, buffer, workspace.folder) for name in names)


def _is(file: str, buffer: Buffer, folder: Path) -> bool:
    return "\0" not in file and os.path.realpath(folder / file) == buffer.path


def seen_from(report: Report, buffer: Buffer, folder: Path) -> Report:
    """What a report says of the file, by the name that was given.

    A finding stands where it is to be seen in the file: at its own place, or at another one that it
    names, or at the first of its hops that stands there, then with its own place before its
    message. What could not be checked elsewhere stays, for it may bear on the file.
    """
    if is_dump(buffer.text):  # whose files are those that nginx says
        return report
    known: dict[str, str] = {}

    def name(file: str) -> str:
        if file not in known:
            known[file] = buffer.name if _is(file, buffer, folder) else file
        return known[file]

    report = renamed(report, name)
    here = {hop.id: hop for hop in report.hops if hop.place.file == buffer.name}
    moved = {one: _moved(one, buffer.name, here) for one in report.findings}
    kept = {one: other for one, other in moved.items() if other is not None}
    concerned = {hop for finding in kept.values() for hop in finding.hops}
    changes: dict[str, Any] = {
        "findings": tuple(kept[one] for one in report.findings if one in kept),
        "hidden": (),
        "proofs": {kept[one]: proof for one, proof in report.proofs.items() if one in kept},
        "hops": tuple(one for one in report.hops if one.id in here or one.id in concerned),
        "notes": tuple(note for note in report.notes if _is(note.file, buffer, folder)),
        "older": tuple(one for one in report.older if one.finding.place.file == buffer.name),
    }
    return replace(report, **changes)


def _moved(finding: Finding, file: str, hops: dict[str, HopReport]) -> Finding | None:
    """A finding at its place in the file; None where it has none there."""
    if finding.place.file == file:
        return finding
    place = next(_places(finding, file, hops), None)
    if place is None:
        return None
    first = finding.place if finding.place.note else replace(finding.place, note="see here")
    others = (one for one in finding.related if one != place)
    message = f"{finding.place.file}:{finding.place.line}: {finding.message}"
    return replace(finding, place=place, related=(first, *others), message=message)


def _places(finding: Finding, file: str, hops: dict[str, HopReport]) -> Iterator[Place]:
    yield from (place for place in finding.related if place.file == file)
    yield from (hops[id].place for id in finding.hops if id in hops)
