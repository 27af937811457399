from __future__ import annotations

import contextlib
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from lint502.declared.sources.nginx_server import MAX_LISTENERS, listeners
from lint502.declared.upstreams import FIELDS
from lint502.lab.bench import Bench
from lint502.lab.binary import Running
from lint502.nginx.version import Version
from lint502.standing import Standing
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.sites import http, load, stream

OLD = "1.22.1"
NEW = "1.26.3"
_USUAL = {
    "protocol": "http",
    "tls": False,
    "proxy_protocol": False,
    "http_versions": ("1.0", "1.1"),
    "server": f"nginx/{NEW}",
}


def _listeners(folder: Path, text: str, version: str = NEW) -> list[dict[str, Any]]:
    """What is stated, without what is a default."""
    found = listeners(load(folder, {"nginx.conf": text}), Version.parse(version))
    return [
        {key: fact.value for key, fact in one.items() if fact.standing is Standing.STATED}
        for one in found
    ]


def _only(folder: Path, text: str, version: str = NEW) -> dict[str, Any]:
    (one,) = _listeners(folder, http(text), version)
    return one


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("listen 8080;", {"port": 8080}),
        ("listen 8080; listen [::]:8080;", {"port": 8080}),
        ("listen [::]:8080;", {"port": 8080}),
        ("", {"port": 80}),
        ("listen 127.0.0.1:8080;", {"port": 8080, "bind": ("127.0.0.1",)}),
        ("listen localhost:8080;", {"port": 8080, "bind": ("localhost",)}),
        (
            "listen 127.0.0.1:8080; listen [::1]:8080;",
            {"port": 8080, "bind": ("127.0.0.1", "::1")},
        ),
        ("listen 127.0.0.1:8080; listen 8080;", {"port": 8080}),
        ("listen unix:/var/run/web.sock;", {"socket": "/run/web.sock"}),
    ],
)
def test_where_a_server_listens(tmp_path: Path, listen: str, address: dict[str, Any]) -> None:
    assert _only(tmp_path, f"server {{ {listen} }}") == {**_USUAL, **address}


def test_each_port_is_a_listener(tmp_path: Path) -> None:
    text = "server { listen 80; listen 8000-8002; } server { listen 80; listen unix:/s; }"
    found = _listeners(tmp_path, http(text))
    assert [one.get("port", one.get("socket")) for one in found] == ["/s", 80, 8000, 8001, 8002]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("server { listen 80; keepalive_timeout 0; }", {"keepalive": False}),
        ("keepalive_timeout 10s; server { listen 80; }", {"keepalive.idle_timeout": 10_000}),
        ("server { listen 80; keepalive_requests 5; }", {"keepalive.max_requests": 5}),
        (
            "server { listen 80; client_max_body_size 10m; location / { } }",
            {"limits.request_body": 10 * 1024**2},
        ),
        (
            "server { listen 80; large_client_header_buffers 8 16k; }",
            {"limits.request_headers": 128 * 1024},
        ),
        ("server { listen 80 proxy_protocol; }", {"proxy_protocol": True}),
        (
            "server { listen 80; client_max_body_size 2m; } "
            "server { listen 80; server_name b; client_max_body_size 2m; }",
            {"limits.request_body": 2 * 1024**2},
        ),
    ],
)
def test_what_a_server_sets(tmp_path: Path, text: str, expected: dict[str, Any]) -> None:
    assert _only(tmp_path, text) == {**_USUAL, "port": 80, **expected}


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("server { listen 80; client_max_body_size 0; }", {"limits.request_body"}),
        (
            "server { listen 80; location /a { client_max_body_size 9m; } }",
            {"limits.request_body"},
        ),
        (
            "server { listen 80; client_max_body_size 2m; } "
            "server { listen 80; server_name b; client_max_body_size 3m; }",
            {"limits.request_body"},
        ),
        (
            "server { listen 80; if ($arg_x) { keepalive_timeout 0; } location / { } }",
            {"keepalive", "keepalive.idle_timeout"},
        ),
        (
            "server { listen 80; location /a { keepalive_timeout 0; } }",
            {"keepalive", "keepalive.idle_timeout"},
        ),
        ("server { listen 80; keepalive_timeout $x; }", {"keepalive", "keepalive.idle_timeout"}),
    ],
)
def test_what_servers_and_locations_differ_in_is_not_stated(
    tmp_path: Path, text: str, keys: set[str]
) -> None:
    (found,) = listeners(load(tmp_path, {"nginx.conf": http(text)}), Version.parse(NEW))
    usual = {
        "keepalive", "keepalive.idle_timeout", "keepalive.max_requests",
        "keepalive.announces_close", "limits.request_headers", "limits.request_body",
        "limits.overflow", "limits.request_headers_status",
    }  # fmt: skip
    assert "server" not in found
    defaults = {key for key, fact in found.items() if fact.standing is Standing.DEFAULT}
    assert defaults == usual - keys
    assert found["limits.overflow"].profile == f"nginx {NEW}"


