"""What servers do with a request that they do not take."""

from __future__ import annotations

import pytest

from lint502.behaviour.refusals import What, _load, refusal
from lint502.declared import profiles


@pytest.mark.parametrize(
    ("what", "server", "expected"),
    [
        ("connection-header", "node", ("node", "reset", None)),
        ("connection-header", "caddy", ("caddy", "answer", 400)),
        ("connection-header", "hypercorn", ("hypercorn", "close", None)),
        ("connection-header", "nginx", ("nginx", "nothing", None)),
        # those that are like them, by the table of protocols or by the profile
        ("connection-header", "go", ("caddy", "answer", 400)),
        ("connection-header", "traefik", ("caddy", "answer", 400)),
        ("connection-header", "nest", ("node", "reset", None)),
        ("no-certificate", "nginx", ("nginx", "answer", 400)),
        ("http-1-0", "envoy", ("envoy", "answer", 426)),
        # nobody knows
        ("connection-header", "grpc-go", None),
        ("connection-header", "", None),
        ("no-certificate", "node", None),
        ("http-1-0", "nginx", None),
    ],
)
def test_a_server(what: What, server: str, expected: tuple[str, str, int | None] | None) -> None:
    found = refusal(what, server)
    assert (None if found is None else (found.server, found.does, found.status)) == expected


@pytest.mark.parametrize(
    ("server", "version", "expected"),
    [
        ("gunicorn", "", "answer"),  # the newest
        ("gunicorn", "27.0.1", "answer"),
        ("gunicorn", "27", "answer"),
        ("gunicorn", "26.1", None),
        ("node", "12", "nothing"),
        ("spring-boot", "3.2", "answer"),  # its version is not Tomcat's
    ],
)
def test_a_version(server: str, version: str, expected: str | None) -> None:
    found = refusal("host-twice", server, version)
    assert (None if found is None else found.does) == expected


def test_the_table() -> None:
    """Its servers have profiles; a page has a status, and whatever was measured has a version."""
    for what, servers in _load().items():
        assert set(servers) <= set(profiles.names()), what
        for name, found in servers.items():
            assert found.server == name
            assert (found.status is not None) is (found.does == "answer"), name
            assert (found.version is not None) is (found.source == "measured"), name
