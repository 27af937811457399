"""Chains of nginx with HAProxy and Varnish, before it and behind it: what the client gets."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from lint502 import programs
from lint502.ladder.climb import ladder
from lint502.ladder.wanted import Wanted
from lint502.nginx.version import Version
from lint502.options import Options
from tests.diagnosis.test_routes_on_nginx import free_port, started
from tests.ladder.test_on_nginx import asked, request, silent
from tests.support.nginxes import lacks, nginx_of
from tests.support.probes import serving
from tests.support.real_nginx import HTTP, MAIN, prefix
from tests.support.sites import examine, write

pytestmark = pytest.mark.slow

HAPROXY = """
defaults
    mode http
    timeout connect 1s
    timeout client 20s
    timeout server {milliseconds}ms
listen one
    bind 127.0.0.1:{listen}
    server next 127.0.0.1:{next}
"""
VARNISH = """vcl 4.0;
backend next {{ .host = "127.0.0.1"; .port = "{next}"; .first_byte_timeout = {milliseconds}ms; }}
"""


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        deadline = time.monotonic() + 30
        with socket.socket() as probe:
            while probe.connect_ex(("127.0.0.1", port)):
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"{command[0]} does not start")
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _program(name: str) -> str:
    found = programs.found(name, "/usr/sbin", "/usr/local/sbin")
    return found or lacks(f"there is no {name}; scripts/ensure-servers installs it")


@contextmanager
def proxy(kind: str, folder: Path, behind: int, milliseconds: int) -> Iterator[int]:
    """HAProxy or Varnish, which waits so long for a port; its own port."""
    listen = free_port()
    if kind == "haproxy":
        file = folder / f"{listen}.cfg"
        file.write_text(HAPROXY.format(listen=listen, next=behind, milliseconds=milliseconds))
        command = [_program("haproxy"), "-f", str(file)]
    else:
        file = folder / f"{listen}.vcl"
        file.write_text(VARNISH.format(next=behind, milliseconds=milliseconds))
        place = folder / str(listen)
        place.mkdir()
        command = [_program("varnishd"), "-F", "-a", f"127.0.0.1:{listen}", "-f", str(file)]
        command += ["-n", str(place), "-j", "none"]  # its user may not enter our folder
    with _running(command, listen):
        yield listen


@pytest.mark.parametrize(
    ("front", "waits", "behind", "expected"),
    [
        (None, 3000, ("haproxy", 1000), ("api", 504, 1000)),
        (None, 1000, ("haproxy", 3000), ("nginx", 504, 1000)),
        (None, 3000, ("varnish", 1000), ("api", 503, 1000)),
        (1000, 3000, None, ("edge", 504, 1000)),
        (3000, 1000, None, ("nginx", 504, 1000)),
        (1000, 3000, ("varnish", 2000), ("edge", 504, 1000)),
    ],
)
def test_who_gives_up_first(
    front: int | None,
    waits: int,
    behind: tuple[str, int] | None,
    expected: tuple[str, int, int],
) -> None:
    nginx = nginx_of("bookworm")
    with ExitStack() as stack:
        folder = stack.enter_context(prefix())
        target = stack.enter_context(serving(silent))
        spec = ""
        if behind is not None:
            kind, milliseconds = behind
            target = stack.enter_context(proxy(kind, folder, target, milliseconds))
            spec = f'server = "{kind}"\ntimeouts.request = "{milliseconds}ms"\n'
        listen = free_port()
        spec = f"[upstream.api]\nport = {target}\n{spec}"
        if front is not None:
            spec += f'[front.edge]\nkind = "haproxy"\nread_timeout = "{front}ms"\n'
        conf = (
            f"daemon off; master_process off; error_log error.log;\n{MAIN}http {{\n{HTTP}"
            f"proxy_read_timeout {waits}ms;\nserver {{ listen 127.0.0.1:{listen};\n"
            f"location / {{ proxy_pass http://127.0.0.1:{target}; }} }} }}\n"
        )
        write(folder, {"nginx.conf": conf, "upstreams.toml": spec})
        stack.enter_context(started(nginx, folder, folder / "nginx.conf", listen))
        entry = listen
        if front is not None:
            entry = stack.enter_context(proxy("haproxy", folder, listen, front))
        options = Options(
            working_directory=folder,
            roots=(str(folder / "nginx.conf"),),
            version=Version(*nginx.version),
            version_origin="option",
        )
        found = ladder(examine(options), Wanted.read("http://lab.example/", "GET", []))
        first = found.routes[0].first
        status, seconds = asked(entry, request("/"))
    assert first is not None
    assert (first.by, first.status, first.after) == expected
    assert status == first.status
    assert abs(seconds - expected[2] / 1000) < 0.9
