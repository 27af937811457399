"""What an upgrade changes, as nginx of before and after shows it."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from pathlib import Path

import pytest

from lint502.nginx.changes import changes
from lint502.nginx.hops import find_hops
from lint502.nginx.version import Version
from tests.diagnosis.test_routes_on_nginx import free_port, started
from tests.support.nginxes import nginx_of
from tests.support.probes import serving
from tests.support.real_nginx import HTTP, MAIN, prefix
from tests.support.sites import load, write

pytestmark = pytest.mark.slow

SITE = """
    server {
        listen 127.0.0.1:LISTEN;
        location /on { scgi_pass 127.0.0.1:APP; }
        location /off { scgi_request_buffering off; scgi_pass 127.0.0.1:APP; }
    }
"""


def tells_the_length(connection: socket.socket) -> None:
    """Answer with the CONTENT_LENGTH of a request of SCGI."""
    data = b""
    while (size := re.match(rb"(\d+):", data)) is None or len(data) < int(size[1]):
        data += connection.recv(65536)
    length = data.split(b"CONTENT_LENGTH\0")[1].split(b"\0")[0]
    connection.settimeout(0.5)  # the body, if it comes later
    with contextlib.suppress(TimeoutError):
        connection.recv(65536)
    connection.sendall(b"Status: 200 OK\r\nX-Length: " + length + b"\r\n\r\n")


def length_of(port: int, path: str) -> str:
    """What the application is told of the length of a body that comes after the header."""
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        head = f"POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 6\r\n\r\n"
        client.sendall(head.encode())
        time.sleep(0.2)
        client.sendall(b"abcdef")
        answer = b""
        while part := client.recv(65536):
            answer += part
    found = re.search(rb"X-Length: (\d+)", answer)
    return "" if found is None else found[1].decode()


@pytest.mark.parametrize(("release", "unbuffered"), [("trixie", "0"), ("sid", "6")])
def test_the_length_of_an_unbuffered_body(release: str, unbuffered: str) -> None:
    nginx = nginx_of(release)
    port = free_port()
    with prefix() as folder, serving(tells_the_length) as app:
        site = SITE.replace("LISTEN", str(port)).replace("APP", str(app))
        start = f"daemon off; master_process off; error_log error.log;\n{MAIN}http {{\n{HTTP}"
        write(folder, {"nginx.conf": f"{start}{site}}}\n"})
        with started(nginx, folder, folder / "nginx.conf", port):
            assert [length_of(port, path) for path in ("/on", "/off")] == ["6", unbuffered]


def test_it_concerns_the_hops_that_are_unbuffered(tmp_path: Path) -> None:
    (change,) = [one for one in changes() if one.passes == {"scgi"}]
    assert change.version == Version(1, 29, 6)
    site = SITE.replace("LISTEN", "80").replace("APP", "4000")
    tree = load(tmp_path, {"nginx.conf": f"events {{}} http {{ {site} }}"})
    hops, _ = find_hops(tree, Version(1, 26, 3), {})
    found = [hop.location for hop in hops if change.concerns(hop)]
    assert found == ["/off"]
