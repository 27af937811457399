"""One report with a finding of every kind, which all formats are tested on."""

from __future__ import annotations

from lint502.findings import Edit, Finding, Fix, Note, Problem, Severity
from lint502.nginx.version import Version
from lint502.places import Place
from lint502.report_model import HopReport, Report, State, TargetReport


def hop(
    number: int,
    state: State,
    *,
    server: str = "shop.example.com",
    location: str = "/api/",
    directive: str = "proxy_pass",
    value: str = "http://api",
    targets: tuple[TargetReport, ...] = (
        TargetReport("127.0.0.1:3001", "api", ("upstreams.toml:3",)),
    ),
    reason: str | None = None,
) -> HopReport:
    place = Place("nginx/conf.d/shop.conf", 10 + number, 9, 9 + len(f"{directive} {value}"))
    return HopReport(
        f"hop-{number}", place, directive, value, server, location, state, targets, reason
    )


HOPS = (
    hop(1, "failed"),
    hop(2, "failed", location="/v1/"),
    hop(3, "failed", location="/v2/"),
    hop(4, "failed", location="/v3/"),
    hop(5, "failed", location="/v4/"),
    hop(
        6,
        "passed",
        server="例え.jp",
        location="~ \\.php$",
        directive="fastcgi_pass",
        value="unix:/run/php.sock",
        targets=(TargetReport("unix:/run/php.sock", "php", ("compose.yaml:14",)),),
    ),
    hop(
        7,
        "undeclared",
        server="",
        location="",
        value="backend",
        targets=(TargetReport("10.0.0.1:80", None), TargetReport("[2001:db8::1]:80", None)),
    ),
    hop(
        8,
        "undecidable",
        value="http://$host",
        targets=(),
        reason="the host comes from the request",
    ),
)

_LONG = "    proxy_set_header X-Long " + "abcdefghij" * 400 + ";  proxy_pass http://api;"

FINDINGS = (
    Finding(
        rule="port-mismatch",
        severity=Severity.ERROR,
        status=502,
        frequency="always",
        message="nginx connects to 127.0.0.1:3001, but api listens on port 3000",
        place=Place(
            "nginx/conf.d/shop.conf",
            4,
            12,
            26,
            "    server 127.0.0.1:3001;",
            "nginx connects to port 3001",
        ),
        related=(Place("upstreams.toml", 113, 1, 12, "port = 3000", "api listens on 3000"),),
        hops=("hop-1", "hop-2", "hop-3", "hop-4", "hop-5"),
        upstream="api",
        log="connect() failed (111: Connection refused) while connecting to upstream",
        fix=Fix(
            "server 127.0.0.1:3000;", True, (Edit("nginx/conf.d/shop.conf", 4, 22, 26, "3000"),)
        ),
    ),
    Finding(
        rule="keepalive-race",
        severity=Severity.WARNING,
        status=502,
        frequency="sometimes",
        message="nginx keeps idle connections to api for 60 s, but api closes them after 5 s; "
        "a request that nginx sends in that moment is lost",
        place=Place(
            "nginx/conf.d/shop.conf",
            5,
            2,
            14,
            "\tkeepalive\t32;\t# warm 接続",
            "idle connections are kept here",
        ),
        related=(
            Place("upstreams.toml", 7, 1, 20, '名前 = "é"; idle = 5s', "5 s"),
            Place("upstreams.toml", 8, 1, 1, "", "the default of node 20"),
        ),
        hops=("hop-1",),
        upstream="api",
    ),
    Finding(
        rule="undeclared-upstream",
        severity=Severity.INFO,
        status=None,
        frequency=None,
        message="no upstream is declared for 10.0.0.1:80",
        place=Place("nginx/conf.d/shop.conf", 17, 9, 27, "        proxy_pass backend;"),
        hops=("hop-7",),
    ),
    Finding(
        rule="undeclared-upstream",
        severity=Severity.INFO,
        status=None,
        frequency=None,
        message="no upstream is declared for [2001:db8::1]:80",
        place=Place("nginx/conf.d/shop.conf", 17, 9, 27, "        proxy_pass backend;"),
        hops=("hop-7",),
    ),
    Finding(
        rule="tls-mismatch",
        severity=Severity.ERROR,
        status=400,
        frequency="always",
        message="nginx speaks plain HTTP, but \x1b[31mapi\x1b[0m\nspeaks TLS",
        place=Place(
            "nginx/\x1b]0;evil\x07\udcff.conf",
            2,
            4032,
            4053,
            _LONG,
            "plain HTTP",
        ),
        related=(
            Place("nginx/nginx.conf", 2, 5, 4031, _LONG, "a long one"),
            Place("nginx/nginx.conf", 3, 1, 8, "\x1b[2Jtls = true\x00 \u202eevil", "TLS here"),
        ),
        hops=("hop-6", "hop-unknown"),
        upstream="api",
        fix=Fix("proxy_pass https://api;\nproxy_ssl_name api;"),
    ),
    Finding(
        rule="unused-upstream",
        severity=Severity.INFO,
        status=None,
        frequency=None,
        message="nothing passes requests to batch",
        place=Place("upstreams.toml", 20, 1, 17, "[upstream.batch]"),
        upstream="batch",
    ),
)

REPORT = Report(
    version=Version(1, 26, 3),
    version_origin="config",
    version_source="lint502.toml",
    roots=("nginx/nginx.conf",),
    specs=("upstreams.toml",),
    hops=HOPS,
    findings=FINDINGS,
    problems=(
        Problem("nginx/conf.d/\x1bx.conf", 3, 'include "missing.conf": there is no such file'),
        Problem("upstreams.toml", None, "cannot be read: permission denied"),
    ),
    notes=(
        Note("nginx/nginx.conf", 3, "include mime.types: a stock file, passed over", "mime.types"),
        Note("nginx/nginx.conf", 4, "include conf.d/*.conf matches no file here"),
    ),
    suppressed=2,
)

CLEAN = Report(
    version=Version.parse("1.26"),
    version_origin="newest",
    version_source=None,
    roots=("a.conf", "b.conf", "c.conf", "d.conf", "e.conf"),
    specs=(),
    hops=(hop(1, "passed"),),
    findings=(),
    problems=(),
    notes=(),
)
