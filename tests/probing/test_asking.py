"""What is observed of a server that behaves as a test says, beside what is claimed of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lint502.installation import command
from lint502.lab.standins import Authority, Behaviour, DeclaredServer, TlsBehaviour
from lint502.probing.plan import Wanted
from tests.support.probes import asked, facts

TLS = TlsBehaviour(("TLSv1.2", "TLSv1.3"), ("api.internal",), chain_depth=1)


@contextmanager
def running(behaviour: Behaviour, authority: Authority | None = None) -> Iterator[int]:
    with DeclaredServer(behaviour, 0, authority=authority) as server:
        assert isinstance(server.address, int)
        yield server.address


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


CASES = {
    "protocol": (Behaviour(protocol="memcached"), 'protocol = "memcached"', 'protocol = "http"'),
    "http_versions": (
        Behaviour(http_versions=("1.0", "1.1")),
        'http_versions = ["1.1", "1.0"]',
        'http_versions = ["1.1", "2"]',
    ),
    "tls": (Behaviour(), "tls = false", "tls = true"),
    "proxy_protocol": (
        Behaviour(proxy_protocol=True),
        "proxy_protocol = true",
        "proxy_protocol = false",
    ),
    "keepalive": (Behaviour(keepalive=False), "keepalive = false", "keepalive = true"),
    "keepalive.announces_close": (
        Behaviour(keepalive=False),
        "keepalive.announces_close = true",
        "keepalive.announces_close = false",
    ),
    "unknown_host": (
        Behaviour(virtual_hosts=("shop.example",)),
        'virtual_hosts = ["shop.example"]\nunknown_host = "close"',
        'virtual_hosts = ["shop.example"]\nunknown_host = "answer"',
    ),
    "websocket": (
        Behaviour(websocket=True),
        'websocket = ["/ws"]',
        "",
    ),
}


@pytest.mark.parametrize("key", CASES)
def test_a_wrong_claim_differs(key: str, tmp_path: Path) -> None:
    behaviour, right, wrong = CASES[key]
    with running(behaviour) as port:
        assert facts(asked(tmp_path, right, port))[key][0] == "agrees"
        if wrong:
            assert facts(asked(tmp_path, wrong, port))[key][0] == "differs"


def test_no_websocket_where_one_is_claimed(tmp_path: Path) -> None:
    with running(Behaviour()) as port:
        found = facts(asked(tmp_path, 'websocket = ["/ws", "/all/"]', port))
    assert found["websocket"] == ("differs", "/ws answered 200")


def test_below_a_path_anything_may_be(tmp_path: Path) -> None:
    with running(Behaviour()) as port:
        found = facts(asked(tmp_path, 'websocket = ["/all/"]', port))
    assert found["websocket"] == ("not seen", "")


TLS_CASES = {
    "tls": (TLS, "tls = true", "tls = false"),
    "tls.versions": (TLS, 'tls.versions = ["TLSv1.3", "TLSv1.2"]', 'tls.versions = ["TLSv1.2"]'),
    "tls.names": (TLS, 'tls.names = ["api.internal"]', 'tls.names = ["other.internal"]'),
    "tls.chain_depth": (TLS, "tls.chain_depth = 1", "tls.chain_depth = 0"),
    "tls.sni": (
        TlsBehaviour(names=("api.internal",), sni_required=True),
        'tls = { sni = "required", names = ["api.internal"] }',
        'tls = { sni = "optional", names = ["api.internal"] }',
    ),
    "tls.client_certificate": (
        TlsBehaviour(client_certificate="required"),
        'tls.client_certificate = "required"',
        'tls.client_certificate = "none"',
    ),
}


@pytest.mark.parametrize("key", TLS_CASES)
def test_a_wrong_claim_of_tls_differs(key: str, tmp_path: Path, authority: Authority) -> None:
    behaviour, right, wrong = TLS_CASES[key]
    with running(Behaviour(tls=behaviour), authority) as port:
        assert facts(asked(tmp_path, right, port))[key][0] == "agrees"
        assert facts(asked(tmp_path, wrong, port))[key][0] == "differs"


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize("wants", ["required", "optional", "none"])
def test_whether_a_certificate_is_wanted(
    version: str, wants: str, tmp_path: Path, authority: Authority
) -> None:
    behaviour = TlsBehaviour((version,), client_certificate=wants)  # type: ignore[arg-type]
    with running(Behaviour(tls=behaviour), authority) as port:
        found = facts(asked(tmp_path, "tls = true", port))
    assert found["tls.client_certificate"] == ("not claimed", wants)
    assert found["tls.versions"] == ("not claimed", version)


def test_tls_behind_a_proxy_header(tmp_path: Path, authority: Authority) -> None:
    with running(Behaviour(tls=TLS, proxy_protocol=True), authority) as port:
        found = facts(asked(tmp_path, "tls = true", port))
    assert (found["tls"], found["proxy_protocol"], found["tls.versions"]) == (
        ("agrees", "true"),
        ("not claimed", "true"),
        ("not claimed", "TLSv1.2, TLSv1.3"),
    )


MEASURED = Behaviour(
    idle_timeout=1.5,
    max_requests=20,
    request_headers=8192,
    request_body=100_000,
    overflow="answer",
)
RIGHT = """
keepalive = { idle_timeout = "2s", max_requests = 20, announces_close = true }
limits = { request_headers = "8k", request_body = 100000, overflow = "answer" }
"""
WRONG = """
keepalive = { idle_timeout = "5s", max_requests = 100, announces_close = false }
limits = { request_headers = "16k", request_body = "1m", overflow = "close" }
"""
FIGURES = (
    "keepalive.idle_timeout",
    "keepalive.max_requests",
    "keepalive.announces_close",
    "limits.request_headers",
    "limits.request_body",
    "limits.overflow",
)


@pytest.mark.parametrize(("spec", "agreement"), [(RIGHT, "agrees"), (WRONG, "differs")])
def test_figures_are_measured(spec: str, agreement: str, tmp_path: Path) -> None:
    with running(MEASURED) as port:
        found = facts(asked(tmp_path, spec, port, Wanted(0.5, measure=True, longest=2.5)))
    assert {key: found[key][0] for key in FIGURES} == dict.fromkeys(FIGURES, agreement)
    assert found["keepalive.idle_timeout"][1] == "1500ms"
    assert found["keepalive.max_requests"][1] == "20"


def test_a_limit_that_is_not_claimed(tmp_path: Path) -> None:
    behaviour = Behaviour(protocol="scgi", request_headers=5000, overflow="close")
    with running(behaviour) as port:
        found = facts(asked(tmp_path, 'protocol = "scgi"', port, Wanted(0.5, measure=True)))
    (agreement, size) = found["limits.request_headers"]
    assert (agreement, 4700 < int(size) < 5100) == ("not claimed", True)
    assert found["limits.overflow"] == ("not claimed", "close")


def test_what_is_not_measured_is_not_known(tmp_path: Path) -> None:
    wanted = Wanted(seconds=1.0, measure=True, longest=0.3)
    with running(Behaviour()) as port:
        spec = 'keepalive.idle_timeout = "75s"\ntimeouts.request = "30s"\n'
        one = asked(tmp_path, spec, port, wanted)
    found = {answer.key: answer for answer in one.answers}
    idle, request = found["keepalive.idle_timeout"], found["timeouts.request"]
    assert (idle.agreement, idle.seen.text) == ("not seen", "more than 300ms")
    assert (request.agreement, request.seen.why) == (
        "not seen",
        "only a request that takes as long would show it",
    )


def test_grpc_keeps_connections_for_a_time(tmp_path: Path) -> None:
    behaviour = Behaviour(protocol="grpc", http_versions=("2",), idle_timeout=1.0)
    wanted = Wanted(0.5, measure=True, longest=2.5)
    with running(behaviour) as port:
        found = facts(asked(tmp_path, 'protocol = "grpc"', port, wanted))
    assert found["protocol"] == ("agrees", "grpc")
    assert found["keepalive.idle_timeout"] == ("not claimed", "1s")


def test_without_h2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Behaviour(protocol="grpc", http_versions=("2",))) as port:
        monkeypatch.setitem(sys.modules, "h2", None)
        one = asked(tmp_path, 'protocol = "grpc"', port)
    (protocol,) = (one for one in one.answers if one.key == "protocol")
    assert (protocol.agreement, protocol.seen.text) == ("not seen", "HTTP/2")
    assert protocol.seen.why == f"whether it is gRPC takes h2: {command('h2')}"


@pytest.mark.parametrize(("spec", "agreement"), [("tls = true", "agrees"), ("", "not claimed")])
def test_what_only_takes_connections(
    spec: str, agreement: str, tmp_path: Path, authority: Authority
) -> None:
    """Nothing is said to what is not known to speak anything that lint502 knows."""
    with running(Behaviour(tls=TLS), authority) as port:
        found = facts(asked(tmp_path, f'protocol = "tcp"\n{spec}', port))
    assert found["connects"][0] == "agrees"
    assert found["protocol"] == ("not seen", "")
    assert found.get("tls.versions", ("not claimed", ""))[0] == "not claimed"
    assert ("tls" in found, found.get("tls", (agreement,))[0]) == (bool(spec), agreement)
