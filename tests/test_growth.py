"""Files with many of one thing: what is found in them takes seconds, not the square of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.sites import http, write

SECONDS = 60
"""A run that grows as it should takes a few; one that grows with the square takes minutes."""

Found = Callable[[str, str], Counter[str]]


@pytest.fixture
def found(tmp_path: Path) -> Found:
    """The rules that find something in an ``http{}`` beside an upstreams.toml, and how often."""

    def check(body: str, spec: str) -> Counter[str]:
        write(tmp_path, {"nginx.conf": http(body), "upstreams.toml": spec})
        done = subprocess.run(
            [sys.executable, "-m", "lint502", "check", "nginx.conf", "--format", "json"],
            cwd=tmp_path,
            capture_output=True,
            timeout=SECONDS,
        )
        report = json.loads(done.stdout)
        assert report["problems"] == []
        return Counter(finding["rule"] for finding in report["findings"])

    return check


APP = "[upstream.app]\nhosts = ['127.0.0.1']\nport = 3000\n"
CHECKED = f"{APP}[upstream.auth]\nhosts = ['10.0.0.1']\nport = 3001\n"


def test_locations_that_each_ask_one_of_their_own(found: Found) -> None:
    locations = "".join(
        f"location /{n}/ {{ auth_request /auth{n}; error_page 500 = @failed{n};"
        " proxy_pass http://127.0.0.1:3000; }\n"
        f"location = /auth{n} {{ internal; proxy_pass http://10.0.0.1:3002; }}\n"
        f"location @failed{n} {{ return 503; }}\n"
        for n in range(3000)
    )
    assert found(f"server {{ {locations} }}", CHECKED) == {"port-mismatch": 3000}


def test_locations_that_all_ask_the_same(found: Found) -> None:
    locations = "".join(
        f"location /{n}/ {{ proxy_pass http://127.0.0.1:3000; }}\n" for n in range(3000)
    )
    auth = "location = /auth { proxy_pass http://10.0.0.1:3002; }"
    body = f"server {{ auth_request /auth; {locations} {auth} }}"
    assert found(body, CHECKED) == {"port-mismatch": 1}


def test_a_location_with_many_mirrors(found: Found) -> None:
    mirrors = "".join(f"mirror /copy{n}; " for n in range(3000))
    copies = "".join(
        f"location /copy{n} {{ internal; proxy_pass http://127.0.0.1:3001; }}\n"
        for n in range(3000)
    )
    body = f"server {{ location / {{ {mirrors} proxy_pass http://127.0.0.1:3000; }} {copies} }}"
    assert found(body, APP) == {"port-mismatch": 3000}


def test_main_files_that_each_include_all_others(tmp_path: Path) -> None:
    """A search finds them as one root each."""
    mains = {f"main{n}.conf": "http { include site*.conf; }" for n in range(1000)}
    sites = {
        f"site{n}.conf": "server { location / { proxy_pass http://h:1; } }" for n in range(1000)
    }
    write(tmp_path, mains | sites)
    done = subprocess.run(
        [sys.executable, "-m", "lint502", "check", "--format", "json"],
        cwd=tmp_path,
        capture_output=True,
        timeout=SECONDS,
    )
    report = json.loads(done.stdout)
    assert done.returncode == 2
    assert len(report["hops"]) + report.get("hops_left_out", 0) == 61_000
    assert {problem["message"] for problem in report["problems"]} == {
        "the roots before this one have more than 60000 hops; it is not read"
    }


def test_headers_that_many_locations_take_over(found: Found) -> None:
    headers = "".join(f"proxy_set_header X-{n} $http_x_{n};\n" for n in range(3000))
    locations = "".join(
        f"location /{n}/ {{ proxy_pass http://127.0.0.1:3000; }}\n" for n in range(3000)
    )
    body = f"server {{ proxy_set_header Host a; proxy_set_header Host b; {headers} {locations} }}"
    assert found(body, APP) == {"host-header-twice": 1}


def test_many_names_of_a_server_of_many_locations(found: Found) -> None:
    names = " ".join(f"shop{n}.example.com" for n in range(3000))
    locations = "".join(
        f"location /{n}/ {{ proxy_pass http://127.0.0.1:3000; proxy_set_header Host $host; }}\n"
        for n in range(3000)
    )
    spec = f"{APP}unknown_host = 'close'\nvirtual_hosts = ['shop0.example.com']\n"
    body = f"server {{ server_name {names}; {locations} }}"
    assert found(body, spec) == {"unserved-host": 3000}


def test_many_dns_servers_before_many_names(found: Found) -> None:
    servers = " ".join(f"10.0.{n // 250}.{n % 250}" for n in range(3000))
    locations = "".join(
        f"location /{n}/ {{ set $app{n} app{n}; proxy_pass http://$app{n}:80; }}\n"
        for n in range(3000)
    )
    body = f"resolver 8.8.8.8 {servers}; server {{ {locations} }}"
    rules = found(body, "[upstream.other]\nport = 1\n")
    assert rules["resolver-mismatch"] == 3000
