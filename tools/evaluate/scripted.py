"""Servers that do one thing to whoever connects, and places where none is."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from lint502.lab.names import NameServer
from lint502.lab.standins.behaviour import Answer, Behaviour, TlsBehaviour
from lint502.lab.standins.server import DeclaredServer
from tools.evaluate.cases import Factory, Means, Place

Handler = Callable[[socket.socket], None]

_QUIET = 0.03
_LONG = 30.0


class _At:
    """A place with nothing to end but some sockets."""

    def __init__(self, text: str, *held: socket.socket) -> None:
        self.text = text
        self._held = held

    def close(self) -> None:
        for one in self._held:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


class _Declared:
    def __init__(self, server: DeclaredServer, path: Path | None = None) -> None:
        self._server = server
        self.text = f"127.0.0.1:{server.address}" if path is None else f"unix:{path}"

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._server.close()


class _Names:
    def __init__(self, server: NameServer) -> None:
        self._server = server
        self.text = f"127.0.0.1:{server.port}"

    def close(self) -> None:
        self._server.close()


def path_in(folder: str) -> Path:
    """A new path in a folder, short enough for a socket."""
    return Path(tempfile.mkdtemp(dir=folder, prefix="s")) / "app.sock"


def nobody(_: Means) -> Place:
    """A port that refuses connections."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    return _At(f"127.0.0.1:{holder.getsockname()[1]}", holder)


def nobody_on_udp(_: Means) -> Place:
    """A port of UDP that nobody listens on."""
    holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    holder.bind(("127.0.0.1", 0))
    port = holder.getsockname()[1]
    holder.close()
    return _At(f"127.0.0.1:{port}")


def no_file(means: Means) -> Place:
    """The path of a socket that is not there."""
    path = path_in(means.folder)
    path.parent.chmod(0o755)
    return _At(f"unix:{path}")


def stale_file(means: Means) -> Place:
    """A socket that nobody listens on any more."""
    path = path_in(means.folder)
    path.parent.chmod(0o755)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    path.chmod(0o777)
    listener.close()
    return _At(f"unix:{path}")


def on_socket(handler: Handler, mode: int = 0o777, folder: int = 0o755) -> Factory:
    """A server on a unix socket."""

    def make(means: Means) -> Place:
        path = path_in(means.folder)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        path.chmod(mode)
        path.parent.chmod(folder)
        listener.listen(16)
        return _served(listener, handler, f"unix:{path}")

    return make


def datagrams_on_socket(means: Means) -> Place:
    """A datagram socket."""
    path = path_in(means.folder)
    path.parent.chmod(0o755)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(path))
    path.chmod(0o777)
    return _At(f"unix:{path}", listener)


def full(*, unix: bool = False) -> Factory:
    """A server whose queue of connections is full."""

    def make(means: Means) -> Place:
        path = path_in(means.folder) if unix else None
        listener = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
        if path is not None:
            path.parent.chmod(0o755)
            listener.bind(str(path))
            path.chmod(0o777)
        else:
            listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        name = listener.getsockname()
        held = [listener]
        for _ in range(4):
            client = socket.socket(listener.family)
            client.setblocking(False)
            client.connect_ex(name)
            held.append(client)
        return _At(f"unix:{path}" if unix else f"127.0.0.1:{name[1]}", *held)

    return make


def on_port(handler: Handler, host: str = "127.0.0.1") -> Factory:
    """A server on a port."""

    def make(_: Means) -> Place:
        listener = socket.create_server((host, 0))
        return _served(listener, handler, f"{host}:{listener.getsockname()[1]}")

    return make


def declared(
    behaviour: Behaviour, answer: Answer | None = None, *, strange: bool = False
) -> Factory:
    """A server of the lab; ``strange``: of an authority that nginx does not know."""

    def make(means: Means) -> Place:
        authority = means.strange if strange else means.known
        server = DeclaredServer(behaviour, 0, authority=authority)
        if answer is not None:
            server.answer = answer
        return _Declared(server)

    return make


def names(**known: str) -> Factory:
    """A name server."""
    return lambda _: _Names(NameServer({name: (address,) for name, address in known.items()}))


def over_tls(handler: Handler, change: Callable[[ssl.SSLContext, Means], None]) -> Factory:
    """A server over TLS with a context of its own."""

    def make(means: Means) -> Place:
        context = means.known.context(TlsBehaviour(names=("localhost", "127.0.0.1")))
        change(context, means)

        def handle(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as wrapped:
                handler(wrapped)

        return on_port(handle)(means)

    return make


def _served(listener: socket.socket, handler: Handler, text: str) -> Place:
    held: list[socket.socket] = []

    def handle(connection: socket.socket) -> None:
        connection.settimeout(_LONG)
        with contextlib.suppress(OSError):
            handler(connection)
        with contextlib.suppress(OSError):
            connection.close()

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            held.append(connection)
            threading.Thread(target=handle, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return _At(text, listener)


def request(connection: socket.socket) -> bytes:
    """What the other side sends until it is silent for a moment."""
    data = connection.recv(1 << 16)
    connection.settimeout(_QUIET)
    with contextlib.suppress(TimeoutError):
        while part := connection.recv(1 << 16):
            data += part
    connection.settimeout(_LONG)
    return data


def answers(*parts: bytes | float) -> Handler:
    """Reads a request, and answers in parts, with pauses of so many seconds."""

    def handle(connection: socket.socket) -> None:
        request(connection)
        for part in parts:
            if isinstance(part, float):
                time.sleep(part)
            else:
                connection.sendall(part)

    return handle


def closes(connection: socket.socket) -> None:
    """Reads a request, and closes."""
    request(connection)


def closes_at_once(connection: socket.socket) -> None:
    """Closes, whatever comes."""
    time.sleep(_QUIET)
    connection.shutdown(socket.SHUT_WR)
    with contextlib.suppress(OSError):
        connection.recv(1 << 16)


def resets(connection: socket.socket) -> None:
    """Reads a request, and resets."""
    request(connection)
    reset(connection)


def reset(connection: socket.socket) -> None:
    """End a connection by a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def gives_up(seconds: float) -> Handler:
    """Reads a request, works on it for some time, and closes."""

    def handle(connection: socket.socket) -> None:
        request(connection)
        time.sleep(seconds)

    return handle


def hangs(connection: socket.socket) -> None:
    """Reads, and never answers."""
    while connection.recv(1 << 16):
        pass


def greets(words: bytes) -> Handler:
    """Speaks first."""

    def handle(connection: socket.socket) -> None:
        connection.sendall(words)
        connection.recv(1 << 16)

    return handle


def once(answer: bytes, then: Handler) -> Handler:
    """Answers the first request of a connection, and does something else with the second."""

    def handle(connection: socket.socket) -> None:
        request(connection)
        connection.sendall(answer)
        then(connection)

    return handle


def refuses_body(connection: socket.socket) -> None:
    """Answers 413 to a part of the body, closes and resets, as a server with a limit does."""
    connection.recv(4096)
    time.sleep(_QUIET)
    reset(connection)
