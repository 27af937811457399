"""``lint502/checks/protocols.toml`` against a fresh run: every pass directive, every real server,
four versions of nginx."""

from __future__ import annotations

import pytest

from lint502.checks import protocols
from lint502.lab import matrix
from lint502.lab.bench import LabError
from lint502.lab.cells import Cell
from tests.support.nginxes import lacks

RUNS = 2
"""Some servers do one thing or the other from start to start: what differs has to differ again."""


@pytest.mark.xdist_group("servers")
def test_the_file_says_what_a_fresh_run_shows() -> None:
    found: dict[Cell, str] | None = None
    try:
        for _ in range(RUNS):
            with matrix.lab() as running:
                again = {
                    difference.cell: str(difference)
                    for difference in matrix.differences(running, protocols.load())
                }
                text = matrix.written(protocols.load(), running)
            found = {
                cell: difference
                for cell, difference in again.items()
                if found is None or cell in found
            }
            if not found:
                break
    except LabError as error:
        lacks(error)
    assert found == {}
    assert protocols.parse(text) == protocols.load()
