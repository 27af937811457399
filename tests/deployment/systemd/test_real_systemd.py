"""Units as systemd itself reads them: its own test run lists what it has understood."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.deployment.systemd.conftest import Units

SYSTEMD = Path("/lib/systemd/systemd")

SERVICE = r"""
[Service]
Type=oneshot
Environment=ONE='one' "TWO='two two' too" THREE= a=b\x41c
Environment="FOUR=x y"  FIVE="q"r's t'
ExecStart=/bin/true
ExecStart=
ExecStart=/bin/echo zero a'b c'd "x\"y" 'single \x41' \
  # a comment
  ; another one
    last%%d %p-%n "" x\u00e9y
SuccessExitStatus=1
"""
SOCKET = r"""
[Socket]
ListenStream=1
ListenStream=
ListenStream=8000
ListenStream=127.0.0.1:8001
ListenStream=[::1]:8002
ListenStream=/tmp/lint502-never.sock
SocketMode=0660
Service=read.service
"""


def understood(folder: Path) -> dict[str, list[str]]:
    """What systemd has made of ``read.service`` and ``read.socket``."""
    command = [str(SYSTEMD), "--test", "--user", "--unit=read.socket"]
    if os.geteuid() == 0:  # a user's manager refuses to be run by root
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
    own = folder / "run"
    own.mkdir()
    own.chmod(0o777)
    environment = {
        "SYSTEMD_UNIT_PATH": str(folder), "XDG_RUNTIME_DIR": str(own), "HOME": str(own),
        "SYSTEMD_LOG_TARGET": "console", "PATH": os.environ["PATH"],
    }  # fmt: skip
    run = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    found: dict[str, list[str]] = {}
    unit = ""
    for line in run.stdout.splitlines():
        name, colon, value = line.strip().partition(": ")
        started = re.match(r"\s*-> Unit (\S+):$", line)
        unit = started[1] if started else unit
        if colon and unit.startswith("read."):
            found.setdefault(name, []).append(value)
    if "Command Line" not in found:
        pytest.skip("systemd makes no test run here")
    return found


@pytest.fixture
def here() -> Iterator[Units]:
    """A repository that everybody can read: not of root alone, as pytest's folders are."""
    if not SYSTEMD.exists():
        pytest.skip("systemd is not installed")
    with TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield Units(path)


def test_the_same_is_read(here: Units) -> None:
    here.write("read.service", SERVICE)
    here.write("read.socket", SOCKET)
    found = understood(here.top)
    project = here.project()
    assert project is not None
    (container,) = project.containers
    assert container.program.words is not None
    assert container.unit is not None
    (command,) = found["Command Line"]
    assert list(container.program.words.words) == ["/bin/echo", *shlex.split(command)[1:]]
    assert [f"{name}={text.value}" for name, text in container.program.environment.items()] == (
        found["Environment"]
    )
    assert [
        one.path
        or (f"[{one.address}]" if ":" in (one.address or "") else one.address or "[::]")
        + f":{one.port}"
        for one in container.unit.listeners
    ] == found["ListenStream"]
    assert {one.mode.value for one in container.unit.listeners if one.mode} == set(
        found["SocketMode"]
    )
