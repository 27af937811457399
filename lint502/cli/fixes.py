"""``--fix`` and ``--diff``: what comes of the fixes, and writing it."""

from __future__ import annotations

import contextlib
import difflib
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lint502.cli import baselines, output
from lint502.nginx.files import MAX_FILE_BYTES
from lint502.reading import UnreadableError, read_regular, shown
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

    report = result.report
    what = "nothing is fixed"
    if report.problems:
        output.say_notes(report.notes)
        output.say_problems(report.problems)
        output.fail(f"{what}, for not everything could be checked")
    for site in result.sites:
        if site.tree.name not in result.on_disk:
            output.fail(
                f"{shown(site.tree.name)}: {what}: standard input and the output of nginx -T are "
                "no files to write to; name the file that nginx starts from"
            )
    selected = frozenset(rule for options in job.parts for rule in options.select)
    if selected:  # what a fix does to the others counts all the same
        job = job.running(())
        result = job.run()
    wanted = None if baseline is None else baselines.unknown(result.report, baseline)
    done = fix(result, job.run, unsafe=unsafe, wanted=wanted, rules=selected or None)
    output.progress("")
    if write:
        _write(result, done.texts)
    if not quiet:
        _say(done, written=write)
    return done


def difference(result: Result, done: Fixed) -> str:
    """What changes, as a unified diff."""
    lines = [
        line
        for name, _, old, new in _changed(result, done.texts)
        for line in difflib.unified_diff(_lines(old), _lines(new), name, name)
    ]
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _changed(result: Result, texts: Mapping[str, str]) -> list[tuple[str, str, str, str]]:
    """Name, real path, old and new text of each file that changes."""
    found = {
        file.path: (name, file.path, file.text, texts[file.path])
        for name, file in result.on_disk.items()
        if file.path in texts
    }
    return sorted(found.values())


def _lines(text: str) -> list[str]:
    """The lines with their ends; only a line feed ends one."""
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


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
    prepared: list[tuple[str, str, str]] = []
    try:
        for name, path, old, new in _changed(result, texts):
            prepared.append((name, _beside(name, path, old, new), path))
        for number, (name, temporary, path) in enumerate(prepared):
            try:
                Path(temporary).replace(path)
            except OSError as error:
                done = ", ".join(shown(written) for written, _, _ in prepared[:number])
                output.fail(
                    f"cannot write {shown(name)}: {error.strerror}; written: {done or 'nothing'}"
                )
            _sync_folder(path)
    finally:
        for _, temporary, _ in prepared:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()


def _beside(name: str, path: str, old: str, new: str) -> str:
    """Write a text into a temporary file beside the one that it is to replace, and return its
    path."""
    why = f"cannot write {shown(name)}"
    before = old.encode("utf-8", "surrogateescape")
    try:
        if read_regular(path, MAX_FILE_BYTES) != before:
            output.fail(f"{why}: somebody has changed it meanwhile; nothing is written")
    except UnreadableError as error:
        output.fail(f"{why}: it {error}; nothing is written")
    try:
        status = Path(path).stat()
        if not (status.st_mode & 0o222 and os.access(path, os.W_OK)):
            output.fail(f"{why}: it is read-only; nothing is written")
        folder = Path(path).parent
        descriptor, temporary = tempfile.mkstemp(prefix=".lint502-", dir=folder)
    except OSError as error:
        output.fail(f"{why}: {error.strerror}; nothing is written")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(new.encode("utf-8", "surrogateescape"))
            if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                with contextlib.suppress(PermissionError):
                    os.fchown(file.fileno(), status.st_uid, status.st_gid)
            _copy_attributes(path, file.fileno())
            os.fchmod(file.fileno(), stat.S_IMODE(status.st_mode))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        output.fail(f"{why}: {error.strerror}; nothing is written")
    return temporary


def _sync_folder(path: str) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(Path(path).parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _copy_attributes(path: str, descriptor: int) -> None:
    """Take over what else a file system knows of a file, such as its SELinux label."""
    if not hasattr(os, "listxattr"):
        return
    with contextlib.suppress(OSError):
        for name in os.listxattr(path):
            with contextlib.suppress(OSError):
                os.setxattr(descriptor, name, os.getxattr(path, name))
