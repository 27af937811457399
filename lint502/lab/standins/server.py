"""The server: its socket, its threads, and what a lab may ask it."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import stat
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import cast

from lint502.declared.listeners import Protocol
from lint502.lab.bench import LOOPBACK, LabError
from lint502.lab.errors import failed
from lint502.lab.standins import stream
from lint502.lab.standins.behaviour import Answer, Behaviour, Reaction
from lint502.lab.standins.certificates import Authority
from lint502.lab.standins.connection import Connection, Shared
from lint502.lab.standins.libraries import needed
from lint502.lab.standins.proxy_header import read_proxy_header
from lint502.lab.standins.reaction import react
from lint502.lab.standins.wire import Over, Wire

_BACKLOG = 511
_SMALL_BUFFER = 65_536

_MODULES: dict[Protocol, str] = {
    "http": "http",
    "grpc": "http2",
    "fastcgi": "fastcgi",
    "uwsgi": "uwsgi",
    "scgi": "scgi",
    "memcached": "memcached",
    "tcp": "stream",
}
"""Which module serves a protocol; imported when it is needed, for some need libraries."""

_ALPN = {"2": "h2", "1.1": "http/1.1"}


class DeclaredServer:
    """Listens from its construction until :meth:`close`; use it as a context manager.

    ``address`` is a port of 127.0.0.1 (0: any that is free), the path of a unix socket that does
    not exist yet, whose file gets ``mode``, or a socket that is bound already and then belongs to
    the server. ``round_trip`` is the time in seconds that a packet takes to nginx and back in the
    network that is shown. ``authority`` is needed for TLS. ``peer_closes_first``: where both know
    that a connection ends, it is left to the peer to begin.

    Raises :class:`~lint502.lab.bench.LabError` where it cannot listen, or where a library is
    missing.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        address: int | Path | socket.socket,
        *,
        mode: int | None = None,
        round_trip: float = 0.1,
        authority: Authority | None = None,
        peer_closes_first: bool = False,
    ) -> None:
        self._shared = Shared(behaviour, round_trip, peer_closes_first)
        self._faults: list[Exception] = []
        self._open: dict[threading.Thread, Wire] = {}
        self._context = _context(behaviour, authority)
        self._serve = _protocol(behaviour.protocol)
        self._path = address if isinstance(address, Path) else None
        self._listening = _listen(behaviour, address, mode)
        self._wake, self._woken = socket.socketpair()
        loop = self._answer_datagrams if behaviour.protocol == "udp" else self._accept
        self._thread = threading.Thread(target=self._watched, args=(loop,), daemon=True)
        self._thread.start()

    def __enter__(self) -> DeclaredServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self._end()

    @property
    def answer(self) -> Answer:
        """What is answered next; may be set, or changed, at any time."""
        return self._shared.answer

    @answer.setter
    def answer(self, answer: Answer) -> None:
        self._shared.answer = answer

    @property
    def address(self) -> int | str:
        """The port, or the path of the unix socket."""
        name = self._listening.getsockname()
        return cast("int", name[1]) if isinstance(name, tuple) else cast("str", name)

    @property
    def requests(self) -> int:
        """How many requests have come: each counts as soon as its header is read."""
        return self._shared.requests

    @property
    def connections(self) -> int:
        """How many connections have been accepted."""
        return self._shared.connections

    @property
    def closing(self) -> threading.Event:
        """Set when the server has decided to close a connection and has not said so.

        In the network that is shown, nginx hears of it one round trip later: a request that it
        sends on that connection until then is lost. Clear it to wait for the next time.
        """
        return self._shared.closing

    @property
    def peer_closed(self) -> threading.Event:
        """Set when the peer has closed an idle connection before the server did."""
        return self._shared.peer_closed

    @property
    def faults(self) -> tuple[Exception, ...]:
        """Errors of the server itself, which :meth:`close` raises; empty if all is well."""
        return tuple(self._faults)

    def close(self) -> None:
        """End all connections and threads, and remove the socket file; may be called again.

        Raises the first of :attr:`faults`.
        """
        self._end()
        if self._faults:
            raise self._faults[0]

    def _end(self) -> None:
        self._shared.stopping.set()
        with contextlib.suppress(OSError):
            self._wake.send(b"\0")
        self._thread.join()
        with self._shared.lock:
            still_open = list(self._open.items())
        for thread, wire in still_open:
            wire.interrupt()
            thread.join()
        for plain in (self._listening, self._wake, self._woken):
            plain.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        """Accept connections until the server is closed, each with a thread of its own."""
        while self._wait():
            try:
                plain, _ = self._listening.accept()
            except (BlockingIOError, ConnectionError):
                continue  # the client has gone before
            wire = Wire(plain, self._shared.stopping)
            thread = threading.Thread(
                target=self._watched, args=(self._serve_connection, wire), daemon=True
            )
            with self._shared.lock:
                self._shared.connections += 1
                thread.start()
                self._open[thread] = wire

    def _answer_datagrams(self) -> None:
        announced: set[object] = set()
        while self._wait():
            with contextlib.suppress(BlockingIOError, ConnectionError):
                stream.answer_datagram(self._listening, self._shared, announced)

    def _wait(self) -> bool:
        """Whether something has come, and not :meth:`close`."""
        poll = select.poll()
        poll.register(self._listening, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        poll.poll()
        return not self._shared.stopping.is_set()

    def _serve_connection(self, wire: Wire) -> None:
        connection = Connection(wire, self._shared)
        try:
            if self._shared.behaviour.proxy_protocol:
                read_proxy_header(connection)
            reaction = self._shared.behaviour.reaction
            if self._context is not None and (reaction is None or _accepts_tls(wire, reaction)):
                wire.start_tls(self._context)
            if reaction is not None:
                react(connection, reaction)
            self._serve(connection)
        except (Over, OSError):
            pass  # the connection has ended, by one side or the other
        finally:
            wire.close()
            with self._shared.lock:
                del self._open[threading.current_thread()]

    def _watched(self, work: Callable[..., None], *arguments: object) -> None:
        try:
            work(*arguments)
        except Exception as fault:
            self._faults.append(fault)


def _accepts_tls(wire: Wire, reaction: Reaction) -> bool:
    return reaction.kind != "refuse" and wire.starts_tls()


def _protocol(protocol: Protocol) -> Callable[[Connection], None]:
    if protocol == "udp":
        return stream.serve
    with needed():
        module = import_module(f"lint502.lab.standins.{_MODULES[protocol]}")
    return cast("Callable[[Connection], None]", module.serve)


def _context(behaviour: Behaviour, authority: Authority | None) -> ssl.SSLContext | None:
    if behaviour.tls is None:
        return None
    if authority is None:
        raise LabError("a listener with TLS needs a certificate authority")
    versions: tuple[str, ...] = ()
    if behaviour.protocol == "http":
        versions = behaviour.http_versions
    elif behaviour.protocol == "grpc":
        versions = ("2",)
    accepted = (name for version, name in _ALPN.items() if version in versions)
    return authority.context(behaviour.tls, tuple(accepted))


def _limit_buffer(listening: socket.socket, behaviour: Behaviour) -> None:
    """What lies beyond a limit must not vanish in the kernel's buffers: nginx is to be sending
    it still when the connection ends."""
    if behaviour.request_body is not None and listening.family != socket.AF_UNIX:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)


def _listen(
    behaviour: Behaviour, address: int | Path | socket.socket, mode: int | None
) -> socket.socket:
    if isinstance(address, socket.socket):
        listening = address
    else:
        family = socket.AF_INET if isinstance(address, int) else socket.AF_UNIX
        kind = socket.SOCK_DGRAM if behaviour.protocol == "udp" else socket.SOCK_STREAM
        listening = socket.socket(family, kind)
        try:
            if isinstance(address, int):
                if kind == socket.SOCK_STREAM:
                    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listening.bind((LOOPBACK, address))
            else:
                listening.bind(str(address))
                if mode is not None:
                    address.chmod(stat.S_IMODE(mode))
        except OSError as error:
            listening.close()
            raise failed(error, f"nothing can listen on {address}") from None
    if listening.type == socket.SOCK_STREAM:
        _limit_buffer(listening, behaviour)
        listening.listen(_BACKLOG)
    listening.setblocking(False)
    return listening
