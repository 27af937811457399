from __future__ import annotations

from pathlib import Path

import pytest

from lint502.options import Options
from tests.support.linting import Findings, Lint
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.pages import prove
from tests.support.sites import Found, check, examine, http, stream

RULE = "invalid-address"
ALWAYS = Found(2, "error", 500, "always", RULE, None)
SOMETIMES = Found(2, "error", 500, "sometimes", RULE, None)
RESOLVER = "resolver 10.0.0.2;"


def mine(lint: Lint, body: str, **options: object) -> list[Found]:
    return [row for row in lint(body, **options) if row.rule == RULE]


def location(line: str, around: str = "") -> str:
    return f"{around}\nserver {{ listen 81; {RESOLVER} location / {{ {line} }} }}"


@pytest.mark.parametrize(
    ("line", "log"),
    [
        ("set $p h:http; proxy_pass http://$p;", 'invalid port in upstream "h:http"'),
        ("set $p http; proxy_pass http://h:$p/x;", 'invalid port in upstream "h:http/x"'),
        ("set $p h; proxy_pass https://$p:0;", 'invalid port in upstream "h:0"'),
        ("set $p h; proxy_pass http://$p:65536;", 'invalid port in upstream "h:65536"'),
        ("set $p h; proxy_pass http://$p:;", 'invalid port in upstream "h:"'),
        ("proxy_pass http://10.0.0.1:http$request_uri;",
         'invalid port in upstream "10.0.0.1:http/…"'),
        ("proxy_pass http://$host:http;", 'invalid port in upstream "…:http"'),
        ("proxy_pass $scheme://${http_host}:web/x;", 'invalid port in upstream "…:web/x"'),
        ("set $p h:80; proxy_pass $p;", 'invalid URL prefix in "h:80"'),
        ("set $p ftp://h; proxy_pass $p;", 'invalid URL prefix in "ftp://h"'),
        ("set $p ''; proxy_pass http://$p;", 'invalid URL prefix in "http://"'),
        ("set $p ''; proxy_pass http://$p:80;", 'no host in upstream ":80"'),
        ("set $p h; fastcgi_pass $p;", 'no port in upstream "h"'),
        ("set $p h:9000/x; fastcgi_pass $p;", 'invalid host in upstream "h:9000/x"'),
        ("set $p http://h:9000; fastcgi_pass $p;",
         'invalid host in upstream "http://h:9000"'),
        ("set $p h:http; uwsgi_pass uwsgi://$p;", 'invalid port in upstream "h:http"'),
        ("set $p http://h:80; grpc_pass $p;", 'invalid host in upstream "http://h:80"'),
    ],
)  # fmt: skip
def test_values_that_are_none(findings: Findings, line: str, log: str) -> None:
    found = [one for one in findings(location(line)) if one.rule == RULE]
    assert [(one.status, one.frequency, one.log) for one in found] == [(500, "always", log)]


@pytest.mark.parametrize(
    "line",
    [
        "set $p h:80; proxy_pass http://$p;",
        "set $p http://h; proxy_pass $p;",
        "set $p HTTPS://h:1; proxy_pass $p/x:y;",
        "proxy_pass http://$host;",
        "proxy_pass http://$host:8080/a:b;",
        "proxy_pass http://h:80$request_uri;",
        "proxy_pass http://$arg_x:http;",  # may hold a slash
        "proxy_pass http://$host:$arg_port;",
        "set $p unix:/run/a.sock; fastcgi_pass $p;",
        "set $p block; fastcgi_pass $p;",
        "set $p BLOCK; proxy_pass http://$p;",
    ],
)
def test_values_that_are_well_or_not_known(lint: Lint, line: str) -> None:
    assert mine(lint, location(line, "upstream block { server 10.0.0.9:80; }")) == []


def test_one_of_several(lint: Lint) -> None:
    around = "map $arg_x $p {\ndefault h:80; a h:web; }"
    body = f"{around} server {{ {RESOLVER} location / {{ proxy_pass http://$p; }} }}"
    assert mine(lint, body) == [SOMETIMES]


def test_several_that_are_none(lint: Lint) -> None:
    around = "map $arg_x $p {\ndefault h:; a h:web; }"
    body = f"{around} server {{ {RESOLVER} location / {{ proxy_pass http://$p; }} }}"
    assert mine(lint, body) == [ALWAYS, ALWAYS]


def test_what_is_empty_at_times_is_meant_so(lint: Lint) -> None:
    around = "map $arg_x $p {\na h:80; }"
    assert mine(lint, f"{around} server {{ location / {{ proxy_pass http://$p; }} }}") == []


def test_a_block_that_may_be_elsewhere(tmp_path: Path) -> None:
    files = {"a.conf": "server { location / { set $p h; fastcgi_pass $p; } }"}
    assert check(tmp_path, files, "a.conf").findings == ()


def test_stream(lint: Lint) -> None:
    values = "map $ssl_preread_server_name $p { default 10.0.0.1:web; }"
    body = f"\n{values}\nserver {{ listen 1; proxy_pass $p; }}"
    assert mine(lint, body, wrap=stream) == [ALWAYS]


def test_what_it_says(findings: Findings) -> None:
    body = location("set $p h:http; proxy_pass http://$p;")
    (finding,) = (one for one in findings(body) if one.rule == RULE)
    assert finding.message == (
        'proxy_pass gets "http://h:http" from its variables, which is no address: invalid port; '
        "nginx finds out when a request comes, and answers 500"
    )
    assert finding.fix is not None
    assert finding.fix.description == "a number from 1 to 65535 in the place of the port"


@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES)
def test_it_happens(tmp_path: Path, release: str) -> None:
    nginx = nginx_of(release)
    lines = (
        "set $p h:http; proxy_pass http://$p;",
        "proxy_pass http://$host:http;",
        "set $p h:80; proxy_pass $p;",
        "set $p h; fastcgi_pass $p;",
        "set $p h:9000/x; scgi_pass $p;",
        "set $p ''; proxy_pass http://$p:80;",
    )
    servers = "".join(
        f"server {{ listen {81 + number}; {RESOLVER} location / {{ {line} }} }}\n"
        for number, line in enumerate(lines)
    )
    (tmp_path / "nginx.conf").write_text(http(servers))
    options = Options(tmp_path, (str(tmp_path / "nginx.conf"),), version=nginx.version)
    result = examine(options)
    found = [one for one in result.report.findings if one.rule == RULE]
    assert len(found) == len(lines)
    for finding in found:
        proof = prove(finding, result.sites, nginx)
        assert (proof.verdict, proof.why) == ("confirmed", "")
        assert proof.log is not None and finding.log is not None
        assert proof.log.startswith("[error]") or finding.log.partition('"')[0] in proof.log
