from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found

RULE = "cached-error"
SPEC = '[upstream.up]\nport = 1\nprotocol = "http"\n'


def of_rule(rows: list[Found]) -> list[Found]:
    return [row for row in rows if row.rule == RULE]


def kept(line: int, status: int = 502) -> Found:
    return Found(line, "warning", status, "sometimes", RULE, None)


def body(lines: str, passes: str = "proxy_pass http://up:1;") -> str:
    return f"server {{ location / {{\n{lines}\n{passes} }} }}"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("proxy_cache_valid any 5m;", [kept(2)]),
        ("proxy_cache_valid 200 502 5m;", [kept(2)]),
        ("proxy_cache_valid 502 5m; proxy_cache_valid 200 1h;", [kept(2)]),
        ("proxy_cache_valid 200 1h;\nproxy_cache_valid any 11s;", [kept(3)]),
        ("proxy_cache_valid 504 1m;", [kept(2, 504)]),
        ("proxy_cache_valid 502 1s;\nproxy_cache_valid any 1m;", [kept(3, 504)]),
        # the first that fits counts
        ("proxy_cache_valid any 5m; proxy_cache_valid 502 504 0;", [kept(2)]),
        ("proxy_cache_valid 502 504 0; proxy_cache_valid any 5m;", []),
        ("proxy_cache_valid any 1s; proxy_cache_valid 502 5m;", []),
        ("proxy_cache_valid any 5m; proxy_no_cache 1;", [kept(2)]),
        ("proxy_cache_valid any 5m; proxy_cache_use_stale error;", [kept(2)]),
        # not the errors
        ("proxy_cache_valid 5m;", []),
        ("proxy_cache_valid 200 404 500 503 5m;", []),
        ("", []),
        # not for long
        ("proxy_cache_valid any 10s;", []),
        ("proxy_cache_valid any 0;", []),
        # of another family
        ("fastcgi_cache_valid any 5m;", []),
        # never out of the cache
        ("proxy_cache_valid any 5m; proxy_cache_bypass 1;", []),
        ("proxy_cache_valid any 5m; proxy_cache_bypass $cookie_a;", [kept(2)]),
        ("proxy_cache_valid any 5m; limit_except POST { deny all; }", []),
    ],
)
def test_what_is_kept(lint: Lint, lines: str, found: list[Found]) -> None:
    assert of_rule(lint(body(lines, "proxy_cache z; proxy_pass http://up:1;"), SPEC)) == found


@pytest.mark.parametrize(
    ("cache", "found"),
    [
        ("proxy_cache z;", True),
        ("proxy_cache off;", False),
        ("proxy_cache $z;", False),
        ("", False),
    ],
)
def test_the_cache_is_on(lint: Lint, cache: str, found: bool) -> None:
    rows = of_rule(lint(body("proxy_cache_valid any 5m;", f"{cache} proxy_pass http://up:1;")))
    assert rows == ([kept(2)] if found else [])


@pytest.mark.parametrize("family", ["fastcgi", "uwsgi", "scgi"])
def test_families(lint: Lint, family: str) -> None:
    text = body(f"{family}_cache_valid any 5m;", f"{family}_cache z; {family}_pass up:1;")
    assert of_rule(lint(text)) == [kept(2)]


def test_inherited(lint: Lint) -> None:
    text = (
        "proxy_cache z; proxy_cache_valid any 5m; server {"
        " location /a { proxy_pass http://up:1; }"
        " location /b { proxy_cache off; proxy_pass http://up:1; }"
        " location /c { proxy_cache_valid 200 5m; proxy_pass http://up:1; } }"
    )
    assert of_rule(lint(text)) == [kept(1)]


def test_what_is_not_seen(lint: Lint) -> None:
    lines = "include missing.conf; proxy_cache z; proxy_cache_valid any 5m;"
    assert of_rule(lint(body(lines), files={"other": ""})) == []


def test_what_it_says(findings: Findings) -> None:
    locations = "".join(f"location /{n} {{ proxy_pass http://up{n}:1; }}" for n in range(300))
    text = f"proxy_cache z; proxy_cache_valid any 5m; server {{ {locations} }}"
    (finding,) = (one for one in findings(text) if one.rule == RULE)
    assert (finding.message, len(finding.hops)) == (
        '"proxy_cache_valid any 5m" is for the 502 that nginx itself answers, too: after one '
        "failed attempt all who ask for the same URL get it for 5m, also when the upstream is back",
        300,
    )
    assert finding.fix is not None
    assert finding.fix.description == "proxy_cache_valid 502 504 0; before this line"
