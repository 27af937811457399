"""A network with a round trip: what a server closes, its peer hears of later."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import ExitStack, suppress
from types import TracebackType

from lint502.lab.bench import LOOPBACK

_LARGEST_READ = 65_536
_BACKLOG = 16


class Relay:
    """Passes bytes on between its own port and a server's; use it as a context manager.

    ``closing`` is set when the server has closed a connection and the peer has not yet heard of
    it, ``lag`` seconds later: what the peer sends meanwhile reaches nobody.
    """

    def __init__(self, port: int, lag: float) -> None:
        self.closing = threading.Event()
        self.connections = 0
        self._server = port
        self._lag = lag
        self._stopping = threading.Event()
        self._listening = socket.create_server((LOOPBACK, 0), backlog=_BACKLOG)
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._listening.getsockname()[1]
        return port

    def __enter__(self) -> Relay:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        socket.create_connection((LOOPBACK, self.port)).close()
        for thread in self._threads:
            thread.join()
        self._listening.close()

    def _accept(self) -> None:
        while True:
            peer, _ = self._listening.accept()
            if self._stopping.is_set():
                peer.close()
                return
            self.connections += 1
            thread = threading.Thread(target=self._pass_on, args=(peer,))
            self._threads.append(thread)
            thread.start()

    def _pass_on(self, peer: socket.socket) -> None:
        with ExitStack() as stack, suppress(OSError):
            stack.enter_context(peer)
            server = stack.enter_context(socket.create_connection((LOOPBACK, self._server)))
            to = {peer: server, server: peer}
            while not self._stopping.is_set():
                for readable in select.select(list(to), [], [], 0.1)[0]:
                    data = readable.recv(_LARGEST_READ)
                    if data:
                        to[readable].sendall(data)
                        continue
                    if readable is server:
                        self.closing.set()
                        self._stopping.wait(self._lag)
                    return
