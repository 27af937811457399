"""``--format json``: the ladder for programs. Keys are added to it, never renamed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lint502 import __version__
from lint502.report import Style
from lint502.report.json import (
    SCHEMA_VERSION,
    dump,
    finding_object,
    hop_objects,
    nginx_object,
    problem_object,
)

if TYPE_CHECKING:
    from lint502.ladder.model import Figure, Ladder, Outcome, Route, Rung
    from lint502.places import Place
    from lint502.report_model import Report


def render(ladder: Ladder, report: Report, style: Style) -> str:
    """One object. Times are milliseconds, sizes bytes."""
    return dump(
        {
            "schema_version": SCHEMA_VERSION,
            "lint502": __version__,
            "nginx": nginx_object(report),
            "url": ladder.url,
            "method": ladder.method or None,
            "headers": [{"name": name, "value": value} for name, value in ladder.headers],
            "decided": not ladder.undecided and not report.problems,
            "undecided": list(ladder.undecided),
            "notes": list(ladder.notes),
            "routes": [_route(route) for route in ladder.routes],
            "problems": [problem_object(problem) for problem in report.problems],
        }
    )


def _route(route: Route) -> dict[str, Any]:
    return {
        "root": route.root,
        "server": route.server,
        "hop": None if route.hop is None else hop_objects([route.hop])[0],
        "answer": route.answer or None,
        "status": route.status,
        "rungs": [_rung(rung) for rung in route.rungs],
        "first": None if route.first is None else _outcome(route.first),
        "outcomes": [_outcome(outcome) for outcome in route.outcomes],
        "findings": [finding_object(one, one.fingerprint) for one in route.findings],
    }


def _rung(rung: Rung) -> dict[str, Any]:
    return {
        "kind": rung.kind,
        "title": rung.title,
        **_place(rung.place),
        "figures": [_figure(figure) for figure in rung.figures],
        "notes": list(rung.notes),
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "kind": figure.kind,
        "name": figure.name,
        "value": figure.value,
        "amount": figure.amount,
        "origin": figure.origin,
        **_place(figure.place),
        "level": figure.level or None,
        "source": figure.source or None,
        "about": figure.about or None,
        "faces": figure.faces or None,
    }


def _place(place: Place | None) -> dict[str, Any]:
    if place is None:
        return {"file": None, "line": None, "column": None}
    return {"file": place.file, "line": place.line, "column": place.column}


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "case": outcome.case,
        "when": outcome.when,
        "by": outcome.by,
        "status": outcome.status,
        "instead": outcome.instead or None,
        "frequency": "always" if outcome.always else "sometimes",
        "after": outcome.after,
        "beyond": outcome.beyond,
        "message": outcome.why,
    }
