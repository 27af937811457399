from __future__ import annotations

import subprocess
import sys

import pytest

from lint502.behaviour import protocol_table
from lint502.behaviour.protocol_table import (
    Ending,
    Known,
    Outcome,
    Row,
    known,
    lineage,
    load,
    parse,
)
from lint502.declared import profiles
from lint502.nginx.version import NEWEST, Version

CLOSED = Outcome(502, "it closed")
WAITED = Outcome(504, "it took too long")
TEXT = """
[measured]
one = "1.0"
[like]
copy = "one"
[logs]
closed = "it closed"
waited = "it took too long"
[outcomes.one.http]
grpc = "502 closed"
scgi = ["400", "502 closed"]
http = { "0.0.0" = "200", "1.26.3" = "504 waited, after 20s 502 closed" }
"""


def test_the_rows() -> None:
    rows = parse(TEXT).rows["one"]["http"]
    zero, later = Version(0, 0, 0), Version(1, 26, 3)
    assert rows == {
        "grpc": Row(((zero, (Ending(CLOSED),)),)),
        "scgi": Row(((zero, (Ending(Outcome(400, "")), Ending(CLOSED))),)),
        "http": Row(((zero, (Ending(Outcome(200, "")),)), (later, (Ending(WAITED, 20, CLOSED),)))),
    }
    assert rows["http"].at(Version(1, 26, 2)) == (Ending(Outcome(200, "")),)
    assert rows["http"].at(NEWEST) == (Ending(WAITED, 20, CLOSED),)


def statuses(server: str, speaks: str, passed: str) -> tuple[tuple[int, ...], bool]:
    found = known(server, speaks, passed, NEWEST)
    assert found is not None
    return tuple(ending.outcome.status for ending in found.endings), found.typical


@pytest.mark.parametrize(
    ("server", "speaks", "passed", "expected"),
    [
        ("node", "http", "uwsgi", ((400,), False)),
        ("node", "h2", "https/1.1", ((403,), False)),
        ("uvicorn", "http", "scgi", ((400, 504), False)),
        # by the profile that it is like, or by the file's own list
        ("nest", "http", "uwsgi", ((400,), False)),
        ("spring-boot", "https", "http/1.0", ((400,), False)),
        ("go", "http", "uwsgi", ((504,), False)),
        ("gunicorn-uvicorn", "http", "fastcgi", ((502,), False)),
        # those that were not measured, or not declared
        ("puma", "http", "uwsgi", ((400,), True)),
        ("", "http", "https/1.1", ((502,), True)),
        # of two that are as frequent, not the server's own answer
        ("grpc-go", "h2", "https/1.1", ((502,), True)),
        # served, so that the declaration is about another setup
        ("hypercorn", "http", "grpc", ((502,), True)),
    ],
)
def test_whose_rows_count(
    server: str, speaks: str, passed: str, expected: tuple[tuple[int, ...], bool]
) -> None:
    assert statuses(server, speaks, passed) == expected


def test_what_nobody_measured() -> None:
    assert known("puma", "http", "http/1.1", NEWEST) is None
    assert known("", "tcp", "http/1.1", NEWEST) is None


def test_a_row_by_version() -> None:
    closed = "peer closed connection in SSL handshake… while SSL handshaking to upstream"
    waited = "upstream timed out (110: Connection timed out) while SSL handshaking to upstream"
    new = known("uwsgi", "uwsgi", "suwsgi", Version.parse("1.26.3"))
    old = known("uwsgi", "uwsgi", "suwsgi", Version.parse("1.22.1"))
    assert new == Known((Ending(Outcome(502, closed)),), typical=False)
    assert old == Known((Ending(Outcome(504, waited), 4, Outcome(502, closed)),), typical=False)


def test_the_names_are_those_of_profiles() -> None:
    data = load()
    assert set(data.rows) - {"grpcio"} <= set(profiles.names())
    assert set(data.like) <= set(profiles.names()) - set(data.rows)
    assert set(data.like.values()) <= set(data.rows)


