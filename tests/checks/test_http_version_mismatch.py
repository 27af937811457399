from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import NEW, OLD, Found, http

RULE = "http-version-mismatch"


def body(settings: str = "", scheme: str = "http") -> str:
    return f"\nserver {{ location / {{\n{settings}\nproxy_pass {scheme}://up:1;\n}} }}"


@pytest.mark.parametrize(
    ("settings", "versions", "nginx", "expected"),
    [
        # the default, by version
        ("", '["1.1"]', "1.29.6", (4, 502)),
        ("", '["1.1"]', "1.29.7", None),
        ("", '["1.1", "2"]', OLD, (4, 502)),
        ("", '["1.0", "1.1"]', OLD, None),
        # written
        ("proxy_http_version 1.1;", '["1.1"]', OLD, None),
        ("proxy_http_version 1.0;", '["1.1"]', NEW, (3, 502)),
        ("# proxy_http_version 1.1;", '["1.1"]', OLD, (4, 502)),
        # an HTTP/1.0 server has to accept a 1.1 request
        ("proxy_http_version 1.1;", '["1.0"]', OLD, None),
        ("", '["1.0"]', NEW, None),
        # HTTP/2
        ("proxy_http_version 2;", '["1.0", "1.1"]', NEW, (3, 502)),
        ("proxy_http_version 2;", '["2"]', NEW, None),
        ("proxy_http_version 1.1;", '["2"]', NEW, (3, 200)),
        ("proxy_http_version $v;", '["2"]', NEW, None),
    ],
)
def test_the_version_in_effect(
    lint: Lint, settings: str, versions: str, nginx: str, expected: tuple[int, int] | None
) -> None:
    spec = f"[upstream.up]\nport = 1\nhttp_versions = {versions}\n"
    assert lint(body(settings), spec, version=nginx) == (
        [] if expected is None else [Found(expected[0], "error", expected[1], "always", RULE, "up")]
    )


def test_over_tls_a_server_of_http_2_closes(lint: Lint) -> None:
    spec = '[upstream.up]\nport = 1\ntls = true\nhttp_versions = ["2"]\n'
    assert lint(body(scheme="https"), spec) == [Found(4, "error", 502, "always", RULE, "up")]


@pytest.mark.parametrize(
    ("settings", "scheme", "facts", "status", "said"),
    [
        ("", "http", 'server = "node"\nhttp_versions = ["2"]', 200, "009 in nginx's access log)"),
        (
            "",
            "https",
            'server = "node"\nhttp_versions = ["2"]\ntls = true',
            403,
            "the server's own 403",
        ),
        ("proxy_http_version 2;", "http", 'server = "node"', 502, "(the default of node)"),
    ],
)
def test_what_a_measured_server_does(
    findings: Findings, settings: str, scheme: str, facts: str, status: int, said: str
) -> None:
    spec = f"[upstream.up]\nport = 1\n{facts}\n"
    (finding,) = findings(body(settings, scheme), spec, version=NEW)
    assert finding.status == status
    assert finding.message.endswith(said)


def test_envoy_answers_426(lint: Lint, findings: Findings) -> None:
    spec = '[upstream.up]\nport = 1\nserver = "envoy"\n'
    assert lint(body(), spec, version=OLD) == [Found(4, "error", 426, "always", RULE, "up")]
    assert lint(body(), spec, version=NEW) == []
    (finding,) = findings(body(), spec, version=OLD)
    assert finding.log is None
    assert finding.fix is not None and finding.fix.description == "proxy_http_version 1.1;"


@pytest.mark.parametrize(
    ("directive", "facts"),
    [
        ("fastcgi_pass up:1", 'protocol = "fastcgi"'),
        ("grpc_pass up:1", 'protocol = "grpc"\nhttp_versions = ["2"]'),
        ("proxy_pass http://up:1", ""),
    ],
)
def test_where_it_does_not_matter(lint: Lint, directive: str, facts: str) -> None:
    text = f"\nserver {{ location / {{ {directive}; }} }}"
    assert lint(text, f"[upstream.up]\nport = 1\n{facts}\n", version=OLD) == []


def test_inherited_from_the_server(lint: Lint) -> None:
    text = "\nproxy_http_version 1.1;\n" + body("proxy_http_version 1.0;")
    spec = '[upstream.up]\nport = 1\nhttp_versions = ["1.1"]\n'
    assert lint(text, spec) == [Found(5, "error", 502, "always", RULE, "up")]
    assert lint("proxy_http_version 1.1;" + body(), spec) == []


def test_an_include_that_is_not_seen_may_set_it(findings: Findings) -> None:
    spec = '[upstream.up]\nport = 1\nhttp_versions = ["1.1"]\n'
    assert findings(body("include gone;"), spec, allow_missing=("gone",), files={"x": ""}) == ()


def test_the_default_is_said_to_be_one(findings: Findings) -> None:
    spec = '[upstream.up]\nport = 1\nhttp_versions = ["1.1"]\n'
    (finding,) = findings(body(), spec, wrap=http)
    assert finding.message == (
        "nginx speaks HTTP/1.0 by default to up, which accepts only HTTP/1.1"
    )


def test_the_fix_offers_http_2_to_an_nginx_that_speaks_it_only(findings: Findings) -> None:
    spec = '[upstream.up]\nport = 1\nprotocol = "http"\nhttp_versions = ["2"]\n'
    for version, edits in (("1.29.3", 0), ("1.29.4", 1)):
        (finding,) = findings(body("proxy_http_version 1.1;"), spec, version=version)
        assert finding.fix is not None and len(finding.fix.edits) == edits
        assert finding.fix.description.startswith("proxy_http_version 2;")
