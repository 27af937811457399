"""The versions of TLS that a real nginx offers, beside those that are said of it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from lint502.behaviour.tls_versions import protocols
from lint502.lab import client
from lint502.lab.bench import LOOPBACK, Bench
from lint502.lab.binary import Running
from lint502.lab.client import Request
from lint502.lab.standins import Authority, Behaviour, DeclaredServer, TlsBehaviour
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.sites import hop_of, http

VERSIONS = ("TLSv1.2", "TLSv1.3")
COMMANDS = (
    (),
    ("MinProtocol TLSv1.3",),
    ("maxprotocol TLSv1.2",),
    ("MaxProtocol None",),
    ("MinProtocol TLSv1.3", "MaxProtocol TLSv1.2"),
    ("Protocol TLSv1.3",),
    ("Protocol -TLSv1.2",),
    ("Protocol -ALL,tlsv1.3",),
    ("Protocol ALL", "MinProtocol TLSv1.3"),
)
SETTINGS = ("", "proxy_ssl_protocols TLSv1.2;", "proxy_ssl_protocols TLSv1.3;")


@pytest.mark.parametrize("release", RELEASES[1:])  # the first one knows no commands
def test_versions(release: str, tmp_path: Path) -> None:
    nginx, authority = nginx_of(release), Authority()
    with Bench() as bench, ExitStack() as stack:
        port = bench.port()
        ports = {}
        for version in VERSIONS:
            ports[version] = bench.port()
            behaviour = Behaviour(tls=TlsBehaviour(versions=(version,)))
            stack.enter_context(DeclaredServer(behaviour, ports[version], authority=authority))
        texts = [
            settings + "".join(f" proxy_ssl_conf_command {command};" for command in commands)
            for settings in SETTINGS
            for commands in COMMANDS
        ]
        locations = "\n".join(
            f"location /{number}/{version} {{ {text} proxy_pass https://{LOOPBACK}:{to}; }}"
            for number, text in enumerate(texts)
            for version, to in ports.items()
        )
        Running(bench, nginx, f"server {{ listen {LOOPBACK}:{port};\n{locations} }}")
        for number, text in enumerate(texts):
            taken = {
                version
                for version in VERSIONS
                if client.send(port, Request(path=f"/{number}/{version}")).status == 200
            }
            body = f"server {{ location / {{ {text} proxy_pass https://a:1; }} }}"
            found = protocols(hop_of(tmp_path, http(body), version=str(nginx.version)))
            assert found is not None
            assert (text, found.value.intersection(VERSIONS)) == (text, taken)
