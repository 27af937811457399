"""``lint502 diagnose``: what the error logs of nginx say of upstreams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from lint502.cli import arguments, output
from lint502.report import counted

if TYPE_CHECKING:
    from datetime import datetime

    from lint502.diagnosis.diagnosis import Diagnosis
    from lint502.run import Result
    from lint502.workspace import CheckRequest

_MOST_PROBLEMS = 20


class Export(str, Enum):
    """What else reads the logs."""

    lnav = "lnav"
    lnav_sql = "lnav-sql"
    duckdb = "duckdb"
    clickhouse = "clickhouse"


class Format(str, Enum):
    """How a diagnosis is shown."""

    text = "text"
    json = "json"
    markdown = "markdown"
    html = "html"


Root = Annotated[
    list[str] | None,
    typer.Option(
        "--root",
        metavar="ROOT",
        show_default=False,
        help="The nginx configuration that the logs are of, as lint502 check takes it; may be "
        "repeated. Without it: what lint502 check finds here; where it finds none, the logs alone "
        "are read.",
    ),
]


@arguments.with_request(without=("roots",))
def diagnose(
    request: CheckRequest,
    *,
    logs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="LOG",
            show_default=False,
            help="An error log, a directory of such, or - for standard input; also compressed "
            "(.gz, .zst), and as Docker, journald, Kubernetes and syslog wrap them.",
        ),
    ] = None,
    roots: Root = None,
    access_logs: Annotated[
        list[str] | None,
        typer.Option(
            "--access-log",
            metavar="FILE",
            show_default=False,
            help="An access log of the same time: it says what the clients got, by the "
            "configuration's log_format, main or combined. May be repeated.",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            show_default=False,
            help="Only from then on: 30m, 2h or 1d ago, or a time such as 2026-05-01T12:00.",
        ),
    ] = None,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow", help="Read on as the logs grow, across rotation, and report at Ctrl-C."
        ),
    ] = False,
    merge: Annotated[
        bool,
        typer.Option(
            "--merge",
            help="What is given are not logs but diagnoses in JSON: put them together.",
        ),
    ] = False,
    export: Annotated[
        Export | None,
        typer.Option(
            "--export",
            metavar="ENGINE",
            show_default=False,
            help="Read no log, but write what names the same causes where the logs are already: a "
            "format for lnav and, lnav-sql, its views; SQL for duckdb or clickhouse.",
        ),
    ] = None,
    format: Annotated[
        Format,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="text (the default), json, markdown (for the channel of an incident) or html "
            "(a page with histograms).",
        ),
    ] = Format.text,
    unlimited: Annotated[
        bool, typer.Option("--all", help="All groups, however many there are.")
    ] = False,
    jobs: Annotated[
        int,
        typer.Option(
            min=1, metavar="N", show_default=False, help="How many processes read; without it: 1."
        ),
    ] = 1,
    allow_paths: arguments.AllowPaths = None,
    color: arguments.Color = output.Colour.auto,
) -> None:
    """Say what the error logs of nginx say of upstreams: what fails, where, and why.

    Exit codes: 0 no failure, 1 failures, 2 not everything could be read, 3 a fault of lint502
    itself.
    """
    if export is not None:
        _only(
            {
                "LOG": logs,
                "--access-log": access_logs,
                "--since": since,
                "--follow": follow,
                "--merge": merge,
                "--root": roots,
                **_configured(request),
                "--format": format is not Format.text,
                "--all": unlimited,
                "--jobs": jobs > 1,
            },
            "what an engine takes is of no log and no configuration; leave it out",
        )
        _write_export(export)
        return
    if not logs:
        raise typer.BadParameter("name a log, a directory of logs, or -", param_hint="LOG")
    if "-" in logs and "-" in (roots or ()):
        raise typer.BadParameter("standard input is the log already", param_hint="--root")
    if merge:
        _only(
            {"--access-log": access_logs, "--since": since, "--follow": follow, "--root": roots},
            "diagnoses that are put together are not read anew; leave it out",
        )
        diagnosis = _merged(logs)
    else:
        result = _configuration(replace(request, roots=roots or ()), allow_paths)
        diagnosis = _diagnosed(logs, result, access_logs or [], since, follow, jobs)
    _say_problems(diagnosis.problems)
    from lint502.report.diagnosis import renderer

    style = replace(output.style(color), unlimited=unlimited)
    output.write(renderer(format.value)(diagnosis, style), format.value, links=style.links)
    if diagnosis.problems:
        raise typer.Exit(2)
    raise typer.Exit(int(bool(diagnosis.failures)))


def _say_problems(problems: Sequence[str]) -> None:
    """What could not be read: the first ones of very many."""
    for problem in problems[:_MOST_PROBLEMS]:
        output.say(f"error: {problem}")
    left = problems[_MOST_PROBLEMS:]
    if left:
        output.say(f"error: and {counted(left, 'more problem')}")


def _only(given: Mapping[str, object], why: str) -> None:
    """Refuse options and arguments that make no sense with another one."""
    for name, value in given.items():
        if value:
            raise typer.BadParameter(why, param_hint=name)


def _configured(request: CheckRequest) -> Mapping[str, object]:
    """What is given of the configuration, by its options."""
    return {
        "--specs": request.specs,
        "--nginx-version": request.nginx_version,
        "--map": request.maps,
        "--env": request.env,
        "--env-file": request.env_files,
        "--derive": request.derive is not None,
        "--deployment": request.deployments,
    }


def _write_export(export: Export) -> None:
    from lint502.diagnosis.export.engines import EXPORTS

    output.write(EXPORTS[export.value]())


def _merged(names: list[str]) -> Diagnosis:
    from lint502.diagnosis.saved import NoDiagnosisError, read, together

    try:
        return together(map(read, names))
    except NoDiagnosisError as error:
        output.fail(str(error))


def _configuration(request: CheckRequest, allow_paths: list[str] | None) -> Result | None:
    """What ``lint502 check`` finds in the configuration; None where there is none, and none is
    named."""
    from lint502.workspace import WorkspaceError

    workspace = arguments.workspace_here(allow_paths)
    try:
        job = workspace.job(request)
    except WorkspaceError as error:
        settings = workspace.settings
        if request.roots or error.argument is not None or error.problems:
            arguments.refuse(error)
        if settings is not None and (settings.roots or settings.own_roots):
            arguments.refuse(error)
        output.say(
            "note: no nginx configuration is found here, so that the logs alone are read; "
            "--root names one, such as --root /etc/nginx/nginx.conf"
        )
        return None
    arguments.say_notes(job)
    return job.run()


def _diagnosed(
    logs: list[str],
    result: Result | None,
    access_logs: list[str],
    since: str | None,
    follow: bool,
    jobs: int,
) -> Diagnosis:
    from lint502.diagnosis.access.reading import with_access_logs
    from lint502.diagnosis.diagnose import diagnosed
    from lint502.diagnosis.sources import UnreadableLogError

    start = None if since is None else _start(since)
    try:
        found = diagnosed(logs, result, since=start, follow=follow, jobs=jobs)
    except UnreadableLogError as error:
        output.fail(str(error))
    return with_access_logs(found, access_logs, result, start) if access_logs else found


def _start(text: str) -> datetime:
    from lint502.diagnosis.since import since

    try:
        return since(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from None
