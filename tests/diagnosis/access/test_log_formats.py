from __future__ import annotations

import time
from pathlib import Path

import pytest

from lint502.diagnosis.access.log_formats import COMBINED, LogFormat, formats_of, likeliest
from lint502.diagnosis.access.requests import Attempt, Request, request_of
from lint502.options import Options
from tests.support.sites import examine, write

LINE = (
    '192.0.2.1 - - [01/May/2026:12:00:01 +0000] "GET /a?b=c HTTP/1.1" 502 157 "-" "a \\x22x\\x22"'
)
UPSTREAM = LogFormat(
    "upstream",
    '$remote_addr [$time_local] "$request" $status $upstream_addr $upstream_status '
    "$upstream_connect_time $upstream_header_time $upstream_response_time $request_time",
)
JSON = LogFormat(
    "json",
    '{"at":"$time_iso8601","status":$status,"request":"$request","up":"$upstream_addr",'
    '"up_status":"$upstream_status","agent":"$http_user_agent"}',
    "json",
)
MINUTE = 29627280


def test_combined() -> None:
    values = COMBINED.read(LINE)
    assert values is not None
    assert values["http_user_agent"] == 'a "x"'
    assert request_of(LINE, COMBINED) == Request("502", MINUTE, "GET", "/a")


@pytest.mark.parametrize(
    ("said", "attempts", "redirected", "seconds"),
    [
        (
            "10.0.0.1:80, 10.0.0.2:80 502, 200 -, 0.001 -, 0.004 0.000, 0.005 0.005",
            (
                Attempt("10.0.0.1:80", "502", False, None, 0.0),
                Attempt("10.0.0.2:80", "200", True, 0.001, 0.005),
            ),
            False,
            0.005,
        ),
        (
            "unix:/run/a.sock : [::1]:80 200 : 504 0.000 : 0.000 0.001 : - 0.002 : 60.0 60.1",
            (
                Attempt("unix:/run/a.sock", "200", True, 0.0, 0.002),
                Attempt("[::1]:80", "504", False, 0.0, 60.0),
            ),
            True,
            60.1,
        ),
        ("backend 502 - - 0.000 0.000", (Attempt("backend", "502", False, None, 0.0),), False, 0.0),
        ("- - - - - 0.000", (), False, 0.0),
    ],
)
def test_what_upstream_variables_say(
    said: str, attempts: tuple[Attempt, ...], redirected: bool, seconds: float
) -> None:
    line = f'192.0.2.1 [01/May/2026:12:00:01 +0000] "GET /a HTTP/1.1" 200 {said}'
    assert request_of(line, UPSTREAM) == Request(
        "200",
        MINUTE,
        "GET",
        "/a",
        attempts,
        bool(attempts),
        seconds,
        redirected,
    )


def test_json() -> None:
    line = (
        '{"at":"2026-05-01T12:00:01+02:00","status":009,"request":"GET /\\"a\\u0041 HTTP/1.1",'
        '"up":"10.0.0.1:80","up_status":"200","agent":"a\\"b"}'
    )
    assert request_of(line, JSON) == Request(
        "009", MINUTE, "GET", '/"aA', (Attempt("10.0.0.1:80", "200"),), True
    )


def test_the_format_that_says_most_of_those_that_fit() -> None:
    lines = [f'{LINE} rt=0.1 ua="-"'] * 3
    longer = LogFormat("longer", f'{COMBINED.text} rt=$request_time ua="$upstream_addr"')
    known = (COMBINED, *formats_of([]), longer)
    assert likeliest(known, lines) == longer
    more = likeliest((COMBINED, *formats_of([])), lines)
    assert more is not None
    assert more.name == "combined and more"
    assert likeliest(known, ["no line", ""]) is None


def test_those_of_a_configuration(tmp_path: Path) -> None:
    text = (
        'events {} http { log_format a escape=json \'{"s":$status,\'\n \'"u":"$upstream_addr"}\';\n'
        "log_format none 'nothing';\n"
        "server { listen 80; location / { proxy_pass http://127.0.0.1:1; } } }"
    )
    write(tmp_path, {"nginx.conf": text})
    found = formats_of(examine(Options(tmp_path, ("nginx.conf",))).sites)
    assert found[0] == LogFormat("a", '{"s":$status,"u":"$upstream_addr"}', "json")
    assert [one.name for one in found] == ["a", "main", "combined", "combined and more"]


def test_a_hostile_line_takes_no_time() -> None:
    adjacent = LogFormat("x", "$a$b $c: $d, $e $f $upstream_addr:$upstream_status;$status")
    for format in (COMBINED, UPSTREAM, JSON, adjacent):
        for text in (" " * 16000, '"' * 16000, "a, " * 5000, "a:, b :" * 2000, "\\" * 16000):
            start = time.process_time()
            request_of(f"1 - - [{text}", format)
            assert time.process_time() - start < 2
