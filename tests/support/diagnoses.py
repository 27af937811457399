"""Diagnoses for tests of reports."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from lint502.diagnosis.causes import Candidate, Cause
from lint502.diagnosis.diagnosis import (
    Access,
    Diagnosis,
    Group,
    HopPlace,
    Root,
    RootPlace,
    Unread,
    WithoutLine,
)
from lint502.diagnosis.statements import Tally

MINUTE = int((datetime(2026, 5, 1, 12, 0) - datetime(1970, 1, 1)).total_seconds()) // 60

API = HopPlace("hop-1", "nginx.conf", 12, "proxy_pass http://api", "shop.example.com /api/")
UPLOAD = HopPlace("hop-2", "nginx.conf", 18, "proxy_pass http://api", "shop.example.com /upload/")

REFUSED = Group(
    Cause(
        "refused",
        "Nothing listens at the address that nginx connects to.",
        (
            Candidate(
                "nginx has another port than the one on which the process listens.",
                "ss shows it on another port.",
                ("ss -ltnp",),
                ("port-mismatch",),
            ),
        ),
        502,
        message="connection-refused",
    ),
    "http://127.0.0.1:3001",
    Tally(
        1234,
        datetime(2026, 5, 1, 12, 0, 1),
        datetime(2026, 5, 1, 12, 59, 58),
        Counter({MINUTE: 4, MINUTE + 1: 30, MINUTE + 30: 1000, MINUTE + 59: 200}),
        Counter({"GET": 1200, "POST": 34}),
        Counter({"/api/orders": 1000, "/api/login": 200, "/api/a": 20, "/api/b": 10, "": 4}),
        Counter({"192.0.2.1": 1200, "192.0.2.7": 34}),
        "2026/05/01 12:00:01 [error] 7#7: *1 connect() failed (111: Connection refused) while "
        'connecting to upstream, client: 192.0.2.1, server: shop.example.com, request: "GET '
        '/api/orders HTTP/1.1", upstream: "http://127.0.0.1:3001/api/orders", host: '
        '"shop.example.com"',
    ),
    API,
    root=Root(
        "port-mismatch",
        "error",
        "nginx connects to 127.0.0.1:3001, but api listens on port 3000",
        (
            RootPlace("nginx.conf", 4, "        server 127.0.0.1:3001;", ""),
            RootPlace("upstreams.toml", 2, "port = 3000", "api listens on port 3000"),
        ),
        "server 127.0.0.1:3000;",
        "0123456789abcdef",
    ),
    answers=Counter({"502": 1200, "200 after a retry": 34}),
    took=(0.0, 0.002),
)  # fmt: skip
CLOSED = Group(
    Cause(
        "closed-early",
        "The upstream closed the connection without an answer.",
        (
            Candidate(
                "The process crashed, or was killed.",
                "Its own log at that time says so.",
                ("journalctl -u php8.2-fpm --since -1h", "dmesg -T | tail"),
            ),
            Candidate(
                "A worker was ended after its time limit.",
                "$upstream_response_time is the limit each time.",
                ("grep -rn request_terminate_timeout /etc/php",),
                ("request-timeout",),
            ),
        ),
        502,
        message="closed-early",
    ),
    "fastcgi://unix:/run/php/php8.2-fpm.sock",
    Tally(
        12,
        datetime(2026, 5, 1, 12, 30, 0),
        datetime(2026, 5, 1, 12, 31, 0),
        Counter({MINUTE + 30: 11, MINUTE + 31: 1}),
        Counter({"POST": 12}),
        Counter({"/upload/x": 12}),
        Counter({"192.0.2.9": 12}),
        "2026/05/01 12:30:00 [error] 7#7: *9 upstream prematurely closed connection while reading "
        "response header from upstream",
    ),
    None,
    "two locations pass this request on",
    (API, UPLOAD),
)  # fmt: skip
DOWN = Group(
    Cause("timed-out", "The upstream took longer than nginx waits.", (), 504),
    "http://10.0.0.7:8080",
    Tally(
        1,
        datetime(2026, 5, 1, 12, 5, 0),
        datetime(2026, 5, 1, 12, 5, 0),
        Counter({MINUTE + 5: 1}),
        example="2026/05/01 12:05:00 [error] 7#7: *5 upstream timed out (110: …)",
    ),
    UPLOAD,
    root=Root(None, message="Nothing in the files explains it: the process was slow or down.",
              look=("docker compose ps", "lint502 probe api")),
)  # fmt: skip
UNKNOWN = Group(
    Cause("unknown", "lint502 does not know this line.", (), about="nginx"),
    "http://10.0.0.8:80",
    Tally(
        2,
        datetime(2026, 5, 1, 12, 6, 0),
        datetime(2026, 5, 1, 12, 7, 0),
        Counter({MINUTE + 6: 1, MINUTE + 7: 1}),
        example="2026/05/01 12:06:00 [error] 7#7: *5 upstream sent a \x1b[31mriddle of 7 bytes",
    ),
    why="the message is not known",
    kind="upstream sent a riddle of N bytes",
)
TEMPORARY = Group(
    Cause("buffered", "A response went through a file.", (), failure=False),
    "http://127.0.0.1:3000",
    Tally(
        40,
        datetime(2026, 5, 1, 12, 0, 0),
        datetime(2026, 5, 1, 12, 59, 0),
        Counter({MINUTE: 20, MINUTE + 59: 20}),
        example="2026/05/01 12:00:00 [warn] 7#7: *2 an upstream response is buffered to a file",
    ),
    API,
)  # fmt: skip
DIAGNOSIS = Diagnosis(
    (REFUSED, CLOSED, UNKNOWN, DOWN, TEMPORARY),
    17,
    2,
    (Unread("Traceback", 3, "Traceback (most recent call last):"),),
    ("error.log",),
    ("nginx.conf",),
    Access(
        10000,
        Counter({"200": 8760, "502": 1230, "504": 1, "404": 9}),
        Counter(
            {
                WithoutLine("the upstream itself", "502", "127.0.0.1:3000"): 18,
                WithoutLine("nginx's cache", "502", ""): 3,
            }
        ),
        34,
        1,
        "no such line",
    ),
    ("edge (AWS Application Load Balancer) answers 502 by itself too",),
)
"""All kinds of groups: with a finding, with candidates, unknown ones, without a failure."""
ALONE = Diagnosis((CLOSED, UNKNOWN), logs=("-",))
"""Without a configuration."""
NOTHING = Diagnosis(logs=("error.log",))
