from __future__ import annotations

from io import StringIO
from xml.etree import ElementTree

from lxml import etree

from lint502 import __version__
from lint502.reading import shown
from lint502.report import Style
from lint502.report.checkstyle import render
from lint502.report_model import Report
from tests.support.canned import CLEAN
from tests.support.nasty import any_report

DTD = etree.DTD(
    StringIO("""\
<!ELEMENT checkstyle (file*)>
<!ATTLIST checkstyle version CDATA #REQUIRED>
<!ELEMENT file (error*)>
<!ATTLIST file name CDATA #REQUIRED>
<!ELEMENT error EMPTY>
<!ATTLIST error
    line CDATA #REQUIRED
    column CDATA #IMPLIED
    severity (ignore | info | warning | error) #REQUIRED
    message CDATA #REQUIRED
    source CDATA #REQUIRED>
""")
)
"""What Checkstyle's XMLLogger writes."""


def test_nothing_found() -> None:
    assert render(CLEAN, Style()) == (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<checkstyle version="{__version__}" />\n'
    )


@any_report
def test_any_text(report: Report) -> None:
    output = render(report, Style()).encode()
    DTD.assertValid(etree.fromstring(output))
    root = ElementTree.fromstring(output)
    assert len({file.get("name") for file in root}) == len(root)
    read = [(file.get("name"), error.get("message")) for file in root for error in file]
    assert sorted(read) == sorted(
        (shown(file), shown(message))
        for file, message in (
            *((finding.place.file, finding.message) for finding in report.findings),
            *((problem.file, problem.message) for problem in report.problems),
        )
    )
