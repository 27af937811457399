from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import NEW, OLD, Found
from tests.support.sites import found as in_short

SPEC = "[upstream.up]\nport = 3000\n"
UNUSED = [Found(2, "warning", 502, "sometimes", "keepalive-unused", None)]
PERSISTENT = 'proxy_http_version 1.1; proxy_set_header Connection "";'
BLOCK = "upstream up { server 127.0.0.1:3000;\nkeepalive 8; }"


def server(*locations: str) -> str:
    inside = " ".join(f"location /{n} {{ {text} }}" for n, text in enumerate(locations))
    return f"server {{ {inside} }}"


@pytest.mark.parametrize(
    ("locations", "version", "found"),
    [
        (["proxy_pass http://up;"], OLD, True),
        (["proxy_pass http://up;"], "1.29.6", True),
        (["proxy_pass http://up;"], "1.29.7", False),
        ([f"{PERSISTENT} proxy_pass http://up;"], OLD, False),
        (["proxy_http_version 1.0; proxy_pass http://up;"], NEW, True),
        # one that uses it is enough
        (["proxy_pass http://up;", f"{PERSISTENT} proxy_pass http://up;"], OLD, False),
        (["proxy_pass http://up;", "proxy_pass http://up;"], OLD, True),
        # nor is anything said where that is not known
        (["proxy_http_version 1.1; proxy_set_header Connection $http_x; proxy_pass http://up;"],
         OLD, False),
        # nothing passes to it: nothing is known of its use
        (["proxy_pass http://127.0.0.1:3000;"], OLD, False),
    ],
)  # fmt: skip
def test_a_pool_that_is_declared(
    lint: Lint, locations: list[str], version: str, found: bool
) -> None:
    assert lint(BLOCK + server(*locations), SPEC, version=version) == (UNUSED if found else [])


@pytest.mark.parametrize("block", ["keepalive 0;", ""])
@pytest.mark.parametrize("version", [OLD, NEW])
def test_no_pool(lint: Lint, block: str, version: str) -> None:
    body = f"upstream up {{ server 127.0.0.1:3000; {block} }}" + server("proxy_pass http://up;")
    assert lint(body, SPEC, version=version) == []


def test_a_hop_that_cannot_be_seen_may_use_it(lint: Lint) -> None:
    body = BLOCK + server("proxy_pass http://up;") + "include gone;"
    assert lint(body, SPEC, allow_missing=("gone",)) == []


def test_it_names_every_hop_and_the_reason(findings: Findings) -> None:
    body = BLOCK + server("proxy_pass http://up;", "fastcgi_pass up;")
    (finding,) = (one for one in findings(body, SPEC) if one.rule == "keepalive-unused")
    assert len(finding.hops) == 2
    assert finding.message == (
        'the pool of "up" stays empty, for proxy_http_version is 1.0 by default: each request '
        "opens a connection, and under load nginx runs out of local ports"
    )


INFO = [Found(2, "info", None, None, "keepalive-unused", None)]


@pytest.mark.parametrize(
    ("location", "version", "found"),
    [
        # nginx waits for a FastCGI server to close first, and no port of its own stays occupied
        ("fastcgi_pass up;", OLD, INFO),
        ("fastcgi_pass up;", NEW, INFO),
        ("fastcgi_keep_conn on; fastcgi_pass up;", OLD, []),
        # so it does for these two up to 1.19.0
        ("uwsgi_pass up;", "1.19.0", INFO),
        ("uwsgi_pass up;", "1.19.1", UNUSED),
        ("scgi_pass up;", "1.18.0", INFO),
        ("scgi_pass up;", NEW, UNUSED),
    ],
)
def test_ports_run_out_only_where_nginx_closes_first(
    findings: Findings, location: str, version: str, found: list[Found]
) -> None:
    reports = findings(
        BLOCK + server(location), SPEC, version=version, select=("keepalive-unused",)
    )
    assert [in_short(report) for report in reports] == found
    for report in reports:
        ports = report.message.endswith("under load nginx runs out of local ports")
        assert (ports, report.log is not None) == (found == UNUSED, found == UNUSED)
