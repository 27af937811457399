"""The sample sites: each finding of the broken ones, none in the mended ones, and that a real nginx
accepts both."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from lint502.fixing import fix
from lint502.lab.standins.certificates import Authority
from lint502.nginx.version import Version
from lint502.options import Options
from lint502.report_model import Report
from lint502.run import Result
from lint502.settings.load import load_settings
from tests.support.real_nginx import HTTP, nginx_command, prefix
from tests.support.sites import examine
from tests.test_deployed_samples import EXPECTED as CONTAINERS

SAMPLES = Path(__file__).parent.parent / "sample_configs"
SITES = tuple(sorted(path.parent.name for path in SAMPLES.glob("*/upstreams.toml")))
KINDS = ("broken", "mended")

Expected = tuple[str, int, str, str]
"""File, line, severity, rule."""

EXPECTED: dict[str, list[Expected]] = {
    "cluster": [
        ("broken/nginx.conf", 38, "warning", "single-failure-ejection"),
        ("broken/nginx.conf", 45, "warning", "max-conns"),
        ("broken/nginx.conf", 62, "warning", "error-status-ejection"),
        ("broken/nginx.conf", 68, "warning", "retry-off"),
    ],
    "compose": [
        ("broken/nginx.conf", 26, "error", "loopback-in-container"),
        ("broken/nginx.conf", 34, "warning", "localhost-family"),
        ("broken/nginx.conf", 38, "error", "static-dns"),
        ("broken/nginx.conf", 43, "warning", "resolver-ipv6"),
        ("broken/nginx.conf", 49, "error", "resolver-mismatch"),
    ],
    "django": [
        ("broken/conf.d/services.conf", 8, "error", "socket-path-mismatch"),
        ("broken/sites-enabled/shop.conf", 20, "warning", "request-timeout"),
        ("broken/sites-enabled/shop.conf", 21, "error", "response-header-buffer"),
        ("broken/sites-enabled/shop.conf", 30, "info", "unused-ignore"),
        ("broken/sites-enabled/shop.conf", 34, "error", "response-header-buffer"),
        ("upstreams.toml", 19, "info", "unused-upstream"),
    ],
    "edge": [
        ("broken/nginx.conf", 9, "error", "front-keepalive-race"),
        ("broken/nginx.conf", 13, "error", "front-sni-rejected"),
        ("broken/nginx.conf", 26, "error", "front-proxy-protocol"),
    ],
    "grpc-tls": [
        ("broken/nginx.conf", 29, "error", "keepalive-race"),
        ("broken/nginx.conf", 33, "error", "implicit-port-80"),
        ("broken/nginx.conf", 67, "error", "http-version-mismatch"),
        ("broken/nginx.conf", 80, "error", "tls-mismatch"),
        ("broken/nginx.conf", 84, "error", "protocol-mismatch"),
        ("broken/nginx.conf", 90, "error", "http2-connection-header"),
    ],
    "ha-pool": [
        ("broken/nginx.conf", 25, "warning", "keepalive-order"),
        ("broken/nginx.conf", 34, "error", "keepalive-unsupported"),
        ("broken/nginx.conf", 41, "error", "pool-shared"),
    ],
    "java-portal": [
        ("broken/nginx.conf", 32, "warning", "request-header-limit"),
        ("broken/nginx.conf", 49, "error", "read-timeout"),
        ("broken/nginx.conf", 56, "error", "zero-timeout"),
        ("broken/nginx.conf", 63, "warning", "cached-error"),
    ],
    "microservices": [
        ("broken/http.d/20-upstreams.conf", 10, "error", "no-live-peer"),
        ("broken/http.d/20-upstreams.conf", 14, "error", "implicit-port-80"),
        ("broken/http.d/20-upstreams.conf", 23, "error", "proxy-loop"),
        ("broken/http.d/30-routing.conf", 10, "error", "port-mismatch"),
        ("broken/services/archive.conf", 4, "info", "undeclared-upstream"),
        ("broken/services/booking.conf", 7, "error", "request-body-limit"),
        ("broken/services/finance.conf", 16, "error", "resolver-missing"),
        ("upstreams.toml", 89, "info", "unused-upstream"),
    ],
    "node-api": [
        ("broken/nginx.conf", 33, "warning", "keepalive-unused"),
        ("broken/nginx.conf", 37, "error", "port-mismatch"),
        ("broken/nginx.conf", 41, "error", "bind-mismatch"),
        ("broken/nginx.conf", 46, "error", "keepalive-race"),
        ("broken/nginx.conf", 85, "warning", "request-body-limit"),
    ],
    "php": [
        ("broken/conf.d/pools.conf", 9, "info", "keepalive-unused"),
        ("broken/sites-enabled/blog.conf", 25, "error", "response-header-buffer"),
        ("broken/sites-enabled/blog.conf", 31, "warning", "request-timeout"),
        ("broken/sites-enabled/blog.conf", 32, "error", "response-header-buffer"),
        ("broken/sites-enabled/blog.conf", 41, "error", "socket-path-mismatch"),
        ("broken/sites-enabled/shop.conf", 23, "error", "protocol-mismatch"),
    ],
    "rails": [
        ("broken/nginx.conf", 25, "warning", "unix-socket-in-tmp"),
        ("broken/nginx.conf", 46, "error", "unix-url-colon"),
        ("broken/nginx.conf", 56, "error", "socket-permission"),
        ("broken/nginx.conf", 73, "info", "connection-header"),
        ("broken/nginx.conf", 84, "warning", "buffer-directive-family"),
    ],
    "zero-trust": [
        ("broken/nginx.conf", 21, "error", "tls-name-mismatch"),
        ("broken/nginx.conf", 27, "error", "tls-version-mismatch"),
        ("broken/nginx.conf", 31, "error", "sni-missing"),
        ("broken/nginx.conf", 36, "error", "tls-verify-depth"),
        ("broken/nginx.conf", 42, "error", "client-certificate-missing"),
        ("broken/nginx.conf", 52, "error", "proxy-protocol-mismatch"),
    ],
}

STOCK = {
    "mime.types": "types {\n    text/html html;\n}\n",
    "fastcgi_params": "fastcgi_param QUERY_STRING $query_string;\n",
    "scgi_params": "scgi_param QUERY_STRING $query_string;\n",
    "uwsgi_params": "uwsgi_param QUERY_STRING $query_string;\n",
}
"""The files that every installation of nginx brings along, cut short."""

_COMPOSED = re.compile(r"(?<=http://)(?:web|api|search|host\.docker\.internal)(?=:)")
"""The services that the network of a compose.yaml knows by name."""

_LISTEN = re.compile(r"(?m)^(\s*listen\s+)([^\s;]+)")


def check(site: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> Report:
    monkeypatch.chdir(SAMPLES / site)
    settings, problems = load_settings(Path.cwd())
    assert settings is not None and problems == ()
    options = Options(working_directory=Path.cwd(), roots=(f"{kind}/nginx.conf",))
    if settings.nginx_version is not None:
        options = replace(options, version=Version.parse(settings.nginx_version))
    return examine(options).report


def test_every_site_has_a_broken_and_a_mended_root() -> None:
    assert list(EXPECTED) == list(SITES)
    assert [
        (site, kind)
        for site in SITES
        for kind in KINDS
        if not (SAMPLES / site / kind / "nginx.conf").is_file()
    ] == []


@pytest.mark.parametrize("site", SITES)
def test_the_broken_site_has_exactly_these_findings(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = check(site, "broken", monkeypatch)
    found = [
        (finding.place.file, finding.place.line, finding.severity.value, finding.rule)
        for finding in report.findings
    ]
    assert (found, report.problems) == (EXPECTED[site], ())


@pytest.mark.parametrize("site", SITES)
def test_the_mended_site_is_clean(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    report = check(site, "mended", monkeypatch)
    assert (report.findings, report.problems) == ((), ())
    assert {hop.state for hop in report.hops} == {"passed"}


def test_the_readme_lists_the_findings() -> None:
    listed: dict[str, list[tuple[str, str]]] = {}
    for line in (SAMPLES / "README.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            site = line.removeprefix("## ")
        elif line.startswith("| `"):
            _, where, rule, *_ = line.split("|")
            places = re.findall(r"`([^`]+)`", where)
            listed.setdefault(site, []).extend((place, rule.strip(" `")) for place in places)
    expected = {
        site: sorted((f"{file}:{line}", rule) for file, line, _, rule in found)
        for site, found in {**EXPECTED, "containers": CONTAINERS}.items()
    }
    assert {site: sorted(rows) for site, rows in listed.items()} == expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("site", SITES)
@pytest.mark.slow
def test_a_real_nginx_accepts_the_site(site: str, kind: str) -> None:
    with prefix() as folder:
        copy(SAMPLES / site / kind, folder)
        done = said_by_nginx(folder)
    assert done.returncode == 0, done.stderr


def said_by_nginx(folder: Path) -> subprocess.CompletedProcess[str]:
    """What ``nginx -t`` says of a copy."""
    return subprocess.run(
        [*nginx_command(), "-t", "-q", "-p", f"{folder}/", "-c", str(folder / "nginx.conf")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
    )


FIXED: dict[str, tuple[list[str], list[str]]] = {
    "cluster": (
        ["error-status-ejection", "single-failure-ejection"],
        ["max-conns", "retry-off"],
    ),
    "compose": (
        ["localhost-family", "loopback-in-container", "resolver-ipv6"],
        ["resolver-mismatch", "static-dns"],
    ),
    "django": (
        ["response-header-buffer", "response-header-buffer", "socket-path-mismatch"],
        ["request-timeout", "unused-ignore", "unused-upstream"],
    ),
    "edge": (
        ["front-keepalive-race", "front-proxy-protocol"],
        ["front-sni-rejected"],
    ),
    "grpc-tls": (
        [
            "http-version-mismatch",
            "http2-connection-header",
            "implicit-port-80",
            "keepalive-race",
            "tls-mismatch",
        ],
        ["protocol-mismatch"],
    ),
    "ha-pool": (
        ["keepalive-order", "keepalive-unsupported"],
        ["pool-shared"],
    ),
    "java-portal": (
        ["read-timeout", "zero-timeout"],
        ["cached-error", "request-header-limit"],
    ),
    "microservices": (
        ["implicit-port-80", "port-mismatch", "proxy-loop", "request-body-limit"],
        ["no-live-peer", "resolver-missing", "undeclared-upstream", "unused-upstream"],
    ),
    "node-api": (
        [
            "bind-mismatch",
            "keepalive-race",
            "keepalive-unused",
            "port-mismatch",
            "request-body-limit",
        ],
        [],
    ),
    "php": (
        [
            "keepalive-unused",
            "response-header-buffer",
            "response-header-buffer",
            "socket-path-mismatch",
        ],
        ["protocol-mismatch", "request-timeout"],
    ),
    "rails": (
        ["buffer-directive-family", "unix-url-colon"],
        ["connection-header", "socket-permission", "unix-socket-in-tmp"],
    ),
    "zero-trust": (
        [
            "proxy-protocol-mismatch",
            "sni-missing",
            "tls-name-mismatch",
            "tls-verify-depth",
            "tls-version-mismatch",
        ],
        ["client-certificate-missing"],
    ),
}
"""The rules whose findings the fixes of each site end, and those that stay."""


@pytest.mark.parametrize("site", SITES)
@pytest.mark.slow
def test_what_fixes_make_of_the_broken_site(
    site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their findings are gone, no other appears, and a real nginx accepts what they have made."""
    options, first = fixed(site, tmp_path, monkeypatch)
    after = examine(options).report
    assert after.problems == ()
    before = Counter(finding.rule for finding in first.report.findings)
    left = Counter(finding.rule for finding in after.findings)
    assert (sorted((before - left).elements()), sorted(left.elements())) == FIXED[site]
    with prefix() as folder:
        copy(tmp_path / "broken", folder)
        done = said_by_nginx(folder)
    assert done.returncode == 0, done.stderr


