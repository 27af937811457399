"""From where an nginx sees its deployment: which names resolve there, and what its loopback has."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from lint502.declared.sources.running import run_by
from lint502.deployment.containers import HOST, Container, Project
from lint502.deployment.networks import names_seen, networks_of, shares_loopback
from lint502.deployment.nginx_containers import NginxContainer
from lint502.deployment.repository import Repository
from lint502.deployment.viewpoint import Viewpoint
from lint502.places import Place


def viewpoint_of(deployed: NginxContainer, repository: Repository) -> Viewpoint:
    """What an nginx of a project sees."""
    project, nginx = deployed.project, deployed.container
    return Viewpoint(
        project.name,
        nginx.name,
        nginx.place,
        frozenset(name.lower() for name in _names(project, nginx)),
        _is_closed(project, nginx),
        dict(_absent(project, nginx)),
        _loopback_known(deployed, repository),
        nginx.namespace == HOST,
        {port.published: port.place for port in nginx.ports if port.published is not None},
        tuple(
            one.name
            for one in project.containers
            if one is not nginx and one.active and names_seen(project, nginx, one)
        ),
    )


def _names(project: Project, nginx: Container) -> Iterator[str]:
    yield from nginx.names
    yield from nginx.hosts
    for service in project.services:
        yield from (service.name, *service.names)
    for container in project.containers:
        if not container.active:
            yield from container.names  # it may be started all the same
        elif container is not nginx:
            yield from names_seen(project, nginx, container)


def _is_closed(project: Project, nginx: Container) -> bool:
    """Whether all names that resolve are known, but those with a dot."""
    networks = networks_of(project, nginx)
    return (
        project.kind == "compose"
        and bool(networks)
        and nginx.namespace not in ("", HOST)
        and networks.isdisjoint(project.external)
        and not nginx.open_names
        and not project.unread
    )


def _absent(project: Project, nginx: Container) -> Iterator[tuple[str, Place]]:
    for name, place in project.absent.items():
        yield name.lower(), replace(place, note=f"{name} is commented out")
    for container in project.containers:
        if container is nginx or names_seen(project, nginx, container):
            continue
        for name in container.names:
            note = f"{container.name} is on other networks than {nginx.name}"
            yield name.lower(), replace(container.place, note=note)


def _loopback_known(deployed: NginxContainer, repository: Repository) -> bool:
    """Whether all that listens in the network namespace of nginx is known."""
    project, nginx = deployed.project, deployed.container
    if not nginx.namespace or nginx.namespace == HOST:
        return False
    beside = (one for one in project.containers if one is not nginx and shares_loopback(nginx, one))
    if not all(_is_known(one, repository) for one in beside):
        return False
    if nginx.program.words is None and nginx.program.arguments is None:
        return deployed.family is not None and not nginx.program.built
    return _is_known(nginx, repository)


def _is_known(container: Container, repository: Repository) -> bool:
    """Whether everything that a container starts was followed."""
    return run_by(container, repository).whole
