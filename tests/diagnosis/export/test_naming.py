"""Causes of all kinds of conditions, whether or not one is of such a kind today."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lint502.diagnosis import causes as module
from lint502.diagnosis.diagnose import diagnosed
from lint502.diagnosis.export import naming
from lint502.diagnosis.export.duckdb import DuckDB, export
from lint502.nginx import error_log
from lint502.nginx.error_log import line
from tests.diagnosis.nginx_writes import HEAD, http
from tests.support.nginxes import lacks

MESSAGE = "client-read-failed"
WHEN: Mapping[str, Mapping[str, Any]] = {
    "field": {"fields": {"reading": ["readv", "SSL_read"]}, "levels": ["crit"]},
    "absent-field": {"fields": {"nothing": ["readv"]}},
    "phase": {"phases": ["send"], "upstream": ["unix"]},
    "method": {"methods": ["POST", "/sub"]},
    "words": {"upstream": ["plain", "tcp"], "without": ["loopback", "grpc"]},
    "none": {"upstream": ["none"]},
    "says": {"says": r"^recv\(\) .* \(\d+: .*$"},
    "other": {},
}


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {
        name: {"title": name, "messages": [MESSAGE], "when": when, "candidate": []}
        for name, when in WHEN.items()
    }
    pattern = {"title": "p", "patterns": ["^an? odd$"], "candidate": []}
    of_method = {**pattern, "when": {"methods": ["PUT"]}}
    of_phase = {**pattern, "when": {"phases": ["send"]}}
    data = {**module._data(), "cause": {**rows, "put": of_method, "no": of_phase, "odd": pattern}}
    monkeypatch.setattr(module, "_data", lambda: data)
    module._by_message.cache_clear()
    yield
    module._by_message.cache_clear()


def records() -> Iterator[bytes]:
    upstreams = (None, b"http://unix:/a:/", b"http://10.0.0.1:80/", b"grpc://10.0.0.1:80", b"x")
    loopback = b"http://127.0.0.1:80/"
    for reading, phase, upstream, method, level, sub in itertools.product(
        ("recv", "readv"),
        error_log.message(MESSAGE).phases,
        (*upstreams, loopback),
        (b"GET", b"POST"),
        (b"error", b"crit"),
        (None, b"/sub"),
    ):
        text = line(MESSAGE, phase=phase, reading=reading, errno="5: Input/output error")
        head = HEAD.replace(b"error", level)
        request = b"%b / HTTP/1.1" % method
        yield http(
            text.encode(), request=request, upstream=upstream, subrequest=sub, head=head, host=b"h"
        )
        yield HEAD + text.encode() + b", client: 1.1.1.1, server: a, reque"
    text = line(MESSAGE, phase="from-client", reading="recv", errno="5").encode()
    for size in (2046, 2047):  # of the longer one, fields may be missing
        record = http(text, request=b"GET /%b HTTP/1.1")
        yield record.replace(b"%b", b"x" * (size - len(record) + 2))
    for method in (b"GET", b"PUT"):
        yield http(b"an odd", request=b"%b / HTTP/1.1" % method, upstream=loopback)


@pytest.mark.usefixtures("table")
def test_each_kind_of_condition(tmp_path: Path) -> None:
    try:
        import duckdb
    except ImportError:
        lacks("there is no duckdb")
    path = tmp_path / "error.log"
    path.write_bytes(b"\n".join(records()))
    expected: Counter[tuple[str, str]] = Counter()
    for group in diagnosed([str(path)], None).groups:
        expected[group.cause.name, group.upstream] += group.tally.count
    assert {cause for cause, _ in expected} == {*WHEN, "put", "odd"} - {"absent-field"}
    with duckdb.connect() as connection:
        connection.execute(export())
        found = connection.execute("SELECT cause, upstream, count FROM causes(?)", [str(path)])
        assert {(cause, place): count for cause, place, count in found.fetchall()} == expected


@pytest.mark.usefixtures("table")
def test_a_new_kind_of_condition_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.causes()["says"], "when", {"weather": ["rain"]})
    with pytest.raises(ValueError, match="'weather' is not told by a line alone"):
        naming.steps(DuckDB())
