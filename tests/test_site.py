"""The documentation's site: it is built without a warning, and what its pages link to is there."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
import tomli
from lxml import html
from markdown_it import MarkdownIt

from lint502 import published
from lint502.rule_names import CAUSES, RULES
from tools import proofs
from tools.site.__main__ import build
from tools.site.links import Links
from tools.site.prepared import TOP, pages, prepare

pytestmark = pytest.mark.slow
HOST = "https://site.test/"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built once for all processes of the tests."""
    pytest.importorskip("zensical", reason="it makes the site, for Python 3.11 or newer")
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "documentation"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "done").exists():
            build(shared / "work", shared / "site")
            (shared / "done").touch()
    return shared / "site"


Trees = dict[str, html.HtmlElement]
"""Each page by its address."""


@pytest.fixture(scope="module")
def trees(site: Path) -> Trees:
    return {
        HOST + str(path.relative_to(site)).removesuffix("index.html"): html.parse(path).getroot()
        for path in sorted(site.rglob("*.html"))
        if path.name != "404.html"  # its links start at the top of the site
    }


def links(tree: html.HtmlElement) -> Iterator[str]:
    for element, attribute, link, _ in tree.iterlinks():
        if attribute in ("href", "src") and element.get("rel") != "canonical":
            yield link


def test_no_link_is_dead(site: Path, trees: Trees) -> None:
    dead = []
    for address, tree in trees.items():
        for link in links(tree):
            whole = urljoin(address, link)
            if not whole.startswith(HOST):
                continue
            parts = urlsplit(whole)
            target = whole.partition("#")[0].partition("?")[0]
            if target in trees:
                if parts.fragment and not trees[target].xpath(
                    "//*[@id=$id]", id=unquote(parts.fragment)
                ):
                    dead.append((address, link))
            elif not (site / unquote(parts.path).lstrip("/")).is_file():
                dead.append((address, link))
    assert len(trees) > len(RULES)
    assert dead == []


def test_nothing_is_loaded_from_another_host(trees: Trees) -> None:
    loaded = {
        urljoin(address, element.get(attribute))
        for address, tree in trees.items()
        for path, attribute in (
            ("//script[@src]", "src"),
            ("//link[@href][@rel='stylesheet' or @rel='preconnect' or @rel='icon']", "href"),
            ("//img[@src]", "src"),
            ("//iframe[@src]", "src"),
        )
        for element in tree.xpath(path)
    }
    assert loaded
    assert [one for one in loaded if not one.startswith(HOST)] == []


def test_no_style_sheet_loads_from_another_host(site: Path) -> None:
    sheets = list(site.rglob("*.css"))
    assert sheets
    for sheet in sheets:
        text = sheet.read_text(encoding="utf-8")
        assert "url(http" not in text.replace('"', "").replace("'", "")
        assert "url(//" not in text.replace('"', "").replace("'", "")


def test_every_rule_has_its_page_with_facts_and_proof(trees: Trees) -> None:
    recorded = proofs.load()
    for rule in RULES:
        tree = trees[f"{HOST}rules/{rule}/"]
        assert tree.xpath("string(//h1)").startswith(rule)
        proof = [
            [cell.text_content() for cell in row.xpath("td")]
            for row in tree.xpath("//h2[@id='what-nginx-answered']/following::table[1]//tbody/tr")
        ]
        assert [row[0] for row in proof] == [str(version) for version in recorded.versions]
        for cells, row in zip(proof, recorded.of[rule], strict=True):
            example = "not run" if row.example is None else " and ".join(row.example.got)
            log = "" if row.example is None else row.example.log
            assert cells[1].startswith(example)
            assert cells[2:] == [log, " and ".join(row.instead.got)]


def test_the_facts_of_a_rule(trees: Trees) -> None:
    rows = trees[f"{HOST}rules/retry-off/"].xpath("//h1/following::table[1]//tbody/tr")
    facts = dict([cell.text_content() for cell in row.xpath("td")] for row in rows)
    assert facts == {
        "Severity": "warning",
        "The client sees": "502 sometimes",
        "nginx's error log": (
            "connect() failed (111: Connection refused) while connecting to upstream"
        ),
        "nginx": ">=1.18",
    }


