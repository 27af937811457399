"""What older versions of nginx would bring, where nobody says which one runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from lint502.findings import Finding, Severity
from lint502.merging import beyond
from lint502.nginx.noting import NotingVersion
from lint502.nginx.version import NEWEST, Version
from lint502.older_versions import run_noting
from lint502.options import Options
from lint502.pages import page
from lint502.places import Place
from lint502.report_model import Older, Report
from lint502.rule import Rule
from lint502.rule_names import RULES
from lint502.site import Site
from tests.support.pairs import site_of
from tests.support.sites import Found, examine, found, http, write

VERSIONS = (
    "1.18.0", "1.19.0", "1.19.9", "1.19.10", "1.21.0", "1.22.1", "1.23.3", "1.23.4", "1.25.0",
    "1.26.3", "1.27.2", "1.27.3", "1.28.0", "1.29.3", "1.29.6", "1.29.7", "1.30.0", "1.31.2",
)  # fmt: skip
TLS = (
    "\nserver { listen 1; location / { proxy_pass https://up:1; } location /b {\n"
    "%s proxy_pass https://up:1; } }"
)
ONLY_13 = '[upstream.up]\nport = 1\nprotocol = "http"\ntls = { versions = ["TLSv1.3"] }\n'


def report(folder: Path, nginx: str, spec: str, **options: object) -> Report:
    write(folder, {"nginx.conf": nginx, "upstreams.toml": spec})
    asked = Options(folder, (str(folder / "nginx.conf"),), **options)  # type: ignore[arg-type]
    return examine(asked).report


def test_one_warning(tmp_path: Path) -> None:
    shown = report(tmp_path, http(TLS % ""), ONLY_13)
    (finding,) = shown.findings
    assert found(finding) == Found(2, "warning", 502, "sometimes", "unstated-version", None)
    assert finding.message == (
        f"no nginx version is stated, so that {NEWEST}, the newest known, counts; older ones bring "
        "tls-version-mismatch at 2 hops (before 1.23.4)"
    )
    assert finding.place.note == "tls-version-mismatch, before 1.23.4"
    assert finding.hops == ()
    assert [hop.state for hop in shown.hops] == ["passed", "passed"]
    assert [(one.finding.rule, one.finding.severity, one.versions) for one in shown.older] == [
        ("tls-version-mismatch", Severity.ERROR, "before 1.23.4")
    ] * 2


def test_several_rules_and_versions(tmp_path: Path) -> None:
    nginx = http(
        "upstream b { server up:1;\nkeepalive 8; }\n"
        "server { listen 1; location / { proxy_pass http://b; } }\n"
        "server { listen 2; location / { proxy_pass https://old:1; } }"
    )
    spec = '[upstream.up]\nport = 1\n[upstream.old]\nport = 1\ntls = { versions = ["TLSv1.3"] }\n'
    (finding,) = report(tmp_path, nginx, spec).findings
    assert finding.message.endswith(
        "older ones bring keepalive-unused at 1 hop (before 1.29.7) and tls-version-mismatch at 1 "
        "hop (before 1.23.4)"
    )
    assert [place.note for place in finding.related] == ["tls-version-mismatch, before 1.23.4"]


@pytest.mark.parametrize(
    "options",
    [
        {"version_origin": "option"},
        {"version": Version(1, 26, 3)},
        {"ignore": ("unstated-version",)},
        {"ignore": ("tls-version-mismatch",)},
        {"select": ("tls-version-mismatch",)},
    ],
)
def test_where_it_is_stated_or_nobody_asks(options: dict[str, object], tmp_path: Path) -> None:
    shown = report(tmp_path, http(TLS % ""), ONLY_13, **options)
    assert (shown.findings, shown.older) == ((), ())


def test_what_a_comment_ignores(tmp_path: Path) -> None:
    text = TLS % "# lint502: ignore[tls-version-mismatch] we know\n"
    shown = report(tmp_path, http(text), ONLY_13)
    assert [one.finding.place.line for one in shown.older] == [2]
    whole = TLS.replace(
        "proxy_pass https://up:1; } location /b",
        "\n# lint502: ignore[unstated-version] we know\nproxy_pass https://up:1; } location /b",
    )
    assert report(tmp_path, http(whole % ""), ONLY_13).findings == ()


def test_what_is_worse_in_the_newest_one_is_not_said(tmp_path: Path) -> None:
    spec = ONLY_13.replace("TLSv1.3", "TLSv1.1")
    shown = report(tmp_path, http(TLS % ""), spec)
    assert {finding.rule for finding in shown.findings} == {"tls-version-mismatch"}
    assert shown.older == ()


@pytest.mark.parametrize("heading", ["Example", "Instead"])
@pytest.mark.parametrize("rule", RULES)
def test_it_is_what_each_of_them_finds(rule: str, heading: str, tmp_path: Path) -> None:
    """Runs for the older versions find what is said that they would."""
    shown = page(rule)
    (nginx,), (spec,) = (shown.blocks(heading, language) for language in ("nginx", "toml"))
    newest = report(tmp_path, nginx, spec)

    def keys(findings: list[Finding]) -> set[tuple[str, tuple[str, ...], str | None, Severity]]:
        return {
            (one.rule, one.hops, one.upstream, one.severity)
            for one in findings
            if one.severity is not Severity.INFO
        }

    for text in VERSIONS:
        version = Version.parse(text)
        there = report(tmp_path, nginx, spec, version=version, version_origin="option")
        said = [one.finding for one in newest.older if one.first <= version <= one.last]
        brought = beyond(there.findings, (*newest.findings, *newest.hidden))
        assert (text, keys(said)) == (text, keys(brought))


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("1.18.0", "1.23.3", "before 1.23.4"),
        ("1.18.0", "1.22", "up to 1.22"),
        ("1.19.1", "1.23.3", "from 1.19.1 on, before 1.23.4"),
    ],
)
def test_how_versions_are_called(first: str, last: str, said: str) -> None:
    finding = Finding("r", Severity.ERROR, 502, "always", "m", Place("a", 1, 1, 2))
    assert Older(finding, Version.parse(first), Version.parse(last)).versions == said


def test_versions_that_follow_each_other_are_said_once(tmp_path: Path) -> None:
    """keepalive_requests has another default from 1.19.10 on, which makes no difference here."""
    nginx = http(
        "upstream b { server up:1; keepalive 8; } server { location / { proxy_pass http://b; } }"
    )
    spec = "[upstream.up]\nport = 1\nprotocol = 'http'\nkeepalive = { max_requests = 500 }\n"
    shown = report(tmp_path, nginx, spec)
    assert [(one.finding.rule, one.versions) for one in shown.older] == [
        ("keepalive-unused", "before 1.29.7")
    ]


def test_a_rule_runs_again_only_where_it_has_compared(tmp_path: Path) -> None:
    asked: list[str] = []

    def check(site: Site) -> Iterator[Finding]:
        asked.append(str(site.version))
        if site.version < Version(1, 23, 4):
            assert site.version >= Version(1, 20, 1)
        return iter(())

    site = site_of(tmp_path, http(""), version=str(NEWEST))
    rule = Rule("retry-off", check, None)
    plain = run_noting(rule, site)
    assert (plain.first, asked) == (NEWEST, [str(NEWEST)])
    first = run_noting(rule, replace(site, version=NotingVersion.of(NEWEST)))
    assert str(first.first) == "1.23.4"
    second = run_noting(rule, replace(site, version=NotingVersion.of(Version(1, 23, 3))))
    assert str(second.first) == "1.20.1"
