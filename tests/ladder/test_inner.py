"""A ladder that goes on through nginx itself, and what is asked before a request."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.ladder.model import Ladder
from tests.ladder.test_climb import SPEC, climbed, figure, outcome, route, titles

NGINX_ITSELF = """
server { listen 80; server_name a.example; location / { proxy_pass http://127.0.0.1:8080; } }
server { listen 8080; server_name inner; location /api { %s } }
"""


def inner_notes(found: Ladder) -> list[tuple[str, ...]]:
    return [rung.notes for rung in route(found).rungs if rung.kind == "upstream"]


def test_a_request_that_comes_back_is_followed_once(tmp_path: Path) -> None:
    body = NGINX_ITSELF % "proxy_pass http://127.0.0.1:8080;"
    found = climbed(tmp_path, body, "http://a.example/api")
    assert inner_notes(found) == [
        ("nginx itself",), ("nginx itself: the request comes back to where it has been",)
    ]  # fmt: skip
    assert [one.rule for one in route(found).findings if one.rule == "proxy-loop"] == ["proxy-loop"]


@pytest.mark.parametrize(
    "inner",
    [
        "if ($http_x) { return 403; } proxy_pass http://127.0.0.1:3000;",
        "set $x $http_x; proxy_pass http://$x;",
    ],
)
def test_nginx_behind_nginx_of_which_the_way_is_not_known(tmp_path: Path, inner: str) -> None:
    found = climbed(tmp_path, NGINX_ITSELF % inner, "http://a.example/api", "X-Y: 1")
    if "$x" in inner:
        assert inner_notes(found) == [
            ("nginx itself: which way the request takes there is not known",)
        ]
    else:  # the header is not sent
        assert inner_notes(found) == [("nginx itself",), ()]


def test_the_host_that_nginx_sends_chooses_its_own_server(tmp_path: Path) -> None:
    body = """
server { listen 80; server_name a.example;
  location /one { proxy_pass http://127.0.0.1:8080; proxy_set_header Host $host; }
  location /two { proxy_pass http://127.0.0.1:8080/up/; proxy_set_header Host b.example; } }
server { listen 8080; server_name b.example; location /up { proxy_pass http://127.0.0.1:3000; } }
server { listen 8080 default_server; location /one { return 404; } }
"""
    one = climbed(tmp_path, body, "http://a.example/one")
    assert [rung.title for rung in route(one).rungs][-1].startswith("nginx answers with 404")
    assert [case.case for case in route(one).outcomes if case.case == "slow-answer"] == []
    two = climbed(tmp_path, body, "http://a.example/two")
    assert "location /up" in titles(two)
    slow = outcome(two, "slow-answer")
    assert slow is not None
    assert (slow.by, slow.status, slow.after) == ("nginx", 504, 60_000)


def test_a_finding_behind_nginx_itself_is_the_first(tmp_path: Path) -> None:
    spec = '[upstream.api]\nport = 3001\nhosts = ["127.0.0.1"]\n'
    body = NGINX_ITSELF % "proxy_pass http://127.0.0.1:3000;"
    found = climbed(tmp_path, f"{body}", "http://a.example/api", spec=f"complete = true\n{spec}")
    first = route(found).first
    assert first is not None
    assert (first.case, first.status) == ("finding", 502)
    assert "port-mismatch" in [one.rule for one in route(found).findings]


AUTH = """
server { listen 80; server_name a.example; auth_request /auth;
  location / { proxy_pass http://127.0.0.1:3000; }
  location /free { auth_request off; proxy_pass http://127.0.0.1:3000; }
  location = /auth { internal; auth_request off; proxy_read_timeout 90s;
                     proxy_pass http://127.0.0.1:4000; } }
"""


def test_auth_request_is_a_hop_of_its_own(tmp_path: Path) -> None:
    found = climbed(tmp_path, AUTH)
    assert "auth_request /auth: proxy_pass http://127.0.0.1:4000" in titles(found)
    asked = [one for one in route(found).outcomes if one.case == "auth-request"]
    assert [(one.by, one.status, one.after) for one in asked] == [
        ("nginx", 500, 90_000), ("nginx", 500, 60_000), ("nginx", 500, 0)
    ]  # fmt: skip
    assert outcome(climbed(tmp_path, AUTH, "http://a.example/free"), "auth-request") is None


def test_a_front_does_not_wait_for_what_is_asked_first(tmp_path: Path) -> None:
    spec = f'{SPEC}[front.edge]\nkind = "aws-nlb"\ntcp_idle_timeout = "70s"\n'
    found = climbed(tmp_path, AUTH, spec=spec)
    slow, asked = outcome(found, "slow-answer"), outcome(found, "auth-request")
    assert slow is not None
    assert asked is not None
    assert (slow.by, slow.after) == ("nginx", 60_000)
    assert (asked.by, asked.status, asked.after) == ("edge", None, 70_000)
    assert asked.instead == "no answer: the connection is cut"
    assert figure(found, "tcp_idle_timeout")[0] == "70s"


def test_two_servers_that_are_one_way_behind_nginx_show_it_once(tmp_path: Path) -> None:
    body = """
upstream own { server 127.0.0.1:8080; server localhost:8080; }
server { listen 80; server_name a.example; location / { proxy_pass http://own; } }
server { listen 8080; location / { proxy_pass http://127.0.0.1:3000; } }
"""
    found = climbed(tmp_path, body, "http://a.example/api")
    notes = inner_notes(found)
    assert notes.count(("nginx itself",)) == 1
    assert ("nginx itself, as above",) in notes
