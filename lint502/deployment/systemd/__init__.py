"""Units of systemd: the services of a machine, and the sockets that it opens for them.

From systemd.service(5), systemd.exec(5) and systemd.socket(5).
"""

from __future__ import annotations

from collections.abc import Sequence

from lint502.deployment.containers import HOST, Container, Program, Project
from lint502.deployment.repository import Repository
from lint502.deployment.systemd import unit_file
from lint502.deployment.systemd.service import container
from lint502.deployment.systemd.sockets import listeners
from lint502.deployment.systemd.unit_file import UnitFile
from lint502.deployment.texts import Unread
from lint502.deployment.units import Listener, Unit
from lint502.places import Place

NAME = "systemd"


def project(repository: Repository, paths: Sequence[str]) -> Project | None:
    """What the units of a repository run on a machine, None where there are none; ``paths`` are
    absolute ones of ``.service`` and ``.socket`` files."""
    units: list[UnitFile] = []
    unread: list[Unread] = []
    files: list[str] = []
    for path in dict.fromkeys(map(repository.absolute, paths)):
        unit, not_read, its_files = unit_file.read(repository, path)
        units += () if unit is None else (unit,)
        unread += not_read
        files += its_files
    services = [one for one in units if one.name.endswith(".service")]
    sockets = [one for one in units if one.name.endswith(".socket")]
    opened: dict[str, list[Listener]] = {}
    places: dict[str, Place] = {}
    for one in sockets:
        found, not_read = listeners(one)
        unread += not_read
        service = _service_of(one)
        opened.setdefault(service, []).extend(found)
        places.setdefault(service, one.place)
    containers: list[Container] = []
    names: set[str] = set()
    for one in services:
        name = one.name.removesuffix(".service")
        name = repository.name(one.path) if name in names else name
        names.add(name)
        given = tuple(opened.get(one.name, ()))
        containers.append(container(repository, one, name, given))
    known = {one.name for one in services}
    for service, listening in opened.items():
        if service not in known and listening:
            containers.append(_only_sockets(service, places[service], tuple(listening)))
    if not containers and not unread:
        return None
    return Project(NAME, "host", tuple(containers), unread=tuple(unread), files=tuple(files))


def _service_of(socket: UnitFile) -> str:
    """The name of the service that a socket is for."""
    named = socket.text("Socket", "Service")
    if named is not None:
        return named.value
    name = socket.name.removesuffix(".socket")
    return f"{name}@.service" if socket.says_yes("Socket", "Accept") else f"{name}.service"


def _only_sockets(service: str, place: Place, given: tuple[Listener, ...]) -> Container:
    """A service whose unit is not in the repository, but that of its socket."""
    return Container(
        name=service.removesuffix(".service"),
        place=place,
        program=Program(None, None, open=True),
        namespace=HOST,
        unit=Unit(service, given, private_tmp=None),
    )
