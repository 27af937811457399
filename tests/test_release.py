"""What stops a release."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.sites import write
from tools.release import obstacles

READY = {
    "lint502/__init__.py": '"""Text."""\n\n__version__ = "1.2.3"\n',
    "lint502/published.py": 'DOCUMENTATION = "https://a.test/"\nREPOSITORY = "https://b.test"\n',
    "CHANGELOG.md": "# Log\n\n## Unreleased\n\n## [1.2.3] - 2026-12-01\n\n- New.\n\n## 1.2.2",
}
EMPTY = 'DOCUMENTATION: str = ""\nREPOSITORY = ""\n'


@pytest.mark.parametrize("heading", ["## 1.2.3", "## [1.2.3]", "## 1.2.3 (2026-12-01)"])
def test_ready(tmp_path: Path, heading: str) -> None:
    write(tmp_path, {**READY, "CHANGELOG.md": f"# Changelog\n\n{heading}\n\n- New.\n"})
    assert list(obstacles(tmp_path, "v1.2.3")) == []


@pytest.mark.parametrize(
    ("changed", "tag", "said"),
    [
        ({}, "v1.2.3", []),
        ({}, "1.2.3", ["the tag 1.2.3 is not that of lint502/__init__.py, v1.2.3"]),
        ({}, "v1.2.30", ["the tag v1.2.30 is not that of lint502/__init__.py, v1.2.3"]),
        (
            {"CHANGELOG.md": "## Unreleased\n\n- New.\n\n## 1.2.30\n\n- Old.\n\n## 1x2.3\n"},
            "v1.2.3",
            ["CHANGELOG.md has no section of 1.2.3"],
        ),
        (
            {"CHANGELOG.md": "## 1.2.3\n\n## 1.2.2\n\n- Old.\n"},
            "v1.2.3",
            ["the section of 1.2.3 in CHANGELOG.md says nothing"],
        ),
        (
            {"lint502/published.py": EMPTY},
            "v1.2.3",
            [
                "lint502/published.py has no address as DOCUMENTATION",
                "lint502/published.py has no address as REPOSITORY",
            ],
        ),
    ],
)
def test_not_ready(tmp_path: Path, changed: dict[str, str], tag: str, said: list[str]) -> None:
    write(tmp_path, {**READY, **changed})
    assert list(obstacles(tmp_path, tag)) == said
