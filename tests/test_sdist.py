"""The source distribution is the repository: what make, the tests and the documents need."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder

TOP = Path(__file__).parents[1]


def test_it_has_every_file_of_the_repository() -> None:
    if not (TOP / ".git").exists():
        pytest.skip("this is no repository, but what a source distribution unpacks to")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=True,
    )
    names = {name for name in listed.stdout.split("\0") if name and (TOP / name).exists()}
    assert {"scripts/make-venv", "benchmarks/run.py", ".pre-commit-hooks.yaml"} < names
    included = {file.distribution_path for file in SdistBuilder(str(TOP)).recurse_included_files()}
    assert included == names
