"""All cases in one configuration before a real nginx, and what it writes while they are asked."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from lint502.lab.binary import Nginx
from lint502.lab.standins.certificates import Authority
from tools.evaluate.cases import Ask, Case, Means

_MARK = re.compile(r" *#=(\S*)$", re.MULTILINE)
_PLACE = re.compile(r"@((?:[\w-]+:)?[\w-]+)(?:\.(port|path|folder))?@")
_SECONDS = 20.0
_STILL = 0.02
_LATE = 2.0

_MAIN = """\
{module}user nobody nogroup;
daemon off;
worker_processes 1;
pid nginx.pid;
error_log error.log info;
events {{
    worker_connections 512;
}}
http {{
    log_format upstream '$remote_addr [$time_local] "$request" $status $upstream_addr '
                        '$upstream_status $upstream_connect_time $upstream_header_time '
                        '$upstream_response_time $request_time';
    access_log access.log upstream;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    large_client_header_buffers 4 16k;
{http}
    server {{
        listen 127.0.0.1:@P0@;
        server_name shop.example;
{server}
    }}
}}
stream {{
{stream}
}}
"""


class NotStartedError(Exception):
    """nginx does not start; ``str()`` is what it said."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of a case: what it left in the error log, and what the client got."""

    case: str
    ask: Ask
    log: bytes
    status: int | None


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a run: ``hops`` are the lines of the passes by case and mark."""

    folder: Path
    hops: dict[tuple[str, str], int]
    asked: tuple[Asked, ...]

    @property
    def configuration(self) -> Path:
        """The main file."""
        return self.folder / "nginx.conf"

    @property
    def claims(self) -> Path:
        """What is claimed of the servers, all of it true."""
        return self.folder / "upstreams.toml"

    @property
    def error_log(self) -> Path:
        """The error log."""
        return self.folder / "error.log"

    @property
    def access_log(self) -> Path:
        """The access log."""
        return self.folder / "access.log"


def fitting(cases: Sequence[Case], nginx: Nginx) -> list[Case]:
    """The cases that a version of nginx can have."""
    branch = (nginx.version.major, nginx.version.minor)
    return [one for one in cases if one.since <= branch < one.before]


def run(nginx: Nginx, folder: Path, cases: Sequence[Case]) -> Ran:
    """Ask a real nginx for all that the cases ask, one after the other."""
    folder.chmod(0o711)
    (folder / "sockets").mkdir(mode=0o711)
    means = Means(str(folder / "sockets"), Authority(), Authority())
    means.known.write(folder)
    with ExitStack() as stack:
        places: dict[str, str] = {}
        for case in cases:
            for name, make in case.servers.items():
                place = make(means)
                stack.callback(place.close)
                places[f"{case.name}:{name}"] = place.text
        texts = _Texts(folder, places)
        text, hops = _written(nginx, cases, texts)
        (folder / "nginx.conf").write_text(text, encoding="utf-8")
        claims = "\n".join(texts.of(case.name, case.claims) for case in cases if case.claims)
        (folder / "upstreams.toml").write_text(claims, encoding="utf-8")
        stack.enter_context(_running(nginx, folder, texts.port("P0")))
        log, asked = folder / "error.log", []
        start = log.stat().st_size
        for case in cases:
            for ask in case.asks:
                asked.append(_asked(log, case.name, ask, texts, start))
                start += len(asked[-1].log)
    return Ran(folder, hops, tuple(asked))


class _Texts:
    """Puts addresses into texts."""

    def __init__(self, folder: Path, places: dict[str, str]) -> None:
        self._folder = folder
        self._places = places
        self._ports: dict[str, int] = {}

    def port(self, name: str) -> int:
        """The port that nginx listens on by a name."""
        if name not in self._ports:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self._ports[name] = free.getsockname()[1]
        return self._ports[name]

    def of(self, case: str, text: str) -> str:
        """A text of a case with the addresses."""

        def fill(match: re.Match[str]) -> str:
            name, part = match.groups()
            if name == "folder":
                return str(self._folder)
            place = self._places.get(name) or self._places.get(f"{case}:{name}")
            if place is None:
                return str(self.port(name))
            path = place.removeprefix("unix:")
            if part == "folder":
                return str(Path(path).parent)
            return {None: place, "path": path, "port": place.rpartition(":")[2]}[part]

        return _PLACE.sub(fill, text)


def _written(
    nginx: Nginx, cases: Sequence[Case], texts: _Texts
) -> tuple[str, dict[tuple[str, str], int]]:
    parts = {"http": "", "server": "", "stream": ""}
    for case in cases:
        text = _MARK.sub(rf" #={case.name}/\1", case.text)
        parts[case.within] += texts.of(case.name, text)
    module = f'load_module "{nginx.stream}";\n' if nginx.stream else ""
    text = texts.of("", _MAIN.format(module=module, **parts))
    hops = {}
    for number, line in enumerate(text.split("\n"), 1):
        found = _MARK.search(line)
        if found is not None:
            name, _, mark = found[1].partition("/")
            hops[name.removesuffix("-servers"), mark] = number
    return _MARK.sub("", text), hops


@contextmanager
def _running(nginx: Nginx, folder: Path, port: int) -> Iterator[None]:
    said = folder / "said"
    with said.open("wb") as stderr:
        process = subprocess.Popen(
            [*nginx.command, "-p", f"{folder}/", "-c", str(folder / "nginx.conf")],
            stdin=subprocess.DEVNULL,
            stdout=stderr,
            stderr=stderr,
            env={**os.environ, **nginx.environment},
        )
        try:
            deadline = time.monotonic() + _SECONDS
            while not _listens(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise NotStartedError(said.read_text("utf-8", "replace"))
                time.sleep(0.02)
            yield
        finally:
            process.terminate()
            process.wait(_SECONDS)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _asked(log: Path, case: str, ask: Ask, texts: _Texts, start: int) -> Asked:
    with ThreadPoolExecutor(ask.at_once) as pool:
        answers = list(pool.map(lambda _: _send(ask, texts), range(ask.at_once)))
    deadline = time.monotonic() + _LATE
    while True:
        written = _settled(log, start)
        if written.count(b"\n") >= len(ask.expected) or time.monotonic() > deadline:
            return Asked(case, ask, written, answers[0])


def _settled(log: Path, start: int) -> bytes:
    """What a log has got from a place on, once nothing is added to it any more."""
    size, since = log.stat().st_size, time.monotonic()
    while time.monotonic() - since < _STILL:
        time.sleep(0.005)
        now = log.stat().st_size
        if now != size:
            size, since = now, time.monotonic()
    with log.open("rb") as file:
        file.seek(start)
        return file.read(size - start)


def _send(ask: Ask, texts: _Texts) -> int | None:
    """The status that the client gets, None for none."""
    name = ask.port
    if name.startswith("udp:"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(ask.path.encode(), ("127.0.0.1", texts.port(name[4:])))
            time.sleep(0.7)
        return None
    data = _request(ask, texts) if name in ("P0", "P1") else ask.path.encode()
    received = b""
    with socket.create_connection(("127.0.0.1", texts.port(name)), _SECONDS) as client:
        with contextlib.suppress(OSError):
            client.sendall(data)
        if ask.leaves is not None:
            time.sleep(ask.leaves)
            return None
        with contextlib.suppress(OSError):
            while part := client.recv(1 << 16):
                received = (received + part)[:4096]
    found = re.match(rb"HTTP/1\.[01] (\d{3})", received)
    return int(found[1]) if found else None


def _request(ask: Ask, texts: _Texts) -> bytes:
    if ask.raw is not None:
        return texts.of("", ask.raw.decode()).encode()
    lines = [f"{ask.method} {ask.path} HTTP/1.1", f"Host: {texts.of('', ask.host)}", *ask.headers]
    if ask.body:
        lines.append(f"Content-Length: {ask.body}")
    head = "\r\n".join((*lines, "Connection: close", "", ""))
    return head.encode() + b"b" * ask.body
