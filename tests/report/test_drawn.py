"""The pictures in a browser: the page, and the diagram as Mermaid draws it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from lint502.reading import shown
from lint502.report import Style, renderer
from lint502.report.graph import graph_of
from lint502.report.mermaid import DRAWN, Limits, diagram
from lint502.report_model import Report
from tests.support.browser import AXE, MERMAID, Seen, chromium, page_of, script
from tests.support.canned import REPORT
from tests.support.pictures import around, many, with_fronts

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = pytest.mark.slow

HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    '"><img src=x onerror=alert(1)>]:::failed',
    "`**b** _i_ [a](javascript:alert(1))`",
    "1. one #quot; &amp; #35; $$x$$ fa:fa-car",
    "- style x:#1; classDef a:#2;",
    "%%{init: {}}%% end\n---\\n é 接続",
    "ﬂ°°35¶ß; a_b_c ~~d~~ @{ shape: cat }",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def opened(browser: Browser, folder: Path, report: Report, link: str = "", **of: Any) -> Seen:
    """The page of a report, loaded from its file."""
    path = folder / "hops.html"
    path.write_text(renderer("html")(report, Style()), encoding="utf-8")
    seen = page_of(browser, **of)
    seen.page.goto(f"{path.as_uri()}{link}")
    return seen


def rows(seen: Seen) -> list[str]:
    """The locations of the hops that are listed, also of those that are not laid out yet."""
    return [text.strip() for text in seen.page.locator(".row .where").all_text_contents()]


def text_of(locator: Locator) -> str:
    """The text of what is laid out once it is in view."""
    locator.scroll_into_view_if_needed()
    locator.page.wait_for_function("one => one.innerText", arg=locator.element_handle())
    return locator.inner_text()


def quiet(seen: Seen) -> None:
    assert (seen.logged, seen.errors) == ([], [])
    assert [request.partition(":")[0] for request in seen.requests] == ["file"]


def test_a_small_page(browser: Browser, tmp_path: Path) -> None:
    seen = opened(browser, tmp_path, with_fronts(REPORT))
    page = seen.page
    assert page.locator("#shown").inner_text() == "8 hops"
    assert page.locator("#states button").all_inner_texts() == [
        *("5\n✗ failed", "1\n? undecidable", "1\n○ undeclared", "1\n✓ passed"),
    ]
    assert len(rows(seen)) == 8
    assert page.locator(".group .front.failed").text_content() == "✗edge aws-alb"
    assert page.locator(".box summary").all_inner_texts() == [
        *("Could not be checked: 2", "Before nginx: 1", "Findings at no hop: 1"),
    ]

    page.locator("[data-state=passed]").click()
    assert rows(seen) == ["~ \\.php$"]
    assert page.locator("#shown").inner_text() == "1 of 8 hops"
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    assert rows(seen) == ["/api/", "/v1/", "/v2/", "/v3/", "/v4/"]
    page.keyboard.press("f")

    page.keyboard.press("/")
    page.keyboard.type("COMPOSE.yaml:14")
    page.get_by_text("1 of 8 hops").wait_for()
    assert rows(seen) == ["~ \\.php$"]
    page.get_by_label("Search").fill("nothing is like that")
    page.get_by_text("No hop is like that.").wait_for()
    page.get_by_role("button", name="Show all hops").click()
    assert len(rows(seen)) == 8

    page.get_by_role("button", name="keepalive-race 1").click()
    assert rows(seen) == ["/api/"]
    page.keyboard.press("Escape")
    page.get_by_role("radio", name="upstream").check()
    titles = page.locator(".head strong").all_text_contents()
    assert titles == ["api", "not known", "10.0.0.1:80", "[2001:db8::1]:80", "php"]
    page.get_by_role("radio", name="finding").check()
    first = page.locator(".group").first
    assert first.locator(".head strong").text_content() == "port-mismatch"
    assert first.locator(".row").count() == 5
    quiet(seen)


def test_a_hop_opens_with_all_that_is_known(browser: Browser, tmp_path: Path) -> None:
    seen = opened(browser, tmp_path, REPORT)
    page = seen.page
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    panel = page.locator("#hop-hop-1 .panel")
    text = text_of(panel)
    for part in (
        "proxy_pass http://api; in nginx/conf.d/shop.conf:11",
        "127.0.0.1:3001, which is api; compared with upstreams.toml:3",
        "error port-mismatch · the client sees 502 on every request",
        "nginx connects to 127.0.0.1:3001, but api listens on port 3000",
        "nginx/conf.d/shop.conf:4 nginx connects to port 3001\nserver 127.0.0.1:3001;",
        "upstreams.toml:113 api listens on 3000\nport = 3000",
        "Fix:\nserver 127.0.0.1:3000;",
        "connect() failed (111: Connection refused) while connecting to upstream",
        "The same at 5 hops.",
        "warning keepalive-race",
    ):
        assert part in text
    assert page.url.endswith("hops.html#hop-hop-1")
    page.keyboard.press("Enter")
    assert panel.count() == 0
    quiet(seen)


def test_a_link_opens_its_hop(browser: Browser, tmp_path: Path) -> None:
    seen = opened(browser, tmp_path, REPORT, "#hop-hop-7")
    assert "10.0.0.1:80, of which nothing is stated" in text_of(seen.page.locator(".panel"))
    seen.page.locator("[data-state=passed]").click()
    seen.page.evaluate("location.hash = 'hop-hop-8'")
    panel = seen.page.locator("#hop-hop-8 .panel")
    panel.wait_for()
    assert "undecidable: the host comes from the request" in text_of(panel)
    seen.page.evaluate("location.hash = 'hop-of-another'")
    quiet(seen)


def test_two_thousand_hops(browser: Browser, tmp_path: Path) -> None:
    report = many(1000, failing=300, rules=3)
    seen = opened(browser, tmp_path, report, "#hop-999b")
    page = seen.page
    assert page.locator("#shown").inner_text() == "2,000 hops"
    assert page.locator(".group").count() == 1000
    assert page.locator(".row").count() <= 50
    assert "app999" in text_of(page.locator("#hop-999b .panel"))
    assert page.locator("#hop-999b button").is_visible()
    page.get_by_label("Search").fill("site77.example.com /static/")
    page.get_by_text("1 of 2,000 hops").wait_for()
    assert rows(seen) == ["/static/"]
    page.get_by_label("Search").fill("")
    page.get_by_text("2,000 hops", exact=True).wait_for()
    page.get_by_role("radio", name="finding").check()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".row").count() == 2000
    quiet(seen)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_narrow_window(browser: Browser, tmp_path: Path, scheme: str) -> None:
    long = replace(REPORT.hops[0], server="s" * 200, location="/" + "l" * 300, id="long")
    report = with_fronts(replace(REPORT, hops=(*REPORT.hops, long)))
    seen = opened(browser, tmp_path, report, "#hop-hop-1", width=400, scheme=scheme)
    assert seen.page.evaluate("document.documentElement.scrollWidth") == 400
    quiet(seen)


def test_paper_is_white(browser: Browser, tmp_path: Path) -> None:
    seen = opened(browser, tmp_path, REPORT, scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    assert seen.page.evaluate(background) == "rgb(18, 21, 24)"
    seen.page.emulate_media(media="print")
    assert seen.page.evaluate(background) == "rgb(255, 255, 255)"
    tint = "getComputedStyle(document.querySelector('.hop > button')).backgroundColor"
    assert seen.page.evaluate(tint) == "rgb(253, 236, 234)"
    assert not seen.page.get_by_label("Search").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(browser: Browser, tmp_path: Path, scheme: str) -> None:
    report = with_fronts(REPORT)
    seen = opened(browser, tmp_path, report, "#hop-hop-1", scheme=scheme, bypass_csp=True)
    seen.page.locator("[data-state=failed]").click()
    seen.page.add_script_tag(path=script(AXE))
    found = seen.page.evaluate("axe.run()")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
    assert len(found["passes"]) > 20


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(browser: Browser, tmp_path: Path, text: str) -> None:
    seen = opened(browser, tmp_path, around(text), "#hop-hop-failed")
    page = seen.page
    assert page.locator("img").count() == 0
    title = page.locator(".head strong").first
    assert " ".join(text_of(title).split()) == " ".join(f"{shown(text)}s".split())
    assert shown(text) in " ".join(page.locator(".panel pre").all_text_contents())
    quiet(seen)


DRAW = """async (text) => {
    mermaid.initialize({startOnLoad: false, securityLevel: "strict"});
    const drawn = await mermaid.render("drawn", text);
    document.body.innerHTML = drawn.svg;
    const all = (selector) => [...document.body.querySelectorAll(selector)];
    const lines = (text) => text.replaceAll("\\u2060", "").split("\\n");
    return {
        labels: all(".nodeLabel").map((label) => lines(label.innerText)),
        edges: all(".edgePaths path").length,
        others: all("img, i, a, script, .katex").length,
    };
}"""


@pytest.fixture(scope="module")
def canvas(browser: Browser) -> Seen:
    seen = page_of(browser)
    seen.page.set_content("<!doctype html><body></body>")
    seen.page.add_script_tag(path=script(MERMAID))
    return seen


def drawn(canvas: Seen, report: Report) -> dict[str, Any]:
    found: dict[str, Any] = canvas.page.evaluate(DRAW, renderer("mermaid")(report, Style()))
    assert (canvas.logged, canvas.errors, canvas.requests) == ([], [], [])
    assert found["others"] == 0
    return found


def test_a_diagram(canvas: Seen) -> None:
    found = drawn(canvas, with_fronts(REPORT))
    assert found["edges"] == 18
    assert ["✗ /api/", "port-mismatch 502 and", "keepalive-race 502"] in found["labels"] or [
        "✗ /api/", "port-mismatch 502 and keepalive-race 502",
    ] in found["labels"]  # fmt: skip
    assert ["例え.jp"] in found["labels"]


def test_a_large_diagram_has_no_more_edges_than_are_drawn(canvas: Seen) -> None:
    graph = graph_of(many(1000, failing=500, rules=1000))
    parsed = "async (text) => Boolean(await mermaid.parse(text, {suppressErrors: true}))"
    most = diagram(graph, DRAWN)
    assert 490 < len(re.findall("==>|-->", most)) <= 500
    assert canvas.page.evaluate(parsed, most)
    beyond = diagram(graph, Limits(DRAWN.characters, 2 * DRAWN.edges))
    assert not canvas.page.evaluate(parsed, beyond)


@pytest.mark.parametrize("text", HOSTILE)
def test_labels_are_drawn_as_they_are(canvas: Seen, text: str) -> None:
    found = drawn(canvas, around(text))
    labels = [" ".join(" ".join(label).split()) for label in found["labels"]]
    expected = " ".join(shown(text).split())
    assert f"{expected}f {expected}" in labels
