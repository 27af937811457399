"""The output formats: one module each, named after its format, and the list of them."""

from __future__ import annotations

from collections.abc import Callable, Sized
from importlib import import_module
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from lint502.report_model import Report

FORMATS = (
    "text",
    "concise",
    "json",
    "sarif",
    "github",
    "gitlab",
    "junit",
    "checkstyle",
    "rdjson",
    "sonarqube",
    "markdown",
)
"""Every format; ``lint502.report.NAME`` has its ``render``."""

AUTO = "auto"
"""Stands for the format that suits the place where the run happens."""


class Style(Struct, frozen=True):
    """What a report may use: colour, how many columns a line has (None: any number), links that a
    terminal follows; ``unlimited``: all findings and hops, not only the first ones;
    ``statistics``: how many findings there are of what."""

    colour: bool = False
    width: int | None = None
    links: bool = False
    unlimited: bool = False
    statistics: bool = False


Renderer = Callable[["Report", Style], str]
"""Makes the whole output of a report, its last line end included."""


def renderer(name: str) -> Renderer:
    """The ``render`` of one of the :data:`FORMATS`."""
    render: Renderer = import_module(f"lint502.report.{name}").render
    return render


def with_roots(report: Report) -> Report:
    """The report with the roots of each finding in its message, where several were checked: for
    formats that have no place of their own for them."""
    if len(report.roots) < 2:
        return report
    from msgspec.structs import replace

    from lint502.wording import listed

    return report.changed(
        lambda finding: (
            replace(finding, message=f"{finding.message} (in {listed(finding.roots)})")
            if finding.roots
            else finding
        )
    )


def counted(things: Sized, word: str) -> str:
    """How many there are: "1 hop", "2 hops"."""
    number = len(things)
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
