"""A bench: a temporary folder, the processes that run in it, and the ports that they use.

Whatever is started is gone at the end, also after Ctrl-C, a SIGTERM, or a crash: a keeper process
(:mod:`lint502.lab.keeper`) notices that the bench's own process is gone.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from lint502.lab import keeper
from lint502.lab.errors import LabError as LabError
from lint502.lab.errors import failed, lack
from lint502.patterns import regex

LOOPBACK = "127.0.0.1"

_PORTS = range(10_000, 32_000)
"""Below those that Linux gives to outgoing connections (``net.ipv4.ip_local_port_range``)."""

_given: deque[int] = deque(maxlen=1000)
"""The ports that this process gave last: who got one may not listen on it yet."""

_giving = threading.Lock()

_TRIES = 10_000

_LONGEST_PATH = 76
_PLAIN_PATH = regex(r"[\w./+-]+", re.ASCII)

_GRACE_SECONDS = 3.0


class Bench:
    """Use as a context manager; :attr:`folder` has a short path, for sockets' have 107 bytes."""

    def __init__(self) -> None:
        self.folder = _folder()
        self._children: list[subprocess.Popen[bytes]] = []
        self._held: list[socket.socket] = []
        try:
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", keeper.__file__, str(self.folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )
        except BaseException as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise failed(error, f"{sys.executable} cannot be started") from None
            raise

    def __enter__(self) -> Bench:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def open_to_others(self) -> None:
        """Let other users get to what is in the folder and open to them.

        Raises :class:`LabError` where the folder itself is in one that they cannot pass.
        """
        if os.geteuid() != 0:
            return  # everything runs as us
        closed = [above for above in self.folder.parents if not above.stat().st_mode & stat.S_IXOTH]
        if closed:
            raise LabError(f"other users cannot pass {closed[0]}; set TMPDIR to where they can")
        self.folder.chmod(0o711)

    def close(self) -> None:
        """End every child and remove the folder; the keeper kills what has not ended by then."""
        for child in reversed(self._children):
            if child.poll() is None:
                with contextlib.suppress(OSError):
                    os.killpg(child.pid, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_SECONDS
        for child in self._children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(max(0.0, deadline - time.monotonic()))
        for held in self._held:
            held.close()
        assert self._keeper.stdin is not None
        with contextlib.suppress(OSError):
            self._keeper.stdin.close()
        self._keeper.wait()
        for child in self._children:
            child.wait()

    def start(
        self,
        command: Sequence[str | Path],
        name: str,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a child in a process group of its own, in the folder; what it prints goes into
        :meth:`said`."""
        with self._log(name).open("ab") as log:
            try:
                child = subprocess.Popen(
                    [os.fspath(word) for word in command],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self.folder,
                    env={**os.environ, **(environment or {})},
                    start_new_session=True,
                )
            except OSError as error:
                raise failed(error, f"{command[0]} cannot be started") from None
        self._children.append(child)
        assert self._keeper.stdin is not None
        self._keeper.stdin.write(f"{child.pid}\n".encode())
        self._keeper.stdin.flush()
        return child

    def stop(self, child: subprocess.Popen[bytes]) -> None:
        """End one child before the others."""
        with contextlib.suppress(OSError):
            os.killpg(child.pid, signal.SIGTERM)
        try:
            child.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()

    def said(self, name: str) -> str:
        """What the children of this name printed."""
        log = self._log(name)
        return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""

    def wait_until(
        self,
        ready: Callable[[], bool],
        child: subprocess.Popen[bytes],
        name: str,
        seconds: float = 20.0,
    ) -> None:
        """Wait until a child is ready; raises :class:`LabError` with what it printed if it ends or
        takes too long."""
        deadline = time.monotonic() + seconds
        while not ready():
            if child.poll() is not None or time.monotonic() > deadline:
                how = "has ended" if child.poll() is not None else f"is not ready after {seconds} s"
                raise LabError(f"{name} {how}; it said:\n{self.said(name)[-2000:].strip()}")
            time.sleep(0.01)

    def port(self) -> int:
        """A free port on 127.0.0.1, for a child to listen on."""
        for _ in range(_TRIES):
            port = random.choice(_PORTS)
            with _giving, socket.socket() as probe:
                if port not in _given and _binds(probe, port):
                    _given.append(port)
                    return port
        raise LabError("no port of the loopback interface is free")

    def closed_port(self) -> int:
        """A port on 127.0.0.1 on which nothing listens as long as the bench is there."""
        for _ in range(_TRIES):
            held = socket.socket()
            port = random.choice(_PORTS)
            try:
                if _binds(held, port):
                    self._held.append(held)
                    return port
            finally:
                if held not in self._held:
                    held.close()
        raise LabError("no port of the loopback interface is free")

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.said"


def _folder() -> Path:
    """A new temporary folder: where the user has them, unless its path is longer than a socket's
    may be, or holds what would have to be quoted in a configuration."""
    try:
        usual = tempfile.gettempdir()
        fits = len(usual) <= _LONGEST_PATH and _PLAIN_PATH.fullmatch(usual) is not None
        return Path(tempfile.mkdtemp(prefix="lint502-lab-", dir=usual if fits else "/tmp"))
    except OSError as error:
        if lack(error) is not None:
            raise failed(error, "") from None
        raise LabError(
            f"no temporary folder can be made: {error.strerror}; set TMPDIR to one that can be "
            "written"
        ) from None


def _binds(probe: socket.socket, port: int) -> bool:
    """Whether a port is free; raises ``OSError`` where that is not what keeps it from being had."""
    try:
        probe.bind((LOOPBACK, port))
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            return False
        raise
    return True


def listens(address: int | str | Path) -> bool:
    """Whether something accepts connections on a port of 127.0.0.1, or at a unix socket."""
    family = socket.AF_INET if isinstance(address, int) else socket.AF_UNIX
    with socket.socket(family) as client:
        client.settimeout(1.0)
        where = (LOOPBACK, address) if isinstance(address, int) else os.fspath(address)
        return client.connect_ex(where) == 0
