from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import NEW, Found, stream

RULE = "resolver-ipv6"
API = '[upstream.api]\nhosts = ["api.internal"]\nport = 3000\nbind = [%s]\n'
ANY = API % '"0.0.0.0"'
OFF = "proxy_next_upstream off;"
WARNING = [Found(2, "warning", 502, "sometimes", RULE, "api")]


def server(settings: str = OFF, resolver: str = "resolver 127.0.0.11;") -> str:
    return f"\nserver {{ location / {{ set $a api.internal; proxy_pass http://$a:3000; " \
        f"{settings} }} }} {resolver}"  # fmt: skip


@pytest.mark.parametrize("bind", ['"0.0.0.0"', '"10.0.0.5"', '"10.0.0.5", "10.0.0.6"'])
@pytest.mark.parametrize(
    "settings", [OFF, "proxy_next_upstream timeout;", "proxy_next_upstream_tries 1;"]
)
def test_bound_to_ipv4_and_one_try(lint: Lint, bind: str, settings: str) -> None:
    assert lint(server(settings), API % bind) == WARNING


@pytest.mark.parametrize("bind", ['"::"', '"*"', '"0.0.0.0", "::"', '"fd00::5"', '"eth0"'])
def test_bound_to_ipv6_too_or_not_known(lint: Lint, bind: str) -> None:
    assert lint(server(), API % bind) == []


def test_without_bind_nothing_is_known(lint: Lint) -> None:
    assert lint(server(), '[upstream.api]\nhosts = ["api.internal"]\nport = 3000\n') == []


def test_where_the_next_address_is_tried_nobody_notices(lint: Lint) -> None:
    assert lint(server(""), ANY) == []
    assert lint(server("proxy_next_upstream_tries 2;"), ANY) == []


@pytest.mark.parametrize(
    "resolver",
    ["resolver 127.0.0.11 ipv6=off;", "resolver 10.0.0.1 ipv6=off 10.0.0.2 valid=5s;"],
)
def test_only_ipv4_is_asked_for(lint: Lint, resolver: str) -> None:
    assert lint(server(resolver=resolver), ANY) == []


def test_the_nearest_resolver_counts(lint: Lint) -> None:
    assert lint(server(f"{OFF} resolver ::1 ipv6=off;"), ANY) == []
    both = server(f"{OFF} resolver ::1;", "resolver ::1 ipv6=off;")
    assert lint(both, ANY) == WARNING


def test_a_resolver_that_is_not_seen(lint: Lint) -> None:
    body = server(f"{OFF} include gone.conf;", "resolver ::1;")
    assert RULE not in [row.rule for row in lint(body, ANY, files={"x": ""})]
    assert [row.rule for row in lint(server(resolver=""), ANY)] == ["resolver-missing"]


def test_what_nginx_does_not_look_up_at_run_time(lint: Lint) -> None:
    for host in ("api.internal", "10.0.0.5"):
        body = server().replace("$a:", f"{host}:").replace("set $a api.internal; ", "")
        spec = ANY.replace('"api.internal"', f'"{host}"')
        assert lint(body, spec) == []


def test_the_loopback_alone_is_another_rule_s(lint: Lint) -> None:
    spec = API % '"127.0.0.1"'
    assert [row.rule for row in lint(server(), spec)] == ["bind-mismatch"]
    assert lint(server(), spec + "same_host = true\n") == WARNING


RESOLVE = "\nupstream x { zone x 64k; server api.internal:3000 resolve %s; %s } " \
    "server { location / { proxy_pass http://x; %s } } %s"  # fmt: skip


def test_the_servers_of_a_block_are_remembered(lint: Lint) -> None:
    resolver = "resolver 127.0.0.11;"
    for settings in ("", OFF):
        assert lint(RESOLVE % ("", resolver, settings, ""), ANY, version="1.27.3") == WARNING
        assert lint(RESOLVE % ("", "", settings, resolver), ANY, version=NEW) == WARNING
    assert lint(RESOLVE % ("", "", "", resolver), ANY, version="1.27.2") == []
    off = "resolver 127.0.0.11 ipv6=off;"
    assert lint(RESOLVE % ("", off, OFF, resolver), ANY, version=NEW) == []
    assert lint(RESOLVE % ("", "", OFF, off), ANY, version=NEW) == []
    assert lint(RESOLVE % ("max_fails=0", "", "", resolver), ANY, version=NEW) == []
    assert lint(RESOLVE % ("max_fails=0", "", OFF, resolver), ANY, version=NEW) == WARNING


def test_stream(lint: Lint) -> None:
    body = "\nmap $remote_addr $a { default api.internal; } resolver ::1; " \
        "server { listen 1; proxy_next_upstream off; proxy_pass $a:3000; }"  # fmt: skip
    assert lint(body, ANY, wrap=stream) == WARNING
    assert lint(body.replace(" off;", " on;"), ANY, wrap=stream) == []


def test_the_message_and_the_fix(findings: Findings) -> None:
    (finding,) = findings(server(), ANY)
    assert finding.message == (
        "nginx asks for the IPv6 addresses of api.internal too, but api is bound to 0.0.0.0 only: "
        "if the name has one, it refuses connections; nginx does not try the next one"
    )
    assert [place.note for place in finding.related] == [
        "api is bound to 0.0.0.0",
        "without ipv6=off",
    ]
    assert finding.fix is not None
    assert (finding.fix.description, finding.fix.safe) == (
        "resolver 127.0.0.11 ipv6=off;",
        False,
    )
    (finding,) = findings(RESOLVE % ("", "resolver ::1;", "", ""), ANY, version=NEW)
    assert finding.log == "no live upstreams while connecting to upstream"
