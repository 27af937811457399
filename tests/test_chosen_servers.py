"""``upstream`` blocks whose servers a program chooses while nginx runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.sites import check

BLOCK = "upstream pool { server 0.0.0.1; balancer_by_lua_block { choose() } }\n"
NGINX = f"events {{}} http {{ {BLOCK} server {{ location / {{ proxy_pass http://pool; }} }} }}\n"
TLS = "tls = true\n"

Hop = tuple[str, list[tuple[str, str | None]]]


def seen(folder: Path, spec: str, nginx: str = NGINX) -> tuple[list[Hop], list[str]]:
    """Each hop's state and targets, and the rules that find something."""
    report = check(folder, {"nginx.conf": nginx, "upstreams.toml": spec})
    assert report.problems == ()
    hops = [
        (hop.state, [(target.address, target.upstream) for target in hop.targets])
        for hop in report.hops
    ]
    return hops, [finding.rule for finding in report.findings]


def test_nobody_says_what_they_are(tmp_path: Path) -> None:
    assert seen(tmp_path, "[upstream.other]\nport = 1\n") == ([("undecidable", [])], [])


def test_what_is_declared_under_the_name_of_the_block(tmp_path: Path) -> None:
    spec = '[upstream.Pool]\nhosts = ["10.0.0.1"]\nport = 3000\n'
    assert seen(tmp_path, spec) == ([("passed", [("10.0.0.1:3000", "Pool")])], [])
    assert seen(tmp_path, spec + TLS)[1] == ["tls-mismatch"]


def test_without_a_port(tmp_path: Path) -> None:
    spec = '[upstream.pool]\nprotocol = "grpc"\n'
    hops, rules = seen(tmp_path, spec)
    assert (hops, rules) == ([("failed", [("pool:80", "pool")])], ["protocol-mismatch"])


def test_several_listeners(tmp_path: Path) -> None:
    listener = '[[upstream.pool]]\nhosts = ["10.0.0.%s"]\nport = 3000\n'
    spec = listener % 1 + listener % 2
    expected = [("10.0.0.1:3000", "pool"), ("10.0.0.2:3000", "pool")]
    assert seen(tmp_path, spec) == ([("passed", expected)], [])
    report = check(tmp_path, {"nginx.conf": NGINX, "upstreams.toml": spec + TLS})
    assert [(one.rule, one.severity.value) for one in report.findings] == [
        ("tls-mismatch", "error")
    ]  # fmt: skip


def test_a_socket(tmp_path: Path) -> None:
    spec = '[upstream.pool]\nsocket = "/var/run/app.sock"\n'
    assert seen(tmp_path, spec) == ([("passed", [("unix:/run/app.sock", "pool")])], [])


@pytest.mark.parametrize("block", [
    "upstream pool { include missing/*.conf; }",
    "upstream pool { server $x; }",
])  # fmt: skip
def test_servers_that_were_not_seen_are_another_matter(tmp_path: Path, block: str) -> None:
    spec = "[upstream.pool]\nport = 3000\n"
    hops, _ = seen(tmp_path, spec, NGINX.replace(BLOCK.strip(), block))
    assert [state for state, _ in hops] == ["undecidable"]
