"""``lint502 prove``: watch each finding happen on a real nginx."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lint502.cli import arguments, output
from lint502.cli.check import exit_code
from lint502.cli.hops import Shape

AT_ONCE = 4
"""How many findings are watched at once: most of it is waiting."""

if TYPE_CHECKING:
    from lint502.lab.binary import Nginx
    from lint502.lint import Examined, Report


def prove(
    roots: arguments.Roots = None,
    specs: arguments.Specs = None,
    nginx_version: arguments.NginxVersion = None,
    maps: arguments.Maps = None,
    env: arguments.Env = None,
    env_files: arguments.EnvFiles = None,
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
    shape: Annotated[Shape, typer.Option("--format", help="How to show it.")] = Shape.text,
    color: arguments.Color = output.Colour.auto,
) -> None:
    """Watch each finding happen: run its hop on a real nginx, before servers as declared.

    It opens ports on loopback only, runs nothing of yours, and leaves nothing behind. The version
    to go by is that of the nginx that runs, unless --nginx-version or the settings name one.

    Exit codes: those of lint502 check.
    """
    from dataclasses import replace

    from lint502.report import json, proofs, with_roots

    selected = arguments.rule_names(rules, "--rule")
    settings, problems = arguments.settings_here()
    running = usable_nginx(nginx)
    given = arguments.Given(roots, specs, nginx_version, maps, env, env_files)
    examined = arguments.asked(settings, problems, given, running.version).examine()
    report = examined.report
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
    report = with_proofs(replace(examined, report=replace(report, findings=found)), running, wanted)
    output.say_notes(report.notes)
    output.say_problems(report.problems)
    look = output.look(color)
    if shape is Shape.text:
        output.write(proofs.render(with_roots(report), look))
    else:
        output.write(json.render(report, look))
    raise typer.Exit(exit_code(report, "error"))


def usable_nginx(binary: Path | None) -> Nginx:
    """The nginx to run; ends the process where there is none, or the lab is not installed."""
    from importlib.util import find_spec

    from lint502.lab.bench import LabError
    from lint502.lab.binary import described, found

    missing = [name for name in ("dns", "h11", "h2", "trustme") if find_spec(name) is None]
    if missing:
        output.fail(
            "the lab's libraries are missing (" + ", ".join(missing) + "); install them with: "
            "pip install 'lint502[lab]'"
        )
    try:
        nginx = found() if binary is None else described((str(binary.absolute()),))
    except LabError as error:
        output.fail(str(error))
    if nginx is None:
        output.fail(
            "there is no nginx on this machine; install one (Debian and Ubuntu: apt-get install "
            "nginx libnginx-mod-stream; macOS: brew install nginx), or name it with --nginx PATH"
        )
    return nginx


def with_proofs(
    examined: Examined,
    nginx: Nginx,
    hops: frozenset[str] = frozenset(),
    *,
    at_once: int = AT_ONCE,
) -> Report:
    """The report with a proof of each finding, at one of ``hops`` where it concerns one; so many
    are watched ``at_once``."""
    from dataclasses import replace

    from lint502.lab.proof import prove_all
    from lint502.lab.secrets import masked

    report = examined.report
    if report.version[:2] != nginx.version[:2]:
        output.say(
            f"note: the findings are those of nginx {report.version}, the nginx that runs is "
            f"{nginx.version}: what depends on the version may differ"
        )
    total = len(report.findings)
    try:
        proofs = prove_all(
            report.findings,
            examined.sites,
            nginx,
            hops,
            lambda number: output.progress(f"watching finding {number} of {total}"),
            at_once,
        )
    finally:
        output.progress("")
    if examined.values:
        proofs = {
            finding: replace(proof, configuration=masked(proof.configuration, examined.values))
            for finding, proof in proofs.items()
        }
    return replace(report, proofs=proofs)
