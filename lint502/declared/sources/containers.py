"""What the containers of a deployment state of the upstreams that nginx reaches there.

The highest first: the command that really runs, with the variables and configurations that it
reads; the default of the image; what only suggests a port (``ports``, ``expose``, EXPOSE, a health
check). See ``docs/sources.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace

from lint502.declared.claims import Claims
from lint502.declared.listeners import Fact
from lint502.declared.sources.commands import Started
from lint502.declared.sources.facts import Facts
from lint502.declared.sources.image_ports import image_listeners
from lint502.declared.sources.lock_files import server_version
from lint502.declared.sources.running import run_by
from lint502.declared.sources.services import service_claims
from lint502.deployment.containers import HOST, Container, Port, Program, Project
from lint502.deployment.images import KnownImage, known
from lint502.deployment.mounts import path_seen
from lint502.deployment.networks import names_seen, shares_loopback
from lint502.deployment.nginx_containers import NginxContainer
from lint502.deployment.nginx_images import Beside
from lint502.deployment.repository import Repository
from lint502.deployment.texts import UNKNOWN, Words
from lint502.nginx.addresses import parse_address
from lint502.standing import Standing

_LOOPBACK = "127.0.0.1"


def claims_of(
    deployed: NginxContainer, repository: Repository, servers: Mapping[str, Sequence[Facts]]
) -> Iterator[Claims]:
    """What is known of each listener that nginx can reach in its project; ``servers`` has those of
    the containers that run nginx themselves."""
    project, nginx = deployed.project, deployed.container
    if project.services:
        behind = {
            one.name: servers.get(one.name) or listeners_of(one, repository)
            for one in project.containers
            if one is not nginx
        }
        yield from service_claims(project, nginx, behind)
    for container in project.containers:
        if not container.active:
            continue
        if container is nginx:
            yield from _beside_itself(deployed, repository)
            continue
        names = names_seen(project, nginx, container)
        same = shares_loopback(nginx, container)
        if not (names or same or nginx.namespace == HOST):
            continue
        hosts = (*names, *container.addresses, *((_LOOPBACK,) if same else ()))
        found = servers.get(container.name)
        if found is None:
            found = listeners_of(container, repository)
        if not same:
            found = [_seen_by(nginx, container, facts) for facts in found]
        yield from _claims(container, found, hosts, same=same)


def claims_on_machine(projects: Sequence[Project], repository: Repository) -> Iterator[Claims]:
    """What is known of each listener that an nginx on the machine itself reaches: the services of
    the machine, and by the ports that are published there the containers."""
    for project in projects:
        for container in project.containers:
            here = container.namespace == HOST
            published = any(port.published is not None for port in container.ports)
            if not container.active or not (here or published):
                continue
            found = listeners_of(container, repository)
            if here:
                yield from _claims(container, found, (_LOOPBACK,), same=True)
            else:
                reached = [facts for facts in found if _is_published(container, facts)]
                yield from _claims(container, reached, (), same=False)


def _is_published(container: Container, facts: Facts) -> bool:
    port = facts.get("port")
    return port is not None and any(
        one.published is not None and one.number == port.value for one in container.ports
    )


def listeners_of(container: Container, repository: Repository) -> list[Facts]:
    """What is known of each listener of a container, by whatever states it; one without facts where
    nothing does."""
    program = container.program
    ran = run_by(container, repository)
    listeners = [_firm_or_not(facts, ran) for facts in ran.listeners]
    if not listeners and program.image is not None and UNKNOWN not in program.image.value:
        image = known(program.image.value)
        if image is not None:
            listeners = _of_known_image(image, container, repository)
    listeners = [_with_version(facts, program, repository) for facts in listeners]
    ports = {facts["port"].value for facts in listeners if "port" in facts}
    hints: dict[int, Fact[Any]] = {}
    if not ran.whole or not ports:
        for port in container.ports:
            if port.number not in ports:
                hints.setdefault(port.number, _hint(port))
    nowhere = [facts for facts in listeners if "port" not in facts and "socket" not in facts]
    placed = [facts for facts in listeners if facts not in nowhere]
    if hints:
        common = nowhere[0] if len(nowhere) == 1 else {}
        hinted: list[Facts] = [{**common, "port": fact} for fact in hints.values()]
        # what is not seen of the image may say of other ports
        unseen: list[Facts] = [{}] if program.built and program.image is None else []
        return [*placed, *hinted, *unseen]
    return listeners or [{}]


def _of_known_image(image: KnownImage, container: Container, repository: Repository) -> list[Facts]:
    """Where an image listens by itself; where a configuration of the repository may change that,
    what the server makes of it, or only what does not depend on it."""
    found = image_listeners(image, container.program)
    if not any(image.is_configured_at(layer.target) for layer in container.layers):
        return found
    place = container.program.image.place if container.program.image is not None else None
    if image.programs and place is not None:
        words = Words((image.programs[0],), place)
        server = replace(container, program=replace(container.program, words=words))
        ran = run_by(server, repository)
        if ran.listeners:
            return [_firm_or_not(facts, ran) for facts in ran.listeners]
    return [{key: fact for key, fact in facts.items() if key != "port"} for facts in found]


def _with_version(facts: Facts, program: Program, repository: Repository) -> Facts:
    """The facts of a listener with the version of its server that a lock file pins."""
    server = facts.get("server")
    if server is None or "/" in server.value or program.folder is None:
        return facts
    version = server_version(server.value, program.folder, repository)
    if version is None:
        return facts
    return {**facts, "server": replace(server, value=f"{server.value}/{version.value}")}


def _seen_by(nginx: Container, container: Container, facts: Facts) -> Facts:
    """The facts of a listener with its socket at the path that nginx has for it: they share the
    folder that it is in, or nginx cannot reach it."""
    socket = facts.get("socket")
    if socket is None:
        return facts
    path = path_seen(nginx, container, socket.value)
    if path is None:
        return {key: fact for key, fact in facts.items() if not key.startswith("socket")}
    return {**facts, "socket": replace(socket, value=path)}


def _firm_or_not(facts: Facts, ran: Started) -> Facts:
    """The facts of a listener; its address is only assumed where others may be there as well."""
    if ran.whole:
        return facts
    return {
        key: replace(fact, standing=min(fact.standing, Standing.ASSUMED))
        if key in ("port", "socket")
        else fact
        for key, fact in facts.items()
    }


def _hint(port: Port) -> Fact[Any]:
    return Fact(port.number, port.place, Standing.HINTED, what=port.what)


def _beside_itself(deployed: NginxContainer, repository: Repository) -> Iterator[Claims]:
    """What else nginx's own container starts: by its command, or by what its image has."""
    nginx = deployed.container
    ran = run_by(nginx, repository)
    listeners: list[Facts] = [facts for facts in ran.listeners if _is_no_nginx(facts)]
    if nginx.program.words is None and deployed.family is not None:
        listeners += map(partial(_of_image, nginx), deployed.family.beside)
    yield from _claims(nginx, listeners, (_LOOPBACK,), same=True)


