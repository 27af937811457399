"""The command that installs a package beside lint502, for each way to install lint502."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import tomli

from lint502.installation import command
from lint502.lab.standins.libraries import LIBRARIES, lacking

TOP = Path(__file__).parents[1]


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment with pip, in which lint502 seems to run."""
    folder = tmp_path / "lint 502"
    folder.mkdir()
    monkeypatch.setattr(sys, "prefix", str(folder))
    monkeypatch.setattr(sys, "executable", str(folder / "bin/python"))
    return folder


def test_pip(environment: Path) -> None:
    python = f"'{environment}/bin/python' -m pip install"
    assert command("h11", "h2") == f"{python} h11 h2"
    assert command("h11", again=True) == f"{python} --force-reinstall --no-deps h11"


def test_pipx(environment: Path) -> None:
    (environment / "pipx_metadata.json").write_text("{}")
    assert command("h11", "h2") == "pipx inject 'lint 502' h11 h2"
    assert command("h11", again=True) == (
        "pipx runpip 'lint 502' install --force-reinstall --no-deps h11"
    )


def test_without_pip(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lint502.installation.find_spec", lambda name: None)
    python = f"uv pip install --python '{environment}/bin/python'"
    assert command("h11", "h2") == f"{python} h11 h2"
    assert command("h11", again=True) == f"{python} --force-reinstall --no-deps h11"


def test_the_libraries_of_the_lab() -> None:
    """A message names those that the extra has."""
    extra = tomli.loads((TOP / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    names = [re.split(r"[^\w-]", requirement)[0] for requirement in extra["lab"]]
    assert sorted(LIBRARIES.values()) == names
    assert lacking(["h2"]) == f"proofs need h2; install it with: {command('h2')}"
    assert lacking(["h2", "dns.message", "h11"]) == (
        f"proofs need dnspython, h11 and h2; install them with: {command('dnspython', 'h11', 'h2')}"
    )
