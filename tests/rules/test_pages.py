"""The pages of ``rules/``: complete, and true of what lint502 finds in their own blocks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import pytest
from msgspec.structs import replace

from lint502 import checks
from lint502.checks import rule_of
from lint502.findings import Finding, Severity
from lint502.fixing import fix
from lint502.nginx.version import NEWEST, Version
from lint502.options import Options
from lint502.pages import Page, PageError, covers, folder, page
from lint502.report_model import VersionOrigin
from lint502.rule_names import RULES
from lint502.run import Result
from lint502.workspace import CheckRequest, Workspace
from tests.support.sites import examine

VERSIONS = (*map(Version.parse, ("1.18", "1.22", "1.26", "1.30")), NEWEST)

_MARK = re.compile(r" # <- ([a-z0-9-]+)$")
_FILES = {"nginx": "nginx.conf", "toml": "upstreams.toml", "yaml": "compose.yaml"}
_OPTIONAL = "yaml"
"""Only pages on deployments have such a block."""


def block(shown: Page, heading: str, language: str) -> str:
    """The one block in a language below a heading."""
    found = shown.blocks(heading, language)
    if language == _OPTIONAL and not found:
        return ""
    assert len(found) == 1, f"{heading} has {len(found)} blocks in {language}, not one"
    return found[0]


def marks(shown: Page) -> set[tuple[str, str, int]]:
    """Rule, file and line of each mark in the example."""
    return {
        (match[1], file, number)
        for language, file in _FILES.items()
        for number, line in enumerate(block(shown, "Example", language).splitlines(), 1)
        if (match := _MARK.search(line))
    }


def options(shown: Page, folder: Path, version: Version) -> Options:
    """Somebody states the version, but for the page on nobody doing so."""
    if (folder / "compose.yaml").exists():
        request = CheckRequest(("nginx.conf",), nginx_version=str(version))
        (found,) = Workspace.at(folder).job(request).parts
        return found
    origin: VersionOrigin = "newest" if shown.name == "unstated-version" else "option"
    return Options(folder, (str(folder / "nginx.conf"),), version=version, version_origin=origin)


def lint(shown: Page, heading: str, version: Version, folder: Path) -> tuple[Finding, ...]:
    """What lint502 finds in the blocks below a heading; nothing else may be wrong with them."""
    for language, file in _FILES.items():
        if text := block(shown, heading, language):
            (folder / file).write_text(text, encoding="utf-8")
    report = examine(options(shown, folder, version)).report
    assert report.problems == ()
    assert report.notes == ()
    assert report.hops
    return report.findings


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    assert {path.stem for path in folder().glob("*.md")} == set(RULES)


def test_every_check_is_listed_and_every_rule_has_a_check() -> None:
    names = [path.stem for path in Path(checks.__file__).parent.glob("[a-z]*.py")]
    modules = {name: import_module(f"lint502.checks.{name}") for name in names}
    with_check = {name for name, module in modules.items() if hasattr(module, "check")}
    assert with_check == {rule.replace("-", "_") for rule in RULES}
    for rule in RULES:
        module = modules[rule.replace("-", "_")]
        assert rule_of(rule) is module.RULE
        assert (module.RULE.name, module.RULE.check) == (rule, module.check)
        assert (module.__doc__ or "").startswith(f"{rule}: ")


@pytest.mark.parametrize("rule", RULES)
def test_front_matter_is_complete(rule: str) -> None:
    shown = page(rule)
    assert any(shown.holds_in(version) for version in VERSIONS)
    assert re.fullmatch(r"[A-Zn][^\n]*\.", shown.summary)
    silent = shown.severity is Severity.INFO or rule == "declaration-drift"
    assert (shown.status is None) is silent
    assert (shown.frequency is None) is silent
    assert shown.log is None or not silent


@pytest.mark.parametrize("rule", RULES)
def test_every_section_says_something(rule: str) -> None:
    shown = page(rule)
    assert all(text.strip() for text in shown.sections.values())
    assert "https://nginx.org/en/docs/" in shown.sections["References"]


@pytest.mark.parametrize("version", VERSIONS, ids=str)
@pytest.mark.parametrize("rule", RULES)
def test_example_has_exactly_the_marked_findings(
    rule: str, version: Version, tmp_path: Path
) -> None:
    shown = page(rule)
    if not shown.holds_in(version):
        assert rule not in {item.rule for item in lint(shown, "Example", version, tmp_path)}
        return
    findings = lint(shown, "Example", version, tmp_path)
    assert {(item.rule, item.place.file, item.place.line) for item in findings} == marks(shown)
    assert len(findings) == len(marks(shown))
    own = [item for item in findings if item.rule == rule]
    assert own
    stated = (shown.severity, shown.status, shown.frequency_in(version), shown.log)
    for item in own:
        assert (item.severity, item.status, item.frequency, item.log) == stated


@pytest.mark.parametrize("version", VERSIONS, ids=str)
@pytest.mark.parametrize("rule", RULES)
def test_fixes_mend_the_example(rule: str, version: Version, tmp_path: Path) -> None:
    """What is mended is found no longer, and nothing else is."""
    found = lint(page(rule), "Example", version, tmp_path)
    asked = options(page(rule), tmp_path, version)

    def check(overlay: Mapping[str, str]) -> Result:
        return examine(replace(asked, overlay=overlay), lambda: b"")

    result = fix(check({}), check, unsafe=True)
    assert result.unfixed == ()
    mendable = [item for item in found if item.fix is not None and item.fix.edits]
    assert result.fixed >= len(mendable)
    report = check(result.texts).report
    assert report.problems == ()
    left = Counter(item.rule for item in found) - Counter(item.rule for item in mendable)
    assert Counter(item.rule for item in report.findings) == left


@pytest.mark.parametrize("version", VERSIONS, ids=str)
@pytest.mark.parametrize("rule", RULES)
def test_instead_has_no_findings(rule: str, version: Version, tmp_path: Path) -> None:
    assert lint(page(rule), "Instead", version, tmp_path) == ()


@pytest.mark.parametrize(
    ("conditions", "inside", "outside"),
    [
        (">=1.18", ["1.18.0", "1.18", "1.31.6"], ["1.17.9"]),
        ("<1.29.7", ["1.18.0", "1.29.6"], ["1.29.7", "1.29", "1.30.0"]),
        (">=1.23.4, <1.29.7", ["1.23.4", "1.29.6"], ["1.23.3", "1.29.7"]),
    ],
)
def test_conditions_on_the_version(conditions: str, inside: list[str], outside: list[str]) -> None:
    assert all(covers(conditions, Version.parse(text)) for text in inside)
    assert not any(covers(conditions, Version.parse(text)) for text in outside)


def test_what_is_no_condition() -> None:
    with pytest.raises(PageError, match=r"'1\.18' is not a condition such as >=1.18"):
        covers("1.18", NEWEST)
