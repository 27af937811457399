from __future__ import annotations

import pytest

from tests.support.linting import Lint
from tests.support.sites import Found

RULE = "request-timeout"
OTHERS = ("buffer-directive-family",)


def spec(timeout: str, listener: str = "") -> str:
    return f'[upstream.up]\nport = 1\n{listener}[upstream.up.timeouts]\nrequest = "{timeout}"\n'


def body(settings: str, directive: str = "proxy_pass http://up:1") -> str:
    return f"\nserver {{ location / {{\n{settings}\n{directive};\n}} }}"


@pytest.mark.parametrize(
    ("settings", "timeout", "line"),
    [
        # 60s by default
        ("", "30s", 4),
        ("", "60s", None),
        ("proxy_read_timeout 1m;", "2m", None),
        ("proxy_read_timeout 20s;", "30s", None),
        ("proxy_read_timeout 5m;", "30s", 3),
        ("proxy_read_timeout 30500ms;", "30s", 3),
        ("proxy_send_timeout 5m; proxy_connect_timeout 5m;", "60s", None),
        ("fastcgi_read_timeout 10s;", "30s", 4),
        ("# proxy_read_timeout 10s;", "30s", 4),
    ],
)
def test_the_read_timeout_in_effect(
    lint: Lint, settings: str, timeout: str, line: int | None
) -> None:
    assert lint(body(settings), spec(timeout), ignore=OTHERS) == (
        [] if line is None else [Found(line, "warning", 502, "sometimes", RULE, "up")]
    )


@pytest.mark.parametrize("kind", ["fastcgi", "uwsgi", "scgi", "grpc"])
def test_each_family_has_one_of_its_own(lint: Lint, kind: str) -> None:
    facts = spec("30s", f'protocol = "{kind}"\n')
    warning = Found(4, "warning", 502, "sometimes", RULE, "up")
    directive = f"{kind}_pass up:1"
    assert lint(body("proxy_read_timeout 10s;", directive), facts, ignore=OTHERS) == [warning]
    assert lint(body(f"{kind}_read_timeout 20s;", directive), facts) == []


@pytest.mark.parametrize(
    ("server", "found"), [("gunicorn/21.2", True), ("gunicorn/22.0", False), ("gunicorn", False)]
)
def test_gunicorn_answers_500_from_22_on(lint: Lint, server: str, found: bool) -> None:
    facts = f'[upstream.up]\nport = 1\nserver = "{server}"\n'
    expected = [Found(4, "warning", 502, "sometimes", RULE, "up")] if found else []
    assert lint(body(""), facts) == expected
    assert lint(body(""), spec("20s", f'server = "{server}"\n')) == expected


@pytest.mark.parametrize("server", ["haproxy", "varnish", "nginx"])
def test_a_proxy_answers_when_it_gives_up(lint: Lint, server: str) -> None:
    assert lint(body(""), spec("20s", f'server = "{server}"\n'), ignore=OTHERS) == []
