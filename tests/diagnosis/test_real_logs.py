"""What real nginx of four versions writes is read back: long, forged, decoded."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path

import pytest

from lint502.diagnosis.records import tally
from lint502.diagnosis.statements import Statement
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.real_nginx import HTTP, MAIN, prefix

pytestmark = pytest.mark.slow

REFUSED = "connect() failed (111: Connection refused) while connecting to upstream"
FORGED = '", upstream: "http://6.6.6.6/", host: "forged'
FILE = "/files/x%22%20failed%20(2:%20No),%20client:%206.6.6.6,%20server:%20f%22,%20upstream"

SITE = """
server {
    listen unix:SOCKET;
    server_name shop.example.com;
    location / { proxy_pass http://127.0.0.1:1/; }
    location /files/ { root FOLDER; }
    location /php { fastcgi_pass unix:FOLDER/none.sock; }
    location /private { auth_request /auth; }
    location = /auth { proxy_pass http://127.0.0.1:1/check; }
    location /raw { proxy_pass http://127.0.0.1:1$request_uri; }
}
"""


def sent(path: Path, line: str, *headers: str) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(path))
        head = "\r\n".join((line, *headers, "Connection: close", "", ""))
        client.sendall(head.encode())
        while client.recv(65536):
            pass


@pytest.mark.parametrize("release", RELEASES)
def test_what_nginx_writes_is_read_back(release: str) -> None:
    nginx = nginx_of(release)
    host = "Host: shop.example.com"
    with prefix() as folder:
        site = SITE.replace("SOCKET", f"{folder}/s").replace("FOLDER", str(folder))
        text = f"daemon off; master_process off; error_log {folder}/error.log info;\n{MAIN}"
        (folder / "nginx.conf").write_text(f"{text}http {{\n{HTTP}{site}}}\n")
        process = subprocess.Popen(
            [*nginx.command, "-p", f"{folder}/", "-c", f"{folder}/nginx.conf"],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **nginx.environment},
        )
        try:
            wait(folder / "s", process)
            sent(folder / "s", "GET /a?q HTTP/1.1", host, f"Referer: /{FORGED}")
            sent(folder / "s", 'GET /a",upstream:"http://6.6.6.6 HTTP/1.1', host)
            sent(folder / "s", 'GET /raw",host:"b HTTP/1.1', host)
            sent(folder / "s", f"GET /a{FORGED} HTTP/1.1", host)
            sent(folder / "s", f"GET /{'l' * 3000} HTTP/1.1", host)
            sent(folder / "s", f"GET {FILE} HTTP/1.1", host)
            sent(folder / "s", "GET /files/one%0atwo HTTP/1.1", host)
            sent(folder / "s", "GET /php HTTP/1.0")
            sent(folder / "s", "GET /private HTTP/1.1", host)
        finally:
            process.terminate()
            process.wait(10)
        found = tally([str(folder / "error.log")], lambda statement: statement)
        shop = "shop.example.com"
        said = f"connect() to unix:{folder}/none.sock failed (2: No such file or directory)"
        wanted = {
            Statement("error", REFUSED, shop, request, None, upstream, shop)
            for request, upstream in (
                ("GET /a?q HTTP/1.1", "http://127.0.0.1:1/a?q"),
                (
                    'GET /a",upstream:"http://6.6.6.6 HTTP/1.1',
                    'http://127.0.0.1:1/a",upstream:"http:/6.6.6.6',
                ),
                ('GET /raw",host:"b HTTP/1.1', 'http://127.0.0.1:1/raw",host:"b'),
            )
        } | {
            Statement(
                "crit",
                f"{said} while connecting to upstream",
                shop,
                "GET /php HTTP/1.0",
                None,
                f"fastcgi://unix:{folder}/none.sock:",
            ),
            Statement(
                "error",
                REFUSED,
                shop,
                "GET /private HTTP/1.1",
                "/auth",
                "http://127.0.0.1:1/check",
                shop,
            ),
        }
        old = f"GET /a{FORGED} HTTP/1.1"
        about = {one for one in found.tallies if one.message.startswith("connect()")}
        (cut,) = (one for one in about if one.cut)
        about.remove(cut)
        assert cut == Statement("error", REFUSED, shop, cut.request, cut=True)
        assert cut.request is not None
        assert set(cut.request.removeprefix("GET /")) == {"l"}
        assert len(cut.request) > 1800
        assert {one for one in about if one.request != old} == wanted
        for one in about - wanted:
            assert one.upstream is not None
            assert one.upstream.startswith('http://127.0.0.1:1/a",%20upstream:%20"http')
        decoded = f'open() "{folder}/files/x" failed (2: No)'
        (missing,) = (one for one in found.tallies if one.message.startswith(decoded))
        assert missing.cut or missing.request == f"GET {FILE} HTTP/1.1"
        assert (found.problems, found.unread, found.access) == ([], {}, 0)


def wait(path: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    with socket.socket(socket.AF_UNIX) as client:
        while client.connect_ex(str(path)) != 0:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
