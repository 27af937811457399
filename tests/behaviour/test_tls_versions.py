"""The versions of TLS that nginx offers. ``tests/lab/test_tls_versions.py`` tries it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.tls_versions import by_commands, protocols
from tests.support.pairs import UNSEEN
from tests.support.sites import hop_of, http

DEFAULT = {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"}
"""Of 1.26."""

ONLY_1_2 = "proxy_ssl_protocols TLSv1.2;"


def command(*words: str) -> str:
    return "".join(f" proxy_ssl_conf_command {one};" for one in words)


def located(settings: str) -> str:
    return http(f"server {{ location / {{ {settings}\nproxy_pass https://up:1; }} }}")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", DEFAULT),
        ("proxy_ssl_protocols TLSv1.2;", {"TLSv1.2"}),
        ("proxy_ssl_protocols TLSv1.2; proxy_ssl_protocols TLSv1.3;", {"TLSv1.2", "TLSv1.3"}),
        ("grpc_ssl_protocols TLSv1.2;", DEFAULT),
        (UNSEEN, None),
        ("proxy_ssl_conf_command Ciphersuites a;", DEFAULT),
        ("grpc_ssl_conf_command MinProtocol TLSv1.3;", DEFAULT),
        (command("MinProtocol TLSv1.3"), {"TLSv1.3"}),
        (command("minprotocol TLSv1.2"), {"TLSv1.2", "TLSv1.3"}),
        (command("MaxProtocol TLSv1.2"), DEFAULT - {"TLSv1.3"}),
        (command("MinProtocol None", "MaxProtocol None"), DEFAULT),
        (command("MinProtocol TLSv1.2", "MaxProtocol TLSv1.2"), {"TLSv1.2"}),
        (command("MinProtocol TLSv1.3", "MinProtocol TLSv1.2"), {"TLSv1.2", "TLSv1.3"}),
        (command("MinProtocol TLSv1.3", "MaxProtocol TLSv1.2"), set()),
        # they turn on no version
        (ONLY_1_2 + command("MinProtocol TLSv1"), {"TLSv1.2"}),
        (ONLY_1_2 + command("MaxProtocol TLSv1.3"), {"TLSv1.2"}),
        # this one does, and turns off only what has a minus
        (ONLY_1_2 + command("Protocol TLSv1.3"), {"TLSv1.2", "TLSv1.3"}),
        (ONLY_1_2 + command("Protocol +tlsv1.3"), {"TLSv1.2", "TLSv1.3"}),
        (ONLY_1_2 + command("Protocol '-ALL, TLSv1.3'"), {"TLSv1.3"}),
        (ONLY_1_2 + command("Protocol -TLSv1.2"), set()),
        (ONLY_1_2 + command("Protocol ALL"), DEFAULT),
        (ONLY_1_2 + command("Protocol ALL", "MinProtocol TLSv1.3"), {"TLSv1.3"}),
        (command("Protocol ALL,-TLSv1.3"), DEFAULT - {"TLSv1.3"}),
        # what OpenSSL refuses, and what is not seen
        (command("MinProtocol tlsv1.3"), None),
        (command("Protocol TLSv1.4"), None),
        (command("Protocol --TLSv1.2"), None),
        (command("Protocol ''"), None),
        (f"{command('MinProtocol TLSv1.3')} {UNSEEN}", None),
    ],
)
def test_the_versions_that_nginx_offers(
    settings: str, expected: set[str] | None, tmp_path: Path
) -> None:
    found = protocols(hop_of(tmp_path, located(settings)))
    assert (None if found is None else found.value) == expected


def test_the_lines_that_say_so(tmp_path: Path) -> None:
    def said(settings: str) -> tuple[bool, list[tuple[str, ...]]]:
        found = protocols(hop_of(tmp_path, located(settings)))
        assert found is not None
        return by_commands(found.setting), [line.args for line in found.setting.directives]

    assert said(ONLY_1_2) == (False, [("TLSv1.2",)])
    both = command("MinProtocol TLSv1.3", "Options -SessionTicket")
    assert said(both) == (True, [("MinProtocol", "TLSv1.3")])
    assert said(ONLY_1_2 + command("MinProtocol TLSv1")) == (False, [("TLSv1.2",)])
