"""What the client sees of all that disagrees at a hop, over all rules."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lint502.findings import Finding
from lint502.report import Style, renderer
from lint502.report_model import Report
from tests.support.real_nginx import answer, running
from tests.support.sites import OLD, check, http, stream

Row = tuple[str, str, int | None, str | None]

WRONG_PORT = '[[upstream.shop]]\nhosts = ["127.0.0.1"]\nport = 3000\nprotocol = "http"\n'
WRONG_SOCKET = '[[upstream.shop]]\nsocket = "/run/shop.sock"\nprotocol = "http"\n'
WITH_TLS = '[upstream.safe]\nhosts = ["127.0.0.1"]\nport = 3443\nprotocol = "http"\ntls = true\n'


def row(finding: Finding) -> Row:
    return finding.rule, finding.severity.value, finding.status, finding.frequency


def rows(report: Report) -> list[Row]:
    return sorted(row(finding) for finding in report.findings)


def checked(
    folder: Path,
    body: str,
    spec: str,
    wrap: Callable[[str], str] = http,
    version: str = OLD,
) -> Report:
    report = check(folder, {"nginx.conf": wrap(body), "upstreams.toml": spec}, version=version)
    assert report.problems == ()
    return report


PORT: Row = ("port-mismatch", "error", 502, "always")
SOCKET: Row = ("socket-path-mismatch", "error", 502, "always")


def test_two_servers_that_fail_for_two_reasons_leave_nobody(tmp_path: Path) -> None:
    body = (
        "upstream shop { server 127.0.0.1:3001; server unix:/run/shop-old.sock; }\n"
        "server { location / { proxy_pass http://shop; } }"
    )
    report = checked(tmp_path, body, WRONG_PORT + WRONG_SOCKET)
    assert rows(report) == [PORT, SOCKET]
    assert not any("hide it" in finding.message for finding in report.findings)


def test_two_reasons_in_stream(tmp_path: Path) -> None:
    body = (
        "upstream shop { server 127.0.0.1:3001; server unix:/run/shop-old.sock; }\n"
        "server { listen 1; proxy_pass shop; }"
    )
    spec = (WRONG_PORT + WRONG_SOCKET).replace('"http"', '"tcp"')
    assert rows(checked(tmp_path, body, spec, stream)) == [PORT, SOCKET]


def test_a_backup_server_that_fails_too(tmp_path: Path) -> None:
    body = (
        "upstream shop { server 127.0.0.1:3001; server 127.0.0.1:3443 backup; }\n"
        "server { location / { proxy_pass http://shop; } }"
    )
    spec = '[upstream.shop]\nhosts = ["127.0.0.1"]\nport = 3000\nprotocol = "http"\n' + WITH_TLS
    assert rows(checked(tmp_path, body, spec)) == [
        PORT,
        ("tls-mismatch", "error", 502, "always"),
    ]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # a healthy one answers
        ("server 127.0.0.1:3001; server 127.0.0.1:3000;", ("warning", "sometimes", "hide it")),
        # which server that is nobody knows
        ("server 127.0.0.1:3001; server $x:1;", ("warning", "sometimes", "hide it")),
        (
            "server 127.0.0.1:3000; server 127.0.0.1:3001 backup;",
            ("warning", "sometimes", "backup"),
        ),
        ("server 127.0.0.1:3000 down; server 127.0.0.1:3001 backup;", ("error", "always", "")),
    ],
)
def test_which_servers_are_left(lines: str, expected: tuple[str, str, str], tmp_path: Path) -> None:
    body = f"upstream shop {{ {lines} }} server {{ location / {{ proxy_pass http://shop; }} }}"
    report = checked(tmp_path, body, WRONG_PORT)
    (finding,) = (one for one in report.findings if one.rule == "port-mismatch")
    assert (finding.severity.value, finding.frequency) == expected[:2]
    assert expected[2] in finding.message


RACING = '[upstream.shop]\nhosts = ["127.0.0.1"]\nport = 3000\nprotocol = "grpc"\n'


@pytest.mark.parametrize(
    ("settings", "severity", "hint"),
    [
        ("", "error", "nginx does not try another server for it"),
        ("limit_except GET { deny all; }", "warning", "hide it"),
        ("limit_except POST { deny all; }", "error", "nginx does not try another server for it"),
        ("limit_except PUT { deny all; }", "warning", "hide it"),
        (
            "limit_except PUT { deny all; } proxy_request_buffering off;",
            "error",
            "nginx does not try another server for it",
        ),
        ("limit_except GET { deny all; } proxy_request_buffering off;", "warning", "hide it"),
        ("proxy_next_upstream error non_idempotent;", "warning", "hide it"),
        ("proxy_next_upstream timeout non_idempotent;", "error", "does not try"),
        ("proxy_next_upstream off;", "error", "does not try"),
        ("limit_except GET { deny all; } proxy_next_upstream_tries 1;", "error", "does not try"),
        ("limit_except GET { deny all; } proxy_next_upstream_tries 2;", "warning", "hide it"),
    ],
)
def test_what_is_sent_again_for_which_methods(
    settings: str, severity: str, hint: str, tmp_path: Path
) -> None:
    """One server closes the connection once the request is sent; the other answers."""
    body = (
        "upstream shop { server 127.0.0.1:3000; server 127.0.0.1:3002; }\n"
        f"server {{ location / {{ {settings} proxy_pass http://shop; }} }}"
    )
    spec = (
        '[upstream.one]\nhosts = ["127.0.0.1"]\nport = 3000\nprotocol = "fastcgi"\n'
        '[upstream.two]\nhosts = ["127.0.0.1"]\nport = 3002\nprotocol = "http"\n'
    )
    report = checked(tmp_path, body, spec)
    (finding,) = (one for one in report.findings if one.rule == "protocol-mismatch")
    assert (finding.severity.value, finding.frequency) == (severity, "sometimes")
    assert hint in finding.message


@pytest.mark.parametrize(("most", "severity"), [("2", "error"), ("3", "warning"), ("0", "warning")])
def test_more_servers_fail_than_are_tried(most: str, severity: str, tmp_path: Path) -> None:
    body = (
        "upstream shop { server 127.0.0.1:3001; server unix:/run/old.sock; server 127.0.0.1:3000; }"
        f"\nserver {{ location / {{ proxy_next_upstream_tries {most}; proxy_pass http://shop; }} }}"
    )
    report = checked(tmp_path, body, WRONG_PORT + WRONG_SOCKET)
    assert [finding.severity.value for finding in report.findings] == [severity] * 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("servers", "status"),
    [
        # a server that is no backup answers before any backup server is tried
        ("DEAD; LIVE; DEAD backup;", 200),
        ("DEAD; LIVE; DEAD backup; DEAD backup;", 200),
        ("DEAD; DEAD; LIVE;", 502),
        ("DEAD; DEAD; LIVE backup;", 502),
        ("DEAD; DEAD backup; LIVE backup;", 502),
        ("DEAD; LIVE backup;", 200),
    ],
)
def test_backup_servers_take_tries_from_nobody(servers: str, status: int, tmp_path: Path) -> None:
    body = (
        "upstream shop { %s }\nserver { listen unix:SOCKET; "
        "location / { proxy_next_upstream_tries 2; proxy_pass http://shop; } }"
    )
    here = servers.replace("LIVE", "server 127.0.0.1:3000").replace("DEAD", "server 127.0.0.1:3001")
    report = checked(tmp_path, (body % here).replace("SOCKET", "/run/s"), WRONG_PORT)
    severities = {one.severity.value for one in report.findings if one.rule == "port-mismatch"}
    assert ("error" in severities) is (status == 502)
    there = servers.replace("LIVE", "server unix:SOCKETb max_fails=0")
    there = there.replace("DEAD", "server unix:SOCKETc max_fails=0")
    live = "server { listen unix:SOCKETb; return 200 ok; }\n"
    with running((live + body % there).encode()) as path:
        assert max(answer(path, "/")[0] for _ in range(6)) == status


def test_what_happens_only_sometimes_does_not_make_a_server_dead(tmp_path: Path) -> None:
    """A header that is too large for one, a port that is wrong for the other: each is hidden but
    for the requests that fail at both."""
    body = (
        "upstream shop { server 127.0.0.1:3001; server 127.0.0.1:4000; }\nserver { location / {\n"
        "proxy_next_upstream error invalid_header non_idempotent;\nproxy_pass http://shop; } }"
    )
    spec = WRONG_PORT.replace("[[", "[").replace("]]", "]") + (
        '[upstream.large]\nhosts = ["127.0.0.1"]\nport = 4000\nprotocol = "http"\n'
        'limits = { response_headers = "16k" }\n'
    )
    found = {finding.rule: finding for finding in checked(tmp_path, body, spec).findings}
    assert found["port-mismatch"].severity.value == "warning"
    assert found["response-header-buffer"].severity.value == "error"
    assert found["response-header-buffer"].frequency == "sometimes"


# what hides what


def test_a_wrong_port_hides_what_is_behind_it(tmp_path: Path) -> None:
    body = (
        "upstream shop { server 127.0.0.1:3001; keepalive 4; }\nserver { location / {\n"
        'proxy_http_version 1.1; proxy_set_header Connection "";\nproxy_pass http://shop; } }'
    )
    spec = (
        '[upstream.shop]\nhosts = ["127.0.0.1"]\nport = 3000\nprotocol = "http"\n'
        'keepalive = { idle_timeout = "5s" }\nlimits = { response_headers = "16k" }\n'
    )
    report = checked(tmp_path, body, spec)
    (shown,) = report.findings
    assert row(shown) == PORT
    assert sorted(map(row, report.hidden)) == [
        ("keepalive-race", "error", 502, "sometimes"),
        ("response-header-buffer", "error", 502, "sometimes"),
    ]
    assert {one.behind for one in report.hidden} == {(shown.fingerprint,)}


def test_once_it_is_fixed_it_shows_as_it_was_said(tmp_path: Path) -> None:
    body = "server { location / { proxy_pass http://127.0.0.1:%s; } }"
    spec = (
        'complete = true\n[upstream.shop]\nhosts = ["127.0.0.1"]\nport = 3000\n'
        'limits = { response_headers = "16k" }\n'
    )
    hidden = checked(tmp_path, body % "3001", spec).hidden
    shown = checked(tmp_path, body % "3000", spec).findings
    assert list(map(row, hidden)) == list(map(row, shown))
    assert [one.message for one in hidden] == [one.message for one in shown]


HANDSHAKE = """
[upstream.up]
port = 1
server = "nginx"
[upstream.up.tls]
client_certificate = "required"
"""


@pytest.mark.parametrize(
    ("facts", "settings", "first"),
    [
        ('names = ["a.example"]', "proxy_ssl_verify on;", "tls-name-mismatch"),
        ('versions = ["TLSv1.3"]', "proxy_ssl_protocols TLSv1.2;", "tls-version-mismatch"),
        ('sni = "required"', "", "sni-missing"),
        ("chain_depth = 2", "proxy_ssl_verify on;", "tls-verify-depth"),
    ],
)
def test_a_handshake_that_fails_hides_what_comes_after_it(
    facts: str, settings: str, first: str, tmp_path: Path
) -> None:
    body = f"server {{ location / {{ {settings} proxy_pass https://up:1; }} }}"
    report = checked(tmp_path, body, HANDSHAKE + facts)
    assert rows(report) == [(first, "error", 502, "always")]
    assert list(map(row, report.hidden)) == [("client-certificate-missing", "error", 400, "always")]


@pytest.mark.parametrize(
    ("facts", "settings"),
    [
        ("", ""),
        ('names = ["up"]', "proxy_ssl_verify on;"),
        ('names = ["a.example"]', ""),  # nobody compares it
        # for some requests only
        ('names = ["up"]', "proxy_ssl_verify on; proxy_ssl_name $name;"),
        ('sni = "required"', "proxy_ssl_server_name on;"),
        # only for those that nginx does not know by name
        ('sni = "required"\nnames = ["a.example"]', "proxy_ssl_server_name on;"),
        ('versions = ["TLSv1.1"]', "proxy_ssl_protocols TLSv1.1;"),
        ("chain_depth = 1", "proxy_ssl_verify on;"),
    ],
)
def test_a_handshake_that_may_succeed_hides_nothing(
    facts: str, settings: str, tmp_path: Path
) -> None:
    body = (
        "map $host $name { default up; x b.example; }\n"
        f"server {{ location / {{ {settings} proxy_pass https://up:1; }} }}"
    )
    report = checked(tmp_path, body, HANDSHAKE + facts)
    assert ("client-certificate-missing", "error", 400, "always") in rows(report)


def test_what_is_only_likely_hides_nothing(tmp_path: Path) -> None:
    """Something that nobody declared may listen on the other port."""
    spec = (
        '[upstream.one]\nhosts = ["10.0.0.1"]\nport = 3000\nprotocol = "http"\n'
        'limits = { response_headers = "16k" }\n[upstream.two]\nhosts = ["10.0.0.1"]\nport = 4000\n'
    )
    report = checked(tmp_path, "server { location / { proxy_pass http://10.0.0.1:1; } }", spec)
    assert ("port-mismatch", "warning", 502, "sometimes") in rows(report)
    assert report.hidden == ()


def test_at_one_hop_it_is_hidden_at_another_it_shows(tmp_path: Path) -> None:
    body = (
        "server { location /a { proxy_pass http://shop:3001; }\n"
        "location /b { proxy_pass http://shop:3000; } proxy_buffer_size 4k; }"
    )
    spec = 'complete = true\n[upstream.shop]\nport = 3000\nlimits = { response_headers = "16k" }\n'
    report = checked(tmp_path, body, spec)
    a, b = (hop.id for hop in report.hops)
    assert {one.rule: one.hops for one in report.findings} == {
        "port-mismatch": (a,),
        "response-header-buffer": (b,),
    }
    assert [(one.rule, one.hops) for one in report.hidden] == [("response-header-buffer", (a,))]


@pytest.mark.parametrize(
    ("scheme", "facts", "shown", "hidden"),
    [
        # TLS awaited: what the handshake would then lack
        ("http", 'tls = { sni = "required" }', "tls-mismatch", ["sni-missing"]),
        ("http", 'tls = { client_certificate = "required" }', "tls-mismatch",
         ["client-certificate-missing"]),
        ("https", 'tls = false\nlimits = { response_headers = "16k" }', "tls-mismatch",
         ["response-header-buffer"]),
        ("https", 'tls = false\ntimeouts = { response = "5m" }', "tls-mismatch", ["read-timeout"]),
    ],
)  # fmt: skip
def test_a_scheme_hides_what_is_behind_it(
    scheme: str, facts: str, shown: str, hidden: list[str], tmp_path: Path
) -> None:
    body = f"server {{ location / {{ proxy_pass {scheme}://up:3000; }} }}"
    spec = f'[upstream.up]\nport = 3000\nprotocol = "http"\n{facts}\n'
    report = checked(tmp_path, body, spec)
    assert [one.rule for one in report.findings] == [shown]
    assert [one.rule for one in report.hidden] == hidden


def test_without_a_handshake_nothing_is_hidden(tmp_path: Path) -> None:
    spec = '[upstream.up]\nport = 1\nprotocol = "http"\ntimeouts = { response = "2m" }\n'
    body = "server { location / { proxy_pass http://up:1; } }"
    assert rows(checked(tmp_path, body, spec)) == [("read-timeout", "error", 504, "sometimes")]


def test_what_is_hidden_counts_nowhere(tmp_path: Path) -> None:
    body = "server { location / { proxy_pass http://127.0.0.1:3001; } }"
    spec = (
        'complete = true\n[upstream.shop]\nhosts = ["127.0.0.1"]\nport = 3000\n'
        'limits = { response_headers = "16k" }\n'
    )
    report = checked(tmp_path, body, spec)
    found = json.loads(renderer("json")(report, Style()))
    assert found["summary"]["errors"] == 1
    shown, hidden = found["findings"]
    assert (shown["rule"], shown["behind"]) == ("port-mismatch", [])
    assert (hidden["rule"], hidden["behind"]) == (
        "response-header-buffer",
        [shown["fingerprint"]],
    )
    text = renderer("text")(report, Style(width=80))
    assert "  then  once this is fixed: response-header-buffer (502 sometimes)\n" in text
    for name in ("concise", "sarif", "github", "gitlab", "junit", "checkstyle", "markdown"):
        assert (
            "response-header-buffer"
            not in renderer(name)(report, Style()).replace("rules/response-header-buffer", "")
            or name == "sarif"
        )


# hops to which requests get only when another has failed


FALLBACK = (
    "server {{ location / {{ error_page {codes} = @standby;\n"
    "proxy_pass http://127.0.0.1:{port}; }}\n"
    "location @standby {{ proxy_pass http://127.0.0.1:4181; }} {more} }}"
)
FALLBACK_SPEC = (
    'complete = true\n[upstream.shop]\nhosts = ["127.0.0.1"]\nport = 3000\nprotocol = "http"\n'
    '[upstream.other]\nhosts = ["127.0.0.1"]\nport = 4180\nprotocol = "http"\n'
)


@pytest.mark.parametrize(
    ("codes", "port", "more", "severity", "frequency"),
    [
        ("502 504", 3000, "", "warning", "sometimes"),
        ("502 504", 3001, "", "error", "always"),  # the first one fails: it is needed
        ("504", 3001, "", "warning", "sometimes"),  # but not after a 502
        ("404", 3000, "", "error", "always"),  # the usual way to an application
        ("404 502", 3000, "", "error", "always"),
        ("502", 3000, "location /x { try_files $uri @standby; }", "error", "always"),
    ],
)
def test_a_fallback(
    codes: str, port: int, more: str, severity: str, frequency: str, tmp_path: Path
) -> None:
    body = FALLBACK.format(codes=codes, port=port, more=more)
    report = checked(tmp_path, body, FALLBACK_SPEC)
    (finding,) = (one for one in report.findings if "4181" in one.message)
    assert (finding.severity.value, finding.frequency) == (severity, frequency)
    assert ("only when another pass has failed" in finding.message) is (severity == "warning")


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "status"), [("4k", 200), ("12k", 502)])
def test_a_fallback_for_what_fails_sometimes(sent: str, status: int, tmp_path: Path) -> None:
    """A large response fails at the first pass, and the second one does not help."""
    spec = FALLBACK_SPEC.replace(
        "[upstream.other]", 'limits.response_headers = "%s"\n[upstream.other]'
    )
    report = checked(tmp_path, FALLBACK.format(codes="502", port=3000, more=""), spec % sent)
    (finding,) = (one for one in report.findings if "4181" in one.message)
    assert (finding.severity.value, finding.frequency) == (
        "error" if status == 502 else "warning",
        "sometimes",
    )
    headers = f"add_header X-Large {'x' * 900}; " * (1 if status == 200 else 12)
    body = (
        f"server {{ listen unix:SOCKETb; {headers} return 200 ok; }}\n"
        "server { listen unix:SOCKET; location / { error_page 502 = @standby; "
        "proxy_pass http://unix:SOCKETb:; } "
        "location @standby { proxy_pass http://unix:SOCKETc:; } }"
    )
    with running(body.encode()) as path:
        assert answer(path, "/")[0] == status


@pytest.mark.parametrize(("internal", "severity"), [("internal; ", "warning"), ("", "error")])
def test_a_fallback_by_its_path(internal: str, severity: str, tmp_path: Path) -> None:
    """Clients can ask for it themselves, unless it is internal."""
    body = (
        "server { error_page 502 /standby; location / { proxy_pass http://127.0.0.1:3000; }\n"
        f"location = /standby {{ {internal}proxy_pass http://127.0.0.1:4181; }} }}"
    )
    report = checked(tmp_path, body, FALLBACK_SPEC)
    (finding,) = (one for one in report.findings if "4181" in one.message)
    assert finding.severity.value == severity


GATED = """server { location / { auth_request /auth; %s proxy_pass http://shop:3001; }
location = /auth { %s proxy_pass http://gate:1; }
location @open { return 204; } }"""
GATES = """complete = true
[upstream.shop]
port = 3000
[upstream.gate]
port = 2
"""


@pytest.mark.parametrize(
    ("here", "there", "hidden"),
    [
        ("", "", True),
        # requests get past it
        ("satisfy any;", "", False),
        ("", "error_page 502 = @open;", False),
        ("auth_request off;", "", False),
    ],
)
def test_behind_an_auth_request_that_always_fails(
    tmp_path: Path, here: str, there: str, hidden: bool
) -> None:
    body = (GATED % (here, there)).replace(
        "auth_request /auth; auth_request off", "auth_request off"
    )
    report = checked(tmp_path, body, GATES)
    shop, gate = (hop.id for hop in report.hops)
    (before,) = (one for one in report.findings if one.hops == (gate,))
    found = [one for one in (*report.findings, *report.hidden) if one.hops == (shop,)]
    assert [one.behind for one in found] == [(before.fingerprint_at(gate),) if hidden else ()]
