"""An nginx behind nginx, configured in ways that are seldom a default."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lint502.probing.plan import Wanted
from tests.support.probes import Facts, asked, facts, free_port
from tests.support.real_nginx import running
from tools.measure.servers import certificates

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("servers")]


@dataclass(frozen=True)
class Case:
    """A listener, with what follows its port, and what else its server has; what is claimed of it
    and what is seen."""

    listen: str
    server: str
    spec: str
    seen: dict[str, tuple[str, str]]


PLAIN, TLS = ("not claimed", "false"), ("not claimed", "true")
OK = "location / { return 200 ok; }"
CASES = {
    "a PROXY header": Case(
        "proxy_protocol", OK, "", {"proxy_protocol": ("not claimed", "true"), "tls": PLAIN}
    ),
    "a PROXY header before TLS": Case(
        "ssl proxy_protocol",
        f"ssl_protocols TLSv1.2; {OK}",
        "",
        {
            "proxy_protocol": ("not claimed", "true"),
            "tls": TLS,
            "tls.versions": ("not claimed", "TLSv1.2"),
            "tls.names": ("not claimed", "localhost, 127.0.0.1"),
        },
    ),
    "a certificate that is required": Case(
        "ssl",
        f"ssl_verify_client on; ssl_client_certificate CERTIFICATE; {OK}",
        "tls = { client_certificate = 'none' }",
        {
            "tls": ("agrees", "true"),
            "tls.client_certificate": ("differs", "required"),
            "keepalive": ("not seen", ""),
        },
    ),
    "a certificate that is not required": Case(
        "ssl",
        f"ssl_verify_client optional_no_ca; {OK}",
        "tls = { client_certificate = 'optional' }",
        {"tls.client_certificate": ("agrees", "optional")},
    ),
    "only names that it knows": Case(
        "ssl",
        "ssl_reject_handshake on; } server { listen LISTEN; server_name api.internal; " + OK,
        "hosts = ['127.0.0.1']\ntls = { names = ['localhost'], sni = 'optional' }",
        {"tls.sni": ("differs", "required")},
    ),
    "every request is closed": Case(
        "",
        "return 444;",
        "protocol = 'http'",
        {"protocol": ("agrees", "http"), "proxy_protocol": ("not seen", "")},
    ),
}


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    made = certificates.make(tmp_path_factory.mktemp("certificate"))
    text = f"ssl_certificate {made.file}; ssl_certificate_key {made.key};\n"
    given = {}
    for name, case in CASES.items():
        port = given[name] = free_port()
        listen = f"127.0.0.1:{port} {case.listen}"
        server = case.server.replace("LISTEN", listen).replace("CERTIFICATE", str(made.file))
        if "hosts" in case.spec:
            server = server.replace("api.internal", "localhost")
            listen += " default_server"
        text += f"server {{ listen {listen}; {server} }}\n"
    given["figures"] = free_port()
    text += (
        f"server {{ listen 127.0.0.1:{given['figures']}; keepalive_requests 7; "
        f"keepalive_timeout 1s; client_max_body_size 100k; large_client_header_buffers 4 4k; "
        f"{OK} }}"
        "server { listen unix:SOCKET; }\n"
    )
    with running(text.encode()):
        yield given


@pytest.mark.parametrize("name", CASES)
def test_what_is_seen(name: str, ports: dict[str, int], tmp_path: Path) -> None:
    case = CASES[name]
    found: Facts = facts(asked(tmp_path, case.spec, ports[name]))
    assert {key: found[key] for key in case.seen} == case.seen


def test_figures(ports: dict[str, int], tmp_path: Path) -> None:
    spec = 'server = "nginx"\nkeepalive = { max_requests = 7, idle_timeout = "1s" }\n'
    spec += 'limits = { request_body = "100k", request_headers = "16k", overflow = "answer" }\n'
    wanted = Wanted(0.5, measure=True, longest=3)
    found = facts(asked(tmp_path, spec, ports["figures"], wanted))
    keys = (
        "keepalive.max_requests",
        "keepalive.idle_timeout",
        "limits.request_body",
        "limits.request_headers",
        "limits.overflow",
        "server",
    )
    assert {key: found[key][0] for key in keys} == dict.fromkeys(keys, "agrees")
    assert found["keepalive.idle_timeout"][1] == "1s"
