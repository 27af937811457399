"""``lint502/checks/protocols.toml`` against a fresh run: every pass directive, every real server,
four versions of nginx."""

from __future__ import annotations

import os

import pytest

from lint502.checks import protocols
from lint502.lab import matrix
from lint502.lab.bench import LabError


@pytest.mark.xdist_group("servers")
def test_the_file_says_what_a_fresh_run_shows() -> None:
    try:
        with matrix.lab() as running:
            differences = matrix.differences(running, protocols.load())
            text = matrix.written(protocols.load(), running)
    except LabError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    assert list(map(str, differences)) == []
    assert protocols.parse(text) == protocols.load()