def test_an_unseen_include_leaves_what_nothing_can_take_back(tmp_path: Path) -> None:
    text = "server { listen 80; listen 127.0.0.1:443 ssl; include missing.conf; }"
    assert _listeners(tmp_path, http(text)) == [
        {"port": 80, "protocol": "http"},
        {"port": 443, "protocol": "http", "tls": True},
    ]


def test_a_fragment_is_not_seen_whole(tmp_path: Path) -> None:
    tree = load(tmp_path, {"conf.d/site.conf": "server { listen 80; }"}, "conf.d/site.conf")
    (found,) = listeners(tree, Version.parse(NEW))
    assert sorted(found) == ["port", "protocol"]
    fragment = {"location.conf": "location / { proxy_pass http://api; }"}
    assert listeners(load(tmp_path, fragment, "location.conf"), Version.parse(NEW)) == []


_CERTIFICATE = "ssl_certificate c; ssl_certificate_key k;"


@pytest.mark.parametrize(
    ("text", "version", "expected"),
    [
        ("server { listen 443 ssl; }", NEW, {}),
        ("server { listen 443; ssl on; }", "1.24.0", {"server": "nginx/1.24.0"}),
        ("server { listen 443 ssl http2; }", NEW, {"http_versions": ("1.0", "1.1", "2")}),
        ("server { listen 443 ssl; http2 on; }", NEW, {"http_versions": ("1.0", "1.1", "2")}),
        (
            "server { listen 443 ssl; ssl_protocols TLSv1.3 TLSv1.2; }",
            NEW,
            {"tls.versions": ("TLSv1.2", "TLSv1.3")},
        ),
        (
            "server { listen 443 ssl; ssl_verify_client on; }",
            NEW,
            {"tls.client_certificate": "required"},
        ),
        (
            "server { listen 443 ssl; ssl_verify_client optional_no_ca; }",
            NEW,
            {"tls.client_certificate": "optional"},
        ),
        (
            "server { listen 443 ssl; ssl_reject_handshake on; client_max_body_size 9m; } "
            "server { listen 443; server_name a; http2 on; }",
            NEW,
            {"tls.sni": "required", "http_versions": ("1.0", "1.1", "2")},
        ),
        (
            "server { listen 443 ssl; } "
            "server { listen 443; server_name a; ssl_reject_handshake on; }",
            NEW,
            {},
        ),
        (
            "server { listen 443 ssl; ssl_protocols TLSv1.2; } "
            "server { listen 443; server_name a; ssl_protocols TLSv1.3; }",
            NEW,
            {},
        ),
    ],
)
def test_what_a_server_says_of_tls(
    tmp_path: Path, text: str, version: str, expected: dict[str, Any]
) -> None:
    usual = {**_USUAL, "port": 443, "tls": True}
    assert _only(tmp_path, text, version) == {**usual, **expected}


def test_a_client_certificate_that_is_wanted_goes_with_its_server(tmp_path: Path) -> None:
    text = "server { listen 443 ssl; ssl_verify_client on; client_max_body_size 0; }"
    assert "tls.client_certificate" not in _only(tmp_path, text)