def _of_image(nginx: Container, beside: Beside) -> Facts:
    """What an image of nginx runs besides."""
    image = nginx.program.image
    place = nginx.place if image is None else image.place
    address, _ = parse_address(beside.address, 0, uri=False)

    def assumed(value: Any) -> Fact[Any]:
        return Fact(value, place, Standing.ASSUMED, "the image")

    where = {"socket": address.socket} if address.socket is not None else {"port": address.port}
    facts = {**where, "protocol": beside.protocol, "server": beside.server}
    return {key: assumed(value) for key, value in facts.items()}


def _is_no_nginx(facts: Facts) -> bool:
    server = facts.get("server")
    return server is None or server.value.partition("/")[0] != "nginx"


def _claims(
    container: Container, listeners: Sequence[Facts], hosts: Sequence[str], *, same: bool
) -> Iterator[Claims]:
    place = container.place
    for facts in listeners:
        own: dict[str, Fact[Any]] = {
            "hosts": Fact(tuple(dict.fromkeys(hosts)), place, Standing.STATED),
            "same_host": Fact(same, place, Standing.STATED),
        }
        port = facts.get("port")
        published = tuple(
            one.published
            for one in container.ports
            if one.published is not None and port is not None and one.number == port.value
        )
        if published:
            own["published"] = Fact(published, place, Standing.STATED)
        yield Claims(container.name, place, {**own, **facts}, len(listeners) > 1, derived=True)
