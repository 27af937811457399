"""``--fix`` and ``--diff``: what comes of the fixes, and writing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lint502.cli import baselines, output
from lint502.cli.differences import unified
from lint502.cli.writing import Change, UnwritableError, change_all
from lint502.reading import shown
from lint502.report import counted
from lint502.wording import listed

if TYPE_CHECKING:
    from lint502.fixing import Fixed
    from lint502.run import Result
    from lint502.workspace import Job


def fixed(
    job: Job,
    result: Result,
    baseline: str | None,
    *,
    unsafe: bool,
    write: bool,
    quiet: bool = False,
) -> Fixed:
    """What fixing makes of a run; with ``write`` it is written. Says what was fixed and what not.

    Where not everything could be checked, it ends the process: a fix must not be borne out by what
    nobody saw.
    """
    from lint502.fixing import fix
    from lint502.run import UNSTATED

    report = result.report
    what = "nothing is fixed"
    if report.problems:
        output.say_notes(report.notes)
        output.say_problems(report.problems)
        output.fail(f"{what}, for not everything could be checked")
    deployed = {root for one in report.deployments for root in one.roots}
    for site in result.sites:
        if site.tree.name not in result.on_disk and site.tree.name not in deployed:
            output.fail(
                f"{shown(site.tree.name)}: {what}: standard input and the output of nginx -T are "
                "no files to write to; name the file that nginx starts from"
            )
    selected = frozenset(rule for options in job.parts for rule in options.select)
    if selected:  # what a fix does to the others counts all the same
        job = job.running(())
        result = job.run()
    wanted = None if baseline is None else baselines.unknown(result.report, baseline)
    check = job.without(UNSTATED).run  # a fix is judged by the version that counts
    done = fix(result, check, unsafe=unsafe, wanted=wanted, rules=selected or None)
    output.progress("")
    if write:
        _write(result, done.texts)
    if not quiet:
        _say(done, written=write)
    return done


def difference(result: Result, done: Fixed) -> str:
    """What changes, as a unified diff."""
    return "".join(
        unified(old, new, name, name) for name, _, old, new in _changed(result, done.texts)
    )


def _changed(result: Result, texts: Mapping[str, str]) -> list[tuple[str, str, str, str]]:
    """Name, real path, old and new text of each file that changes."""
    found = {
        file.path: (name, file.path, file.text, texts[file.path])
        for name, file in result.on_disk.items()
        if file.path in texts
    }
    return sorted(found.values())


def _say(done: Fixed, *, written: bool) -> None:
    reasons: dict[tuple[str, int, str], dict[str, None]] = {}
    for item in done.unfixed:
        place = item.finding.place
        at = (place.file, place.line, item.finding.rule)
        reasons.setdefault(at, {}).update(dict.fromkeys(item.reason.split("; ")))
    where: dict[str, list[str]] = {}
    for (file, line, rule), found in reasons.items():
        where.setdefault("; ".join(found), []).append(f"{shown(file)}:{line}: {rule}")
    for reason, places in where.items():
        output.say(f"not fixed: {listed(places)}: {shown(reason)}")
    for refused in done.refused:
        output.say(f"note: nginx refuses {shown(refused)}, as it did before")
    if done.unsafe:
        output.say(
            f"note: {done.unsafe} more could be fixed with --unsafe-fixes; look over what it "
            "changes"
        )
    verb = "fixed" if written else "would fix"
    findings = "finding" if done.fixed == 1 else "findings"
    files = counted(list(done.texts), "file")
    output.say(f"{verb} {done.fixed} {findings} in {files}")


def _write(result: Result, texts: Mapping[str, str]) -> None:
    """Write all files, or none where one of them cannot be written."""
    changes = [
        Change(name, path, _encoded(old), _encoded(new))
        for name, path, old, new in _changed(result, texts)
    ]
    try:
        change_all(changes)
    except UnwritableError as error:
        output.fail(str(error))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