@pytest.mark.parametrize(
    ("listen", "version", "expected"),
    [
        ("listen 80 http2;", OLD, ("2",)),
        ("listen 80 http2;", NEW, ("1.0", "1.1", "2")),
        ("listen 80; http2 on;", NEW, ("1.0", "1.1", "2")),
        ("listen 80; http2 off;", NEW, ("1.0", "1.1")),
    ],
)
def test_which_versions_of_http_a_plain_listener_takes(
    tmp_path: Path, listen: str, version: str, expected: tuple[str, ...]
) -> None:
    assert _only(tmp_path, f"server {{ {listen} }}", version)["http_versions"] == expected


@pytest.mark.parametrize(
    ("default", "names", "expected"),
    [
        ("return 444;", "a.example *.b.example", ("a.example", "*.b.example")),
        ("location / { return 444; }", "a.example", ("a.example",)),
        ("return 404;", "a.example", None),
        ("if ($arg_x) { return 200; } return 444;", "a.example", None),
        ("location /a { return 200; } location / { return 444; }", "a.example", None),
        ("return 444;", "~^a", None),
        ("return 444;", "www.*", None),
        ("include missing.conf; return 444;", "a.example", None),
    ],
)
def test_which_hosts_are_closed_on(
    tmp_path: Path, default: str, names: str, expected: tuple[str, ...] | None
) -> None:
    text = f"server {{ listen 80; {default} }} server {{ listen 80; server_name {names}; }}"
    found = _only(tmp_path, text)
    assert found.get("virtual_hosts") == expected
    assert found.get("unknown_host") == (None if expected is None else "close")


def test_listeners_of_stream(tmp_path: Path) -> None:
    text = (
        "server { listen 53 udp; proxy_pass a:1; } server { listen 127.0.0.1:54; proxy_pass a:1; } "
        "server { listen 55 ssl proxy_protocol; proxy_pass a:1; }"
    )
    assert _listeners(tmp_path, stream(text)) == [
        {"port": 53, "protocol": "udp"},
        {"port": 54, "bind": ("127.0.0.1",)},
        {"port": 55, "tls": True, "proxy_protocol": True},
    ]


def test_where_it_is_stated(tmp_path: Path) -> None:
    text = http(
        "\nkeepalive_timeout 10;"
        "\nserver {"
        "\n    listen 443;"
        "\n    listen [::]:443 ssl;"
        "\n    server_name a;"
        "\n}"
        "\nserver { listen 443 ssl; }"
    )
    (found,) = listeners(load(tmp_path, {"nginx.conf": text}), Version.parse(NEW))
    places = {key: (fact.place.line, fact.place.column) for key, fact in found.items()}
    assert places == {
        "port": (4, 5),
        "protocol": (4, 5),
        "tls": (8, 10),
        "proxy_protocol": (4, 5),
        "http_versions": (4, 5),
        "keepalive.idle_timeout": (2, 1),
        "server": (4, 5),
    }


def test_every_key_is_one_of_a_listener(tmp_path: Path) -> None:
    text = (
        "server { listen 443 ssl proxy_protocol; ssl_reject_handshake on; } "
        "server { listen 443; server_name a; ssl_verify_client on; ssl_protocols TLSv1.3; "
        "keepalive_timeout 5; keepalive_requests 7; client_max_body_size 5m; "
        "large_client_header_buffers 4 16k; http2 on; } "
        "server { listen 80; return 444; } server { listen 80; server_name a; } "
        "server { listen unix:/s; client_max_body_size 0; } server { listen 127.0.0.1:81; }"
    )
    for one in listeners(load(tmp_path, {"nginx.conf": http(text)}), Version.parse(NEW)):
        assert set(one) <= set(FIELDS)


def test_very_many_ports_are_bounded(tmp_path: Path) -> None:
    text = http("server { listen 1-65535; } " * 3)
    found = listeners(load(tmp_path, {"nginx.conf": text}), Version.parse(NEW))
    assert len(found) == MAX_LISTENERS


_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
_REAL = """
server {{ listen 127.0.0.1:{0} http2; return 200 x; }}
server {{ listen 127.0.0.1:{1}; {http2} return 200 x; }}
server {{ listen 127.0.0.1:{2} ssl; {reject} }}
server {{ listen 127.0.0.1:{2}; server_name a.example; {certificate} return 200 x; }}
server {{ listen 127.0.0.1:{3}; return 444; }}
server {{ listen 127.0.0.1:{3}; server_name a.example; return 200 x; }}
server {{ listen 127.0.0.1:{4}; keepalive_timeout 0; client_max_body_size 1k;
          location / {{ proxy_pass http://127.0.0.1:{1}; }} }}
server {{ listen 127.0.0.1:{5} ssl; {certificate} ssl_protocols TLSv1.2; ssl_verify_client on;
          ssl_client_certificate {folder}/c; return 200 x; }}
server {{ listen 127.0.0.1:{6} proxy_protocol; return 200 x; }}
"""


