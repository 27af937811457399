"""Products as Debian packages them, each with its defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lint502.lab.bench import LOOPBACK
from tools.measure.servers.model import Endpoint, Family, Program, Room, binary, said_version

_ALERTMANAGER = "route:\n  receiver: none\nreceivers:\n- name: none\n"
_REGISTRY = """\
version: 0.1
storage:
  filesystem:
    rootdirectory: {room.folder}/registry
http:
  addr: {host}:{port}
"""

_Command = Callable[[Room, int], tuple[str, ...]]
"""The arguments of a server for a port."""


def _alertmanager(room: Room, port: int) -> tuple[str, ...]:
    return (
        f"--web.listen-address={LOOPBACK}:{port}",
        f"--config.file={room.write('alertmanager.yml', _ALERTMANAGER)}",
        f"--storage.path={room.folder}/data",
        "--cluster.listen-address=",
    )


def _prometheus(room: Room, port: int) -> tuple[str, ...]:
    return (
        f"--web.listen-address={LOOPBACK}:{port}",
        "--config.file=/dev/null",
        f"--storage.tsdb.path={room.folder}/data",
    )


def _registry(room: Room, port: int) -> tuple[str, ...]:
    settings = _REGISTRY.format(room=room, host=LOOPBACK, port=port)
    return ("serve", str(room.write("registry.yml", settings)))


def _syncthing(room: Room, port: int) -> tuple[str, ...]:
    return (f"--gui-address={LOOPBACK}:{port}", "--no-browser", f"--home={room.folder}/home")


def _family(name: str, program: str, command: _Command) -> Family:
    def executable() -> str:
        return binary(program, program)

    def programs(room: Room) -> Iterator[Program]:
        port = room.port()
        yield Program((executable(), *command(room, port)), (Endpoint(name, "http", port),))

    return Family(name, lambda: said_version((executable(), "--version")), programs)


FAMILIES = (
    _family("alertmanager", "prometheus-alertmanager", _alertmanager),
    _family("prometheus", "prometheus", _prometheus),
    _family("registry", "docker-registry", _registry),
    _family("syncthing", "syncthing", _syncthing),
)
