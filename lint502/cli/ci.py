"""What a report has to do with the CI that it runs in."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from lint502.findings import Edit, Finding, Problem
from lint502.places import Place
from lint502.reading import shown

if TYPE_CHECKING:
    from lint502.report_model import Report

FROM_TOP = ("sarif", "github", "gitlab", "junit", "rdjson", "sonarqube")
"""The formats that name files from the top of the repository on, wherever lint502 runs."""

_MOST_SUMMARY = 512 * 1024
"""GitHub takes no summary of a step with more than 1 MiB."""

_InFile = TypeVar("_InFile", Place, Edit, Problem)


def format_here() -> str:
    """What :data:`lint502.report.AUTO` is here.

    Source: https://docs.github.com/en/actions/reference/workflows-and-actions/variables
    """
    return "github" if os.environ.get("GITHUB_ACTIONS") == "true" else "text"


def named_from_top(report: Report) -> Report:
    """The report with each file under its name in the repository.

    Links are followed: CI systems show nothing on a file that is one. What lies elsewhere, or is no
    file, keeps its name.
    """
    here = Path.cwd()
    top = _top(here)
    names: dict[str, str] = {}

    def name(file: str) -> str:
        if file not in names:
            names[file] = _name(here / file, top) or file
        return names[file]

    return renamed(report, name)


def renamed(report: Report, name: Callable[[str], str]) -> Report:
    """The report with other names of files."""

    def moved(finding: Finding) -> Finding:
        fix = finding.fix
        if fix is not None:
            fix = replace(fix, edits=tuple(_renamed(edit, name) for edit in fix.edits))
        place = _renamed(finding.place, name)
        related = tuple(_renamed(place, name) for place in finding.related)
        cause = None if finding.cause is None else _renamed(finding.cause, name)
        return replace(finding, place=place, related=related, cause=cause, fix=fix)

    return replace(
        report.changed(moved),
        hops=tuple(replace(hop, place=_renamed(hop.place, name)) for hop in report.hops),
        problems=tuple(_renamed(problem, name) for problem in report.problems),
    )


def _renamed(item: _InFile, name: Callable[[str], str]) -> _InFile:
    return replace(item, file=name(item.file))


def _top(here: Path) -> Path:
    """The top of the repository, or where there is none here, of what the CI has checked out."""
    for folder in (here, *here.parents):
        if os.path.lexists(folder / ".git"):
            return folder
    for variable in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        checked_out = os.environ.get(variable)
        if checked_out and here.is_relative_to(Path(checked_out).resolve()):
            return Path(checked_out).resolve()
    return here


def _name(path: Path, top: Path) -> str | None:
    """The name of a file below ``top``; None where it lies elsewhere, or is none."""
    real = path.resolve()
    if real.is_file() and real.is_relative_to(top):
        return str(real.relative_to(top))
    return None


def write_summary(report: Report, *, unlimited: bool = False) -> str | None:
    """Add the report to the page of the job, where GitHub has named a file for that. Says why it
    cannot be written; the annotations say the same.

    Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if not file:
        return None
    from lint502.report.markdown import shortened

    try:
        with Path(file).open("a", encoding="utf-8") as summary:
            summary.write(shortened(report, _MOST_SUMMARY, unlimited=unlimited) + "\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no file can have this name"
        return f"the summary of the job cannot be written to {shown(file)}: {reason}"
    return None