@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES)
def test_nginx_does_what_is_stated(tmp_path: Path, release: str) -> None:
    nginx = nginx_of(release)
    certificate = trustme.CA().issue_cert("a.example")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "c")
    certificate.private_key_pem.write_to_path(tmp_path / "k")
    files = f"ssl_certificate {tmp_path}/c; ssl_certificate_key {tmp_path}/k;"
    with Bench() as bench:
        ports = [bench.port() for _ in range(7)]
        rejects = nginx.version >= Version(1, 19, 4)
        text = _REAL.format(
            *ports,
            folder=tmp_path,
            certificate=files,
            reject="ssl_reject_handshake on;" if rejects else files,
            http2="http2 on;" if nginx.version >= Version(1, 25, 1) else "",
        )
        Running(bench, nginx, text)
        tree = load(tmp_path, {"nginx.conf": http(text)})
        assert tree.problems == ()
        stated = {
            one["port"].value: {key: fact.value for key, fact in one.items()}
            for one in listeners(tree, nginx.version)
        }
        for port in ports[:2]:
            http1, http2 = _said(port, _GET), _said(port, _PREFACE)
            takes = ("1.0", "1.1") if http1.startswith(b"HTTP/1.1 200") else ()
            is_http2 = http2[3:4] == b"\4" and b"\x07\0\0\0\0\0" not in http2[:60]
            assert stated[port]["http_versions"] == (*takes, *(("2",) if is_http2 else ()))
        assert stated[ports[2]].get("tls.sni") == ("required" if rejects else None)
        assert _shakes(ports[2], None) is not rejects
        assert _shakes(ports[2], "a.example")
        assert stated[ports[3]]["virtual_hosts"] == ("a.example",)
        assert _said(ports[3], _GET).startswith(b"HTTP/1.1 200")
        assert _said(ports[3], _GET.replace(b"a.example", b"b.example")) == b""
        assert stated[ports[4]]["keepalive"] is False
        assert b"Connection: close" in _said(ports[4], _GET)
        assert stated[ports[4]]["limits.request_body"] == 1024
        large = _GET.replace(b"\r\n\r\n", b"\r\nContent-Length: 1025\r\n\r\n")
        assert _said(ports[4], large).startswith(b"HTTP/1.1 413")
        assert stated[ports[5]]["tls.client_certificate"] == "required"
        assert stated[ports[5]]["tls.versions"] == ("TLSv1.2",)
        assert _said(ports[5], _GET, "a.example").startswith(b"HTTP/1.1 400")
        assert not _shakes(ports[5], "a.example", ssl.TLSVersion.TLSv1_3)
        assert stated[ports[6]]["proxy_protocol"] is True
        assert _said(ports[6], _GET) == b""
        proxied = b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n" + _GET
        assert _said(ports[6], proxied).startswith(b"HTTP/1.1 200")


_GET = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"


def _context(minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = minimum
    return context


def _said(port: int, sent: bytes, name: str | None = None) -> bytes:
    """The start of what comes back; nothing where the connection is closed."""
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        if name is None:
            return _received(client, sent)
        with _context().wrap_socket(client, server_hostname=name) as secured:
            return _received(secured, sent)


def _received(client: socket.socket, sent: bytes) -> bytes:
    client.sendall(sent)
    received = b""
    with contextlib.suppress(TimeoutError, ConnectionResetError):
        client.settimeout(5)
        received = client.recv(4096)
        client.settimeout(0.3)
        while more := client.recv(4096):
            received += more
    return received


def _shakes(port: int, name: str | None, minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2) -> bool:
    """Whether a handshake succeeds."""
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        try:
            with _context(minimum).wrap_socket(client, server_hostname=name):
                return True
        except ssl.SSLError:
            return False
