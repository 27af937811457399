from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.linting import Lint
from tests.support.sites import Found, check, found, http

SPEC = "[upstream.api]\nport = 3000\n\n[upstream.web]\nport = 4000\n"


def unused(line: int, name: str) -> Found:
    return Found(line, "info", None, None, "unused-upstream", name, "upstreams.toml")


def server(*urls: str) -> str:
    return "server {" + "".join(
        f"\nlocation /{n} {{ proxy_pass {url}; }}" for n, url in enumerate(urls)
    ) + "}"  # fmt: skip


@pytest.mark.parametrize(
    ("urls", "expected"),
    [
        ([], [unused(1, "api"), unused(4, "web")]),
        (["http://127.0.0.1:3000"], [unused(4, "web")]),
        (["http://127.0.0.1:3000", "http://web:4000"], []),
    ],
)
def test_what_no_hop_reaches(lint: Lint, urls: list[str], expected: list[Found]) -> None:
    assert lint(server(*urls), SPEC) == expected


def test_a_hop_that_misses_it_means_it(lint: Lint) -> None:
    rows = lint(server("http://api:3001", "http://web:4000"), SPEC)
    assert [row.rule for row in rows] == ["port-mismatch"]


@pytest.mark.parametrize("url", ["http://$http_x", "http://$host"])
def test_an_undecidable_hop_may_reach_it(lint: Lint, url: str) -> None:
    assert lint("resolver ::1; " + server(url), SPEC) == []


def test_what_is_not_seen_may_reach_it(lint: Lint) -> None:
    body = server("http://127.0.0.1:3000") + "include gone;"
    assert lint(body, SPEC, allow_missing=("gone",)) == []


def test_in_a_fragment_nothing_is_said(tmp_path: Path) -> None:
    files = {"a.conf": server("http://127.0.0.1:3000"), "upstreams.toml": SPEC}
    assert check(tmp_path, files, "a.conf").findings == ()


def test_over_several_roots(tmp_path: Path) -> None:
    files = {
        "a/nginx.conf": http(server("http://127.0.0.1:3000")),
        "b/nginx.conf": http(server("http://127.0.0.1:4000")),
        "c/nginx.conf": http(server()),
        "d/nginx.conf": http("upstream API { server h:1 down; } " + server("http://api")),
        "upstreams.toml": SPEC,
    }

    def names(*roots: str) -> list[str | None]:
        report = check(tmp_path, files, *roots)
        return [f.upstream for f in map(found, report.findings) if f.rule == "unused-upstream"]

    assert names("a") == ["web"]
    assert names("a", "b") == []
    assert names("b", "c") == ["api"]
    assert names("c") == ["api", "web"]
    # what a root passes to by name is used, though all of it is down
    assert names("d") == ["web"]
    assert names("d", "c") == ["web"]
    assert names("c", "d") == ["web"]
    assert names("d", "b") == []
    # one that cannot be read may reach anything
    assert names("a", "gone") == []
