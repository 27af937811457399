"""Addresses that nginx refuses: what lint502 says is what a real nginx says, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.findings import Problem
from lint502.nginx.refused_addresses import refused_addresses
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.real_nginx import MAIN, check_all
from tests.support.sites import check, http, load, stream

BLOCK = "upstream api { server 127.0.0.1:1; } "
HTTP = [
    (BLOCK, "proxy_pass http://api:8080;", 'upstream "api" may not have port 8080'),
    (BLOCK, "proxy_pass https://API:443/x;", 'upstream "API" may not have port 443'),
    (BLOCK, "fastcgi_pass api:9000;", 'upstream "api" may not have port 9000'),
    (BLOCK, "uwsgi_pass uwsgi://api:9000;", 'upstream "api" may not have port 9000'),
    (BLOCK, "scgi_pass api:9000;", 'upstream "api" may not have port 9000'),
    (BLOCK, "grpc_pass grpc://api:9000;", 'upstream "api" may not have port 9000'),
    (BLOCK, "memcached_pass api:11211;", 'upstream "api" may not have port 11211'),
    ("upstream 127.0.0.1 { server 127.0.0.2:1; } ", "proxy_pass http://127.0.0.1:80;",
     'upstream "127.0.0.1" may not have port 80'),
    ("", "if ($arg_x) { proxy_pass http://later:81; }", 'upstream "later" may not have port 81'),
    ("", "proxy_pass http://localhost:http;", 'invalid port in upstream "localhost:http"'),
    ("", "proxy_pass http://localhost:0/x;", 'invalid port in upstream "localhost:0/x"'),
    ("", "proxy_pass http://localhost:;", 'invalid port in upstream "localhost:"'),
    ("", "proxy_pass http://:80;", 'no host in upstream ":80"'),
    ("", "proxy_pass localhost:80;", "invalid URL prefix"),
    ("", "proxy_pass tcp://localhost:80;", "invalid URL prefix"),
    ("", "fastcgi_pass http://localhost:9000;", 'invalid host in upstream "http://localhost:9000"'),
    ("", "fastcgi_pass localhost:9000/x;", 'invalid host in upstream "localhost:9000/x"'),
    ("", "fastcgi_pass localhost;", 'no port in upstream "localhost"'),
    ("", "grpc_pass grpc://localhost;", 'no port in upstream "localhost"'),
    ("upstream u { server localhost:http; } ", "return 204;",
     'invalid port in upstream "localhost:http"'),
    ("upstream u { server http://localhost; } ", "return 204;",
     'invalid host in upstream "http://localhost"'),
]  # fmt: skip
STREAM = [
    (BLOCK, "proxy_pass api:8080;", 'upstream "api" may not have port 8080'),
    ("", "proxy_pass localhost;", 'no port in upstream "localhost"'),
    ("upstream u { server localhost; } ", "return x;", 'no port in upstream "localhost"'),
]
TAKEN = [
    (BLOCK, "proxy_pass http://api/x;"),
    (BLOCK, "set $name api; proxy_pass http://$name:8080;"),
    (BLOCK, "fastcgi_pass api;"),
    ("upstream api:8080 { server 127.0.0.1:1; } ", "proxy_pass http://127.0.0.1:8080;"),
    ("", "proxy_pass http://unix:/run/a.sock:/x:y;"),
    ("", "fastcgi_pass unix:/run/a.sock;"),
    ("", "proxy_pass http://[::1]:8080;"),
    ("", "proxy_pass HTTP://localhost:0080;"),
    ("server { listen 127.0.0.1:18982; location / { proxy_pass http://localhost:1; } } ",
     "fastcgi_pass localhost;"),
]  # fmt: skip


def in_http(around: str, line: str) -> str:
    later = "upstream later { server 127.0.0.1:1; }"
    server = f"server {{ listen 127.0.0.1:18981; location / {{ {line} }} }}"
    return f"{around}{server} {later}"


def in_stream(around: str, line: str) -> str:
    return f"{around}server {{ listen 127.0.0.1:18981; {line} }}"


def said(tmp_path: Path, text: str) -> list[str]:
    tree = load(tmp_path, {"nginx.conf": text})
    assert tree.problems == ()
    return [problem.message for problem in refused_addresses(tree)]


ROWS = [
    *((http(in_http(around, line)), words) for around, line, words in HTTP),
    *((stream(in_stream(around, line)), words) for around, line, words in STREAM),
]


@pytest.mark.parametrize(("text", "words"), ROWS)
def test_what_is_said(tmp_path: Path, text: str, words: str) -> None:
    assert said(tmp_path, text) == [f"nginx would not start: {words}"]


@pytest.mark.parametrize(("around", "line"), TAKEN)
def test_what_nginx_takes(tmp_path: Path, around: str, line: str) -> None:
    assert said(tmp_path, http(in_http(around, line))) == []


@pytest.mark.parametrize("release", RELEASES)
def test_nginx_says_the_same(release: str) -> None:
    nginx = nginx_of(release)
    module = f"load_module {nginx.stream};\n" if nginx.stream else ""
    texts = [module + MAIN + text.removeprefix("events {} ") for text, _ in ROWS]
    refused = check_all([text.encode() for text in texts], nginx)
    expected = [words.partition(" in upstream")[0] for _, words in ROWS]
    found = [verdict.message.partition(" in upstream")[0] for verdict in refused]
    assert found == expected
    taken = [MAIN + http(in_http(*row)).removeprefix("events {} ") for row in TAKEN]
    assert all(verdict.accepted for verdict in check_all([text.encode() for text in taken], nginx))


def test_where_it_stands_and_what_becomes_of_the_hop(tmp_path: Path) -> None:
    report = check(tmp_path, {"nginx.conf": http(f"\n{in_http(BLOCK, HTTP[0][1])}")})
    assert report.problems == (
        Problem("nginx.conf", 2, 'nginx would not start: upstream "api" may not have port 8080', 0),
    )
    (hop,) = report.hops
    assert (hop.state, hop.reason) == (
        "undecidable",
        "nginx takes no port behind api, which is a block",
    )
    assert report.findings == ()


def test_nothing_is_said_of_what_may_be_defined_unseen(tmp_path: Path) -> None:
    files = {"a.conf": in_http("", "fastcgi_pass backend;")}
    assert check(tmp_path, files, "a.conf").problems == ()
    unseen = http("include gone; " + in_http("", "fastcgi_pass backend;"))
    report = check(tmp_path, {"nginx.conf": unseen}, allow_missing=("gone",))
    assert report.problems == ()


def test_a_snippet_of_many_servers_is_named_once(tmp_path: Path) -> None:
    files = {
        "nginx.conf": http(BLOCK + "server { include s; } " * 3),
        "s": "location / { proxy_pass http://api:81; }",
    }
    assert [(one.file, one.line) for one in check(tmp_path, files).problems] == [("s", 1)]


SERVICES = [
    ("api.example resolve service=http", None),
    ("api.example service=_http._tcp resolve", None),
    ("api.example resolve", 'no port in upstream "api.example"'),
    ("api.example:80 resolve service=http", 'service upstream "api.example:80" may not have port'),
    ("127.0.0.1 resolve service=http", 'service upstream "127.0.0.1" requires domain name'),
    ("api.example service=http",
     'service upstream "api.example" requires "resolve" parameter'),
]  # fmt: skip


def test_the_port_of_a_service_is_asked_for(tmp_path: Path) -> None:
    nginx = nginx_of("sid")
    module = f"load_module {nginx.stream};\n" if nginx.stream else ""
    texts = [
        stream(
            f"resolver 127.0.0.1; upstream u {{ zone z 1m; server {args}; }}"
            " server { listen 127.0.0.1:18981; proxy_pass u; }"
        )
        for args, _ in SERVICES
    ]
    starts = [f"{module}{MAIN}{text.removeprefix('events {} ')}".encode() for text in texts]
    for text, verdict, (_, words) in zip(texts, check_all(starts, nginx), SERVICES, strict=True):
        assert verdict.message == (words or "").partition(" in upstream")[0]
        assert said(tmp_path, text) == ([f"nginx would not start: {words}"] if words else [])
