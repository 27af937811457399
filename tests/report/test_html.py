from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from lint502 import __version__
from lint502.cli.logs import without_commands
from lint502.reading import shown
from lint502.report import Style
from lint502.report.html import data, render
from lint502.report_model import Report, TargetReport
from tests.support.canned import CLEAN, HOPS, REPORT
from tests.support.nasty import any_report
from tests.support.pictures import around, with_fronts

EXPECTED = Path(__file__).parent / "expected" / "html.json"
HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<!--<script>",
    "]]>@@SCRIPT@@@@DATA@@",
    "##[error]x\n::error::x",
    "\u2028\u202e\udcff\x00\ufeff",
    "{{7*7}}${7*7}`javascript:alert(1)`",
)


class Read(HTMLParser):
    """The elements of a page, and the texts of those that browsers do not look into."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[str] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] in ("style", "script") and data.strip():
            self.raw.append(data)
        else:
            self.text.append(data.strip())

    @property
    def data(self) -> Any:
        return json.loads(self.raw[1])


EMPTY = Read(render(CLEAN, Style()))


def test_data() -> None:
    found = data(with_fronts(REPORT))
    assert found["lint502"] == __version__
    expected = json.loads(EXPECTED.read_text(encoding="utf-8"))
    assert {**found, "lint502": "0.1.0"} == expected


def test_nothing_is_loaded_and_only_its_own_script_runs() -> None:
    attributes = {name for _, attributes in EMPTY.elements for name in attributes}
    assert attributes.isdisjoint({"src", "srcset", "action", "style", "onclick", "onload"})
    links = {one["href"] for _, one in EMPTY.elements if "href" in one}
    assert links == {"#hops"}
    policy = next(one["content"] for tag, one in EMPTY.elements if "http-equiv" in one)
    style, _, script = EMPTY.raw
    hashes = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (script, style)
    ]
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{hashes[0]}'; style-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )
    assert not re.search(r"https?:|url\(|@import|innerHTML|eval\(", style + script)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_data(text: str) -> None:
    page = render(around(text), Style())
    read = Read(page)
    assert read.elements == EMPTY.elements
    assert read.text == EMPTY.text
    assert (read.raw[0], read.raw[2]) == (EMPTY.raw[0], EMPTY.raw[2])
    (server,) = (one for one in read.data["servers"] if one["listens"])
    assert server["name"] == shown(f"{text}s")
    assert read.data["findings"][0]["message"] == shown(text)


@any_report
def test_any_text(report: Report) -> None:
    page = render(report, Style())
    assert page.isascii()
    assert without_commands(page, "html") == page
    read = Read(page)
    assert read.elements == EMPTY.elements
    assert read.data == data(report)


def test_targets_that_are_alike_are_there_once_and_no_more_than_many() -> None:
    targets = tuple(TargetReport(f"10.0.0.{n}:80", "api") for n in range(1000))
    hops = tuple(replace(HOPS[0], id=str(n), targets=targets) for n in range(1000))
    found = data(replace(CLEAN, hops=hops))
    (server,) = found["servers"]
    assert len(found["targets"]) == 50
    assert all(hop["targets"] == list(range(50)) and hop["more"] == 950 for hop in server["hops"])


def test_what_findings_of_one_hop_share_is_there_once() -> None:
    findings = data(REPORT)["findings"]
    assert len(findings) == len(REPORT.findings) + len(REPORT.hidden)
    assert findings[0]["hops"] == 5
    hops = [hop for server in data(REPORT)["servers"] for hop in server["hops"]]
    assert [hop["id"] for hop in hops if 0 in hop["findings"]] == [
        *("hop-1", "hop-2", "hop-3", "hop-4", "hop-5"),
    ]


def test_paths_of_several_roots() -> None:
    report = with_fronts(REPORT)
    roots = [server["root"] for server in data(report)["servers"]]
    assert roots == ["", "", ""]
    several = data(replace(report, roots=("a.conf", "nginx.conf")))
    assert [server["root"] for server in several["servers"]] == ["nginx.conf", "", ""]
