"""``lint502 check``: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from lint502.cli import arguments, output, reports
from lint502.cli.exits import FailOn, exit_code, with_empty_said
from lint502.cli.stages import Stages
from lint502.report import FORMATS

if TYPE_CHECKING:
    from lint502.run import Result
    from lint502.workspace import CheckRequest, Job, Workspace


@arguments.with_request()
def check(
    request: CheckRequest,
    *,
    allow_paths: arguments.AllowPaths = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="FORMAT[:FILE]",
            show_default=False,
            help=f"{', '.join(FORMATS)}, or auto: github in GitHub Actions, else text, which is "
            "the default; with a FILE, written there. May be repeated.",
            autocompletion=reports.complete_formats,
        ),
    ] = None,
    observed: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="What lint502 probe --format json wrote: it counts where upstreams.toml says "
            "nothing, and before what other files state.",
        ),
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE,...",
            show_default=False,
            help="Only these rules.",
            autocompletion=arguments.complete_rules,
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE,...",
            show_default=False,
            help="Not these rules.",
            autocompletion=arguments.complete_rules,
        ),
    ] = None,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="It is fine where no configuration has a pass.")
    ] = False,
    fail_on: Annotated[
        FailOn | None,
        typer.Option(
            metavar="SEVERITY",
            show_default=False,
            help="The least severity that makes the exit code 1: error (the default), warning, "
            "info or never.",
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", show_default=False, help="Do not report the findings that it lists."
        ),
    ] = None,
    write_baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", show_default=False, help="Write such a list of today's findings."
        ),
    ] = None,
    prove: Annotated[
        bool,
        typer.Option("--prove", help="Run each finding's hop on a real nginx."),
    ] = False,
    nginx: arguments.Nginx = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Write the safe fixes into the nginx files.")
    ] = False,
    unsafe_fixes: Annotated[
        bool,
        typer.Option("--unsafe-fixes", help="With --fix or --diff: also those to look over."),
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Print what --fix would change, and write nothing.")
    ] = False,
    unlimited: Annotated[
        bool, typer.Option("--all", help="All findings and hops, however many there are.")
    ] = False,
    statistics: Annotated[
        bool,
        typer.Option(
            "--statistics", help="Count the findings by rule, file and upstream (text and json)."
        ),
    ] = False,
    stdin_filename: Annotated[
        str | None,
        typer.Option(
            "--stdin-filename",
            metavar="FILE",
            show_default=False,
            help="What standard input has is the text of this file, and only what bears on it is "
            "reported, as editors ask.",
        ),
    ] = None,
    color: arguments.Color = output.Colour.auto,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing beside the report but errors.")
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            "-v",
            help="Say which files, specs and versions counted, and what older versions bring.",
        ),
    ] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Say where the time went, by stage and rule.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            show_default=False,
            help="How many findings --prove runs at once; without it: 4.",
        ),
    ] = None,
) -> None:
    """Check nginx against what its upstreams declare.

    Exit codes: 0 nothing found, 1 findings, 2 not everything could be checked, 3 a fault of
    lint502 itself.
    """
    stages = Stages()
    outputs = reports.outputs(formats, statistics=statistics)
    selected = arguments.rule_names(select, "--select")
    ignored = arguments.rule_names(ignore, "--ignore")
    _check_together(fix, diff, unsafe_fixes, formats, prove, write_baseline)
    _check_with_stdin_filename(stdin_filename, fix, write_baseline)
    buffer = None
    if stdin_filename is not None:
        from lint502.cli import buffers

        buffer = buffers.buffer(stdin_filename)
        request = buffers.without_standard_input(request)
    overlay = None if buffer is None else buffer.overlay
    workspace = arguments.workspace_here(allow_paths, overlay=overlay)
    if nginx is not None and not prove:
        raise typer.BadParameter("only --prove runs one; add it", param_hint="--nginx")
    if prove:
        from lint502.cli.proofs import AT_ONCE, usable_nginx, with_proofs

    running = usable_nginx(nginx) if prove else None
    request = replace(request, select=selected, ignore=ignored, observed=observed)
    version = None if running is None else running.version
    if buffer is None:
        job = arguments.job(workspace, request, version)
        result = job.run(progress=stages)
    else:
        job, result = buffers.checked(buffer, workspace, request, version, stages)
    stages.end()
    if fix or diff:
        from lint502.cli import fixes

        stages("trying the fixes")
        known = _baseline(baseline, workspace) if write_baseline is None else None
        done = fixes.fixed(job, result, known, unsafe=unsafe_fixes, write=fix, quiet=quiet)
        if diff:
            output.write_difference(fixes.difference(result, done))
            raise typer.Exit(int(bool(done.texts)))
        result = job.run(progress=stages)
        stages.end()
    if write_baseline is not None:
        from lint502.cli import baselines

        baselines.write(result.report, str(write_baseline), quiet=quiet)
    else:
        file = _baseline(baseline, workspace)
        if file is not None:
            from lint502.cli import baselines

            report = baselines.without_known(result.report, file, job, quiet=quiet)
            result = replace(result, report=report)
    report = result.report
    if running is not None:
        report = with_proofs(result, running, at_once=jobs or AT_ONCE)
    settings = workspace.settings
    allowed = allow_empty or (settings is not None and settings.allow_empty)
    if buffer is not None:
        report = buffers.seen_from(report, buffer, workspace.folder)
        allowed = True
    report = with_empty_said(report, allowed=allowed)
    if verbose:
        _say_what_counted(result, job)
    if not quiet:
        output.say_notes(report.notes)
    output.say_problems(report.problems)
    wanted = reports.Wanted(color, unlimited=unlimited, statistics=statistics)
    reports.write(report, outputs, wanted, quiet=quiet)
    if profile:
        output.say(stages.table())
    set_to = None if workspace.settings is None else workspace.settings.fail_on
    threshold = (set_to or "error") if fail_on is None else fail_on.value
    if write_baseline is not None:
        threshold = "never"
    raise typer.Exit(exit_code(report, threshold))


def _say_what_counted(result: Result, job: Job) -> None:
    """Which files, specs and versions a run went by."""
    from lint502.reading import shown

    report = result.report
    for what, names in (("root", report.roots), ("read", result.files), ("spec", report.specs)):
        for name in names:
            output.say(f"{what}: {shown(name)}")
    for root, version in report.root_versions.items():
        output.say(f"nginx: {version} for {shown(root)}")
    if not report.root_versions:
        output.say(f"nginx: {report.version} ({report.version_origin})")
    for unread in job.unread:
        where = f"{shown(unread.place.file)}:{unread.place.line}"
        output.say(f"not made out: {where}: {shown(unread.why)}")
    for one in report.older:
        place = one.finding.place
        where = f"{shown(place.file)}:{place.line}"
        output.say(
            f"nginx {one.versions}: {where} {one.finding.severity.value} {one.finding.rule}: "
            f"{shown(one.finding.message)}"
        )


def _check_together(
    fix: bool,
    diff: bool,
    unsafe_fixes: bool,
    formats: list[str] | None,
    prove: bool,
    write_baseline: Path | None,
) -> None:
    """Refuse options that do not go together."""
    if fix and diff:
        raise typer.BadParameter("--fix writes what --diff only shows; give one of them")
    if unsafe_fixes and not (fix or diff):
        raise typer.BadParameter("give it with --fix or --diff", param_hint="--unsafe-fixes")
    for given, option in (
        (formats, "--format"),
        (prove, "--prove"),
        (write_baseline, "--write-baseline"),
    ):
        if diff and given:
            raise typer.BadParameter(f"there is no report with --diff: leave {option} out")


def _check_with_stdin_filename(name: str | None, fix: bool, write_baseline: Path | None) -> None:
    """Refuse what would write files that are not what is checked."""
    if name is not None and fix:
        raise typer.BadParameter(
            "the file of --stdin-filename is in an editor; give --diff instead", param_hint="--fix"
        )
    if name is not None and write_baseline:
        raise typer.BadParameter(
            "a baseline is of the files on the disk; leave --stdin-filename out",
            param_hint="--write-baseline",
        )


def _baseline(given: Path | None, workspace: Workspace) -> str | None:
    """The file of the baseline, if there is one."""
    if given is not None:
        return str(given)
    return None if workspace.settings is None else workspace.settings.baseline
