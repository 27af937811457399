"""Findings as a report for people shows them, both sides of a hop below each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from lint502.findings import Finding, Severity
from lint502.places import Place
from lint502.published import rule_address
from lint502.reading import shown
from lint502.report import Style, counted
from lint502.report.excerpt import excerpt
from lint502.report.groups import MOST_GROUPS, Group, counted_infos, grouped
from lint502.report.layout import beside_or_below, labelled, room, running, sentence
from lint502.report.limits import most_of_each
from lint502.report.lines import file_and_line, head, hop_lines, in_brief, position, status_words
from lint502.report.once import said_once
from lint502.report.palette import Palette
from lint502.wording import listed

if TYPE_CHECKING:
    from lint502.evidence import Proof
    from lint502.report_model import HopReport, Report

_MOST_HOPS = 3
_FEW_INFOS = 5


def causes(report: Report, style: Style, palette: Palette) -> Iterator[str]:
    """What is no info, each cause once; where there are very many, those that matter most."""
    hops = {hop.id: hop for hop in report.hops}
    behind = _by_what_hides(report.hidden)
    bad = [finding for finding in report.findings if finding.severity is not Severity.INFO]
    groups = grouped(report, bad)
    explained: set[str] = set()
    shown_groups = groups if style.unlimited else groups[:MOST_GROUPS]
    most = most_of_each([len(group.hops) for group in groups]) if style.unlimited else _MOST_HOPS
    for group in shown_groups:
        proof = report.proofs.get(group.head)
        lines = group_lines(group, hops, style, palette, proof, most)
        lines += _behind(group, behind, style, palette)
        rule = group.head.rule
        if rule not in explained:
            explained.add(rule)
            more = [f"lint502 explain {rule}", rule_address(rule) or ""]
            lines += labelled("more", list(filter(None, more)), style.width, palette)
        yield "\n".join(lines)
    left = groups[len(shown_groups) :]
    if left:
        of = {severity: sum(one.head.severity is severity for one in left) for severity in Severity}
        each = [counted(range(n), severity.value) for severity, n in of.items() if n]
        yield "\n".join(running(f"and {listed(each)} more: lint502 check --all", style.width))


def infos(report: Report, style: Style, palette: Palette) -> Iterator[str]:
    """What is worth knowing: a line each where they are few, else how many there are."""
    found = [finding for finding in report.findings if finding.severity is Severity.INFO]
    if not found:
        return
    if style.unlimited or len(found) <= _FEW_INFOS:
        lines = (in_brief(finding, style, palette) for finding in found)
        yield "\n".join(line for of_one in lines for line in of_one)
        return
    counts = sorted(counted_infos(report).items(), key=lambda item: -item[1])
    each = listed((f"{count} {rule}" for rule, count in counts), len(counts))
    text = f"{each} ({palette.severity(Severity.INFO, 'info')}): lint502 check --all"
    yield "\n".join(running(text, style.width))


def finding_lines(
    finding: Finding,
    hops: Mapping[str, HopReport],
    style: Style,
    palette: Palette,
    proof: Proof | None = None,
) -> list[str]:
    """A finding with its places, message, hops, log line and fix."""
    return group_lines(Group((finding,), finding.hops), hops, style, palette, proof)


def group_lines(
    group: Group,
    hops: Mapping[str, HopReport],
    style: Style,
    palette: Palette,
    proof: Proof | None,
    most_hops: int = _MOST_HOPS,
) -> list[str]:
    """The same of findings of one cause: the line that they have in common, one of them, and as
    many hops."""
    finding, width = group.head, style.width
    lines = _heading(group, style, palette)
    cause = () if group.cause is None else (group.cause,)
    related = finding.related[:1] if finding.pairs else finding.related
    message, own = said_once(shown(finding.message), (finding.place, *related))
    places = (*cause, *own)
    digits = max(len(str(place.line)) for place in places)
    for number, place in enumerate(places):
        if number:
            lines.append(palette.bold(file_and_line(place, width)))
        mark = palette.other if number else partial(palette.severity, finding.severity)
        lines += excerpt(place, digits, width, palette.dim, mark)
    if message is not None:
        lines += sentence(message, width)
    shown_hops = _hops(group, hops, style, most_hops)
    lines += labelled("hops" if len(shown_hops) > 1 else "hop", shown_hops, width, palette)
    lines += labelled("also", _also(group, style), width, palette)
    if finding.log is not None:
        lines += labelled("log", [shown(finding.log)], width, palette)
    if finding.fix is not None:
        fix = [shown(line) for line in finding.fix.description.splitlines()]
        lines += labelled("fix", fix, width, palette)
    if proof is not None:
        from lint502.report.evidence import brief

        lines += labelled("saw", brief(proof), width, palette)
    return lines


def _heading(group: Group, style: Style, palette: Palette) -> list[str]:
    """Where to look, what is wrong there, what the client sees, and at how many hops."""
    finding = group.head
    where, severity, rule = head(finding, palette, group.place, style.width)
    status = status_words(finding.status, finding.frequency)
    what = [status] if status else []
    if group.size > 1:
        what.append(counted(range(group.size), "hop" if group.hops else "place"))
    parts = [f"{severity}  {rule}", *(f"·  {text}" for text in what)]
    return beside_or_below(where, parts, style.width)


def _by_what_hides(hidden: Sequence[Finding]) -> dict[str, list[Finding]]:
    """The findings that others hide, by the fingerprints of those."""
    found: dict[str, list[Finding]] = {}
    for finding in hidden:
        for fingerprint in finding.behind:
            found.setdefault(fingerprint, []).append(finding)
    return found


def _behind(
    group: Group, hidden: Mapping[str, Sequence[Finding]], style: Style, palette: Palette
) -> list[str]:
    """What shows once findings are fixed, in one line."""
    if not hidden:
        return []
    names = (name for finding in group.findings if finding.hops for name in finding.fingerprints)
    clauses = {
        f"{one.rule} ({status_words(one.status, one.frequency)})" if one.status else one.rule: None
        for fingerprint in names
        for one in hidden.get(fingerprint, ())
    }
    if not clauses:
        return []
    text = f"once this is fixed: {listed(clauses)}"
    return labelled("then", [text], style.width, palette)


def _hops(group: Group, hops: Mapping[str, HopReport], style: Style, most: int) -> list[str]:
    known = [hops[id] for id in group.hops if id in hops]
    return hop_lines(known, most, group.head.place, room(style.width))


def _also(group: Group, style: Style) -> list[str]:
    """Where else the same is, of what concerns no hop."""
    if group.hops:
        return []
    places: list[Place] = [one.place for one in group.findings if one is not group.head]
    most = len(places) if style.unlimited else _MOST_HOPS
    lines = [position(place) for place in places[:most]]
    more = places[most:]
    return [*lines, f"and {counted(more, 'more place')}"] if more else lines
