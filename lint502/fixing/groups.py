"""Findings that share an edit, and texts with edits made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from lint502.edits.apply import edited, overlap
from lint502.findings import Edit, Finding
from lint502.fixing.view import View


class Group(Struct):
    """Findings that share an edit; their edits are made together or not at all. The file of an edit
    is its real path here."""

    edits: list[Edit]
    findings: list[Finding]


def grouped(
    view: View, findings: Iterable[Finding]
) -> tuple[list[Group], list[Finding], list[tuple[Group, str]]]:
    """The findings by their edits; those that wait, for their edits overlap others; and those that
    cannot be fixed, with the reason."""
    groups: list[Group] = []
    waiting: list[Finding] = []
    misplaced: list[tuple[Group, str]] = []
    by_edit: dict[Edit, Group] = {}
    by_line: dict[tuple[str, int], list[Edit]] = {}
    for finding in findings:
        edits, reason = _placed(view, finding)
        if reason is not None:
            misplaced.append((Group(edits, [finding]), reason))
            continue
        fresh = [edit for edit in edits if edit not in by_edit]
        shared = {id(by_edit[edit]): by_edit[edit] for edit in edits if edit in by_edit}
        clash = any(
            overlap(edit, other)
            for edit in fresh
            for other in by_line.get((edit.file, edit.line), ())
        )
        if clash or len(shared) > 1:
            waiting.append(finding)
            continue
        group = next(iter(shared.values()), None)
        if group is None:
            group = Group([], [])
            groups.append(group)
        group.edits += fresh
        group.findings.append(finding)
        for edit in fresh:
            by_edit[edit] = group
            by_line.setdefault((edit.file, edit.line), []).append(edit)
    return groups, waiting, misplaced


def _placed(view: View, finding: Finding) -> tuple[list[Edit], str | None]:
    """The edits of a finding, by real path; a reason where they cannot be made."""
    edits: list[Edit] = []
    for edit in finding.fix.edits if finding.fix is not None else ():
        file = view.result.on_disk.get(edit.file)
        if file is None:
            return edits, f"{edit.file} is no nginx file that can be written to"
        if not file.inside:
            return edits, (
                f"{edit.file} is a link to a file outside the tree that lint502 may read; check "
                "that file itself"
            )
        edits.append(replace(edit, file=file.path))
    return edits, None


def applied(view: View, texts: Mapping[str, str], groups: Iterable[Group]) -> dict[str, str]:
    """Texts with the edits of groups made, which are placed in those of ``view``."""
    by_file: dict[str, list[Edit]] = {}
    for group in groups:
        for edit in group.edits:
            by_file.setdefault(edit.file, []).append(edit)
    changed = dict(texts)
    for path, edits in by_file.items():
        changed[path] = edited(view.text_of(path), edits)
    return changed
