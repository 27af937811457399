"""What was observed of a finding, in brief."""

from __future__ import annotations

from lint502.evidence import Proof
from lint502.reading import shown


def brief(proof: Proof) -> list[str]:
    """What was observed, in a line or two, for a report that has other things to say too."""
    from lint502.evidence import got

    lines = [f"{proof.verdict} on nginx {proof.version}"]
    if proof.steps:
        lines[0] += f": {got(step for step in proof.steps if not step.opening and not step.cause)}"
    if proof.why and not proof.steps:
        lines[0] += f": {shown(proof.why)}"
    if proof.log is not None:
        lines.append(shown(proof.log))
    return lines + [shown(clause) for clause in conditions(proof)]


def saw(proof: Proof | None) -> list[str]:
    """The same, marked as what was observed; nothing where nothing was."""
    return [] if proof is None else [f"saw: {line}" for line in brief(proof)]


def conditions(proof: Proof) -> list[str]:
    """Under which conditions it was observed, as clauses."""
    clauses = list(proof.conditions)
    if proof.factor != 1:
        clauses.append(f"all times are {proof.factor:g} times shorter, on both sides")
    return clauses
