"""``lint502/behaviour/protocol_table.toml`` against a fresh run: every pass directive, every real
server, four versions of nginx."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from msgspec.structs import replace

from lint502.behaviour import protocol_table
from lint502.lab.bench import LabError
from lint502.nginx.version import NEWEST
from tests.support.nginxes import lacks
from tools.measure import matrix
from tools.measure.matrix_cells import Cell
from tools.measure.matrix_text import written
from tools.measure.servers import RealServer, python

RUNS = 2
"""Some servers do one thing or the other from start to start: what differs has to differ again."""

PINNED = {family.name for family in python.FAMILIES}
"""These come with the tests. Of the others Debian's releases have several versions: the rows of one
that was not measured are not compared, which the run says at its end."""


@pytest.mark.xdist_group("servers")
@pytest.mark.filterwarnings("default:not compared")
def test_the_file_says_what_a_fresh_run_shows() -> None:
    found: dict[Cell, str] | None = None
    try:
        for _ in range(RUNS):
            with matrix.lab() as running:
                again = {
                    difference.cell: str(difference)
                    for difference in matrix.differences(running, protocol_table.load())
                }
                others = matrix.other_versions(running, protocol_table.load())
                versions = [nginx.version for nginx in running.nginxes]
                text = written(protocol_table.load(), versions)
            found = {
                cell: difference
                for cell, difference in again.items()
                if found is None or cell in found
            }
            if not found:
                break
    except LabError as error:
        lacks(error)
    for name, words in others.items():
        if name in PINNED:
            lacks(words)
        warnings.warn(f"not compared: {words}", stacklevel=1)
    assert found == {}
    assert protocol_table.parse(text) == protocol_table.load()


class CellsOf:
    """The cells of servers, none of which is run."""

    def __init__(self, *servers: RealServer) -> None:
        self._servers = servers

    def all(self) -> list[Cell]:
        return [
            Cell(server.name, speaks, "", "http/1.1", "GET", NEWEST)
            for server in self._servers
            for speaks in ("http", "https")
        ]


@pytest.mark.parametrize(
    ("versions", "others", "compared"),
    [
        (
            ("20.1.0", "0.54.7", "3.0.2"),
            set(),
            "node http, node https, uvicorn http, uvicorn https",
        ),
        (("18.9.0", "0.54.0", "3.0.2"), {"node"}, "uvicorn http, uvicorn https"),
        (("20.9.0", "0.55.0", "3.0.2"), {"uvicorn"}, "node http, node https"),
        (("20.9.0", "0.54.0", "3.5.9"), {"openssl"}, "node http, node https, uvicorn http"),
    ],
)
def test_what_is_compared(versions: tuple[str, str, str], others: set[str], compared: str) -> None:
    node, uvicorn, openssl = versions
    servers = (
        RealServer("node", node, (), Path()),
        RealServer("uvicorn", uvicorn, (), Path(), openssl),
        RealServer("new", "1.0", (), Path()),
    )
    running = matrix.Lab(servers, (), CellsOf(*servers[:2]))  # type: ignore[arg-type]
    measured = {"node": "20.20.2", "uvicorn": "0.54.0", "openssl": "3.0.19"}
    data = replace(protocol_table.load(), measured=measured)
    assert matrix.other_versions(running, data).keys() == others
    cells = matrix.compared(running, data)
    assert ", ".join(f"{cell.server} {cell.speaks}" for cell in cells) == compared
