"""One accepted connection: bytes in and out, with or without TLS, and the ways in which it ends."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import threading
import time
from typing import NoReturn

LARGEST_READ = 65_536
"""Bytes that are read at once where nothing speaks for less."""

_LINGER_SECONDS = 2.0
_FIN_BEFORE_RESET_SECONDS = 0.02
_HANDSHAKE = b"\x16"
_RESET = struct.pack("ii", 1, 0)


class Over(Exception):
    """The connection has come to its end; there is nothing more to do on it."""


class Wire:
    """Used by one thread; only :meth:`interrupt` may be called by another.

    TLS works on memory and not on the socket, for the plain socket is needed all the time: to
    close it in each of these ways, and from another thread.
    """

    def __init__(self, plain: socket.socket, stopping: threading.Event) -> None:
        self._plain = plain
        self._stopping = stopping
        self._lock = threading.Lock()
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        plain.setblocking(True)
        if plain.family != socket.AF_UNIX:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def encrypted(self) -> bool:
        """Whether this connection speaks TLS."""
        return self._tls is not None

    @property
    def application_protocol(self) -> str | None:
        """The protocol that client and server have agreed on by ALPN."""
        return None if self._tls is None else self._tls.selected_alpn_protocol()

    @property
    def has_certificate(self) -> bool:
        """Whether the client has shown a certificate."""
        return self._tls is not None and bool(self._tls.getpeercert(binary_form=True))

    def starts_tls(self) -> bool:
        """Whether the first byte that comes is that of a TLS handshake; it stays unread."""
        return self._plain.recv(1, socket.MSG_PEEK) == _HANDSHAKE

    def start_tls(self, context: ssl.SSLContext) -> None:
        """The server's side of the handshake; raises :class:`Over` where it fails."""
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush()
                data = self._plain.recv(LARGEST_READ)
                if not data:
                    raise Over from None
                self._incoming.write(data)
            except ssl.SSLError:
                self._flush()
                self.finish()
        self._flush()
        self._tls = tls

    def receive(self, most: int = LARGEST_READ, seconds: float | None = None) -> bytes:
        """At least one byte and at most ``most``; nothing at the peer's end.

        Raises TimeoutError where nothing comes within ``seconds``.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        while self._tls is not None:
            try:
                return self._tls.read(most)
            except ssl.SSLWantReadError:
                self._flush()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""
            self._await_bytes(deadline)
            data = self._plain.recv(LARGEST_READ)
            if data:
                self._incoming.write(data)
            else:
                self._incoming.write_eof()
        self._await_bytes(deadline)
        return self._plain.recv(most)

    def more_comes(self, seconds: float | None = None) -> bool:
        """Whether there is something to read, or the peer's end, within ``seconds``."""
        if self._tls is not None and (self._tls.pending() or self._incoming.pending):
            return True
        return self._readable(seconds)

    def send(self, data: bytes) -> None:
        """All of it."""
        if self._tls is None:
            self._plain.sendall(data)
            return
        rest = memoryview(data)
        while rest:
            rest = rest[self._tls.write(rest) :]
        self._flush()

    def pause(self, seconds: float) -> None:
        """Wait; raises :class:`Over` where the server is closed meanwhile."""
        if self._stopping.wait(seconds):
            raise Over

    def finish(self) -> NoReturn:
        """End politely: the peer sees the end after everything that was sent, and no reset.

        Raises :class:`Over`, as every way to end does. Closing a socket that has unread data sends
        a reset, which makes the peer lose what it has not read: so what comes is read away.
        """
        with contextlib.suppress(OSError):
            if self._tls is not None:
                with contextlib.suppress(ssl.SSLError):
                    self._tls.unwrap()
                self._flush()
            self._plain.shutdown(socket.SHUT_WR)
            deadline = time.monotonic() + _LINGER_SECONDS
            while self._readable(max(0.0, deadline - time.monotonic())):
                if not self._plain.recv(LARGEST_READ):
                    break
        raise Over

    def reset(self) -> NoReturn:
        """End at once: the peer sees a reset, also at a unix socket if something is unread."""
        if self._plain.family != socket.AF_UNIX:
            self._plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        raise Over

    def drop(self) -> NoReturn:
        """End as a process does that closes its socket without reading what has come.

        The peer sees the end first. With unread data a reset follows; without the pause it would
        overtake the end.
        """
        self._plain.shutdown(socket.SHUT_WR)
        self.pause(_FIN_BEFORE_RESET_SECONDS)
        raise Over

    def close(self) -> None:
        """Close the socket; may be called again."""
        with self._lock:
            self._plain.close()

    def interrupt(self) -> None:
        """Wake the thread that reads or writes here; it sees the connection's end."""
        with self._lock, contextlib.suppress(OSError):
            self._plain.shutdown(socket.SHUT_RDWR)

    def _await_bytes(self, deadline: float | None) -> None:
        if deadline is not None and not self._readable(max(0.0, deadline - time.monotonic())):
            raise TimeoutError

    def _readable(self, seconds: float | None) -> bool:
        poll = select.poll()
        poll.register(self._plain, select.POLLIN)
        return bool(poll.poll(None if seconds is None else seconds * 1000))

    def _flush(self) -> None:
        if data := self._outgoing.read():
            self._plain.sendall(data)
