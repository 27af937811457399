"""``lint502 init``: a first ``lint502.toml`` and ``upstreams.toml``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from msgspec import Struct

from lint502.cli import arguments, output
from lint502.cli.differences import unified
from lint502.cli.specs import LARGEST, text_of
from lint502.reading import shown

if TYPE_CHECKING:
    from lint502.run import Result
    from lint502.workspace import CheckRequest, Job, Workspace

_SETTINGS = "lint502.toml"
_SPEC = "upstreams.toml"


class _Written(Struct, frozen=True):
    """A file by its name: its text before, None where it is new, and afterwards; and the names of
    the upstreams that are new in it."""

    name: str
    before: str | None
    after: str
    added: tuple[str, ...] = ()


@arguments.with_request(without=("specs", "env", "env_files", "deployments"))
def init(
    request: CheckRequest,
    *,
    allow_paths: arguments.AllowPaths = None,
    update: Annotated[
        bool,
        typer.Option("--update", help="Add what is new to files that are there already."),
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Print what would be written, and write nothing.")
    ] = False,
) -> None:
    """Write a first lint502.toml, and an upstreams.toml with a table for each upstream.

    Exit codes: 0 it is written, or nothing is new, 2 it could not be written or not everything
    could be read, 3 a fault of lint502 itself.
    """
    workspace = arguments.workspace_here(allow_paths)
    if not update:
        _refuse_existing(workspace)
    job = arguments.job(workspace, request)
    result = job.run()
    report = result.report
    output.say_problems(report.problems)
    if not report.hops:
        why = "not everything could be read" if report.problems else "there is no pass"
        output.fail(f"{why}; nothing is written")
    if report.specs and not update:
        _refuse(report.specs)
    spec = _SPEC if not report.specs or _SPEC in report.specs else report.specs[0]
    files = [
        one
        for one in (_settings(workspace, request, job, result), _upstreams(spec, result))
        if one.after != one.before
    ]
    for one in files:
        if len(one.after.encode()) > LARGEST:
            large = f"{shown(one.name)} would have more than {LARGEST // 1024**2} MB"
            output.fail(f"{large}, which lint502 does not read; nothing is written")
    if diff:
        output.write("".join(map(_difference, files)))
    else:
        _write(workspace.folder, files)
        _say(files, spec)
    raise typer.Exit(2 if report.problems else 0)


def _refuse_existing(workspace: Workspace) -> None:
    here = [name for name in (_SETTINGS, _SPEC) if os.path.lexists(workspace.folder / name)]
    if here:
        _refuse(here)


def _refuse(names: Sequence[str]) -> NoReturn:
    from lint502.wording import listed

    verb = "is" if len(names) == 1 else "are"
    there = shown(listed(names))
    output.fail(f"{there} {verb} there already; lint502 init --update adds what is new")


def _settings(workspace: Workspace, request: CheckRequest, job: Job, result: Result) -> _Written:
    """The settings; where there are some, they stay as they are."""
    from lint502.initial.settings import Asked, UnnameableError, settings_text

    settings, report = workspace.settings, result.report
    if settings is not None and settings.file is not None:
        if settings.file != _SETTINGS:
            output.say(f"note: the settings are those of {shown(settings.file)}")
        return _Written(settings.file, "", "")
    asked = Asked(
        job.parts,
        report.deployments,
        report.problems,
        tuple(request.roots),
        request.nginx_version,
        request.derive,
    )
    try:
        return _Written(_SETTINGS, None, settings_text(asked, workspace.folder))
    except UnnameableError as error:
        output.fail(f"{_SETTINGS} cannot name {error}")


def _upstreams(name: str, result: Result) -> _Written:
    from lint502.initial.entries import entries
    from lint502.initial.spec import is_name, spec_text, tables_text
    from lint502.initial.update import UnfitError, names_in, with_tables

    found = entries(result.sites)
    before = text_of(name)
    if before is None:
        return _Written(name, None, spec_text(found, result.report.hops))
    try:
        fitting = [one for one in found if is_name(one.name)]
        tables = tables_text(fitting, names_in(before))
        after = with_tables(before, tables.values()) if tables else before
    except UnfitError as error:
        output.fail(f"{shown(name)} {shown(str(error))}; nothing is written")
    return _Written(name, before, after, tuple(tables))


def _write(folder: Path, files: list[_Written]) -> None:
    """Write all files, or none where one cannot be written."""
    from lint502.cli.writing import Change, UnwritableError, change_all, create_all

    changes = [
        Change(one.name, str(folder / one.name), one.before.encode(), one.after.encode())
        for one in files
        if one.before is not None
    ]
    created = {one.name: one.after for one in files if one.before is None}
    try:
        create_all(created)
        try:
            change_all(changes)
        except UnwritableError:
            for name in created:
                (folder / name).unlink(missing_ok=True)
            raise
    except UnwritableError as error:
        output.fail(str(error))


def _difference(file: _Written) -> str:
    old = "/dev/null" if file.before is None else shown(file.name)
    return unified(file.before or "", file.after, old, shown(file.name))


def _say(files: list[_Written], spec: str) -> None:
    if not files:
        output.say("nothing is new; nothing is written")
    for one in files:
        if one.before is None:
            output.say(f"wrote {shown(one.name)}")
        else:
            output.say(f"added to {shown(one.name)}: {shown(', '.join(one.added))}")
    if any(one.name == spec for one in files):
        output.say(f"fill in what you know in {shown(spec)}, then: lint502 check")
