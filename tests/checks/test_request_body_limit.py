from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found

RULE = "request-body-limit"


def spec(limit: str, more: str = "", listener: str = "") -> str:
    return (
        f'[upstream.up]\nport = 1\n{listener}[upstream.up.limits]\nrequest_body = "{limit}"\n{more}'
    )


def body(settings: str, directive: str = "proxy_pass http://up:1") -> str:
    return f"\nserver {{ location / {{\n{settings}\n{directive};\n}} }}"


@pytest.mark.parametrize(
    ("settings", "limit", "line"),
    [
        # 1m by default
        ("", "1m", None),
        ("", "1048575", 4),
        ("client_max_body_size 10m;", "10m", None),
        ("client_max_body_size 10m;", "9m", 3),
        ("client_max_body_size 1g;", "1023m", 3),
        # 0 is no limit
        ("client_max_body_size 0;", "10m", 3),
        ("client_max_body_size 512k;", "1m", None),
        ("client_body_buffer_size 10m;", "1m", None),
        ("proxy_pass_request_body off; client_max_body_size 10m;", "1m", None),
        ("client_max_body_size $x;", "1k", None),
    ],
)
def test_the_limit_in_effect(lint: Lint, settings: str, limit: str, line: int | None) -> None:
    assert lint(body(settings), spec(limit)) == (
        [] if line is None else [Found(line, "warning", 502, "sometimes", RULE, "up")]
    )


@pytest.mark.parametrize(
    ("overflow", "severity", "status"),
    [
        ("", "warning", 502),
        ('overflow = "answer"', "warning", 413),
        ('overflow = "close"', "error", 502),
    ],
)
def test_what_the_upstream_does_beyond(
    lint: Lint, overflow: str, severity: str, status: int
) -> None:
    assert lint(body("client_max_body_size 5m;"), spec("1m", overflow)) == [
        Found(3, severity, status, "sometimes", RULE, "up")
    ]


@pytest.mark.parametrize(
    ("kind", "found"),
    [("fastcgi", True), ("uwsgi", True), ("scgi", True), ("grpc", True), ("memcached", False)],
)
def test_each_family(lint: Lint, kind: str, found: bool) -> None:
    text = body("client_max_body_size 5m;", f"{kind}_pass up:1")
    assert lint(text, spec("1m", listener=f'protocol = "{kind}"\n')) == (
        [Found(3, "warning", 502, "sometimes", RULE, "up")] if found else []
    )


def test_the_innermost_counts(lint: Lint) -> None:
    text = "\nclient_max_body_size 5m;\nserver { location / { proxy_pass http://up:1; } " \
        "location /b { client_max_body_size 1m; proxy_pass http://up:1; } }"  # fmt: skip
    assert lint(text, spec("1m")) == [Found(2, "warning", 502, "sometimes", RULE, "up")]


def test_what_it_says(findings: Findings) -> None:
    (finding,) = findings(body("client_max_body_size 0;"), spec("10m", 'overflow = "close"'))
    assert finding.message == (
        "nginx lets request bodies of any size through, but up takes at most 10m and closes the "
        "connection beyond"
    )
    assert finding.fix is not None and finding.fix.description == "client_max_body_size 10m;"
    (finding,) = findings(body(""), spec("10k"))
    assert finding.message == (
        "nginx lets request bodies of up to 1m by default through, but up takes at most 10k; "
        "whether it answers 413 beyond or closes the connection is not declared"
    )


@pytest.mark.parametrize(
    ("arriving", "named", "line"),
    [
        ("client_max_body_size 1m;", "client_max_body_size 10m;", None),
        ("client_max_body_size 10m;", "client_max_body_size 1m;", 2),
        ("", "", None),
    ],
)
def test_a_named_location_has_no_limit_of_its_own(
    lint: Lint, arriving: str, named: str, line: int | None
) -> None:
    server = f"""
server {{ location / {{ {arriving} try_files /none @up; }}
location @up {{ {named} proxy_pass http://up:1; }} }}"""
    expected = [Found(line, "warning", 502, "sometimes", RULE, "up")] if line else []
    assert lint(server, spec("1m")) == expected
