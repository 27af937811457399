from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from msgspec.structs import replace

from lint502 import __version__
from lint502.cli.logs import without_commands
from lint502.diagnosis.diagnosis import Access, Diagnosis, Unread, WithoutLine, in_order
from lint502.diagnosis.statements import Tally
from lint502.report import Style
from lint502.report.cells import cells
from lint502.report.diagnosis import FORMATS, renderer, words
from lint502.report.diagnosis.histogram import Axis, axis_of, sparkline
from tests.support.diagnoses import (
    ALONE,
    CLOSED,
    DIAGNOSIS,
    DOWN,
    MINUTE,
    NOTHING,
    REFUSED,
    TEMPORARY,
    UNKNOWN,
)

EXPECTED = Path(__file__).parent / "expected"
HOSTILE = (
    "</style></pre><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\x1b]0;x\x07\x1b[2J",
    "##[error]x\n::error::x",
    "\u2028\u202e\udcff\x00\ufeff",
    "@@STYLE@@@@BODY@@",
    "```\n# x\n| a | <b>",
)


@pytest.mark.parametrize(
    ("name", "format", "diagnosis", "style"),
    [
        ("text-80-columns.txt", "text", DIAGNOSIS, Style(width=80)),
        ("text-120-columns.txt", "text", DIAGNOSIS, Style(width=120)),
        ("alone.txt", "text", ALONE, Style(width=80)),
        ("json.json", "json", DIAGNOSIS, Style()),
        ("markdown.md", "markdown", DIAGNOSIS, Style()),
        ("html.html", "html", DIAGNOSIS, Style()),
    ],
)
def test_the_whole(name: str, format: str, diagnosis: Diagnosis, style: Style) -> None:
    text = renderer(format)(diagnosis, style).replace(__version__, "VERSION")
    assert text == (EXPECTED / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_lines_fit(width: int) -> None:
    for line in renderer("text")(DIAGNOSIS, Style(width=width)).splitlines():
        assert cells(line) <= width


def test_nothing_failed() -> None:
    """Then somebody else did."""
    assert renderer("text")(NOTHING, Style()) == (
        "no failure of an upstream\n"
        "  a 502 that clients got all the same is the upstream's own answer, or of what stands "
        "before nginx: --access-log tells which\n"
    )
    quiet = replace(NOTHING, access=Access(2, Counter({"200": 2})))
    assert renderer("markdown")(quiet, Style()) == (
        "**lint502 diagnose**: no failure of an upstream\n\n"
        "- the access logs have no 502 or 504 either: one that clients got is of what stands "
        "before nginx, or of another nginx\n"
        "- access log: 2 requests: 200 in 2\n"
    )
    own = WithoutLine("the upstream itself", "502", "")
    seen = replace(quiet, access=Access(2, Counter({"502": 2}), Counter({own: 2})))
    assert renderer("text")(seen, Style()).splitlines() == [
        "no failure of an upstream",
        "",
        "access log",
        "  2 requests: 502 in 2",
        "  no line in the error log: 502 in 2: from the upstream itself",
    ]


def test_at_most_20_groups() -> None:
    groups = tuple(replace(REFUSED, upstream=f"http://10.0.0.{n}:80") for n in range(23))
    many = replace(DIAGNOSIS, groups=groups)
    text = renderer("text")(many, Style())
    assert text.count("1,234 times") == 20
    assert "\n\nand 3 more groups of 3,702 lines: lint502 diagnose --all\n\n" in text
    assert renderer("text")(many, Style(unlimited=True)).count("1,234 times") == 23
    assert renderer("markdown")(many, Style()).count("**1,234 times**") == 5


def test_what_may_be_behind_it_is_said_once() -> None:
    twice = replace(ALONE, groups=(CLOSED, replace(CLOSED, upstream="http://10.0.0.1:80")))
    text = renderer("text")(twice, Style())
    assert text.count("The process crashed") == text.count("lint502 explain request-timeout") == 1
    assert text.count("  run   journalctl -u php8.2-fpm --since -1h\n") == 2
    assert "  maybe as above\n" in text
    settled = replace(CLOSED.cause.candidates[1], settled=True)
    cause = replace(CLOSED.cause, candidates=(settled, CLOSED.cause.candidates[0]))
    text = renderer("text")(replace(ALONE, groups=(replace(CLOSED, cause=cause),)), Style())
    assert "  it is A worker was ended after its time limit. $upstream" in text
    assert "crashed" not in text


def test_what_hurts_most_is_first() -> None:
    hidden = replace(REFUSED, answers=Counter({"200 after a retry": 1233, "502": 1}))
    groups = [TEMPORARY, DOWN, UNKNOWN, hidden, CLOSED]
    assert in_order(groups) == (CLOSED, UNKNOWN, hidden, DOWN, TEMPORARY)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_any_text(format: str, hostile: str) -> None:
    tally = Tally(1, example=hostile, paths=Counter({hostile: 1}), methods=Counter({hostile: 1}))
    group = replace(
        REFUSED,
        tally=tally,
        upstream=hostile,
        cause=replace(REFUSED.cause, title=hostile),
        answers=Counter({hostile: 1}),
    )
    access = Access(1, Counter({hostile: 1}), unread=1, example=hostile)
    diagnosis = Diagnosis(
        (group,), roots=(hostile,), access=access, unread=(Unread(hostile, 1, hostile),)
    )
    text = renderer(format)(diagnosis, Style())
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", text)
    text.encode()
    if format == "html":
        assert without_commands(text, format) == text
        read = Read(text)
        assert read.tags <= Read(renderer(format)(DIAGNOSIS, Style())).tags


class Read(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.policy = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if ("http-equiv", "Content-Security-Policy") in attrs:
            self.policy = dict(attrs)["content"] or ""


def test_the_page_loads_and_runs_nothing() -> None:
    page = renderer("html")(DIAGNOSIS, Style())
    read = Read(page)
    assert page.isascii()
    assert "script" not in read.tags
    assert read.attributes.isdisjoint({"src", "srcset", "style", "onclick", "onload", "action"})
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert read.policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'"
    )


def test_the_axis() -> None:
    assert axis_of([REFUSED, CLOSED], 60) == Axis(MINUTE, 1, 60)
    assert axis_of([REFUSED, CLOSED], 59) == Axis(MINUTE, 2, 30)
    assert axis_of([replace(REFUSED, tally=Tally())], 10) is None
    far = replace(REFUSED, tally=Tally(minutes=Counter({0: 1, 10**9: 2})))
    axis = axis_of([far], 60)
    assert axis is not None
    assert axis.columns <= 60
    assert sum(axis.counts(far.tally.minutes)) == 3
    assert Axis(MINUTE, 30, 2).words == "30 minutes"
    assert Axis(MINUTE, 60, 2).words == "1 hour"
    assert Axis(MINUTE, 2880, 2).words == "2 days"
    assert Axis(MINUTE, 5, 2).starts_at(1) == datetime(2026, 5, 1, 12, 5)


@pytest.mark.parametrize(
    ("took", "said"),
    [((30.0, 30.004), "30.004 s each time"), ((0.001, 4.1), "0.001 to 4.1 s"), (None, "")],
)
def test_how_long_it_took(took: tuple[float, float] | None, said: str) -> None:
    assert words.took(replace(REFUSED, took=took)) == said


def test_a_sparkline() -> None:
    assert sparkline([0, 1, 4, 8, 1000]) == "·▁▁▁█"
    assert sparkline([1, 2, 3, 4, 5, 6, 7, 8]) == "▁▂▃▄▅▆▇█"
    assert sparkline([0, 0]) == "··"


def test_json_is_for_programs() -> None:
    value = json.loads(renderer("json")(DIAGNOSIS, Style()))
    assert value["totals"] == {
        "upstream": 1289,
        "failures": 1249,
        "unknown": 2,
        "other": 17,
        "access": 2,
        "unread": 3,
    }
    assert value["groups"][0]["minutes"]["2026-05-01T12:30"] == 1000
