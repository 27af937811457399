"""The script that installs Debian's packages, with a stand-in for apt."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

APT_INSTALL = Path(__file__).parents[1] / "scripts/apt-install"
APT = """\
for word; do
    case "$word" in update | install) command=$word ;; esac
done
echo "apt-get $command" >>"$CALLS"
"""
LOCKED = """\
if [ ! -e "$CALLS.locked" ]; then
    : >"$CALLS.locked"
    echo "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 1 (apt-get)" >&2
    exit 100
fi
"""


class Machine:
    """The PATH is one folder, whose programs are small scripts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("dirname", "env", "true"):
            (folder / name).symlink_to(f"/usr/bin/{name}")
        self.has("id", "echo 0")
        self.has("sleep", 'echo "sleep $1" >>"$CALLS"')

    def has(self, name: str, script: str) -> None:
        (self.folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.folder / name).chmod(0o755)

    def install(self, *packages: str) -> tuple[int, str, list[str]]:
        """The exit code, what was said, and what was run."""
        calls = self.folder / "calls"
        calls.write_text("")
        done = subprocess.run(
            [APT_INSTALL, *packages],
            env={"PATH": str(self.folder), "CALLS": str(calls)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, done.stdout, calls.read_text().splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_packages_are_installed(machine: Machine) -> None:
    machine.has("apt-get", APT)
    said = "installing Debian's packages: a b\n"
    assert machine.install("a", "b") == (0, said, ["apt-get update", "apt-get install"])


def test_a_lock_is_waited_for(machine: Machine) -> None:
    machine.has("apt-get", APT + LOCKED)
    calls = ["apt-get update", "sleep 5", "apt-get update", "apt-get install"]
    assert machine.install("a") == (0, "installing Debian's packages: a\n", calls)


def test_what_apt_says_where_it_fails(machine: Machine) -> None:
    machine.has("apt-get", APT + "echo E: no $command >&2; exit 100")
    said = "installing Debian's packages: a\nE: no update\nE: no install\n"
    assert machine.install("a") == (1, said, ["apt-get update", "apt-get install"])


@pytest.mark.parametrize("lacking", ["root", "apt-get"])
def test_what_has_to_be_installed_is_said(machine: Machine, lacking: str) -> None:
    if lacking == "root":
        machine.has("apt-get", APT)
        machine.has("id", "echo 1000")
    code, said, calls = machine.install("a", "b")
    assert (code, calls) == (1, [])
    assert said == (
        "without root or apt-get: install these of Debian's packages, or the like: a b\n"
    )
