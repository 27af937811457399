"""The published addresses: one place sets them, and where they are not set nothing names any."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest

from lint502 import published
from lint502.pages import page
from lint502.published import rule_address
from lint502.report import Style, sarif
from lint502.report.explanation import explanation
from lint502.rule_names import RULES
from tests.support.canned import CLEAN
from tests.support.cli import Run
from tests.support.cli import run as run  # a fixture

TOP = Path(__file__).parents[1]
SITE = "https://lint502.test/docs/"
FORGE = "https://forge.test/owner/lint502"


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "DOCUMENTATION", SITE)
    monkeypatch.setattr(published, "REPOSITORY", FORGE)


@pytest.fixture
def no_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "DOCUMENTATION", "")
    monkeypatch.setattr(published, "REPOSITORY", "")


def test_what_is_set_has_its_form() -> None:
    assert re.fullmatch(r"(https://\S+/)?", published.DOCUMENTATION)
    assert re.fullmatch(r"(https://\S+[^/\s])?", published.REPOSITORY)


@pytest.mark.usefixtures("addresses")
def test_the_address_of_a_rule() -> None:
    assert rule_address("port-mismatch") == f"{SITE}rules/port-mismatch/"


@pytest.mark.usefixtures("no_addresses")
def test_no_rule_has_an_address_where_none_is_published() -> None:
    assert rule_address("port-mismatch") is None


@pytest.mark.usefixtures("addresses")
def test_sarif_names_them() -> None:
    driver = json.loads(sarif.render(CLEAN, Style()))["runs"][0]["tool"]["driver"]
    assert driver["informationUri"] == SITE
    assert [rule["helpUri"] for rule in driver["rules"]] == [
        f"{SITE}rules/{rule}/" for rule in RULES
    ]


@pytest.mark.usefixtures("no_addresses")
def test_sarif_names_none_where_none_is_published() -> None:
    driver = json.loads(sarif.render(CLEAN, Style()))["runs"][0]["tool"]["driver"]
    assert "informationUri" not in driver
    assert not any("helpUri" in rule for rule in driver["rules"])


@pytest.mark.usefixtures("addresses")
def test_explain_ends_with_the_address(run: Run) -> None:
    lines = run("explain", "port-mismatch").out.splitlines()
    assert lines[-2:] == ["", f"{SITE}rules/port-mismatch/"]


@pytest.mark.usefixtures("no_addresses")
def test_explain_names_none_where_none_is_published(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment is no place to set them."""
    for name in ("DOCUMENTATION", "LINT502_DOCUMENTATION"):
        monkeypatch.setenv(name, SITE)
    assert "lint502.test" not in run("explain", "port-mismatch").out


@pytest.mark.usefixtures("addresses")
def test_links_between_rules_have_the_address() -> None:
    text = explanation(page("read-timeout"))
    assert f"[request-timeout]({SITE}rules/request-timeout/)" in text


@pytest.mark.usefixtures("no_addresses")
def test_links_between_rules_are_plain_where_none_is_published() -> None:
    assert not any(".md)" in explanation(page(rule)) for rule in RULES)
    assert "that is request-timeout." in explanation(page("read-timeout"))


def built(folder: Path, documentation: str, repository: str) -> Message:
    """The metadata of a wheel that is built with these addresses."""
    (folder / "lint502").mkdir()
    for name in ("pyproject.toml", "hatch_build.py", "LICENSE", "lint502/__init__.py"):
        shutil.copy(TOP / name, folder / name)
    (folder / "rules").mkdir()
    (folder / "README.md").write_text(README)
    text = (TOP / "lint502/published.py").read_text()
    for name, address in (("DOCUMENTATION", documentation), ("REPOSITORY", repository)):
        text, count = re.subn(rf'^{name} = ".*"$', f'{name} = "{address}"', text, flags=re.M)
        assert count == 1
    (folder / "lint502/published.py").write_text(text)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = (folder / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("METADATA")]
        return message_from_string(archive.read(name).decode())


README = """\
[the rules](rules/) · [a page](docs/ci.md#github) · [here](#use) · [nginx](https://nginx.org/en/)
"""


def test_a_wheel_with_addresses(tmp_path: Path) -> None:
    metadata = built(tmp_path, SITE, FORGE)
    assert metadata.get_all("Project-URL") == [
        f"Documentation, {SITE}",
        f"Source, {FORGE}",
        f"Changelog, {FORGE}/blob/HEAD/CHANGELOG.md",
        f"Issues, {FORGE}/issues",
    ]
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload() == (
        f"[the rules]({FORGE}/blob/HEAD/rules/) · [a page]({FORGE}/blob/HEAD/docs/ci.md#github) · "
        "[here](#use) · [nginx](https://nginx.org/en/)\n"
    )


def test_a_wheel_without_addresses(tmp_path: Path) -> None:
    metadata = built(tmp_path, "", "")
    assert metadata.get_all("Project-URL") is None
    assert metadata.get_payload() == README
