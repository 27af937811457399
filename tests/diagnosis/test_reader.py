"""Lines of a log counted."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lint502.diagnosis import counts, elsewhere
from lint502.diagnosis import reader as reading_lines
from lint502.diagnosis.counts import Reading, Unread
from lint502.diagnosis.fields import read, text
from lint502.diagnosis.reader import Reader
from lint502.diagnosis.statements import EVERYTHING, Matters, Statement, Tally
from lint502.nginx import error_log
from tests.diagnosis.nginx_writes import http
from tests.diagnosis.test_fields import ANY, HOST, NEW, OLD, OLD_HTTP_2, REFUSED, UPSTREAM

LINE = http(
    REFUSED,
    request=b"GET /a?b HTTP/1.1",
    upstream=b"http://10.0.0.7:3000/a?b",
    host=b"shop.example.com",
)
ELSEWHERE = http(b"access forbidden by rule")
MINUTE = int((datetime(2026, 7, 20, 8) - datetime(1970, 1, 1)).total_seconds()) // 60


def about_upstreams(statement: Statement) -> str | None:
    return statement.message if "upstream" in statement.message else None


def reading(data: bytes, since: datetime | None = None) -> Reading[str]:
    reader: Reader[str] = Reader(about_upstreams, since)
    reader.block(data)
    reader.end()
    return reader.result()


def test_a_tally() -> None:
    later = LINE.replace(b"08:00:00", b"08:01:30").replace(b"GET /a?b", b"POST /c?d")
    earlier = LINE.replace(b"08:00:00", b"07:59:59").replace(b"192.0.2.7", b"192.0.2.8")
    found = reading(b"\n".join((LINE, later, earlier, LINE)) + b"\n")
    assert found == Reading(
        {
            text(REFUSED): Tally(
                4,
                datetime(2026, 7, 20, 7, 59, 59),
                datetime(2026, 7, 20, 8, 1, 30),
                Counter({MINUTE: 2, MINUTE + 1: 1, MINUTE - 1: 1}),
                Counter({"GET": 3, "POST": 1}),
                Counter({"/a": 3, "/c": 1}),
                Counter({"192.0.2.7": 3, "192.0.2.8": 1}),
                text(LINE),
            )
        }
    )


def test_each_line_is_counted_as_something() -> None:
    php = b'FastCGI sent in stderr: "PHP message: one\nPHP message: two" while reading upstream'
    multi = http(php, request=b"GET /p HTTP/1.1", upstream=b"fastcgi://unix:/p.sock:", host=b"h")
    access = b'192.0.2.7 - - [20/Jul/2026:08:00:00 +0000] "GET / HTTP/1.1" 502 157 "-" "curl"'
    decoded = http(b'open() "/srv/a\nb" failed (2: No such file or directory)')
    lines = [
        LINE,
        b"Listening on port 3000",
        access,
        multi,
        decoded,
        b"\0\1\2",
        b"2026/07/20 08:00:00 [INFO] an application says",
        b"2026/99/20 08:00:00 [error] 1#1: x",
        b"2026/07/20 08:00:00 [notice] 1#1: signal process started",
        http(b"client intended to send too large body: 9 bytes"),
    ]
    found = reading(b"\r\n".join(lines))
    assert {key: one.count for key, one in found.tallies.items()} == {
        text(REFUSED): 1,
        text(php): 1,
    }
    assert (found.other, found.access) == (3, 1)
    assert found.unread == {
        "Listening on": Unread(1, "Listening on port 3000"),
        "binary": Unread(1, "\0\1\2"),
        "0/0/0 0": Unread(2, text(lines[6])),
    }


@given(
    request=NEW | OLD | OLD_HTTP_2,
    upstream=st.none() | UPSTREAM,
    host=HOST,
    referrer=st.none() | ANY,
    message=st.sampled_from([REFUSED, b'FastCGI sent in stderr: "x" while reading upstream']),
    matters=st.sampled_from([EVERYTHING, Matters(False), Matters(True, ""), Matters(False, "3")]),
    odd=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_the_fast_way_reads_what_the_thorough_way_reads(
    request: bytes,
    upstream: bytes | None,
    host: bytes,
    referrer: bytes | None,
    message: bytes,
    matters: Matters,
    odd: bool,
) -> None:
    record = http(message, request=request, upstream=upstream, host=host, referrer=referrer)
    seen = []
    reader: Reader[str] = Reader(lambda statement: seen.append(statement) or "", matters=matters)
    reader.block(b"\n".join((record, ELSEWHERE, record, *[b"odd"] * odd, ELSEWHERE)))
    reader.end()
    wanted = read(record)
    assert wanted is not None
    assert set(seen) == {wanted.statement}
    found = reader.result()
    assert (found.tallies[""].count, found.other) == (2, 2)
    assert (found.unread == {}) is not odd


def test_no_message_that_bears_on_upstreams_is_passed_over() -> None:
    for message in error_log.messages():
        for wording in message.wordings():
            if wording.encode().startswith(elsewhere.BEGINNINGS) and "upstream" not in wording:
                assert not message.failure or "client" in wording, wording


@pytest.mark.parametrize("first", [b"PHP message: one", b"PHP message: upstream"])
def test_a_record_goes_on_in_the_next_block(first: bytes) -> None:
    said = b'FastCGI sent in stderr: "%b\ntwo" while reading upstream' % first
    record = http(said, request=b"GET /p HTTP/1.1", upstream=b"fastcgi://unix:/p.sock:", host=b"h")
    begun, rest = record.split(b"\n")
    reader: Reader[str] = Reader(about_upstreams)
    reader.block(b"%b\n%b\n%b\n" % (ELSEWHERE, ELSEWHERE, begun))
    reader.block(rest + b"\n")
    reader.end()
    found = reader.result()
    assert {key: one.paths for key, one in found.tallies.items()} == {text(said): {"/p": 1}}
    assert (found.other, found.unread) == (2, {})


def test_what_a_test_of_the_configuration_says() -> None:
    refused = b'nginx: [emerg] unknown directive "foo" in /etc/nginx/nginx.conf:7'
    lines = [refused, b"nginx: configuration file /etc/nginx/nginx.conf test failed"]
    seen: list[Statement] = []
    reader: Reader[str] = Reader(lambda statement: seen.append(statement))
    reader.block(b"\n".join(lines))
    reader.end()
    assert [one.message for one in seen] == ['unknown directive "foo" in /etc/nginx/nginx.conf:7']
    assert (reader.result().other, reader.result().unread) == (2, {})


@pytest.mark.parametrize(
    ("uris", "upstreams", "asked"),
    [
        (("/a/1", "/a/2"), ("http://b:1/a/1", "http://b:1/a/2"), 1),
        (("/p/a/1", "/p/a/2"), ("http://b:1/a/1", "http://b:1/a/2"), 1),
        (("/p/1", "/p/2"), ("http://unix:/s1:/1", "http://unix:/s1:/2"), 1),
        (("/a/1", "/a/2"), ("fastcgi://unix:/run/php1.sock:",) * 2, 1),
        (("/a/1", "/a/2"), ("http://b:1/x/1", "http://b:1/x/2"), 2),
        (("/a/1", "/a/2"), ("http://b:1/a/1", "http://b:2/a/2"), 2),
        (("/a/1", "/a/12"), ("http://b:1/a/1", "http://b:1/a/12"), 2),
        (("/%61/1", "/%61/2"), ("http://b:1/a/1", "http://b:1/a/2"), 2),
        (("/p/x/1", "/p/x/2"), ("http://b:1/x/1", "http://b:1/x/1/p/x/2"), 2),
    ],
)
def test_records_that_differ_in_digits_alone_are_asked_about_once(
    uris: tuple[str, str], upstreams: tuple[str, str], asked: int
) -> None:
    seen: list[Statement] = []
    reader: Reader[str] = Reader(
        lambda statement: seen.append(statement) or "", matters=Matters(False, "")
    )
    for uri, upstream in zip(uris, upstreams, strict=True):
        request = f"GET {uri} HTTP/1.1".encode()
        reader.block(http(REFUSED, request=request, upstream=upstream.encode(), host=b"h") + b"\n")
    assert len(seen) == asked
    assert reader.result().tallies[""].paths == Counter(uris)


def test_angie_quotes_its_clients() -> None:
    line = LINE.replace(
        b"client: 192.0.2.7, server: shop.example.com, request",
        b"""client: "::7", server: "s", request_line""",
    )
    (tally,) = reading(line + b"\n" + line).tallies.values()
    assert (tally.count, tally.clients, tally.paths) == (2, {"::7": 2}, {"/a": 2})


def test_since() -> None:
    found = reading(LINE + b"\n", datetime(2026, 7, 20, 8, 0, 1))
    assert found == Reading()
    assert reading(LINE + b"\n", datetime(2026, 7, 20, 8)).tallies


def test_what_grows_is_bounded() -> None:
    reader: Reader[str] = Reader(about_upstreams)
    for number in range(300):
        stamp = datetime.fromtimestamp(number * 86_400 * 9).strftime("%Y/%m/%d %H:%M:%S").encode()
        line = LINE.replace(b"/a?b", b"/%d" % number).replace(b"192.0.2.7", b"::%x" % number)
        reader.block(stamp + line[19:] + b"\nx%s\n" % bytes([65 + number % 60]) * 2)
    tally = reader.result().tallies[text(REFUSED)]
    for names in (tally.paths, tally.clients):
        assert len(names) == counts.MOST_NAMES + 1
        assert names[""] == 300 - counts.MOST_NAMES
    assert len(reader.result().unread) <= 21


def test_the_memory_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_lines, "_MOST_REMEMBERED", 5000)
    reader: Reader[str] = Reader(about_upstreams)
    for number in range(100):
        reader.block(LINE.replace(b"/a?b", b"/%d" % number) + b"\n")
        assert len(reader._memory) < 10
    assert reader.result().tallies[text(REFUSED)].count == 100


@pytest.mark.parametrize(
    "data",
    [
        b"\x1b[2J\x1b]0;x\7" * 99_999,
        bytes(range(256)) * 4_000,
        b"[" * 1_000_000,
        b'{"log":' * 100_000,
        b"2026/07/20 08:00:00 [error] 1#1: *1 " + b", client: a, server: " * 99_000,
        (b"2026/07/20 08:00:00 [error] 1#1: x\n" + b"y\n" * 5_000) * 9,
        b"2026/07/20 08:00:00 [" * 50_000,
        b"a | " * 250_000,
        b'x, request: "GET / HTTP/1.1"' * 40_000,
    ],
    ids=range(9),
)
def test_hostile_lines_take_no_time(data: bytes) -> None:
    began = time.process_time()
    reading(data)
    assert time.process_time() - began < 5
