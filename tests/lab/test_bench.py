"""A bench leaves nothing behind, however its process ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lint502.lab.bench import Bench, LabError, listens
from tests.support.signals import interrupts

CHECKOUT = Path(__file__).parents[2]
SITE = {
    "nginx.conf": """\
events {}
http {
    upstream api {
        server 127.0.0.1:3000;
        keepalive 16;
    }
    server {
        listen 8080;
        location / {
            proxy_pass http://api;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
    }
}
""",
    "upstreams.toml": '[upstream.api]\nport = 3000\nserver = "node"\n',
}
"""A race: to watch it takes some seconds."""


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_children_ports_and_folder_are_gone_at_the_end() -> None:
    with Bench() as bench:
        port, closed = bench.port(), bench.closed_port()
        command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
        child = bench.start(command, "web")
        bench.wait_until(lambda: listens(port), child, "web")
        assert bench.folder.is_dir()
        assert not listens(closed)
    assert not bench.folder.exists()
    assert child.returncode == -signal.SIGTERM
    assert not listens(port)


def test_a_child_that_does_not_want_to_end_is_killed() -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    with Bench() as bench:
        (bench.folder / "stubborn.py").write_text(
            stubborn + "open('ready', 'w').close()\ntime.sleep(60)\n"
        )
        child = bench.start([sys.executable, "stubborn.py"], "stubborn")
        bench.wait_until((bench.folder / "ready").exists, child, "stubborn")
    assert child.returncode == -signal.SIGKILL


def test_a_child_that_nobody_knows_of_is_killed() -> None:
    """An interrupt may come when a child runs, but before its start has returned."""
    with Bench() as bench:
        sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
        child = subprocess.Popen(sleep, cwd=bench.folder, start_new_session=True)
    assert child.wait(20) == -signal.SIGKILL


def test_a_child_that_ends_too_early_is_quoted() -> None:
    with Bench() as bench:
        child = bench.start([sys.executable, "-c", "print('no such thing')"], "sad")
        with pytest.raises(LabError, match="sad has ended; it said:\nno such thing"):
            bench.wait_until(lambda: False, child, "sad")


def test_what_cannot_be_started() -> None:
    with Bench() as bench, pytest.raises(LabError, match="/no/such cannot be started: No such"):
        bench.start(["/no/such"], "none")


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_a_run_that_is_interrupted(end: signal.Signals, tmp_path: Path) -> None:
    temporary = Path(tempfile.mkdtemp(prefix="t"))  # short, as the path of a socket has to be
    for name, text in SITE.items():
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "lint502", "prove", "nginx.conf"]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "TMPDIR": str(temporary)}
    with (
        interrupts(ignored=False),
        subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process,
    ):
        try:
            running = lambda: list(temporary.glob("*/nginx-*/nginx.pid"))  # noqa: E731
            assert eventually(lambda: bool(running())), process.communicate()
            assert processes_in(temporary)
            process.send_signal(end)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode in (130, -end), (out, err)
    assert b"Traceback" not in err
    assert eventually(lambda: not processes_in(temporary))
    assert eventually(lambda: not list(temporary.iterdir()))
    temporary.rmdir()


def processes_in(folder: Path) -> list[int]:
    """The processes whose command line or working directory is in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            about = (process / "cmdline").read_bytes() + bytes((process / "cwd").readlink())
        except OSError:
            continue
        if str(folder).encode() in about:
            found.append(int(process.name))
    return found
