"""``--baseline`` and ``--write-baseline``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lint502.cli import output
from lint502.reading import shown

if TYPE_CHECKING:
    from lint502.findings import Finding
    from lint502.lint import HopReport, Report

_MOST_GONE = 10


def write(report: Report, file: str) -> None:
    """Write all findings of a report as known ones. Where not everything could be checked, it ends
    the process: what was not seen would be called new later."""
    from lint502.baseline import dumped, entries

    if report.problems:
        output.say_notes(report.notes)
        output.say_problems(report.problems)
        output.fail(f"{shown(file)} is not written, for not everything could be checked")
    found = list(entries(report.findings, {hop.id: _words(hop) for hop in report.hops}))
    output.write_file(file, dumped(found))
    output.say(f"note: {shown(file)}: {len(found)} findings are written down as known")


def unknown(report: Report, file: str) -> tuple[Finding, ...]:
    """The findings that a baseline does not list, or what is left of them."""
    from lint502.baseline import BaselineError, compare, read

    try:
        return compare(report.findings, read(file)).new
    except BaselineError as error:
        output.fail(f"{shown(file)} {error}")


def without_known(report: Report, file: str) -> Report:
    """A report without the findings that a baseline lists; says what of it is out of date."""
    from dataclasses import replace

    from lint502.baseline import BaselineError, compare, read

    try:
        compared = compare(report.findings, read(file))
    except BaselineError as error:
        output.fail(f"{shown(file)} {error}")
    for entry in compared.gone[:_MOST_GONE]:
        output.say(f"note: {shown(file)}: {shown(entry.rule)} is gone at {shown(entry.where)}")
    if compared.gone:
        count = len(compared.gone)
        entries = "1 entry does" if count == 1 else f"{count} entries do"
        output.say(
            f"note: {shown(file)}: {entries} not occur any more; make it shorter with "
            "--write-baseline"
        )
    return replace(report, findings=compared.new, known=compared.known)


def _words(hop: HopReport) -> str:
    where = " ".join(part for part in (hop.server, hop.location) if part)
    passes = f"{hop.directive} {hop.value}"
    return f"{where} → {passes}" if where else passes
