"""What many hops have for one reason is one thing to read, at the line that would change it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.report.groups import Group, grouped
from lint502.workspace import CheckRequest, Workspace

HOPS = 5


def groups(
    folder: Path, rule: str, server: str, upstream: str, http: str = "", *, version: str = "1.26.3"
) -> list[Group]:
    """The groups of a rule where some servers, and the upstreams of each, are alike; ``{n}`` is
    the number of one."""
    servers = "\n".join(server.replace("{n}", str(n)) for n in range(HOPS))
    (folder / "nginx.conf").write_text(f"events {{}}\nhttp {{\n{http}\n{servers}\n}}\n")
    spec = "\n".join(upstream.replace("{n}", str(n)) for n in range(HOPS))
    (folder / "upstreams.toml").write_text(spec)
    request = CheckRequest(nginx_version=version, select=[rule])
    report = Workspace.at(folder).job(request).run().report
    assert report.problems == ()
    return grouped(report)


PASS = "server { server_name s{n}; location / { proxy_pass http://h{n}:80; } }"
TLS = "server { server_name s{n}; location / { proxy_pass https://h{n}:443; } }"
POOL = "upstream h{n} { server 10.0.0.{n}:80; keepalive 8; } server { server_name s{n}; location / { proxy_pass http://h{n}; } }"  # noqa: E501
PLAIN = '[upstream.h{n}]\nport = 80\nprotocol = "http"\n'
SECURE = '[upstream.h{n}]\nport = 443\nprotocol = "http"\n'


VARIABLE = PASS.replace("location", "set $to h{n}; location").replace("h{n}:80", "$to:80")

READ = "proxy_read_timeout is not set: 60s by default"
HTTP = "proxy_http_version is not set: 1.0 by default"
CASES = {
    "resolver-missing": (VARIABLE, "", "no resolver is set"),
    "response-header-buffer": (
        PASS,
        'limits.response_headers = "12k"',
        "proxy_buffer_size is not set: 4k by default",
    ),
    "read-timeout": (PASS, 'timeouts.response = "3m"', READ),
    "request-timeout": (PASS, 'timeouts.request = "20s"', READ),
    "request-body-limit": (
        PASS,
        'limits = { request_body = "100k", overflow = "close" }',
        "client_max_body_size is not set: 1m by default",
    ),
    "http-version-mismatch": (PASS, 'http_versions = ["1.1"]', HTTP),
    "keepalive-unused": (POOL, "", HTTP),
    "client-certificate-missing": (
        TLS,
        'tls = { client_certificate = "required" }',
        "proxy_ssl_certificate is not set",
    ),
    "tls-version-mismatch": (
        TLS,
        'tls = { versions = ["TLSv1.3"] }',
        "proxy_ssl_protocols is not set: TLSv1 TLSv1.1 TLSv1.2 by default",
    ),
    "tls-verify-depth": (
        TLS.replace("proxy_pass", "proxy_ssl_verify on; proxy_ssl_server_name on; proxy_pass"),
        'tls = { chain_depth = 2, names = ["h{n}"] }',
        "proxy_ssl_verify_depth is not set: 1 by default",
    ),
    "sni-missing": (
        TLS,
        'tls = { sni = "required", names = ["h{n}"] }',
        "proxy_ssl_server_name is not set: off by default",
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_a_setting_that_is_set_nowhere(rule: str, tmp_path: Path) -> None:
    server, facts, note = CASES[rule]
    plain = SECURE if "https" in server else PLAIN
    version = "1.22.1" if rule == "tls-version-mismatch" else "1.26.3"
    (group,) = groups(tmp_path, rule, server, plain + facts, version=version)
    assert len(group.findings) == len(group.hops) == HOPS
    assert (group.place.file.rpartition("/")[2], group.place.line) == ("nginx.conf", 2)
    assert group.place.note == note


def test_a_line_that_all_inherit(tmp_path: Path) -> None:
    closing = "proxy_http_version 1.1; proxy_set_header Connection close;"
    (group,) = groups(tmp_path, "keepalive-unused", POOL, PLAIN, closing)
    assert (group.place.line, group.place.note) == (3, 'where "close" comes from')
    assert len(group.hops) == HOPS


def test_what_is_written_at_each_is_not_one_cause(tmp_path: Path) -> None:
    server = PASS.replace("proxy_pass", "proxy_read_timeout 1{n}s; proxy_pass")
    found = groups(tmp_path, "read-timeout", server, PLAIN + 'timeouts.response = "3m"')
    assert [len(group.findings) for group in found] == [1] * HOPS


def test_a_default_below_an_unseen_include_is_unknown(tmp_path: Path) -> None:
    spec = PLAIN + 'timeouts.response = "3m"'
    (tmp_path / "lint502.toml").write_text('allow_missing = ["/etc/nginx/*"]')
    assert groups(tmp_path, "read-timeout", PASS, spec, "include /etc/nginx/x.conf;") == []
