"""``lint502/behaviour/protocol_table.toml`` against a fresh run: every pass directive, every real
server, four versions of nginx."""

from __future__ import annotations

import pytest

from lint502.behaviour import protocol_table
from lint502.lab.bench import LabError
from tests.support.nginxes import lacks
from tools.measure import matrix
from tools.measure.matrix_cells import Cell

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
                    for difference in matrix.differences(running, protocol_table.load())
                }
                text = matrix.written(protocol_table.load(), running)
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
    assert protocol_table.parse(text) == protocol_table.load()
