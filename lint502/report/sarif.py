"""``--format sarif``: SARIF 2.1.0, as GitHub code scanning asks for it.

See https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html
and https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from lint502 import __version__, published
from lint502.findings import Edit, Finding, Fix, Problem, Severity, unique_fingerprints
from lint502.pages import Page, page
from lint502.patterns import regex
from lint502.places import Place
from lint502.reading import shown
from lint502.report import Style
from lint502.report.evidence import brief
from lint502.report.explanation import explanation
from lint502.report.json import dump
from lint502.rule_names import RULES

if TYPE_CHECKING:
    from lint502.evidence import Proof
    from lint502.report_model import Report

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
FINGERPRINT = "lint502/v1"
"""The name of our fingerprint, with the version of how it is made. GitHub adds one of its own."""

_BASE = "%SRCROOT%"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_PROBLEM_SEVERITIES = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "recommendation",
}
_LONGEST = 1024
_LINK = regex(r"\[([^\[\]]*)\]\(([^()]*)\)")
_CODE = regex(r"`([^`]*)`")


def render(report: Report, style: Style) -> str:
    """One run. Every rule is there, for GitHub compares the rules of runs, not only the results."""
    fingerprints = unique_fingerprints(report.findings)
    invocation: dict[str, Any] = {"executionSuccessful": not report.problems}
    if report.problems:
        invocation["toolExecutionNotifications"] = [
            _notification(problem) for problem in report.problems
        ]
    return dump(
        {
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [
                {
                    "tool": {
                        "driver": {
                            "name": "lint502",
                            "version": __version__,
                            "semanticVersion": __version__,
                            **_address("informationUri", published.DOCUMENTATION),
                            "rules": [_rule(page(rule)) for rule in RULES],
                        }
                    },
                    "invocations": [invocation],
                    "originalUriBaseIds": {
                        _BASE: {"description": {"text": "The top of the repository."}}
                    },
                    "columnKind": "unicodeCodePoints",
                    "results": [
                        _result(finding, fingerprint, report.proofs.get(finding))
                        for finding, fingerprint in zip(report.findings, fingerprints, strict=True)
                    ],
                    "properties": {"nginx": str(report.version)},
                }
            ],
        }
    )


def _rule(page: Page) -> dict[str, Any]:
    """A rule out of its page. It has no ``security-severity``: a 502 is no security alert."""
    text = explanation(page)
    status = [str(page.status)] if page.status is not None else []
    paragraph = page.sections["What it means"].partition("\n\n")[0].strip().replace("\n", " ")
    return {
        "id": page.name,
        "name": "".join(part.capitalize() for part in page.name.split("-")),
        "shortDescription": {"text": page.summary},
        "fullDescription": {"text": _shortened(_plain(paragraph)), "markdown": paragraph},
        "help": {"text": text, "markdown": text},
        **_address("helpUri", published.rule_address(page.name)),
        "defaultConfiguration": {"level": _LEVELS[page.severity]},
        "properties": {
            "tags": ["nginx", "reliability", *status],
            "precision": "very-high" if page.severity is Severity.ERROR else "high",
            "problem.severity": _PROBLEM_SEVERITIES[page.severity],
        },
    }


def _address(key: str, address: str | None) -> dict[str, str]:
    return {key: address} if address else {}


def _plain(markdown: str) -> str:
    """A paragraph without the marks of code and links."""
    return _CODE.sub(r"\1", _LINK.sub(r"\1", markdown))


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _result(finding: Finding, fingerprint: str, proof: Proof | None) -> dict[str, Any]:
    facts = {
        "status": finding.status,
        "frequency": finding.frequency,
        "log": None if finding.log is None else shown(finding.log),
        "upstream": None if finding.upstream is None else shown(finding.upstream),
        "front": None if finding.front is None else shown(finding.front),
        "evidence": None if proof is None else brief(proof),
    }
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": RULES.index(finding.rule),
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [_location(finding.place)],
        "partialFingerprints": {FINGERPRINT: fingerprint},
        "properties": {name: fact for name, fact in facts.items() if fact is not None},
    }
    if finding.related:
        result["relatedLocations"] = [
            {"id": number, **_location(place), "message": {"text": shown(place.note) or "see here"}}
            for number, place in enumerate(finding.related, 1)
        ]
    if finding.fix is not None and finding.fix.edits and _writable(finding.fix.edits):
        result["fixes"] = [_fix(finding.fix)]
    return result


def _message(finding: Finding) -> str:
    """The message, links to the other places, which GitHub shows only so, and the fix."""
    sentences = [_sentence(_unlinked(shown(finding.message)))]
    if finding.related:
        links = (
            f"[{_in_link(f'{shown(place.file)}:{place.line}')}]({number})"
            for number, place in enumerate(finding.related, 1)
        )
        sentences.append(f"See {', '.join(links)}.")
    if finding.fix is not None:
        sentences.append(f"Fix: {_unlinked(_joined(finding.fix))}")
    return " ".join(sentences)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _unlinked(text: str) -> str:
    """Text in which nothing is taken for a link; SARIF 2.1.0, 3.11.6."""
    return text.replace("](", "\\](")


def _in_link(text: str) -> str:
    return re.sub(r"([\\\[\]])", r"\\\1", text)


def _joined(fix: Fix) -> str:
    return " ".join(map(shown, fix.description.splitlines()))


def _location(place: Place) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": _artifact(place.file),
            "region": _region(place.line, place.column, max(place.column + 1, place.end_column)),
        }
    }


def _artifact(file: str) -> dict[str, str]:
    """A file by its URI, bytes that are no UTF-8 included: relative where it lies in the
    repository."""
    path = quote(file.encode("utf-8", "surrogateescape"))
    return {"uri": f"file://{path}"} if file.startswith("/") else {"uri": path, "uriBaseId": _BASE}


def _region(line: int, column: int, end_column: int) -> dict[str, int]:
    return {"startLine": line, "startColumn": column, "endLine": line, "endColumn": end_column}


def _notification(problem: Problem) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": _artifact(problem.file)}
    if problem.line is not None:
        physical["region"] = {"startLine": problem.line}
    return {
        "level": "error",
        "message": {"text": _unlinked(shown(problem.message))},
        "locations": [{"physicalLocation": physical}],
    }


def _writable(edits: Sequence[Edit]) -> bool:
    """Whether JSON can carry the edits: in bytes that are no UTF-8 it cannot."""
    return not any("\udc80" <= character <= "\udcff" for edit in edits for character in edit.text)


def _fix(fix: Fix) -> dict[str, Any]:
    files: dict[str, list[dict[str, Any]]] = {}
    for edit in fix.edits:
        region = _region(edit.line, edit.column, edit.end_column)
        files.setdefault(edit.file, []).append(
            {"deletedRegion": region, "insertedContent": {"text": edit.text}}
        )
    return {
        "description": {"text": _joined(fix)},
        "artifactChanges": [
            {"artifactLocation": _artifact(file), "replacements": replacements}
            for file, replacements in files.items()
        ],
    }
