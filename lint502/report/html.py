"""``--format html``: a page of its own to look through hops and findings, without any network.

All that comes from the configuration is data in it, which its script shows as text.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lint502 import __version__
from lint502.findings import unique_fingerprints
from lint502.reading import shown
from lint502.report import Style
from lint502.report.graph import graph_of
from lint502.report.limits import most_of_each
from lint502.report.lines import status_words
from lint502.report.palette import Palette
from lint502.report.summary import comparisons, finding_counts, version

if TYPE_CHECKING:
    from lint502.findings import Finding
    from lint502.places import Place
    from lint502.report.graph import Graph, HopNode
    from lint502.report_model import Report, TargetReport

_FOLDER = Path(__file__).parent / "page"
_LONGEST_LINE = 240


def render(report: Report, style: Style) -> str:
    """The whole page."""
    css, script = _file("page.css"), _file("page.js")
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(css)}'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )
    page = _file("page.html")
    for name, text in (
        ("POLICY", policy),
        ("STYLE", css),
        ("SCRIPT", script),
        ("DATA", _data(report)),  # the last: it may have any text
    ):
        page = page.replace(f"@@{name}@@", text, 1)
    return page


def _file(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """What a policy lets in as inline text."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _data(report: Report) -> str:
    """The data as JSON in ASCII that ends no element and holds no command to a CI system."""
    text = json.dumps(data(report), separators=(",", ":"))
    for character in "<>&#":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.replace("::", ":\\u003a")


def data(report: Report) -> dict[str, Any]:
    """What the page shows: lists of objects that name each other by their numbers. Each text is
    fit to be shown."""
    graph = graph_of(report)
    targets: dict[TargetReport, int] = {}
    most = most_of_each([len(hop.targets) for hop in report.hops])
    servers = [
        {
            "name": shown(server.name),
            "listens": list(map(shown, server.listens)),
            "root": shown(server.root) if len(report.roots) > 1 else "",
            "fronts": list(server.fronts),
            "hops": [_hop(node, targets, most) for node in server.hops],
        }
        for server in graph.servers
    ]
    return {
        "lint502": __version__,
        "nginx": version(report),
        "counts": finding_counts(report, Palette(False)),
        "roots": list(map(shown, report.roots)),
        "compared": comparisons(report, Palette(False)),
        "states": report.hop_states(),
        "fronts": [
            {
                "name": shown(front.name),
                "kind": shown(front.kind or ""),
                "state": front.state,
                "findings": list(front.findings),
            }
            for front in graph.fronts
        ],
        "servers": servers,
        "targets": [_target(target) for target in targets],
        "findings": _findings(graph),
        "elsewhere": list(graph.elsewhere),
        "problems": [
            {
                "at": shown(one.file) + ("" if one.line is None else f":{one.line}"),
                "message": shown(one.message),
            }
            for one in report.problems
        ],
    }


def _hop(node: HopNode, targets: dict[TargetReport, int], most: int) -> dict[str, Any]:
    """A hop; its targets get numbers where they have none yet."""
    hop = node.hop
    return {
        "id": shown(hop.id),
        "location": shown(hop.location),
        "pass": shown(f"{hop.directive} {hop.value}"),
        "at": _at(hop.place),
        "state": hop.state,
        "reason": shown(hop.reason or ""),
        "targets": [targets.setdefault(target, len(targets)) for target in hop.targets[:most]],
        "more": len(hop.targets[most:]),
        "findings": list(node.findings),
    }


def _target(target: TargetReport) -> dict[str, Any]:
    return {
        "address": shown(target.address),
        "upstream": None if target.upstream is None else shown(target.upstream),
        "compared": list(map(shown, target.compared_with)),
    }


def _findings(graph: Graph) -> list[dict[str, Any]]:
    names = unique_fingerprints(graph.findings)
    return [_finding(*one) for one in zip(graph.findings, names, strict=True)]


def _finding(finding: Finding, fingerprint: str) -> dict[str, Any]:
    fix = finding.fix
    return {
        "id": fingerprint,
        "rule": shown(finding.rule),
        "severity": finding.severity.value,
        "status": status_words(finding.status, finding.frequency),
        "message": shown(finding.message),
        "about": shown(finding.about),
        "places": [_place(place) for place in (finding.place, *finding.related)],
        "log": shown(finding.log or ""),
        "fix": [] if fix is None else list(map(shown, fix.description.splitlines())),
        "behind": bool(finding.behind),
        "hops": len(set(finding.hops)),
    }


def _place(place: Place) -> dict[str, str]:
    text = shown(place.text.strip())
    if len(text) > _LONGEST_LINE:
        text = f"{text[:_LONGEST_LINE]}…"
    return {"at": _at(place), "text": text, "note": shown(place.note)}


def _at(place: Place) -> str:
    return f"{shown(place.file)}:{place.line}"
