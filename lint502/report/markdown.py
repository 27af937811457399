"""``--format markdown``: for a comment, a wiki, or the summary of a CI job."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lint502.findings import Problem
from lint502.patterns import regex
from lint502.published import rule_address
from lint502.reading import shown
from lint502.report import Style, counted
from lint502.report.evidence import saw
from lint502.report.groups import MOST_GROUPS, Group, grouped
from lint502.report.lines import position, status_words
from lint502.report.mermaid import details
from lint502.report.palette import Palette
from lint502.report.summary import finding_counts, hop_counts, version
from lint502.wording import listed

if TYPE_CHECKING:
    from lint502.evidence import Proof
    from lint502.report_model import Report

_HEADINGS = ("severity", "rule", "the client sees", "where", "message", "fix")
_SPECIAL = regex(r"([\\`*\[\]<>&|~$]|(?<![^\W_])_|_(?![^\W_]))")


def render(report: Report, style: Style) -> str:
    """A summary line, a table of the findings by cause with the worst first, the problems, the
    counts."""
    return _rendered(report, None, unlimited=style.unlimited)


def shortened(report: Report, most: int, *, unlimited: bool = False) -> str:
    """The same in about ``most`` bytes: what is beyond is counted."""
    return _rendered(report, most, unlimited=unlimited)


def _rendered(report: Report, most: int | None, *, unlimited: bool) -> str:
    groups = grouped(report)
    parts = [f"**lint502**: {finding_counts(report, Palette(False))}"]
    if report.problems:
        parts[0] += f"; {counted(report.problems, 'problem')}: not everything could be checked"
    if groups:
        head = (_row(_HEADINGS), _row("---" for _ in _HEADINGS))
        chosen = groups if unlimited else groups[:MOST_GROUPS]
        written = (_group(group, report.proofs.get(group.head)) for group in chosen)
        rows, left_out = _within(written, most)
        parts.append("\n".join((*head, *rows)))
        left_out += len(groups) - len(chosen)
        if left_out:
            parts.append(f"and {counted(range(left_out), 'more finding')}: lint502 check --all")
    if report.problems:
        rows, left_out = _within(map(_problem, report.problems), most)
        parts.append("Could not be checked:")
        parts.append("\n".join(rows))
        if left_out:
            parts.append(f"and {counted(range(left_out), 'more problem')}")
    parts.append("; ".join((hop_counts(report, Palette(False)), escaped(version(report)))))
    if report.roots:
        specs = listed(map(code, report.specs))
        against = f" against {specs}" if specs else ", found no upstreams.toml"
        parts[-1] += f"; checked {listed(map(code, report.roots))}{against}"
    parts += details(report)
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, also in a table.

    A backslash stands before everything that means something within a line, which ``_`` within a
    word does not; see https://spec.commonmark.org/0.31.2/#backslash-escapes. A reference stands
    for ``|``, where readers differ in how many backslashes it takes.
    """
    return _SPECIAL.sub(lambda match: "&#124;" if match[1] == "|" else f"\\{match[1]}", shown(text))


def code(text: str) -> str:
    """The same as code. Not between backticks, where nothing can be escaped."""
    return f"<code>{escaped(text)}</code>"


def _group(group: Group, proof: Proof | None) -> str:
    finding = group.head
    fix = "" if finding.fix is None else finding.fix.description
    address = rule_address(finding.rule)
    return _row(
        (
            finding.severity.value,
            code(finding.rule) if address is None else f"[{code(finding.rule)}]({address})",
            status_words(finding.status, finding.frequency),
            code(position(group.place)),
            "<br>".join(map(escaped, (f"{group.message}{group.more}", *saw(proof)))),
            "<br>".join(map(escaped, fix.splitlines())),
        )
    )


def _problem(problem: Problem) -> str:
    line = "" if problem.line is None else f":{problem.line}"
    return f"- {code(problem.file + line)}: {escaped(problem.message)}"


def _row(values: Iterable[str]) -> str:
    return f"| {' | '.join(values)} |"


def _within(rows: Iterable[str], most: int | None) -> tuple[list[str], int]:
    """The rows for which there is room, and how many others there are."""
    taken = []
    left_out = size = 0
    for row in rows:
        size += len(row.encode()) + 1
        if most is None or size <= most // 2:
            taken.append(row)
        else:
            left_out += 1
    return taken, left_out
