"""What was observed of a finding on a real nginx: each request, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Literal

from msgspec import Struct

from lint502.nginx.version import Version

Confirmation = Literal["confirmed", "not confirmed", "cannot be shown here"]


class Step(Struct, frozen=True):
    """One request and what came of it.

    ``status`` is what the client got; None where that was no HTTP. ``whole`` is False where the
    body was cut short. ``log`` has nginx's messages of level error and above. ``opening`` tells
    that the request only prepares the next one. ``cause`` tells that it is the failure from which
    the others suffer: it is to fail, and proves nothing.
    """

    request: str
    status: int | None
    whole: bool
    log: tuple[str, ...]
    opening: bool = False
    cause: bool = False


class Proof(Struct, frozen=True):
    """What was observed of one finding.

    ``hop`` is the id of the hop that was taken, "" where it is about none; ``why`` says why it is
    not confirmed, or cannot be shown. ``configuration`` is the whole nginx.conf that ran, "" where
    none did. ``factor``: all times were so many times shorter. ``conditions`` are clauses on what
    was taken where the files are silent. ``log`` is the line of the error log by which one knows
    the finding, as this nginx words it; None where there is none.
    """

    verdict: Confirmation
    why: str
    hop: str
    version: Version
    configuration: str = ""
    steps: tuple[Step, ...] = ()
    factor: float = 1.0
    conditions: tuple[str, ...] = ()
    log: str | None = None


def got(steps: Iterable[Step]) -> str:
    """What came of each request, with equal ones said once: "3 × GET / → 200"."""
    runs = ((text, len(list(run))) for text, run in groupby(map(_arrow, steps)))
    return ", ".join(text if count == 1 else f"{count} × {text}" for text, count in runs)


def _arrow(step: Step) -> str:
    return f"{step.request} → {received(step)}"


def received(step: Step) -> str:
    """What the client got of a step, in words."""
    if step.status is None:
        return "no HTTP"
    return str(step.status) if step.whole or step.status != 200 else f"{step.status}, cut short"
