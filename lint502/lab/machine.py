"""What the lab needs of the machine that it runs on."""

from __future__ import annotations

import resource
import socket
import threading
from pathlib import Path

from lint502.lab.bench import LOOPBACK, Bench
from lint502.lab.errors import LabError, MachineError, lack

_MOST_BYTES = 1024**2
"""What a scene may write."""

_LEAST_BYTES = 128 * 1024
"""What there must be room for at its end: what it had to write, it has written."""

_FILES = 64
_THREADS = 32


def require(at_once: int) -> None:
    """Raise :class:`MachineError` where this machine cannot play ``at_once`` scenes at a time."""
    try:
        _allow_files(_FILES + 32 * at_once)
        _start_threads(_THREADS + 8 * at_once)
        _connect()
        with Bench() as bench:
            check(bench.folder, at_once * _MOST_BYTES)
    except LabError as error:
        raise MachineError(str(error)) from None
    except (OSError, RuntimeError, MemoryError) as error:
        raise MachineError(_said(error)) from None


def check(folder: Path, size: int = _LEAST_BYTES) -> None:
    """Raise :class:`MachineError` where a scene can write no file of this size any more."""
    try:
        probe = folder / "probe"
        try:
            probe.write_bytes(bytes(size))
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        raise MachineError(_said(error)) from None


def _connect() -> None:
    """Reach a port of the loopback interface."""
    with socket.socket() as listening, socket.socket() as client:
        listening.bind((LOOPBACK, 0))
        listening.listen(1)
        client.settimeout(5)
        client.connect(listening.getsockname())


def _said(error: BaseException) -> str:
    known = lack(error)
    if known is not None:
        return known
    return f"it does not let a program do what the lab does ({error})"


def _allow_files(number: int) -> None:
    """As many open files as there may be, where the limit is low; nginx has the same."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited or soft >= number:
        return
    wanted = number if hard == unlimited else min(number, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    if wanted < number:
        raise MachineError(
            f"a process may have {wanted} open files, and {number} are needed; raise the limit "
            "(ulimit -n)"
        )


def _start_threads(number: int) -> None:
    """Whether there can be so many at a time."""
    end = threading.Event()
    started: list[threading.Thread] = []
    try:
        for _ in range(number):
            thread = threading.Thread(target=end.wait, daemon=True)
            thread.start()
            started.append(thread)
    finally:
        end.set()
        for thread in started:
            thread.join()
