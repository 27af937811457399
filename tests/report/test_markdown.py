from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given, settings
from markdown_it import MarkdownIt
from msgspec.structs import replace

from lint502.reading import shown
from lint502.report import Style
from lint502.report.groups import MOST_GROUPS, grouped
from lint502.report.markdown import code, escaped, render, shortened
from lint502.report.mermaid import details
from lint502.report_model import Report
from tests.support.canned import CLEAN, FINDINGS, REPORT
from tests.support.nasty import any_report, texts


class Read(HTMLParser):
    """The text of the HTML that Markdown becomes, cell by cell, and its elements."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self._cell: str | None = None
        self.feed(MarkdownIt("commonmark").enable("table").render(markdown))
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.elements.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self._cell = ""
        if tag == "br":
            self.handle_data("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None:
            self.rows[-1].append(self._cell)
            self._cell = None

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._cell is not None:
            self._cell += data


def test_clean() -> None:
    assert render(CLEAN, Style()) == (
        "**lint502**: 0 errors, 0 warnings\n\n"
        "1 hop: 1 passed; nginx 1.26 (newest known); checked <code>a.conf</code>, "
        "<code>b.conf</code>, <code>c.conf</code> and 2 more, found no upstreams.toml\n\n"
        f"{details(CLEAN)[0]}\n"
    )
    assert "<details>" not in render(replace(CLEAN, hops=()), Style())


def test_escapes() -> None:
    assert escaped("a|b `c` *d* e_f _g_ <b>&amp;\n[x](y) ~~z~~ $1 \\ \x1b") == (
        "a&#124;b \\`c\\` \\*d\\* e_f \\_g\\_ \\<b\\>\\&amp;\\\\n\\[x\\](y) \\~\\~z\\~\\~ \\$1 "
        "\\\\ \\\\x1b"
    )


@settings(deadline=None)
@given(text=texts)
def test_text_is_shown_as_it_is(text: str) -> None:
    for written in (escaped(text), code(text)):
        read = Read(f"| a | b |\n| --- | --- |\n| {written} | end |\n")
        assert read.rows == [["a", "b"], [shown(text).strip(), "end"]] or (
            written == code(text) and read.rows[1] == [shown(text), "end"]
        )


@any_report
def test_any_text(report: Report) -> None:
    read = Read(render(report, Style()))
    allowed = {"p", "strong", "code", "br", "ul", "li"}
    allowed |= {"table", "thead", "tbody", "tr", "th", "td", "details", "summary", "pre"}
    assert set(read.elements) <= allowed
    said = [shown(f"{group.message}{group.more}").strip() for group in grouped(report)]
    assert [row[4] for row in read.rows[1:]] == said[:MOST_GROUPS]
    assert all(len(row) == 6 for row in read.rows)
    assert read.elements.count("li") == len(report.problems)


def test_shortened_says_what_is_left_out() -> None:
    assert shortened(REPORT, 10**6) == render(REPORT, Style())
    findings = tuple(
        replace(finding, message=f"{finding.message} {n}")
        for n in range(1000)
        for finding in FINDINGS
    )
    many = replace(REPORT, findings=findings, problems=REPORT.problems * 1000)
    text = shortened(many, 100_000, unlimited=True)
    assert 90_000 < len(text.encode()) < 102_000
    rows = [line for line in text.splitlines() if line.startswith("| error")]
    left = 6000 - 1000 - len(rows)  # two upstreams that are undeclared at one hop are one
    problems = [line for line in text.splitlines() if line.startswith("- ")]
    assert f"\n\nand {left} more findings: lint502 check --all\n\n" in text
    assert f"\n\nand {2000 - len(problems)} more problems\n\n" in text


def test_at_most_fifty_are_shown() -> None:
    findings = tuple(
        replace(FINDINGS[0], message=f"reason {n}", upstream=f"u{n}") for n in range(60)
    )
    text = render(replace(CLEAN, findings=findings), Style())
    assert text.count("| error ") == 50
    assert "\n\nand 10 more findings: lint502 check --all\n\n" in text
    every = render(replace(CLEAN, findings=findings), Style(unlimited=True))
    assert every.count("| error ") == 60