def test_the_list_of_the_rules(trees: Trees) -> None:
    tree = trees[f"{HOST}rules/"]
    assert [one.rstrip("¶").strip() for one in tree.xpath("//article//h2/text()")] == list(CAUSES)
    listed = tree.xpath("//article//table//td[1]/a/text()")
    assert listed == [rule for rules in CAUSES.values() for rule in rules]


def test_every_rule_has_one_cause() -> None:
    assert sorted(rule for rules in CAUSES.values() for rule in rules) == sorted(RULES)


def test_what_can_be_searched(site: Path) -> None:
    index = json.loads((site / "search.json").read_text(encoding="utf-8"))
    found = {item["location"].partition("#")[0] for item in index["items"]}
    assert {f"rules/{rule}/" for rule in RULES} <= found
    assert {"quick-start/", "how-to/kubernetes/", "settings/"} <= found


COUNTED = ("ol", "ul", "li", "li//li", "table", "pre", "blockquote")


def test_pages_have_the_same_parts_as_on_a_forge(site: Path, trees: Trees) -> None:
    """The site reads Markdown in another way than a forge: a list needs a blank line before it, and
    its inner parts four blanks."""
    forge = MarkdownIt("commonmark").enable("table")
    differ = []
    for source, target in pages().items():
        if not (TOP / source).is_file() or source.startswith("rules/"):
            continue
        text = (TOP / source).read_text(encoding="utf-8")
        expected = html.fromstring(f"<div>{forge.render(text)}</div>")
        address = HOST + target.removesuffix("index.md").removesuffix(".md")
        address = address if address.endswith("/") else f"{address}/"
        (article,) = trees[address].xpath("//article")
        for part in COUNTED:
            counts = (len(expected.xpath(f"//{part}")), len(article.xpath(f".//{part}")))
            if counts[0] != counts[1]:
                differ.append((source, part, *counts))
    assert differ == []


LINKS = Links(
    {"docs/ci.md": "ci.md", "docs/how-to/ci.md": "how-to/ci.md", "rules/a.md": "rules/a.md"}, ""
)


@pytest.mark.parametrize(
    ("text", "repository", "expected"),
    [
        ("[x](how-to/ci.md#github)", "", "[x](how-to/ci.md#github)"),
        ("[x](../rules/a.md)", "", "[x](rules/a.md)"),
        ("[x](../ci/gitlab.yml) y", "", "x y"),
        (
            "[x](../ci/gitlab.yml#a)",
            "https://forge.test/o/lint502",
            "[x](https://forge.test/o/lint502/blob/HEAD/ci/gitlab.yml#a)",
        ),
        ("[x](#here) [y](https://nginx.org/)", "", "[x](#here) [y](https://nginx.org/)"),
        ("```\n[x](../ci/gitlab.yml)\n```\n", "", "```\n[x](../ci/gitlab.yml)\n```\n"),
        ("[a [b]\nc](../LICENSE)", "", "a [b]\nc"),
    ],
)
def test_links_of_a_page(text: str, repository: str, expected: str) -> None:
    assert Links(LINKS.pages, repository).rewritten(text, "docs/ci.md") == expected


def test_links_from_a_folder_of_the_site() -> None:
    assert LINKS.rewritten("[x](../ci.md)", "docs/how-to/ci.md") == "[x](../ci.md)"
    assert LINKS.rewritten("[x](../docs/ci.md)", "rules/a.md") == "[x](../ci.md)"


def test_the_published_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(tmp_path)
    project = tomli.loads((tmp_path / "zensical.toml").read_text())["project"]
    assert {"site_url", "repo_url"}.isdisjoint(project)
    monkeypatch.setattr(published, "DOCUMENTATION", "https://lint502.test/docs/")
    monkeypatch.setattr(published, "REPOSITORY", "https://forge.test/o/lint502")
    prepare(tmp_path)
    project = tomli.loads((tmp_path / "zensical.toml").read_text())["project"]
    assert project["site_url"] == "https://lint502.test/docs/"
    assert project["repo_url"] == "https://forge.test/o/lint502"
    assert "https://forge.test/o/lint502/blob/HEAD/ci/gitlab.yml" in (
        tmp_path / "pages/ci.md"
    ).read_text(encoding="utf-8")
