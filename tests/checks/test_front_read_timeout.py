from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found

RULE = "front-read-timeout"
SHOP = '[upstream.shop]\nport = 3000\nprotocol = "http"\n'
PASS = "proxy_pass http://127.0.0.1:3000;"


def spec(takes: str, front: str, more: str = "") -> str:
    return f'{SHOP}timeouts = {{ response = "{takes}"{more} }}\n[front.edge]\n{front}\n'


def body(timeout: str = "proxy_read_timeout 10m;", passes: str = PASS) -> str:
    lines = f"keepalive_timeout 1h; location / {{ {timeout}\n{passes} }}"
    return f"\nserver {{ listen 80; server_name shop;\n{lines} }}"


def own(rows: list[Found]) -> list[Found]:
    return [row for row in rows if row.rule == RULE]


def late(status: int | None, line: int = 4) -> Found:
    return Found(line, "error", status, "sometimes", RULE, None)


@pytest.mark.parametrize(
    ("takes", "front", "status"),
    [
        ("61s", 'kind = "aws-alb"', 504),
        ("60s", 'kind = "aws-alb"', ...),
        ("61s", 'kind = "aws-alb"\nidle_timeout = "5m"', ...),
        ("61s", 'kind = "aws-alb"\nread_timeout = "5m"', ...),
        ("3m", 'kind = "cloudflare"', 524),
        ("20s", 'kind = "fastly"', 503),
        ("61s", 'kind = "varnish"', 503),
        ("61s", 'kind = "nginx"', 504),
        # what they answer then is documented nowhere
        ("31s", 'kind = "google-lb"', None),
        # it passes connections on, and forgets them
        ("6m", 'kind = "aws-nlb"', None),
        ("6m", 'kind = "aws-nlb"\ntcp_idle_timeout = "10m"', ...),
        # they wait without end, or for as long as they are configured
        ("1h", 'kind = "traefik"', ...),
        ("1h", 'kind = "haproxy"', ...),
        ("31s", 'kind = "haproxy"\nread_timeout = "30s"', 504),
        ("31s", 'read_timeout = "30s"', None),
    ],
)
def test_the_times(lint: Lint, takes: str, front: str, status: int | None) -> None:
    found = own(lint(body("proxy_read_timeout 2h;"), spec(takes, front)))
    assert found == ([] if status is ... else [late(status)])


def test_who_gives_up_before_the_front_has_a_rule_of_its_own(lint: Lint) -> None:
    front = 'kind = "aws-alb"'
    assert own(lint(body("proxy_read_timeout 30s;"), spec("3m", front))) == []
    assert own(lint(body("proxy_read_timeout 60s;"), spec("3m", front))) == []
    assert own(lint(body(), spec("3m", front, ', request = "30s"'))) == []
    assert own(lint(body(), spec("3m", front, ', request = "10m"'))) == [late(504)]


def test_what_does_not_come_that_way(lint: Lint) -> None:
    two = body() + " server { listen 80; server_name other; return 204; }"
    assert own(lint(two, spec("3m", 'kind = "aws-alb"\nservers = ["other"]'))) == []
    assert own(lint(body(passes="return 204;"), spec("3m", 'kind = "aws-alb"'))) == []
    assert own(lint(body(), SHOP + '[front.edge]\nkind = "aws-alb"\n')) == []
    assert own(lint(body(), spec("3m", "proxy_protocol = false"))) == []


def test_one_finding_for_each_pass_and_front(lint: Lint) -> None:
    fronts = 'kind = "aws-alb"\n[front.cdn]\nkind = "cloudfront"'
    assert own(lint(body(), spec("3m", fronts))) == [late(504), late(504)]


def words(findings: Findings, front: str) -> tuple[str, str | None, str | None]:
    found = findings(body(), spec("6m", front))
    (finding,) = (one for one in found if one.rule == RULE)
    return finding.message, finding.front, finding.log


def test_its_words(findings: Findings) -> None:
    start = "shop takes up to 6m to start an answer, which nginx waits for, but edge waits for "
    assert words(findings, 'kind = "aws-alb"') == (
        f"{start}60s (the default of aws-alb): a slow request answers 504, from edge", "edge", None
    )  # fmt: skip
    assert words(findings, 'kind = "aws-nlb"')[0] == (
        f"{start}350s (the default of aws-nlb): edge forgets the connection, and its client gets "
        "no answer"
    )
    assert words(findings, 'read_timeout = "1m"')[0] == f"{start}60s: a slow request fails at edge"
