"""The page of a diagnosis in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from lint502.diagnosis.diagnosis import Diagnosis
from lint502.report import Style
from lint502.report.diagnosis import renderer
from tests.support.browser import AXE, Seen, chromium, page_of, script
from tests.support.diagnoses import DIAGNOSIS, REFUSED

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

HOSTILE = "</title></svg></pre><img src=x onerror=alert(1)><script>alert(1)</script>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def opened(
    browser: Browser,
    folder: Path,
    diagnosis: Diagnosis,
    width: int = 1280,
    scheme: str = "light",
    *,
    bypass_csp: bool = False,
) -> Seen:
    path = folder / "diagnosis.html"
    path.write_text(renderer("html")(diagnosis, Style()), encoding="utf-8")
    seen = page_of(browser, width, scheme, bypass_csp)
    seen.page.goto(path.as_uri())
    return seen


def quiet(seen: Seen) -> None:
    assert (seen.logged, seen.errors) == ([], [])
    assert [request.partition(":")[0] for request in seen.requests] == ["file"]


def test_the_groups_with_their_histograms(browser: Browser, tmp_path: Path) -> None:
    seen = opened(browser, tmp_path, DIAGNOSIS)
    page = seen.page
    assert page.locator(".group h2").all_inner_texts() == [
        "1,234 times refused · 502 · http://127.0.0.1:3001",
        "12 times closed-early · 502 · fastcgi://unix:/run/php/php8.2-fpm.sock",
        "2 times unknown · http://10.0.0.8:80",
        "once timed-out · 504 · http://10.0.0.7:8080",
        "40 times buffered · http://127.0.0.1:3000",
    ]
    bars = page.locator(".group").first.locator("rect")
    heights = [bar.bounding_box() for bar in bars.all()]
    assert [round(box["height"]) > 0 for box in heights if box is not None] == [True] * 4
    assert bars.nth(2).locator("title").text_content() == "2026-05-01 12:30: 1,000"
    tallest = max(range(4), key=lambda n: (heights[n] or {"height": 0})["height"])
    assert tallest == 2
    quiet(seen)


def test_hostile_text_stays_text(browser: Browser, tmp_path: Path) -> None:
    tally = replace(REFUSED.tally, example=HOSTILE)
    group = replace(REFUSED, upstream=HOSTILE, tally=tally)
    seen = opened(browser, tmp_path, Diagnosis((group,)))
    assert HOSTILE in seen.page.locator("pre").all_inner_texts()
    assert seen.page.locator("img, script").count() == 0
    quiet(seen)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it(browser: Browser, tmp_path: Path, scheme: str) -> None:
    seen = opened(browser, tmp_path, DIAGNOSIS, scheme=scheme, bypass_csp=True)
    seen.page.add_script_tag(path=script(AXE))
    found = seen.page.evaluate("axe.run().then((result) => result.violations)")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


@pytest.mark.parametrize("width", [320, 768])
def test_nothing_is_cut_off(browser: Browser, tmp_path: Path, width: int) -> None:
    page = opened(browser, tmp_path, DIAGNOSIS, width).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
