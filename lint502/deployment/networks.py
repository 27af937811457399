"""What a container of a project sees of the others: their names, and who shares its loopback."""

from __future__ import annotations

from lint502.deployment.containers import HOST, Container, Project


def networks_of(project: Project, container: Container) -> frozenset[str]:
    """The networks that a container is on: those of the one whose network namespace it shares."""
    if container.namespace in ("", HOST, container.name):
        return container.networks
    owner = project.by_name.get(container.namespace)
    return container.networks if owner is None else owner.networks


def names_seen(project: Project, container: Container, other: Container) -> tuple[str, ...]:
    """The names by which a container reaches another one: none where they share no network."""
    shared = networks_of(project, container) & networks_of(project, other)
    if not shared:
        return ()
    if not other.aliases:
        return other.names
    found = (name for network in sorted(shared) for name in other.aliases.get(network, ()))
    return tuple(dict.fromkeys(found))


def shares_loopback(container: Container, other: Container) -> bool:
    """Whether two containers have one network namespace."""
    return bool(container.namespace) and container.namespace == other.namespace
