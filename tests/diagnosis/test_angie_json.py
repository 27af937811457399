from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lint502.diagnosis.angie_json import plain, record
from lint502.diagnosis.pasted import records
from lint502.diagnosis.records import tally
from lint502.diagnosis.statements import Statement

REFUSED: dict[str, Any] = {
    "time": "2026-09-29T09:16:29.100Z",
    "level": "error",
    "pid": 23,
    "tid": 24,
    "connection": 7,
    "message": "connect() failed",
    "error": {"code": 111, "message": "Connection refused"},
    "http": {
        "action": "connecting to upstream",
        "client": "192.0.2.7",
        "request": {
            "server": "shop.example",
            "request_line": "GET /a HTTP/1.1",
            "subrequest": "/auth",
            "upstream": "http://127.0.0.1:3000/auth",
            "host": "shop.example",
        },
    },
}
TEXT = (
    "2026/09/29 09:16:29 [error] 23#24: *7 connect() failed (111: Connection refused) while "
    'connecting to upstream, client: 192.0.2.7, server: shop.example, request: "GET /a HTTP/1.1", '
    'subrequest: "/auth", upstream: "http://127.0.0.1:3000/auth", host: "shop.example"'
)
STATEMENT = Statement(
    "error",
    "connect() failed (111: Connection refused) while connecting to upstream",
    "shop.example",
    "GET /a HTTP/1.1",
    "/auth",
    "http://127.0.0.1:3000/auth",
    "shop.example",
)
SESSION = {
    **REFUSED,
    "http": None,
    "stream": {
        "action": "connecting to upstream",
        "client": "192.0.2.7",
        "server": "0.0.0.0:5432",
        "protocol": "udp",
        "session": {"upstream": "10.0.0.2:53", "bytes_from_client": 5, "bytes_to_upstream": 5},
    },
}


def test_a_record_becomes_text() -> None:
    assert record(REFUSED) == TEXT
    assert record(SESSION) == (
        "2026/09/29 09:16:29 [error] 23#24: *7 connect() failed (111: Connection refused) while "
        "connecting to upstream, udp client: 192.0.2.7, server: 0.0.0.0:5432, upstream: "
        '"10.0.0.2:53", bytes from/to client:5/0, bytes from/to upstream:0/5'
    )
    resolving = {key: value for key, value in REFUSED.items() if key != "http"}
    resolving["context"] = {"action": "resolving", "resolver": "127.0.0.11:53"}
    assert str(record(resolving)).endswith("refused) while resolving, resolver: 127.0.0.11:53")


@pytest.mark.parametrize("data", [None, [], "text", {}, {"time": 1, "level": "error", "pid": 3}])
def test_what_is_no_record(data: Any) -> None:
    assert record(data) is None
    assert plain(json.dumps(data).encode()) == json.dumps(data).encode()


def test_a_log_of_them_is_read(tmp_path: Path) -> None:
    line = json.dumps(REFUSED)
    docker = json.dumps({"log": f"{line}\n", "stream": "stderr", "time": "2026-09-29T09:16:29Z"})
    log = tmp_path / "error.log"
    log.write_text(f"{line}\n{docker}\n<187>Sep 29 09:16:29 web angie: {line}\n")
    reading = tally([str(log)], lambda statement: statement)
    assert {key: one.count for key, one in reading.tallies.items()} == {STATEMENT: 3}
    assert [one.statements for one in records(docker)] == [(STATEMENT,)]


def test_a_record_that_is_cut_has_no_end(tmp_path: Path) -> None:
    request = {"server": "shop.example", "request_line": "GET /" + "l" * 1500}
    data = {**REFUSED, "http": {**REFUSED["http"], "request": request}, "truncated": True}
    log = tmp_path / "error.log"
    log.write_text(json.dumps(data) + "\n")
    found = list(tally([str(log)], lambda statement: statement).tallies)
    assert [(one.request, one.cut) for one in found] == [(request["request_line"], True)]


def test_a_line_of_others_stays() -> None:
    for line in (b"{", b'{"time"', b'{"time": 1}', b'{"time":' + b"[" * 100_000):
        assert plain(line) == line