def test_log_lines_are_named() -> None:
    assert [name for name in load().logs if name.startswith("new-")] == []


def test_the_file_is_not_read_before_it_is_needed() -> None:
    script = (
        "import lint502.run, lint502.behaviour.protocol_outcomes\n"
        "import lint502.behaviour.protocol_table as module\n"
        "print(module.load.cache_info().misses)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "0\n"


def test_a_version_older_than_the_oldest() -> None:
    row = Row(((Version(1, 20, 0), (Ending(CLOSED),)), (Version(1, 26, 3), (Ending(WAITED),))))
    assert row.at(Version(1, 18, 0)) == (Ending(CLOSED),)
    assert row.at(Version(1, 26, 3)) == (Ending(WAITED),)


@pytest.mark.parametrize(
    ("status", "log", "fits", "timed_out"),
    [
        (200, "", True, False),
        (204, "", True, False),
        (299, "", True, False),
        (199, "", False, False),
        (300, "", False, False),
        (9, "no-status-line", False, False),
        (400, "", False, False),
        (502, "closed", False, False),
        (504, "timed-out", False, True),
        (504, "handshake-timed-out", False, True),
        (504, "", False, False),
    ],
)
def test_an_outcome(status: int, log: str, fits: bool, timed_out: bool) -> None:
    outcome = Outcome(status, load().logs[log] if log else "")
    assert (outcome.fits, outcome.timed_out) == (fits, timed_out)


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("caddy", ["caddy"]),
        ("go", ["go", "caddy"]),
        ("gunicorn-uvicorn", ["gunicorn-uvicorn", "uvicorn"]),
        ("nest", ["nest", "node"]),
        ("", []),
        ("what nobody knows", ["what nobody knows"]),
    ],
)
def test_lineages(server: str, expected: list[str]) -> None:
    assert list(lineage(server)) == expected


MANY = """
[measured]
[like]
copy = "first"
round = "about"
about = "round"
[logs]
closed = "it closed"
waited = "it took too long"
[outcomes.first.http]
grpc = "502 closed"
"grpc/2" = "501"
uwsgi = "400"
scgi = ["200", "502 closed"]
[outcomes.second.http]
grpc = "504 waited"
uwsgi = "502 closed"
fastcgi = "200"
[outcomes.third.http]
grpc = "504 waited"
fastcgi = "502 closed"
[outcomes.fourth.http]
grpc = "200"
uwsgi = "502 waited"
memcached = "403"
[outcomes.fifth.http]
memcached = "401"
"""


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    made_up = parse(MANY)
    monkeypatch.setattr(protocol_table, "load", lambda: made_up)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    ("server", "passed", "expected"),
    [
        # its own, or that of the one that it is like
        ("first", "grpc", ([502], False)),
        ("copy", "grpc", ([502], False)),
        ("first", "scgi", ([502], False)),
        # what serves the request is another setup
        ("fourth", "grpc", ([504], True)),
        # what most do, of as many: what nginx has a word for, then the least status
        ("unmeasured", "grpc", ([504], True)),
        ("round", "grpc", ([504], True)),
        ("unmeasured", "uwsgi", ([502], True)),
        ("unmeasured", "memcached", ([401], True)),
        ("second", "fastcgi", ([502], True)),
        # HTTP of any version, where there is no row of its own
        ("first", "uwsgi/2", ([400], False)),
        ("first", "grpc/2", ([501], False)),
        ("unmeasured", "https", None),
    ],
)
def test_whose_rows_count_of_many(
    server: str, passed: str, expected: tuple[list[int], bool] | None
) -> None:
    found = known(server, "http", passed, NEWEST)
    told = found and ([ending.outcome.status for ending in found.endings], found.typical)
    assert told == expected


@pytest.mark.usefixtures("many")
def test_ties_do_not_depend_on_the_order() -> None:
    found = known("unmeasured", "http", "uwsgi", NEWEST)
    assert found == Known((Ending(Outcome(502, "it closed")),), typical=True)
