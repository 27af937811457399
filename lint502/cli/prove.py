"""``lint502 prove``: run what each finding says on a real nginx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lint502.cli import arguments, output
from lint502.cli.exits import exit_code
from lint502.cli.hops import Format, Shape
from lint502.cli.proofs import usable_nginx, with_proofs

if TYPE_CHECKING:
    from lint502.workspace import CheckRequest


@arguments.with_request()
def prove(
    request: CheckRequest,
    *,
    allow_paths: arguments.AllowPaths = None,
    rules: Annotated[
        list[str] | None,
        typer.Option(
            "--rule",
            metavar="RULE,...",
            show_default=False,
            help="Only the findings of these rules.",
            autocompletion=arguments.complete_rules,
        ),
    ] = None,
    hops: Annotated[
        list[str] | None,
        typer.Option(
            "--hop",
            metavar="ID",
            show_default=False,
            help="Only the findings of this hop, by its id in lint502 hops --format json.",
        ),
    ] = None,
    nginx: arguments.Nginx = None,
    shape: Format = Shape.text,
    color: arguments.Color = output.Colour.auto,
) -> None:
    """Show each finding: run its hop on a real nginx, before servers as declared.

    It opens ports on loopback only, runs nothing of yours, and leaves nothing behind. The version
    to go by is that of the nginx that runs, unless --nginx-version or the settings name one.

    Exit codes: those of lint502 check.
    """
    from msgspec.structs import replace

    from lint502.report import json, proofs, with_roots

    selected = arguments.rule_names(rules, "--rule")
    workspace = arguments.workspace_here(allow_paths)
    running = usable_nginx(nginx)
    result = arguments.job(workspace, request, running.version).run()
    report = result.report
    wanted = frozenset(hops or ())
    unknown = wanted - {hop.id for hop in report.hops}
    if unknown:
        raise typer.BadParameter(
            f"there is no hop {sorted(unknown)[0]}; lint502 hops --format json lists them",
            param_hint="--hop",
        )
    found = tuple(
        finding
        for finding in report.findings
        if (not selected or finding.rule in selected) and (not wanted or wanted & set(finding.hops))
    )
    report = with_proofs(replace(result, report=replace(report, findings=found)), running, wanted)
    output.say_notes(report.notes)
    output.say_problems(report.problems)
    style = output.style(color)
    if shape is Shape.text:
        output.write(proofs.render(with_roots(report), style))
    else:
        output.write(json.render(report, style), shape.value)
    raise typer.Exit(exit_code(report, "error"))
