from __future__ import annotations

from pathlib import Path

import pytest

from lint502.options import Options
from tests.support.linting import Findings, Lint
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.pages import prove
from tests.support.real_nginx import MAIN, check_all
from tests.support.sites import Found, check, examine, http

RULE = "misspelt-block"
BLOCK = "upstream backend { server 10.0.0.1:3000; }"


def mine(lint: Lint, body: str, spec: str = "", **options: object) -> list[Found]:
    return [row for row in lint(body, spec, **options) if row.rule == RULE]


def at(line: int) -> list[Found]:
    return [Found(line, "warning", 502, "sometimes", RULE, None)]


def located(line: str, around: str = BLOCK) -> str:
    return f"{around}\nserver {{ resolver 10.0.0.2; location / {{\n{line} }} }}"


@pytest.mark.parametrize(
    "line",
    [
        "proxy_pass http://backends;",
        "proxy_pass https://back-end/x;",
        "proxy_pass http://something;",
        "set $up backnd; proxy_pass http://$up;",
        # with a port it is a host
        "set $up backend; proxy_pass http://$up:3000;",
        "proxy_pass http://backend:3000$request_uri;",
    ],
)
def test_a_name_that_no_block_has(lint: Lint, line: str) -> None:
    assert mine(lint, located(line)) == at(3)


@pytest.mark.parametrize(
    "line",
    [
        "proxy_pass http://backend;",
        "proxy_pass http://BACKEND/x;",
        "set $up backend; proxy_pass http://$up;",
        "proxy_pass http://web:3000;",
        "proxy_pass http://web.internal;",
        "proxy_pass http://localhost;",
        "proxy_pass http://10.0.0.9;",
        "proxy_pass http://$arg_x; proxy_redirect off;",
        "proxy_pass http://unix:/run/a.sock;",
        "return 204;",
    ],
)
def test_other_passes(lint: Lint, line: str) -> None:
    assert mine(lint, located(line)) == []


def test_the_block_is_used_elsewhere(lint: Lint) -> None:
    other = "server { listen 82; location / { proxy_pass http://backend; } }"
    assert mine(lint, located("proxy_pass http://backends;", f"{BLOCK} {other}")) == []
    through = "map $uri $to { default backend; } " + other.replace("//backend", "//$to")
    assert mine(lint, located("proxy_pass http://backends;", f"{BLOCK} {through}")) == []
    unknown = other.replace("//backend", "//$arg_x")
    assert mine(lint, located("proxy_pass http://backends;", f"{BLOCK} {unknown}")) == []


def test_no_block_is_left(lint: Lint) -> None:
    assert mine(lint, located("proxy_pass http://backends;", "")) == []


def test_what_is_declared_is_a_host(lint: Lint) -> None:
    spec = "[upstream.backends]\nport = 80\n"
    assert mine(lint, located("proxy_pass http://backends;"), spec) == []
    spec = '[upstream.other]\nhosts = ["backends"]\nport = 8080\n'
    assert mine(lint, located("proxy_pass http://backends;"), spec) == []


def test_what_is_not_seen_may_use_it_or_be_it(lint: Lint, tmp_path: Path) -> None:
    body = located("proxy_pass http://backends;")
    for unseen in (f"include gone; {body}", body.replace("location", "include gone; location")):
        assert mine(lint, unseen, allow_missing=("gone",)) == []
    report = check(tmp_path, {"a.conf": body}, "a.conf")
    assert RULE not in {finding.rule for finding in report.findings}


def test_the_likeliest_is_named(findings: Findings) -> None:
    blocks = "upstream other { server 10.0.0.1:1; } upstream backend { server 10.0.0.1:2; }"
    body = located("proxy_pass http://backends;", blocks)
    (finding,) = (one for one in findings(body) if one.rule == RULE)
    assert finding.message == (
        "no upstream block is called backends, so that nginx takes it for a host, and does not "
        "start where none is called so; no pass uses upstream backend (nginx.conf:1)"
    )
    assert finding.fix is not None
    assert (finding.fix.description, finding.fix.safe) == ("proxy_pass http://backend;", False)


def test_what_it_says_of_a_port(findings: Findings) -> None:
    body = located("set $up backend; proxy_pass http://$up:3000;")
    (finding,) = (one for one in findings(body) if one.rule == RULE)
    assert finding.message == (
        "with a port backend is a host, and not the upstream block (nginx.conf:1)"
    )
    assert finding.log == "backend could not be resolved (…)"


@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES)
def test_it_happens(tmp_path: Path, release: str) -> None:
    nginx = nginx_of(release)
    body = located("proxy_pass http://backends-of-nobody;")
    (verdict,) = check_all([f"{MAIN} http {{ {body} }}".encode()], nginx)
    assert not verdict.accepted
    assert verdict.message.startswith("host not found")
    (tmp_path / "nginx.conf").write_text(http(body))
    options = Options(tmp_path, (str(tmp_path / "nginx.conf"),), version=nginx.version)
    result = examine(options)
    (finding,) = (one for one in result.report.findings if one.rule == RULE)
    proof = prove(finding, result.sites, nginx)
    assert (proof.verdict, proof.why) == ("confirmed", "")
