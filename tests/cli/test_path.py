"""``lint502 path``, as a whole."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lint502.report.cells import cells
from tests.support.cli import Run
from tests.support.sites import write

CONF = """\
events {}
http {
    proxy_read_timeout 40s;
    upstream api { server 127.0.0.1:3000; }
    server {
        listen 80;
        server_name a.example;
        location / { proxy_pass http://api; }
    }
}
"""
SPEC = '[upstream.api]\nport = 3000\ntimeouts.request = "30s"\n'
FIRST = """\
What fails first
> no answer starts within 30s: 502
    api gives up first, after 30s, and closes the connection; nginx would have
    waited 40s (proxy_read_timeout)
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    write(tmp_path, {"nginx.conf": CONF, "upstreams.toml": SPEC})
    return tmp_path


def path(run: Run, *arguments: str) -> tuple[int, str]:
    ran = run("path", *arguments, "--nginx-version", "1.26.3")
    return ran.code, ran.out


def test_the_text(site: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out = path(run, "http://a.example/")
    assert code == 0
    assert out.startswith(
        "GET http://a.example/  nginx 1.26.3\n\n1. server a.example at *:80  nginx.conf:5"
    )
    assert (
        "\n     proxy_read_timeout           40s            nginx.conf:3, inherited from\n" in out
    )
    assert re.search(r"\n     timeouts.request +30s +upstreams.toml:3; nginx:", out)
    assert FIRST in out
    assert "\nwarning request-timeout  nginx.conf:3\n" in out


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_longer_than_the_terminal(
    site: Path, run: Run, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    _, out = path(run, f"http://a.example/{'x' * 60}")
    assert max(map(cells, out.splitlines())) <= width


def test_json(site: Path, run: Run) -> None:
    code, out = path(
        run, "http://a.example/", "--method", "post", "--header=X-A: b", "--format=json"
    )
    data = json.loads(out)
    (route,) = data["routes"]
    assert code == 0
    assert {
        key: data[key] for key in ("schema_version", "url", "method", "headers", "decided")
    } == {
        "schema_version": 1,
        "url": "http://a.example/",
        "method": "POST",
        "headers": [{"name": "X-A", "value": "b"}],
        "decided": True,
    }
    assert route["first"] == {
        "case": "slow-answer",
        "when": "no answer starts within 30s",
        "by": "api",
        "status": 502,
        "instead": None,
        "frequency": "always",
        "after": 30_000,
        "beyond": None,
        "message": "api gives up first, after 30s, and closes the connection; nginx would have "
        "waited 40s (proxy_read_timeout)",
    }
    assert [rung["kind"] for rung in route["rungs"]] == [
        *("server", "location", "hop", "pool", "upstream"),
    ]
    figures = {one["name"]: one for rung in route["rungs"] for one in rung["figures"]}
    assert figures["proxy_read_timeout"] == {
        "kind": "timer",
        "name": "proxy_read_timeout",
        "value": "40s",
        "amount": 40_000,
        "origin": "inherited",
        "file": "nginx.conf",
        "line": 3,
        "column": 5,
        "level": "http",
        "source": None,
        "about": "between two reads of the response",
        "faces": None,
    }
    assert figures["timeouts.request"]["faces"] == "proxy_read_timeout"


def test_a_diagram(site: Path, run: Run) -> None:
    code, out = path(run, "http://a.example/", "--format=mermaid")
    assert code == 0
    assert out.startswith("flowchart TD\n")
    assert "proxy#95;read#95;timeout 40s" in out
    assert "no answer starts within 30s: 502" in out


def test_what_cannot_be_told_is_two(site: Path, run: Run) -> None:
    write(site, {"nginx.conf": CONF.replace("location /", "access_by_lua_file x; location /")})
    ran = run("path", "http://a.example/")
    assert ran.code == 2
    assert "error: this cannot be told for sure: code, or an include" in ran.err
    assert "no answer starts within 30s" in ran.out


def test_a_root_is_named(site: Path, run: Run) -> None:
    write(site, {"other/nginx.conf": CONF.replace("40s", "20s")})
    code, out = path(run, "http://a.example/", "--root", "other/nginx.conf")
    assert code == 0
    assert "> no answer starts within 20s: 504" in out


@pytest.mark.parametrize("arguments", [["a.example"], ["http://a/", "--header", "Host: b"], []])
def test_bad_arguments(site: Path, run: Run, arguments: list[str]) -> None:
    ran = run("path", *arguments)
    assert (ran.code, ran.out) == (2, "")


@pytest.mark.parametrize("word", ["\x1b[31m", "::error::x", "<script>", "é\u202e", "\udc80"])
def test_hostile_text(site: Path, run: Run, word: str) -> None:
    conf = CONF.replace("40s", f'"{word}"').replace("/ {", f'"/{word}" {{')
    (site / "nginx.conf").write_text(conf, "utf-8", "surrogateescape")
    for format in ("text", "json", "mermaid"):
        ran = run("path", "http://a.example/", "--format", format)
        assert ran.code in (0, 2)
        assert "\x1b" not in ran.out


def test_a_connection_to_stream(tmp_path: Path, run: Run) -> None:
    conf = "events {}\nstream { server { listen 5432; proxy_pass 10.0.0.1:5432; } }\n"
    write(tmp_path, {"nginx.conf": conf})
    code, out = path(run, "tcp://db.example:5432")
    assert code == 0
    assert out.startswith("tcp://db.example:5432  nginx 1.26.3\n\n1. stream server at *:5432")
    assert "> no server accepts a connection within 60s: the connection is closed" in out
    code, out = path(run, "tcp://db.example:5432", "--format=json")
    assert (code, json.loads(out)["method"]) == (0, None)
    code, out = path(run, "tcp://db.example:5433", "--format=mermaid")
    assert code == 2
    assert path(run, "tcp://db.example")[0] == 2


def test_a_diagram_goes_on_behind_nginx_itself(tmp_path: Path, run: Run) -> None:
    conf = """events {} http {
server { listen 80; server_name a.example; location / { proxy_pass http://127.0.0.1:8080; } }
server { listen 8080; location / { proxy_pass http://127.0.0.1:3000; } } }
"""
    write(tmp_path, {"nginx.conf": conf})
    code, out = path(run, "http://a.example/", "--format=mermaid")
    assert code == 0
    assert [line for line in out.splitlines() if " --> " in line] == [
        "c --> r0n0",
        *(f"r0n{number} --> r0n{number + 1}" for number in range(7)),
    ]
