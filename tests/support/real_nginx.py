"""A real nginx for tests: `nginx -t` on many files, and a short run behind a unix socket.

Everything happens in a temporary folder that is nginx's prefix; nothing listens but a unix socket
in it, and whatever is started is also ended.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from lint502.lab.binary import Nginx

MAIN = "pid nginx.pid;\nevents {\n}\n"
"""What every main file needs, five words long; paths are relative to the prefix."""

HTTP = (
    "access_log off; client_body_temp_path body; proxy_temp_path proxy; "
    "fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n"
)
"""What every ``http`` block needs, so that nginx writes nowhere else."""

_EMERGENCY = re.compile(r"\[emerg\] (?:\d+#\d+: )?(.*?)(?: in [^\n]*?:(\d+))?\n", re.DOTALL)
_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What ``nginx -t`` said; ``message`` and ``line`` of the error that stopped it."""

    accepted: bool
    message: str = ""
    line: int | None = None


@cache
def nginx_command() -> tuple[str, ...]:
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found is None:
        pytest.fail("these tests compare with a real nginx. Install nginx: make test does")
    shown = subprocess.run([found, "-v"], capture_output=True, text=True, timeout=_SECONDS).stderr
    version = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", shown)
    assert version is not None, shown
    error_log = ("-e", "stderr") if tuple(map(int, version.groups())) >= (1, 19, 5) else ()
    return (found, *error_log)


@contextmanager
def prefix() -> Iterator[Path]:
    """A temporary folder with a short path: the name of a unix socket has 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="lint502-") as folder:
        yield Path(folder)


def check_all(configurations: Sequence[bytes], nginx: Nginx | None = None) -> list[Verdict]:
    """What ``nginx -t`` says of each of these main files; the machine's nginx unless another is
    named."""
    command = nginx_command() if nginx is None else nginx.command
    environment = None if nginx is None else {**os.environ, **nginx.environment}
    with prefix() as folder:

        def check(number: int) -> Verdict:
            file = folder / f"{number}.conf"
            file.write_bytes(configurations[number])
            done = subprocess.run(
                [*command, "-t", "-q", "-p", f"{folder}/", "-c", str(file)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                env=environment,
            )
            return _verdict(done.returncode, done.stderr.decode("utf-8", "surrogateescape"))

        with ThreadPoolExecutor(max_workers=4) as pool:
            return list(pool.map(check, range(len(configurations))))


def _verdict(status: int, said: str) -> Verdict:
    if status == 0:
        return Verdict(accepted=True)
    found = _EMERGENCY.search(said)
    assert found is not None, said
    return Verdict(False, found[1], int(found[2]) if found[2] else None)


@contextmanager
def running(http_block: bytes) -> Iterator[Path]:
    """nginx with this text in its ``http`` block; ``unix:SOCKET`` in it is where it listens.

    Gives the path of the socket.
    """
    with prefix() as folder:
        path = folder / "socket"
        http_block = http_block.replace(b"unix:SOCKET", b"unix:" + str(path).encode())
        file = folder / "nginx.conf"
        file.write_bytes(
            b"daemon off; master_process off; error_log stderr;\n"
            + MAIN.encode()
            + b"http {\n"
            + HTTP.encode()
            + http_block
            + b"}\n"
        )
        with (folder / "said").open("w+b") as said:
            process = subprocess.Popen(
                [*nginx_command(), "-p", f"{folder}/", "-c", str(file)],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
            try:
                deadline = time.monotonic() + _SECONDS
                while not _answers(path):
                    ended = process.poll()
                    if ended is not None or time.monotonic() > deadline:
                        said.seek(0)
                        pytest.fail(f"nginx does not start: {said.read()!r}")
                    time.sleep(0.01)
                yield path
            finally:
                process.terminate()
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait(5)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


def answer(path: Path, url: str, host: str = "test") -> tuple[int, bytes]:
    """The status and the body of the answer to a GET."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(_SECONDS)
        client.connect(str(path))
        client.sendall(f"GET {url} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        received = b""
        while part := client.recv(65536):
            received += part
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body


def get(path: Path, url: str, host: str = "test") -> bytes:
    """The body of the answer to a GET, which is 200."""
    status, body = answer(path, url, host)
    assert status == 200, body
    return body
