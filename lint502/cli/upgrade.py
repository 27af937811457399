"""``lint502 upgrade``: what another nginx would change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lint502.cli import arguments, output
from lint502.cli.hops import Format, Shape

if TYPE_CHECKING:
    from lint502.run import Result
    from lint502.settings.load import Settings
    from lint502.workspace import CheckRequest


@arguments.with_request(without=("nginx_version",))
def upgrade(
    request: CheckRequest,
    *,
    allow_paths: arguments.AllowPaths = None,
    old: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="VERSION",
            autocompletion=arguments.complete_versions,
            show_default=False,
            help="The nginx that runs now, such as 1.26, or auto: the installed one. "
            "Without it: nginx_version of the settings.",
        ),
    ] = None,
    new: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="VERSION",
            autocompletion=arguments.complete_versions,
            show_default=False,
            help="The nginx to come, such as 1.30. Without it: the newest known.",
        ),
    ] = None,
    shape: Format = Shape.text,
    color: arguments.Color = output.Colour.auto,
) -> None:
    """Show what an nginx upgrade changes: findings that appear or vanish, and hops that differ.

    Exit codes: 0 no error would appear, 1 one would, 2 not everything could be checked, 3 a fault
    of lint502 itself.
    """
    from functools import cache

    from msgspec.structs import replace

    from lint502.nginx.version import NEWEST
    from lint502.report import upgrades
    from lint502.upgrade import compare

    # both runs get the same standard input
    workspace = arguments.workspace_here(allow_paths, cache(arguments.read_standard_input))

    def run(version: str) -> Result:
        return arguments.job(workspace, replace(request, nginx_version=version)).run()

    before, after = run(_now(old, workspace.settings)), run(new or str(NEWEST))
    if after.report.version < before.report.version:
        raise typer.BadParameter(
            f"{after.report.version} is older than {before.report.version}, which runs now; "
            "lint502 upgrade compares a version with a later one",
            param_hint="--to",
        )
    found = compare(before, after)
    output.say_notes(after.report.notes)
    output.say_problems(found.problems)
    style = output.style(color)
    text = upgrades.render(found, style) if shape is Shape.text else upgrades.render_json(found)
    output.write(text, shape.value)
    raise typer.Exit(2 if found.problems else int(found.has_errors))


def _now(option: str | None, settings: Settings | None) -> str:
    """The version that runs now, as it is written; ends the process where nothing says."""
    version = option or (settings.nginx_version if settings is not None else None)
    if version is None:
        raise typer.BadParameter(
            "name the nginx that runs now, such as --from 1.26, or auto for the installed one",
            param_hint="--from",
        )
    return version
