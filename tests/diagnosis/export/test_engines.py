"""The engines themselves name the same causes, and count the same, as ``lint502 diagnose`` does."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from lint502.diagnosis.diagnose import diagnosed
from lint502.diagnosis.export.engines import EXPORTS
from tests.support import on_call
from tests.support.engine_logs import log
from tests.support.nginxes import RELEASES, lacks, nginx_of

pytestmark = pytest.mark.slow

Counted: TypeAlias = Mapping[tuple[str, str], tuple[int, str, str]]
"""How often, first and last, by cause and upstream."""

CAUSES = "SELECT cause, upstream, count, first, last FROM causes"
LINES = "SELECT cause, upstream, count(*) AS n FROM cause_lines"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With ``error.log``, the end of which is of a real nginx."""
    folder = tmp_path_factory.mktemp("logs")
    real = on_call.run(nginx_of(RELEASES[-1]), folder).error_log.read_bytes()
    assert real.count(b" upstream: ") >= 9
    (folder / "error.log").write_bytes(log() + real)
    return folder


@pytest.fixture(scope="module")
def expected(folder: Path) -> Counted:
    counted: dict[tuple[str, str], tuple[int, str, str]] = {}
    for group in diagnosed([str(folder / "error.log")], None).groups:
        key, tally = (group.cause.name, group.upstream), group.tally
        count, first, last = counted.get(key, (0, "9", ""))
        times = [str(at) for at in (tally.first, tally.last) if at is not None]
        counted[key] = count + tally.count, min(first, *times), max(last, *times)
    assert len(counted) > 500
    assert len({cause for cause, _ in counted}) > 95
    return counted


def counted(rows: Iterable[Sequence[Any]]) -> Counted:
    return {
        (cause, upstream): (int(count), str(first or "9")[:19], str(last or "")[:19])
        for cause, upstream, count, first, last in rows
    }


def numbers(counted: Counted) -> Mapping[tuple[str, str], int]:
    return {key: count for key, (count, _, _) in counted.items()}


def differences(found: Counted, expected: Counted) -> Sequence[tuple[object, object]]:
    keys = sorted(found.keys() | expected.keys())
    return [(key, (found.get(key), expected.get(key))) for key in keys
            if found.get(key) != expected.get(key)]  # fmt: skip


def test_duckdb(folder: Path, expected: Counted) -> None:
    try:
        import duckdb
    except ImportError:
        lacks("there is no duckdb")
    with duckdb.connect() as connection:
        connection.execute(EXPORTS["duckdb"]())
        path = [str(folder / "error.log")]
        found = connection.execute(f"{CAUSES}(?)", path).fetchall()
        lines = connection.execute(f"{LINES}(?) GROUP BY ALL", path).fetchall()
    assert differences(counted(found), expected) == []
    assert {(cause, upstream): n for cause, upstream, n in lines} == numbers(expected)


def test_clickhouse(folder: Path, expected: Counted) -> None:
    if importlib.util.find_spec("chdb") is None:
        lacks("there is no chdb")
    query = f"{EXPORTS['clickhouse']()}\n{CAUSES}(log = 'error.log')"
    ran = in_folder(folder, sys.executable, "-m", "chdb", query, "JSONCompactEachRow")
    assert differences(counted(map(json.loads, ran.splitlines())), expected) == []


def test_lnav(folder: Path, expected: Counted) -> None:
    if shutil.which("lnav") is None:
        lacks("there is no lnav")
    (folder / "lint502_nginx.json").write_text(EXPORTS["lnav"](), encoding="utf-8")
    (folder / "lint502_nginx.sql").write_text(EXPORTS["lnav-sql"](), encoding="utf-8")
    in_folder(folder, "lnav", "-i", "lint502_nginx.json", "lint502_nginx.sql")
    rows = json.loads(
        in_folder(folder, "lnav", "-n", "-c", f";{CAUSES}", "-c", ":write-json-to -", "error.log")
    )
    found = counted(tuple(row.values()) for row in rows)
    assert differences(found, expected) == []
    warned = subprocess.run(
        ["lnav", "-W", "-n", "-c", ";SELECT 1", "error.log"],
        cwd=folder, capture_output=True, env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    assert warned.stderr == b""


def test_fields_in_lnav(folder: Path) -> None:
    """What its columns show of a record in which a client forges fields."""
    if shutil.which("lnav") is None:
        lacks("there is no lnav")
    home = folder / "home"
    home.mkdir()
    (home / "lint502_nginx.json").write_text(EXPORTS["lnav"](), encoding="utf-8")
    in_folder(home, "lnav", "-i", "lint502_nginx.json")
    record = (
        "2026/07/20 08:00:00 [error] 22#23: *7 no live upstreams while connecting to upstream, "
        'client: 192.0.2.7, server: shop, request: "GET /", upstream: "http://6.6.6.6/", host: "f '
        'HTTP/1.1", upstream: "http://app/", host: "shop", referrer: "a", upstream: "b"'
    )
    (home / "error.log").write_text(f"{record}\n", encoding="utf-8")
    names = "client, server, request, upstream, host, referrer, log_level"
    query = f";SELECT {names} FROM lint502_nginx"
    rows = in_folder(home, "lnav", "-n", "-c", query, "-c", ":write-json-to -", "error.log")
    assert json.loads(rows) == [
        {
            "client": "192.0.2.7",
            "server": "shop",
            "request": 'GET /", upstream: "http://6.6.6.6/", host: "f HTTP/1.1',
            "upstream": "http://app/",
            "host": "shop",
            "referrer": 'a", upstream: "b',
            "log_level": "error",
        }
    ]


def in_folder(folder: Path, *command: str) -> str:
    ran = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        check=False,
        env={**os.environ, "HOME": str(folder)},
    )
    assert ran.returncode == 0, ran.stderr[:2000]
    return ran.stdout.decode("utf-8", "replace")
