"""What real nginxes write before upstreams that fail in known ways, explained from their logs."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lint502.diagnosis.causes import Cause, cause_of
from lint502.diagnosis.known import Known
from lint502.diagnosis.pasted import records
from lint502.lab.bench import LOOPBACK, Bench
from lint502.lab.binary import Running
from lint502.lab.client import Request, send
from tests.support.nginxes import RELEASES, nginx_of

PUBLISHED = Known(kind="http", protocol="http", published=True)

LOCATIONS = """
    location /refused  {{ proxy_pass http://{host}:{closed}; }}
    location /missing  {{ proxy_pass http://unix:{folder}/none.sock:/; }}
    location /stale    {{ proxy_pass http://unix:{folder}/stale.sock:/; }}
    location /published {{ proxy_pass http://{host}:{resets}; }}
    location /plain    {{ proxy_pass https://{host}:{plain}; }}
    location /proxied  {{ proxy_pass http://{host}:{proxied}; }}
    location /unserved {{ proxy_pass http://{host}:{plain}; proxy_set_header Host other; }}
    location /big      {{ proxy_pass http://{host}:{plain}; proxy_buffer_size 1k;
                          proxy_buffers 4 1k; proxy_busy_buffers_size 2k; }}
    location /grpc     {{ grpc_pass grpc://{host}:{plain}; }}
    location /fastcgi  {{ fastcgi_pass {host}:{plain}; }}
    location /variable {{ set $name api.test; proxy_pass http://$name; }}
    location /page     {{ proxy_pass http://{host}:{closed}; error_page 502 /none.html; }}
    location = /none.html {{ }}
    location /dead     {{ proxy_pass http://dead; }}
"""
SITE = """
upstream dead {{ server {host}:{closed}; server {host}:{closed2}; }}
server {{ listen {host}:{front}; {locations} }}
server {{ listen {host}:{plain} default_server; return 444; }}
server {{
    listen {host}:{plain};
    server_name {host};
    location / {{ add_header X-Large "{large}"; return 200; }}
}}
server {{ listen {host}:{proxied} proxy_protocol; location / {{ return 200; }} }}
"""

EXPECTED = {
    "/refused": ["refused"],
    "/missing": ["no-such-socket"],
    "/stale": ["socket-refused"],
    "/published": ["reset-early"],
    "/plain": ["not-tls"],
    "/proxied": ["front-proxy-header", "closed-early"],
    "/unserved": ["closed-early"],
    "/big": ["header-too-big"],
    "/grpc": ["http2-answered-otherwise"],
    "/fastcgi": ["fastcgi-answered-otherwise"],
    "/variable": ["no-resolver"],
    "/page": ["refused", "file-missing"],
    "/dead": ["refused", "server-disabled", "refused", "server-disabled"],
    "/dead/again": ["no-live-upstreams"],
}
FIRST_RULE = {
    "/published": "port-mismatch",
    "/plain": "tls-mismatch",
    "/fastcgi": "protocol-mismatch",
    "/grpc": "protocol-mismatch",
    "/variable": "resolver-missing",
}


@contextmanager
def resetting() -> Iterator[int]:
    """A port that takes connections and resets them, as docker-proxy does with nobody behind it."""
    with socket.socket() as listening:
        listening.bind((LOOPBACK, 0))
        listening.listen()

        def serve() -> None:
            while True:
                try:
                    taken, _ = listening.accept()
                except OSError:
                    return
                taken.recv(1)
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                taken.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def shown(text: str, known: Known | None = None) -> list[Cause]:
    """The causes of the lines of a log, but of those below warn."""
    found = [one for record in records(text) for one in record.statements]
    return [cause_of(one, known) for one in found if one.level not in ("info", "notice")]


@pytest.mark.parametrize("release", RELEASES)
def test_the_log_of_a_real_nginx_shows_what_was_wrong(release: str) -> None:
    nginx = nginx_of(release)
    got: dict[str, list[Cause]] = {}
    with Bench() as bench, resetting() as resets, socket.socket(socket.AF_UNIX) as stale:
        stale.bind(f"{bench.folder}/stale.sock")  # and nobody listens
        words = {
            "host": LOOPBACK,
            "folder": bench.folder,
            "closed": bench.closed_port(),
            "closed2": bench.closed_port(),
            "front": bench.port(),
            "plain": bench.port(),
            "proxied": bench.port(),
            "resets": resets,
            "large": "x" * 2000,
        }
        running = Running(bench, nginx, SITE.format(locations=LOCATIONS.format(**words), **words))
        log = running.folder / "error.log"
        read = len(log.read_bytes())
        for path in EXPECTED:
            send(int(words["front"]), Request(path=path))
            written = log.read_bytes()
            text = written[read:].decode("utf-8", "backslashreplace")
            got[path] = shown(text, PUBLISHED if path == "/published" else None)
            read = len(written)
    assert {path: [one.name for one in causes] for path, causes in got.items()} == EXPECTED
    first = {path: got[path][0].candidates[0].rules[0] for path in FIRST_RULE}
    assert first == FIRST_RULE
    assert not got["/page"][1].at_fault
    rules = {rule for one in got["/unserved"][0].candidates for rule in one.rules}
    assert "unserved-host" in rules
