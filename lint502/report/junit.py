"""``--format junit``: each hop as a test, for CI systems that show tests.

There is no schema that all consumers go by; the form is the part that Jenkins, GitLab and others
share, see https://github.com/testmoapp/junitxml
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from lint502.findings import Finding, Severity, told_apart
from lint502.places import Place
from lint502.reading import shown
from lint502.report import Style
from lint502.report.evidence import saw
from lint502.report.limits import most_of_each
from lint502.report.lines import status_words
from lint502.report.xml import document

if TYPE_CHECKING:
    from lint502.evidence import Proof
    from lint502.report_model import HopReport, Report

    Proofs = Mapping[Finding, Proof]


_MOST_TARGETS = 20


def render(report: Report, style: Style) -> str:
    """One suite: the hops, the findings that concern none, and what could not be checked."""
    hops = {hop.id for hop in report.hops}
    found: dict[str, list[Finding]] = {}
    others = []
    for finding in report.findings:
        concerned = [id for id in finding.hops if id in hops]
        for id in concerned:
            found.setdefault(id, []).append(finding)
        if not concerned:
            others.append(finding)
    proofs = report.proofs
    most = most_of_each([len(findings) for findings in found.values()])
    cases = [_hop(hop, found.get(hop.id, ()), proofs, most) for hop in report.hops]
    cases += [_finding(finding, proofs) for finding in others]
    cases += [
        _case(problem.file, problem.line, "could not be checked", (), {}, error=problem.message)
        for problem in report.problems
    ]
    if not cases:  # a suite without tests is taken for one that did not run
        cases = [Element("testcase", classname="lint502", name="nothing to check")]
    names = told_apart(
        (f"{case.get('classname')}\0{case.get('name')}" for case in cases), "{} ({})"
    )
    for case, name in zip(cases, names, strict=True):
        case.set("name", name.partition("\0")[2])
    return document(_suites(cases))


def _suites(cases: Sequence[Element]) -> Element:
    counts = {"tests": str(len(cases))}
    for counter, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        counts[counter] = str(sum(case.find(kind) is not None for case in cases))
    totals = {name: count for name, count in counts.items() if name != "skipped"}
    root = Element("testsuites", {"name": "lint502", **totals})
    suite = SubElement(root, "testsuite", {"name": "lint502", **counts})
    suite.extend(cases)
    return root


def _hop(hop: HopReport, findings: Sequence[Finding], proofs: Proofs, most: int) -> Element:
    """A failed test where an error or a warning concerns the hop, a skipped one where nothing is
    known of it. ``most`` is how many findings it lists."""
    name = " ".join(part for part in (hop.server, hop.location, hop.directive, hop.value) if part)
    skipped = None
    if hop.state == "undecidable":
        skipped = hop.reason or "where it leads cannot be known"
    elif hop.state == "undeclared":
        unknown = [target.address for target in hop.targets if target.upstream is None]
        named = ", ".join(unknown[:_MOST_TARGETS]) or hop.value
        more = len(unknown) - _MOST_TARGETS
        skipped = f"no upstream is declared for {named}" + (f" and {more} more" if more > 0 else "")
    return _case(hop.place.file, hop.place.line, name, findings, proofs, skipped=skipped, most=most)


def _finding(finding: Finding, proofs: Proofs) -> Element:
    name = f"{finding.rule} {finding.upstream or finding.front or ''}".rstrip()
    return _case(finding.place.file, finding.place.line, name, [finding], proofs)


def _case(
    file: str,
    line: int | None,
    name: str,
    findings: Sequence[Finding],
    proofs: Proofs,
    *,
    skipped: str | None = None,
    error: str | None = None,
    most: int | None = None,
) -> Element:
    case = Element("testcase", classname=shown(file), name=shown(name), file=shown(file))
    if line is not None:
        case.set("line", str(line))
    failing = [finding for finding in findings if finding.severity.at_least(Severity.WARNING)]
    if error is not None:
        SubElement(case, "error", message=shown(error), type="problem").text = shown(error)
    elif failing:
        first = shown(failing[0].message)
        message = f"{first} (and {len(failing) - 1} more)" if failing[1:] else first
        kinds = ", ".join(dict.fromkeys(finding.rule for finding in failing))
        failure = SubElement(case, "failure", message=message, type=kinds)
        failure.text = _told(failing, proofs, most)
    elif skipped is not None:
        SubElement(case, "skipped", message=shown(skipped))
    infos = [finding for finding in findings if finding.severity is Severity.INFO]
    if infos:
        SubElement(case, "system-out").text = _told(infos, proofs, most)
    return case


def _told(findings: Sequence[Finding], proofs: Proofs, most: int | None) -> str:
    texts = ["\n".join(_lines(finding, proofs.get(finding))) for finding in findings[:most]]
    if most is not None and findings[most:]:
        texts.append(f"and {len(findings) - most} more")
    return "\n\n".join(texts)


def _lines(finding: Finding, proof: Proof | None) -> list[str]:
    """One finding: only one failure of a test is shown by most consumers, so its text has all."""
    status = status_words(finding.status, finding.frequency)
    head = f"{finding.severity.value}: {finding.rule}" + (f" ({status})" if status else "")
    lines = [f"{_where(finding.place)}: {head}", f"  {shown(finding.message)}"]
    lines += [
        f"  {_where(place)}: {shown(place.note)}" if place.note else f"  {_where(place)}"
        for place in finding.related
    ]
    if finding.log is not None:
        lines.append(f"  log: {shown(finding.log)}")
    if finding.fix is not None:
        lines += [f"  fix: {shown(line)}" for line in finding.fix.description.splitlines()]
    lines += [f"  {line}" for line in saw(proof)]
    return lines


def _where(place: Place) -> str:
    return f"{shown(place.file)}:{place.line}"
