"""Probes of servers on this machine, and a server that does what a test says."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lint502.probing.asking import Asked, ask
from lint502.probing.plan import Wanted
from lint502.probing.subjects import Chosen, chosen
from lint502.workspace import CheckRequest, Workspace
from tests.support.sites import write

QUICK = Wanted(seconds=1.0)
SITE = "events {{}}\nhttp {{ server {{ location / {{ proxy_pass http://127.0.0.1:{port}; }} }} }}\n"

Facts = dict[str, tuple[str, str]]
"""How each fact came out, and what was observed."""


def found(folder: Path, names: Sequence[str] = (), *, here: bool = False) -> Chosen:
    """What a probe in a folder asks."""
    result = Workspace.at(folder).job(CheckRequest()).run()
    assert result.report.problems == ()
    return chosen(result.sites, names, here=here)


def asked(folder: Path, spec: str, port: int, wanted: Wanted = QUICK) -> Asked:
    """A probe of one upstream on a port: ``spec`` is what its table claims beside that."""
    conf = SITE.format(port=port)
    write(folder, {"nginx.conf": conf, "upstreams.toml": f"[upstream.api]\nport = {port}\n{spec}"})
    (subject,) = found(folder).subjects
    return ask(subject, wanted)


def facts(one: Asked) -> Facts:
    """What came of a probe, by key."""
    assert one.connections <= one.planned
    return {answer.key: (answer.agreement, answer.seen.text) for answer in one.answers}


@contextlib.contextmanager
def serving(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does ``serve`` with each connection, and then closes it; its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def accept() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    def one(connection: socket.socket) -> None:
        connection.settimeout(10)
        with contextlib.suppress(OSError), connection:
            serve(connection)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stopped.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
