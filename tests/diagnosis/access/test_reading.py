from __future__ import annotations

import gzip
import json
from datetime import datetime
from pathlib import Path

from lint502.diagnosis.access.reading import with_access_logs
from tests.support.diagnoses import ALONE

COMBINED = '192.0.2.1 - - [01/May/2026:12:30:02 +0000] "{}" {} 5 "-" "curl"'
POST = "POST /upload/x HTTP/1.1"
ERROR = "2026/05/01 12:30:00 [error] 7#7: *9 connect() failed"


def test_an_access_log_of_several_formats(tmp_path: Path) -> None:
    lines = [
        COMBINED.format(POST, 502),
        COMBINED.format(POST, 200),
        f'{COMBINED.format(POST, 502)} "192.0.2.9"',
        "",
        "nonsense",
        ERROR,
    ]
    (tmp_path / "a.log").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "b.log").write_text("", encoding="utf-8")
    logs = [str(tmp_path / "a.log"), str(tmp_path / "b.log")]
    found = with_access_logs(ALONE, logs, None)
    assert found.access is not None
    assert (found.access.requests, dict(found.access.statuses)) == (3, {"502": 2, "200": 1})
    assert (found.access.unread, found.access.example) == (1, "nonsense")
    assert dict(found.groups[0].answers) == {"502": 2}


def test_compressed_and_in_containers(tmp_path: Path) -> None:
    wrapped = "".join(
        json.dumps({"log": f"{line}\n", "stream": "stdout", "time": "2026-05-01T12:30:02Z"}) + "\n"
        for line in (ERROR, COMBINED.format(POST, 502))
    )
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(wrapped.encode()))
    found = with_access_logs(ALONE, [str(tmp_path / "a.log.gz")], None)
    assert found.access is not None
    assert (found.access.requests, found.access.unread) == (1, 0)
    assert dict(found.groups[0].answers) == {"502": 1}


def test_since(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(f"{COMBINED.format(POST, 502)}\n{COMBINED.format(POST, 200)}\n", "utf-8")
    counts = [
        with_access_logs(ALONE, [str(path)], None, datetime(2026, 5, 1, 12, minute)).access
        for minute in (30, 31)
    ]
    assert [one and one.requests for one in counts] == [2, 0]


def test_what_cannot_be_read(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere.log"
    found = with_access_logs(ALONE, [str(missing)], None)
    assert len(found.problems) == 1
    assert found.problems[0].startswith(str(missing))
