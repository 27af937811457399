"""``--baseline`` and ``--write-baseline``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lint502.cli import output
from lint502.reading import shown

if TYPE_CHECKING:
    from lint502.baseline import Baseline, Compared, Entry
    from lint502.findings import Finding
    from lint502.report_model import Report
    from lint502.workspace import Job

_MOST_GONE = 10


def write(report: Report, file: str, *, quiet: bool) -> None:
    """Write all findings of a report as known ones. Where not everything could be checked, it ends
    the process: what was not seen would be called new later."""
    from lint502.baseline import Baseline, dumped, entries

    if report.problems:
        output.say_notes(report.notes)
        output.say_problems(report.problems)
        output.fail(f"{shown(file)} is not written, for not everything could be checked")
    found = tuple(entries(report))
    output.write_file(file, dumped(Baseline(report.roots, found)))
    if not quiet:
        output.say(f"note: {shown(file)}: {len(found)} findings are written down as known")


def unknown(report: Report, file: str) -> tuple[Finding, ...]:
    """The findings that a baseline does not list, or what is left of them, hidden ones too."""
    compared = _compared(report, file)[1]
    return (*compared.new, *compared.hidden)


def without_known(report: Report, file: str, job: Job, *, quiet: bool) -> Report:
    """A report without the findings that a baseline lists; says what of it is out of date."""
    from msgspec.structs import replace

    baseline, compared = _compared(report, file)
    if not quiet:
        _say_gone(file, _out_of_date(report, job, baseline, compared))
    return replace(report, findings=compared.new, hidden=compared.hidden, known=compared.known)


def _compared(report: Report, file: str) -> tuple[Baseline, Compared]:
    from lint502.baseline import BaselineError, compare, read

    try:
        baseline = read(file)
    except BaselineError as error:
        output.fail(f"{shown(file)} {error}")
    return baseline, compare(report, baseline.entries)


def _out_of_date(report: Report, job: Job, baseline: Baseline, compared: Compared) -> list[Entry]:
    """The entries that do not occur any more, as far as this run looked for them: in all the roots
    of the baseline, to the end, and by the rules of the entries."""
    if report.problems or not set(baseline.roots) <= set(report.roots):
        return []
    return [entry for entry in compared.gone if job.parts[0].runs(entry.rule)]


def _say_gone(file: str, gone: list[Entry]) -> None:
    if not gone:
        return
    for entry in gone[:_MOST_GONE]:
        output.say(f"note: {shown(file)}: {shown(entry.rule)} is gone at {shown(entry.where)}")
    entries = "1 entry does" if len(gone) == 1 else f"{len(gone)} entries do"
    output.say(
        f"note: {shown(file)}: {entries} not occur any more; make it shorter with --write-baseline"
    )
