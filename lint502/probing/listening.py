"""Who listens on this machine, as ``/proc`` shows it; without root, of other users' processes only
the ports.

Source: https://www.kernel.org/doc/Documentation/networking/proc_net_tcp.txt
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from msgspec import Struct

from lint502.patterns import regex

_LISTEN = "0A"
_SOCKET = regex(r"socket:\[(\d+)\]")
_MOST_PROCESSES = 20_000
_MOST_LINES = 200_000
_INTERPRETERS = regex(r"(?:python|node|ruby|perl|java|php|beam)[\d.]*")


class Listening(Struct, frozen=True):
    """A port on which something listens, the address that it is bound to, and the process, where
    it can be seen: its number, and its name (of an interpreter's also the program)."""

    ip: str
    port: int
    pid: int | None = None
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name} (pid {self.pid})" if self.pid is not None else "a process of others"


def listening(proc: Path = Path("/proc")) -> tuple[Listening, ...]:
    """All TCP ports of this network namespace on which something listens."""
    found: dict[int, tuple[str, int]] = {}
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError), (proc / "net" / name).open() as file:
            for line in islice(file, 1, _MOST_LINES):
                entry = _entry(line)
                if entry is not None:
                    found[entry[0]] = entry[1:]
    owners = _owners(proc, found) if found else {}
    result = []
    for inode, (ip, port) in found.items():
        pid = owners.get(inode)
        result.append(Listening(ip, port, pid, "" if pid is None else _name(proc, pid)))
    return tuple(sorted(result, key=lambda one: (one.port, one.ip)))


def _entry(line: str) -> tuple[int, str, int] | None:
    """The inode, address and port of a line that listens."""
    words = line.split()
    if len(words) < 10 or words[3] != _LISTEN or not words[9].isdigit():
        return None
    written, _, port = words[1].partition(":")
    try:
        return int(words[9]), _ip(bytes.fromhex(written)), int(port, 16)
    except ValueError:
        return None


def _ip(raw: bytes) -> str:
    """An address as the kernel writes it: each four bytes in the order of the machine."""
    if sys.byteorder == "little":
        raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    return str(ipaddress.ip_address(raw))


def _owners(proc: Path, inodes: dict[int, tuple[str, int]]) -> dict[int, int]:
    """The first process that has each socket open."""
    found: dict[int, int] = {}
    for pid in _pids(proc):
        with contextlib.suppress(OSError):
            for descriptor in os.scandir(proc / str(pid) / "fd"):
                with contextlib.suppress(OSError):
                    match = _SOCKET.fullmatch(str(Path(descriptor.path).readlink()))
                    if match is not None and int(match[1]) in inodes:
                        found.setdefault(int(match[1]), pid)
    return found


def _pids(proc: Path) -> Iterator[int]:
    with contextlib.suppress(OSError):
        numbers = sorted(int(one.name) for one in os.scandir(proc) if one.name.isdigit())
        yield from numbers[:_MOST_PROCESSES]


def _name(proc: Path, pid: int) -> str:
    """What a process is called: its program, and what an interpreter runs."""
    try:
        raw = (proc / str(pid) / "cmdline").read_bytes()[:4096]
    except OSError:
        return "?"
    words = [one.decode("utf-8", "replace") for one in raw.split(b"\0") if one]
    if not words:
        return "?"
    program = Path(words[0].split(" ")[0].rstrip(":")).name
    if _INTERPRETERS.fullmatch(program):
        said = [one for one in words[1:] if not one.startswith("-")][:1]
        if "-m" in words[1:-1]:
            said = [words[words.index("-m") + 1]]
        return " ".join((program, *(Path(one).name for one in said)))
    return program