def fixed(
    site: str, folder: Path, monkeypatch: pytest.MonkeyPatch, version: Version | None = None
) -> tuple[Options, Result]:
    """A copy of a broken site, mended as far as it can be, and what was found in it before."""
    shutil.copytree(SAMPLES / site, folder, dirs_exist_ok=True)
    monkeypatch.chdir(folder)
    settings, problems = load_settings(Path.cwd())
    assert settings is not None and problems == ()
    options = Options(working_directory=Path.cwd(), roots=("broken/nginx.conf",))
    if version is not None or settings.nginx_version is not None:
        told = version or Version.parse(str(settings.nginx_version))
        options = replace(options, version=told)

    def check(overlay: Mapping[str, str]) -> Result:
        return examine(replace(options, overlay=overlay), lambda: b"")

    first = check({})
    result = fix(first, check, unsafe=True)
    assert result.unfixed == ()
    for path, text in result.texts.items():
        Path(path).write_text(text, encoding="utf-8")
    return options, first


def copy(site: Path, folder: Path) -> None:
    """A site as any user can test it: with the stock files, with unix sockets instead of the ports
    that it listens on, addresses instead of names that only its network knows, and writing
    nowhere outside ``folder``."""
    shutil.copytree(site, folder, dirs_exist_ok=True)
    (folder / "logs").mkdir()
    for file in folder.rglob("*"):
        if file.is_file():
            text = _LISTEN.sub(rf"\g<1>unix:{folder}/\2.sock", file.read_text())
            text = _COMPOSED.sub("127.0.0.1", text)
            file.write_text(text.replace("\nhttp {\n", f"\nhttp {{\n{HTTP}", 1))
    main = folder / "nginx.conf"
    if "\npid " not in main.read_text():
        main.write_text(f"pid nginx.pid; {main.read_text()}")
    if "certs/" in main.read_text():
        write_certificates(folder / "certs")
    for name, text in STOCK.items():
        (folder / name).write_text(text)
    if "\nstream {" in main.read_text():
        load_stream_module(folder / "modules-enabled")


def write_certificates(folder: Path) -> None:
    """Files by the names that the samples use."""
    folder.mkdir()
    files = Authority().write(folder)
    shutil.copy(files.authority, folder / "mesh-ca.pem")
    shutil.copy(files.client_certificate, folder / "gateway.pem")
    shutil.copy(files.client_key, folder / "gateway.key")


def load_stream_module(enabled: Path) -> None:
    """Load nginx's stream module as Debian does, unless it is built in."""
    nginx = nginx_command()[0]
    built = subprocess.run([nginx, "-V"], capture_output=True, text=True, timeout=20).stderr
    if "--with-stream=dynamic" not in built:
        return
    modules = re.search(r"--modules-path=(\S+)", built)
    assert modules is not None, built
    module = Path(modules[1]) / "ngx_stream_module.so"
    if not module.is_file():
        pytest.fail("nginx's stream module is missing. Install libnginx-mod-stream: make test does")
    enabled.mkdir()
    (enabled / "50-mod-stream.conf").write_text(f"load_module {module};\n")
