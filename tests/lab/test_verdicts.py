"""Verdicts on sites where it is not plain which server, route or request a finding is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.evidence import Proof
from lint502.options import Options
from tests.support.nginxes import nginx_of
from tests.support.pages import prove
from tests.support.sites import examine, http, stream, write

KEPT = 'proxy_http_version 1.1; proxy_set_header Connection "";'
API = '[upstream.api]\nhosts = ["127.0.0.1"]\nport = 3000\nprotocol = "http"\n'
COMPLETE = f"complete = true\n{API}"


def proofs(folder: Path, nginx_conf: str, spec: str, release: str = "bookworm") -> dict[str, Proof]:
    """The proof of each finding, by its rule."""
    nginx = nginx_of(release)
    write(folder, {"nginx.conf": nginx_conf, "upstreams.toml": spec})
    options = Options(folder, (str(folder / "nginx.conf"),), version=nginx.version)
    found = examine(options, lambda: b"")
    assert found.report.problems == ()
    return {finding.rule: prove(finding, found.sites, nginx) for finding in found.report.findings}


def got(proof: Proof) -> tuple[str, list[int | None]]:
    return proof.verdict, [step.status for step in proof.steps if not step.opening]


@pytest.mark.parametrize(
    ("rule", "body", "spec"),
    [
        pytest.param(
            "keepalive-race",
            "upstream u { server 10.0.0.5:3000; server 10.0.0.6:3001; keepalive 4; } server { "
            f"location / {{ {KEPT} proxy_pass http://u; }} }}",
            '[upstream.a]\nhosts = ["10.0.0.5"]\nport = 3000\nprotocol = "http"\n[upstream.b]\n'
            'hosts = ["10.0.0.6"]\nport = 3001\nprotocol = "http"\nkeepalive.idle_timeout = "2s"\n',
            id="a block on one line, of which one server closes soon",
        ),
        pytest.param(
            "port-mismatch",
            "map $http_x $p { default 3000; 1 3001; }\n"
            "server { location / { proxy_pass http://127.0.0.1:$p; } }",
            COMPLETE,
            id="one value of a map",
        ),
        pytest.param(
            "port-mismatch",
            "server { location / { set $b 127.0.0.1:3000;\nif ($http_x) {\nset $b 127.0.0.1:3001; }"
            "\nproxy_pass http://$b; } }",
            COMPLETE,
            id="one set of two",
        ),
        pytest.param(
            "tls-mismatch",
            "map $http_x $s { default http; 1 https; }\n"
            "server { location / { proxy_pass $s://127.0.0.1:3000; } }",
            API + "tls = false\n",
            id="one scheme of two",
        ),
        pytest.param(
            "resolver-missing",
            "upstream b { server 127.0.0.1:3000; }\nmap $http_x $h { default b; 1 api.internal; }\n"
            "server { location / { proxy_pass http://$h; } }",
            API,
            id="one name of two",
        ),
        pytest.param(
            "resolver-missing",
            "server { location / { proxy_pass http://$host:3000; } }",
            API,
            id="the host that is asked for",
        ),
        pytest.param(
            "response-header-buffer",
            "proxy_cache_path /var/cache/nginx keys_zone=c:1m; proxy_cache c;\n"
            "server { location / { proxy_pass http://127.0.0.1:3000; } }",
            API + 'limits.response_headers = "12k"\n',
            id="a cache",
        ),
        pytest.param(
            "request-body-limit",
            "client_max_body_size 20m; server {\nlocation / { try_files $uri @app; }\n"
            "location @app { client_max_body_size 1m; proxy_pass http://127.0.0.1:3000; } }",
            API + 'limits = { request_body = "1m", overflow = "close" }\n',
            id="a named location has no limit of its own",
        ),
        pytest.param(
            "port-mismatch",
            "upstream u {\n"
            + "".join(f"server 127.0.0.1:{port};\n" for port in range(3000, 3025))
            + "} server { proxy_next_upstream off; location / { proxy_pass http://u; } }",
            "complete = true\n"
            + "".join(
                f'[[upstream.u]]\nport = {port}\nprotocol = "http"\n' for port in range(3000, 3024)
            ),
            id="the last server of many",
        ),
        pytest.param(
            "request-timeout",
            "server { proxy_ssl_verify on; proxy_ssl_trusted_certificate /etc/ca.pem;\n"
            "proxy_ssl_name $host; location / { proxy_pass https://127.0.0.1:3000; } }",
            API + 'tls = true\ntimeouts.request = "2s"\n',
            id="a name that the client asks for",
        ),
    ],
)
def test_confirmed(rule: str, body: str, spec: str, tmp_path: Path) -> None:
    proof = proofs(tmp_path, http(body), spec)[rule]
    assert (proof.verdict, proof.why) == ("confirmed", "")
    assert 502 in got(proof)[1]


@pytest.mark.parametrize("idle", ["65s", "620s", "1h"])
def test_a_race_over_long_times(idle: str, tmp_path: Path) -> None:
    body = (
        f"upstream api {{ server 127.0.0.1:3000; keepalive 4; keepalive_timeout 2h; }}\n"
        f"server {{ proxy_read_timeout 5s; location / {{ {KEPT} proxy_pass http://api; }} }}"
    )
    proof = proofs(tmp_path, http(body), API + f'keepalive.idle_timeout = "{idle}"\n')
    assert got(proof["keepalive-race"]) == ("confirmed", [502, 200])


def test_an_upload_that_is_still_being_sent(tmp_path: Path) -> None:
    body = (
        "upstream api { server 127.0.0.1:3000; keepalive 4; }\n"
        "server { proxy_next_upstream error non_idempotent; proxy_request_buffering off;\n"
        f"location / {{ {KEPT} proxy_pass http://api; }} }}"
    )
    proof = proofs(tmp_path, http(body), API + 'keepalive.idle_timeout = "2s"\n')
    assert got(proof["keepalive-race"]) == ("confirmed", [502, 200])


def test_a_server_that_others_hide(tmp_path: Path) -> None:
    body = (
        "upstream api {\nserver 127.0.0.1:3000;\nserver 127.0.0.1:3009;\n}\n"
        "server { location / { proxy_pass http://api; } }"
    )
    proof = proofs(tmp_path, http(body), API)["port-mismatch"]
    assert proof.verdict == "confirmed"
    assert proof.conditions == ("while the other servers of the block are down",)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (
            503,
            "server { error_page 502 504 =503 /sorry.html;\n"
            "location / { proxy_pass http://127.0.0.1:3001; }\n"
            "location = /sorry.html { root /srv; } }",
        ),
        (
            500,
            "server { location / { auth_request /auth; root /srv; }\n"
            "location = /auth { internal; proxy_pass http://127.0.0.1:3001; } }",
        ),
    ],
)
def test_what_becomes_another_error(status: int, body: str, tmp_path: Path) -> None:
    proof = proofs(tmp_path, http(body), COMPLETE)["port-mismatch"]
    assert got(proof) == ("confirmed", [status])
    assert proof.conditions == ()


def test_a_finding_without_a_status_is_not_played(tmp_path: Path) -> None:
    body = (
        "upstream api { server 127.0.0.1:9000; keepalive 4; }\n"
        "server { location / { fastcgi_pass api; } }"
    )
    spec = '[upstream.api]\nport = 9000\nserver = "php-fpm"\n'
    proof = proofs(tmp_path, http(body), spec)["keepalive-unused"]
    reason = "it claims nothing that a client would see"
    assert (proof.verdict, proof.why, proof.steps) == ("cannot be shown here", reason, ())


def test_another_mistake_is_no_evidence(tmp_path: Path) -> None:
    """Whatever comes of the large header: a request that does no harm has failed before."""
    body = "server { proxy_read_timeout 0;\nlocation / { proxy_pass http://127.0.0.1:3000; } }"
    spec = API + 'limits.response_headers = "12k"\n'
    proof = proofs(tmp_path, http(body), spec)["response-header-buffer"]
    assert proof.verdict == "not confirmed"
    assert proof.why == "a request that does no harm already gets GET /?0 → 504"


def test_datagrams_are_not_refused(tmp_path: Path) -> None:
    text = stream("server { listen 53 udp;\nproxy_pass 10.0.0.7:5353; }")
    spec = '[upstream.dns]\nhosts = ["10.0.0.7"]\nport = 53\nprotocol = "udp"\n'
    proof = proofs(tmp_path, text, spec)["port-mismatch"]
    assert proof.verdict == "confirmed"
    (step,) = proof.steps
    assert step.status in (200, None)  # some versions keep the session for proxy_timeout
    assert not step.whole
    refused = "recv() failed (111: Connection refused) while proxying and reading from upstream"
    assert step.log == (refused,)
