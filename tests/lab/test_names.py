"""Names in the lab: addresses that change, servers that are started anew, a file hosts."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.evidence import Proof
from lint502.lab.bench import LabError
from lint502.options import Options
from tests.support.nginxes import lacks, nginx_of
from tests.support.pages import prove
from tests.support.sites import examine

HOSTS = Path("/etc/hosts")
SPEC = '[upstream.api]\nhosts = ["%s"]\nport = 3000\nprotocol = "http"\n'
MOVES = SPEC % "api.internal" + "dynamic_address = true\n"
IPV4 = SPEC % "api.internal" + 'bind = ["0.0.0.0"]\n'
LOCAL = SPEC % "localhost" + 'bind = ["%s"]\n'


def proof(folder: Path, rule: str, text: str, spec: str, release: str) -> Proof:
    """What was watched for the only finding of a rule."""
    try:
        nginx = nginx_of(release)
    except LabError as error:
        lacks(error)
    (folder / "nginx.conf").write_text(f"events {{}}\n{text}\n")
    (folder / "upstreams.toml").write_text(spec)
    options = Options(folder, (str(folder / "nginx.conf"),), version=nginx.version)
    found = examine(options, lambda: b"")
    (finding,) = (one for one in found.report.findings if one.rule == rule)
    return prove(finding, found.sites, nginx)


def statuses(shown: Proof) -> list[int | None]:
    assert (shown.verdict, shown.why) == ("confirmed", "")
    return [step.status for step in shown.steps]


def http(line: str, more: str = "") -> str:
    return f"http {{ {more} server {{ listen 1; location / {{ {line} }} }} }}"


@pytest.mark.parametrize("bound", ["127.0.0.1", "::1"])
def test_localhost_after_a_restart(tmp_path: Path, bound: str) -> None:
    text = http("proxy_pass http://localhost:3000;")
    shown = proof(tmp_path, "localhost-family", text, LOCAL % bound, "bookworm")
    assert statuses(shown) == [200, 502, 502]


@pytest.mark.parametrize("bound", ["127.0.0.1", "::1"])
def test_localhost_with_one_try(tmp_path: Path, bound: str) -> None:
    text = http("proxy_next_upstream off; proxy_pass http://localhost:3000;")
    shown = proof(tmp_path, "localhost-family", text, LOCAL % bound, "bookworm")
    assert sorted(statuses(shown), key=str) == [200, 200, 200, 502]  # the next 10 s without it


def test_an_address_that_changes_behind_tls_and_in_a_stream(tmp_path: Path) -> None:
    text = http("proxy_pass https://api.internal:3000; proxy_ssl_server_name on;")
    spec = MOVES + 'tls = { sni = "required", names = ["api.internal"] }\n'
    assert statuses(proof(tmp_path, "static-dns", text, spec, "bookworm")) == [200, 502]
    text = "stream { server { listen 1; proxy_pass api.internal:3000; } }"
    spec = MOVES.replace("http", "tcp")
    assert statuses(proof(tmp_path, "static-dns", text, spec, "bookworm")) == [200, 502]


def test_a_datagram_tells_nothing(tmp_path: Path) -> None:
    text = "stream { server { listen 1 udp; proxy_pass api.internal:3000; } }"
    shown = proof(tmp_path, "static-dns", text, MOVES.replace("http", "udp"), "bookworm")
    assert shown.verdict == "cannot be shown here"


def test_the_servers_of_a_block_that_says_resolve_are_remembered(tmp_path: Path) -> None:
    block = "upstream x { zone x 64k; resolver ::1; server api.internal:3000 resolve; }"
    shown = proof(tmp_path, "resolver-ipv6", http("proxy_pass http://x;", block), IPV4, "sid")
    assert statuses(shown) == [200, 502, 502]


ORDERS = '[upstream.orders]\nport = 3000\nprotocol = "http"\n'
VARIABLE = "set $h orders; proxy_pass http://$h:3000;"


@pytest.mark.parametrize("release", ["bullseye", "sid"])
def test_of_several_resolvers_the_one_that_does_not_know_the_name(
    tmp_path: Path, release: str
) -> None:
    text = http(f"resolver 10.0.0.9 8.8.8.8; {VARIABLE}")
    shown = proof(tmp_path, "resolver-mismatch", text, ORDERS, release)
    assert set(statuses(shown)) == {200, 502}
    assert shown.log == "orders could not be resolved (3: Host not found)"
    assert shown.conditions == ("there is no orders for 8.8.8.8",)
    (resolver,) = (line for line in shown.configuration.splitlines() if "resolver " in line)
    assert len(resolver.split()) == 3


def test_resolvers_that_all_do_not_know_the_name(tmp_path: Path) -> None:
    text = http(f"resolver 10.0.0.8 10.0.0.9; {VARIABLE}")
    shown = proof(tmp_path, "resolver-mismatch", text, f"{ORDERS}resolvers = []\n", "bookworm")
    assert statuses(shown) == [502]


@pytest.mark.parametrize("kind", ["http", "stream"])
def test_a_server_that_says_resolve_and_is_never_found(tmp_path: Path, kind: str) -> None:
    block = "upstream x { zone x 64k; resolver ::1; server orders:3000 resolve; }"
    if kind == "http":
        text, protocol = http("proxy_pass http://x;", block), "http"
    else:
        text, protocol = f"stream {{ {block} server {{ listen 1; proxy_pass x; }} }}", "tcp"
    spec = f"{ORDERS}resolvers = []\n".replace("http", protocol)
    shown = proof(tmp_path, "resolver-mismatch", text, spec, "sid")
    assert statuses(shown) == [502]
    assert shown.log == "no live upstreams while connecting to upstream"


def test_the_machine_s_own_file_is_left_alone(tmp_path: Path) -> None:
    before = HOSTS.read_bytes()
    statuses(
        proof(tmp_path, "static-dns", http("proxy_pass http://api.internal:3000;"), MOVES, "sid")
    )
    assert HOSTS.read_bytes() == before
