"""The proofs of ``lint502 prove`` and ``lint502 check --prove``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lint502.cli import output

if TYPE_CHECKING:
    from lint502.lab.binary import Nginx
    from lint502.report_model import Report
    from lint502.run import Result

AT_ONCE = 4
"""How many findings are observed at once: most of it is waiting."""


def usable_nginx(binary: Path | None) -> Nginx:
    """The nginx to run; ends the process where there is none, or the lab is not installed."""
    from importlib.util import find_spec

    from lint502.lab.bench import LabError
    from lint502.lab.binary import PACKAGED, described, found
    from lint502.lab.packages import bringing_nginx
    from lint502.lab.standins.libraries import LIBRARIES, lacking

    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        output.fail(lacking(missing))
    try:
        nginx = found() if binary is None else described((str(binary.absolute()),))
    except LabError as error:
        output.fail(str(error))
    if nginx is None:
        output.fail(
            f"there is no nginx on this machine; {bringing_nginx()}; or name one with --nginx PATH"
        )
    if Path(nginx.command[0]).name == PACKAGED:
        output.say(f"note: no nginx is on the PATH; what runs is {nginx.command[0]}")
    return nginx


def with_proofs(
    examined: Result,
    nginx: Nginx,
    hops: frozenset[str] = frozenset(),
    *,
    at_once: int = AT_ONCE,
) -> Report:
    """The report with a proof of each finding, at one of ``hops`` where it concerns one; so many
    are observed ``at_once``."""
    from msgspec.structs import replace

    from lint502.checks import rule_of
    from lint502.findings import Problem
    from lint502.lab.errors import MachineError, lack
    from lint502.lab.machine import require
    from lint502.lab.proof import Prover, prove_all
    from lint502.lab.secrets import masked
    from lint502.merging import taken_apart

    report = examined.report
    if report.version[:2] != nginx.version[:2]:
        output.say(
            f"note: the findings are those of nginx {report.version}, the nginx that runs is "
            f"{nginx.version}: what depends on the version may differ"
        )
    total = len(report.findings)
    single = {
        one: next(
            (
                part
                for part in taken_apart([one], examined.apart)
                if hops.isdisjoint(one.hops) or not hops.isdisjoint(part.hops)
            ),
            one,
        )
        for one in report.findings
    }
    shown_by = {rule: rule_of(rule).shown_by for rule in {one.rule for one in report.findings}}
    try:
        if report.findings:
            require(at_once)
        proofs = prove_all(
            list(single.values()),
            Prover(examined.sites, nginx, shown_by),
            hops,
            lambda number: output.progress(f"running finding {number} of {total}"),
            at_once,
        )
    except (MachineError, RuntimeError) as error:
        lacking = str(error) if isinstance(error, MachineError) else lack(error)
        if lacking is None:
            raise
        problem = Problem("prove", None, f"this machine cannot show the findings: {lacking}")
        return replace(report, problems=(*report.problems, problem))
    finally:
        output.progress("")
    if examined.values:
        proofs = {
            finding: replace(proof, configuration=masked(proof.configuration, examined.values))
            for finding, proof in proofs.items()
        }
    return replace(report, proofs={one: proofs[single[one]] for one in report.findings})
