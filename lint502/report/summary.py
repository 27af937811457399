"""The counts with which a report ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lint502.findings import Severity
from lint502.reading import shown
from lint502.report import counted
from lint502.report.palette import Palette
from lint502.wording import listed

if TYPE_CHECKING:
    from lint502.report_model import Report


def hop_counts(report: Report, palette: Palette) -> str:
    """How many hops there are, and how many in each state: "3 hops: 2 passed, 1 failed"."""
    states = [
        palette.state(state, f"{count} {state}")
        for state, count in report.hop_states().items()
        if count
    ]
    total = counted(report.hops, "hop")
    return f"{total}: {', '.join(states)}" if states else total


def finding_counts(report: Report, palette: Palette) -> str:
    """How many findings of each severity: "1 error, 0 warnings"."""
    counts = [(severity, report.count(severity)) for severity in Severity]
    parts = [
        palette.severity(severity, text) if count else text
        for severity, count in counts
        if count or severity is not Severity.INFO
        for text in [counted(range(count), severity.value)]
    ]
    if report.suppressed:
        parts.append(f"{report.suppressed} suppressed")
    if report.known:
        parts.append(f"{report.known} known")
    return ", ".join(parts)


def version(report: Report) -> str:
    """Which nginx the run went by, and what said so: "nginx 1.26.3 (lint502.toml)"."""
    if report.root_versions:
        each = (f"{version} for {shown(root)}" for root, version in report.root_versions.items())
        return f"nginx {listed(each)}"
    origin = {
        "option": "--nginx-version",
        "config": shown(report.version_source or "settings"),
        "binary": "installed nginx",
        "deployment": "the image's tag",
        "newest": "newest known",
    }[report.version_origin]
    return f"nginx {report.version} ({origin})"


_MOST_FILES = 3


def comparisons(report: Report, palette: Palette) -> list[str]:
    """What the hops were compared with, in a line: "23 hops: 19 compared with compose.yaml and 2
    Dockerfiles, 4 with nothing"."""
    if not report.hops:
        return []
    total, compared = len(report.hops), report.compared
    if not compared and report.problems:
        return [f"{counted(report.hops, 'hop')}: none was compared with anything"]
    if not compared:
        return [
            palette.severity(
                Severity.WARNING,
                f"{counted(report.hops, 'hop')}: none was compared with anything, for no file says "
                "what stands behind; lint502 init writes an upstreams.toml to fill in",
            )
        ]
    parts = [f"{compared} compared with {_files(report.compared_with)}"]
    if total > compared:
        parts.append(f"{total - compared} with nothing")
    return [f"{counted(report.hops, 'hop')}: {', '.join(parts)}"]


def _files(names: Sequence[str]) -> str:
    """Files, several of one kind counted: "compose.yaml, upstreams.toml and 2 Dockerfiles"."""
    dockerfiles = [name for name in names if "dockerfile" in name.rpartition("/")[2].lower()]
    if len(dockerfiles) < 2:
        return listed(map(shown, names), _MOST_FILES)
    others = [shown(name) for name in names if name not in dockerfiles]
    return listed((*others[:_MOST_FILES], f"{len(dockerfiles)} Dockerfiles"), _MOST_FILES + 1)
