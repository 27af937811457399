"""The hops of records that real nginx has written, of sites with many hops behind one address.

What they pass on to reads the number of the pass from each request, and closes the connection: that
is the truth.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from lint502.diagnosis.routes import Routes
from lint502.diagnosis.statements import Statement
from lint502.lab.binary import Nginx
from lint502.nginx.version import Version
from lint502.options import Options
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.real_nginx import HTTP, MAIN, prefix
from tests.support.routed_sites import Ask, RoutedSite
from tests.support.sites import OLD, examine

_HOP = re.compile(rb"HOP-(\d+)-")
_REQUEST = re.compile(rb"REQ-(\d+)-")
_FIELDS = re.compile(
    r"\[(?P<level>\w+)\] \d+#\d+: \*\d+ (?P<message>.*?), client: [^,]*, server: (?P<server>.*?), "
    r'request: "(?P<request>.*? HTTP/1\.1)"(?:, subrequest: "(?P<subrequest>.*?)")?'
    r'(?:, upstream: "(?P<upstream>.*?)")?(?:, host: "(?P<host>.*?)")?$',
    re.DOTALL,
)
_CUT = re.compile(
    r"\[(?P<level>\w+)\] \d+#\d+: \*\d+ (?P<message>.*?), client: [^,]*, server: (?P<server>.*?), "
    r'request: "(?P<request>.*)$',
    re.DOTALL,
)
_OF_AN_UPSTREAM = re.compile(r"while (?:reading response header from|sending request to) upstream")
_SECONDS = 10


class Closing:
    """Closes each connection once it knows the request and the hop; ``seen`` has both. ``inner``
    is added to the number: a pass in a block sends that of the one around. The requests that are
    ``redirecting`` it answers with an ``X-Accel-Redirect``."""

    def __init__(self, *, inner: int = 0) -> None:
        self._inner = inner
        self.redirecting: frozenset[int] = frozenset()
        self.seen: list[tuple[int, int]] = []
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            with client:
                client.settimeout(2)
                try:
                    self._take(client)
                except OSError:
                    continue

    def _take(self, client: socket.socket) -> None:
        data = b""
        while part := client.recv(1 << 16):
            data += part
            hop, request = _HOP.search(data), _REQUEST.search(data)
            if hop is None or request is None:
                continue
            number = int(request[1])
            self.seen.append((number, int(hop[1]) + self._inner))
            if number in self.redirecting and b"/int/" not in data.split(b"\r\n")[0]:
                to = (f"/int/{number}", "@other", "/int/a%20b?x")[number % 3]
                client.sendall(f"HTTP/1.0 200 OK\r\nX-Accel-Redirect: {to}\r\n\r\n".encode())
            return


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def started(nginx: Nginx, folder: Path, file: Path, port: int) -> Iterator[None]:
    process = subprocess.Popen(
        [*nginx.command, "-p", f"{folder}/", "-c", str(file)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **nginx.environment},
    )
    try:
        deadline = time.monotonic() + _SECONDS
        with socket.socket() as probe:
            while probe.connect_ex(("127.0.0.1", port)):
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail((folder / "error.log").read_text())
                time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(_SECONDS)


def ask(request: Ask, number: int, ports: list[int]) -> None:
    path, mark, fragment = request.target.replace("{number}", str(number)).partition("#")
    target = f"{path}{'&' if '?' in path else '?'}r={number}{mark}{fragment}"
    host = f"{request.host}:{ports[request.port]}" if number % 4 else request.host
    with socket.create_connection(("127.0.0.1", ports[request.port]), _SECONDS) as client:
        client.sendall(
            f"{request.method} {target} HTTP/1.1\r\nHost: {host}\r\nX-Request: {number}\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        try:
            while client.recv(1 << 16):
                pass
        except OSError:
            pass


def statements(log: str) -> Iterator[tuple[int, Statement]]:
    """The records of requests that failed at an upstream, each with the number of its request."""
    for record in re.split(r"\n(?=\d{4}/\d\d/\d\d )", log.strip()):
        fields = _FIELDS.search(record) or _CUT.search(record)
        if fields is None or _OF_AN_UPSTREAM.search(fields["message"]) is None:
            continue
        statement = Statement(**fields.groupdict(), cut=fields.re is _CUT)
        number = re.search(r"[?&]r=(\d+)|/n(\d+)n", statement.request or "")
        assert number is not None, record
        yield int(number[1] or number[2]), statement


def outcome(nginx: Nginx, seed: int, count: int) -> Counter[str]:
    """How many records have the right hop, an unknown one, or an unknown one since they are cut."""
    site = RoutedSite(seed)
    places = {"A": Closing(), "B": Closing(), "C": Closing(inner=1), "X": Closing()}
    requests = site.requests(count)
    short = (number for number, one in enumerate(requests) if len(one.target) < 1000)
    places["X"].redirecting = frozenset(short)
    ports = [free_port(), free_port()]
    names = {name: place.address for name, place in places.items()}
    names |= {"P0": str(ports[0]), "P1": str(ports[1])}
    text = re.sub(r"\{([ABCXP][01]?)\}", lambda match: names[match[1]], site.text)
    with ExitStack() as stack:
        folder = stack.enter_context(prefix())
        for place in places.values():
            stack.callback(place.close)
        file = folder / "nginx.conf"
        start = f"daemon off; master_process off; error_log error.log;\n{MAIN}http {{\n{HTTP}"
        text = f"{start}large_client_header_buffers 4 16k;\n{text}}}\n"
        file.write_text(text)
        with started(nginx, folder, file, ports[0]):
            for number, request in enumerate(requests):
                ask(request, number, ports)
        log = (folder / "error.log").read_text()
        options = Options(
            working_directory=folder,
            roots=(str(file),),
            version=Version.parse(OLD),
            version_origin="option",
        )
        result = examine(options)
    numbers: dict[int, int] = {}
    for line, written in enumerate(text.split("\n"), 1):
        if re.match(r"\w+_pass ", written):
            numbers[line] = len(numbers) + 1
    hops = {hop.id: numbers[hop.place.line] for hop in result.report.hops}
    truth = {one for place in places.values() for one in place.seen}
    routes = Routes(result)
    found: Counter[str] = Counter()
    for number, statement in statements(log):
        place = routes.place(statement)
        if place.hop is None:
            found["cut" if statement.cut else "unknown"] += 1
            assert any((number, hops[hop]) in truth for hop in place.hops), (statement, place)
        elif (number, hops[place.hop]) in truth:
            found["right"] += 1
        else:
            pytest.fail(f"of site {seed}, {statement} is not of hop {hops[place.hop]}")
    return found


@pytest.mark.parametrize("release", RELEASES)
def test_the_hops_of_records_are_right(release: str) -> None:
    seed = 4 * RELEASES.index(release)
    found = sum((outcome(nginx_of(release), seed + one, 100) for one in range(2)), Counter())
    assert found["right"] > 100
    assert found["right"] >= 0.97 * (found["right"] + found["unknown"]), found
