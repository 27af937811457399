"""The pages and the settings of the site, as Zensical reads them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomli
import tomlkit

from lint502 import published
from lint502.pages import page
from lint502.rule_names import CAUSES, RULES
from tools import proofs
from tools.site.links import Links
from tools.site.rules import index_page, rule_page

TOP = Path(__file__).parents[2]
SETTINGS = Path(__file__).with_name("zensical.toml")
STYLE = Path(__file__).with_name("site.css")
_RULES = "rules/index.md"  # made, not read
_OTHERS = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changes.md",
    "docs/decisions": "decisions/index.md",
    "docs/decisions/README.md": "decisions/index.md",
    "rules": _RULES,
    _RULES: _RULES,
    "sample_configs/README.md": "samples.md",
    "sample_configs": "samples.md",
}


def pages() -> dict[str, str]:
    """Where each file of the repository that is a page, or a folder of pages, is on the site."""
    docs = sorted((TOP / "docs").rglob("*.md"))
    return {
        **{str(path.relative_to(TOP)): str(path.relative_to(TOP / "docs")) for path in docs},
        **_OTHERS,
        **{f"rules/{rule}.md": f"rules/{rule}.md" for rule in RULES},
    }


def prepare(folder: Path) -> None:
    """Write the pages into ``folder/pages``, and the settings beside them."""
    written = folder / "pages"
    shutil.rmtree(written, ignore_errors=True)
    links = Links(pages(), published.REPOSITORY)
    for source, target, text in _texts(links):
        file = written / target
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(links.rewritten(text, source), encoding="utf-8")
    shutil.copy(STYLE, written)
    settings = tomli.loads(SETTINGS.read_text(encoding="utf-8"))
    (folder / "zensical.toml").write_text(tomlkit.dumps(_completed(settings)), encoding="utf-8")


def _texts(links: Links) -> Iterator[tuple[str, str, str]]:
    """Each page: its file in the repository, its file on the site, and its Markdown."""
    recorded = proofs.load()
    yield _RULES, _RULES, index_page()
    for source, target in links.pages.items():
        file = TOP / source
        if file.is_file() and file.stem in RULES:
            yield source, target, rule_page(page(file.stem, TOP / "rules"), recorded)
        elif file.is_file():
            yield source, target, file.read_text(encoding="utf-8")


def _completed(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with the published addresses and the rules in the navigation."""
    project = settings["project"]
    if published.DOCUMENTATION:
        project["site_url"] = published.DOCUMENTATION
    if published.REPOSITORY:
        project["repo_url"] = published.REPOSITORY
    (rules,) = [entry["Rules"] for entry in project["nav"] if "Rules" in entry]
    rules += ({cause: [f"rules/{rule}.md" for rule in named]} for cause, named in CAUSES.items())
    return settings
