"""A machine in want: that is said, with exit code 2, and nothing is called not confirmed for it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from lint502.lab import bench as benches
from lint502.lab import machine
from lint502.lab.bench import Bench, LabError
from lint502.lab.binary import Nginx, found
from lint502.lab.client import Request
from lint502.lab.errors import MachineError, lack, logged_lack
from lint502.lab.front import FrontBehaviour, FrontClient
from lint502.lab.names import NameServer
from tests.support.nginxes import lacks
from tests.support.sites import http, write

SITE = http("server { location / { proxy_pass http://127.0.0.1:3001; } }")
SPEC = 'complete = true\n[upstream.api]\nhosts = ["127.0.0.1"]\nport = 3000\nprotocol = "http"\n'
DISK = "the disk is full where temporary files are; free some space, or set TMPDIR"
LOOPBACK = "there is no loopback interface with 127.0.0.1, or it is down"


@pytest.fixture
def nginx() -> Nginx:
    try:
        nginx = found()
    except LabError as error:
        lacks(error)
    if nginx is None:
        lacks("there is no nginx")
    return nginx


@pytest.fixture
def site(tmp_path: Path, nginx: Nginx) -> Path:
    site = tmp_path / "site"
    write(site, {"nginx.conf": SITE, "upstreams.toml": SPEC})
    return site


def prove(
    site: Path, before: Sequence[str] = (), *arguments: str, **more: str
) -> tuple[int, str, str]:
    """``lint502 prove``, started by another program."""
    done = subprocess.run(
        [*before, sys.executable, "-m", "lint502", *(arguments or ("prove",))],
        cwd=site,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **more},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


def limited(*limits: str) -> tuple[str, ...]:
    return ("sh", "-c", f'ulimit {" ".join(limits)}; exec "$@"', "sh")


def lacking(why: str) -> str:
    return f"error: prove: this machine cannot show the findings: {why}\n"


def test_a_machine_that_has_all(site: Path) -> None:
    code, out, _ = prove(site)
    assert (code, "1 finding: 1 confirmed" in out) == (1, True)


@pytest.mark.parametrize(
    ("limit", "why"),
    [
        (("-n", "40"), "a process may have 40 open files, and 192 are needed; raise the limit "
         "(ulimit -n)"),
        (("-f", "20"), "files may not get that large; raise the limit (ulimit -f)"),
    ],
)  # fmt: skip
def test_limits(site: Path, limit: tuple[str, ...], why: str) -> None:
    code, out, err = prove(site, limited(*limit))
    assert (code, err) == (2, lacking(why))
    assert "confirmed" not in out
    code, out, err = prove(site, limited(*limit), "check", "--prove", "--format=concise")
    assert (code, err) == (2, lacking(why))
    assert "port-mismatch" in out


def test_a_soft_limit_is_raised(site: Path) -> None:
    code, _, err = prove(site, limited("-S", "-n", "40"))
    assert (code, err) == (1, "")


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with little space left."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk(site: Path, full_disk: Path) -> None:
    (full_disk / "much").write_bytes(bytes(900 * 1024))
    code, out, err = prove(site, TMPDIR=str(full_disk))
    assert (code, err) == (2, lacking(DISK))
    assert "confirmed" not in out
    assert [path.name for path in full_disk.iterdir()] == ["much"]
    with pytest.raises(MachineError, match="the disk is full"):
        machine.check(full_disk)


def test_no_loopback(site: Path) -> None:
    if subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode != 0:
        pytest.skip("no network namespace can be made here")
    code, out, err = prove(site, ("unshare", "-n"))
    assert (code, err) == (2, lacking(LOOPBACK))
    assert "confirmed" not in out


def test_no_temporary_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(benches.tempfile, "gettempdir", none)
    with pytest.raises(MachineError, match=r"^no temporary folder can be made: No usable"):
        machine.require(1)


def test_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    left = [20]
    original = threading.Thread.start

    def start(self: threading.Thread) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise RuntimeError("can't start new thread")
        original(self)

    before = threading.active_count()
    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(MachineError, match="no more processes or threads"):
        machine.require(1)
    assert threading.active_count() == before


def test_an_nginx_that_may_have_few_files(site: Path, nginx: Nginx, tmp_path: Path) -> None:
    """What nginx logs of it is no proof of anything."""
    wrapper = tmp_path / "nginx"
    wrapper.write_text(f'#!/bin/sh\nulimit -n 9\nexec {" ".join(nginx.command)} "$@"\n')
    wrapper.chmod(0o755)
    code, out, err = prove(site, (), "prove", "--nginx", str(wrapper))
    assert (code, "open files" in err) == (2, True), out + err
    assert "confirmed" not in out


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("accept4() failed (24: Too many open files)", "a process may not have that many open "
         "files; raise the limit (ulimit -n)"),
        ('pwrite() "/a" failed (28: No space left on device)', DISK),
        ("connect() failed (111: Connection refused) while connecting to upstream", None),
        ("connect() to [::1]:1 failed (99: Cannot assign requested address)", None),
        ("no live upstreams while connecting to upstream", None),
    ],
)  # fmt: skip
def test_what_nginx_logs(message: str, why: str | None) -> None:
    assert logged_lack(message) == why


def test_errors_that_are_no_lack() -> None:
    for error in (ValueError("x"), RuntimeError("x"), ConnectionRefusedError(111, "x"), OSError()):
        assert lack(error) is None
    assert lack(MemoryError()) == "there is no memory left"


def test_a_front_without_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is no 502 of anybody."""

    def none(*_: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("socket.create_connection", none)
    with pytest.raises(OSError, match="Too many"):
        FrontClient(1, FrontBehaviour()).send(Request())


def test_no_port_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benches, "_binds", lambda *_: False)
    with Bench() as bench:
        for port in (bench.port, bench.closed_port):
            with pytest.raises(LabError, match="no port of the loopback interface is free"):
                port()


def test_a_name_server_ends_without_another_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    names = NameServer({"a.example": ["127.0.0.1"]})

    def none(*_: object, **__: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("socket.socket", none)
    start = time.monotonic()
    names.close()
    assert time.monotonic() - start < 5
