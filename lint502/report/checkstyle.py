"""``--format checkstyle``: what Jenkins, reviewdog and many others read.

The form is that of Checkstyle's XMLLogger; see https://checkstyle.org/filters/ and
https://github.com/checkstyle/checkstyle/blob/master/src/main/java/com/puppycrawl/tools/checkstyle/XMLLogger.java
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from lint502 import __version__
from lint502.reading import shown
from lint502.report import Style
from lint502.report.xml import document

if TYPE_CHECKING:
    from lint502.report_model import Report


def render(report: Report, style: Style) -> str:
    """Each file that has an ``error``; problems have the source ``lint502.problem``."""
    root = Element("checkstyle", version=__version__)
    files: dict[str, Element] = {}

    def add(file: str, line: int, column: int, severity: str, message: str, source: str) -> None:
        if file not in files:
            files[file] = SubElement(root, "file", name=shown(file))
        SubElement(
            files[file],
            "error",
            line=str(line),
            column=str(column),
            severity=severity,
            message=shown(message),
            source=f"lint502.{source}",
        )

    for finding in report.findings:
        place = finding.place
        severity = finding.severity.value
        add(place.file, place.line, place.column, severity, finding.message, finding.rule)
    for problem in report.problems:
        add(problem.file, problem.line or 1, 1, "error", problem.message, "problem")
    return document(root)
