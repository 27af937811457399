"""A project from the objects of its manifests."""

from __future__ import annotations

from collections.abc import Iterable

from lint502.deployment.containers import Project
from lint502.deployment.kubernetes import ways, workloads
from lint502.deployment.kubernetes.bounds import Budget
from lint502.deployment.kubernetes.configs import Configs
from lint502.deployment.kubernetes.objects import Manifests, Object
from lint502.deployment.services import CLUSTER


def project(name: str, manifests: Manifests, files: Iterable[str], budget: Budget) -> Project:
    """The project of some manifests. Of two objects of one kind, name and namespace the later one
    counts, as in a cluster."""
    by_identity: dict[tuple[str, str, str, str], Object] = {}
    for one in manifests.objects:
        by_identity[one.identity] = one
    objects = tuple(by_identity.values())
    services = ways.find(objects)
    found, unread = workloads.with_containers(
        tuple(workloads.find(objects)), Configs(objects), ways.variables(services), budget
    )
    made = ways.Services(found, budget)
    return Project(
        name=name,
        kind="kubernetes",
        containers=tuple(container for one in found for container in one.containers),
        external=frozenset((CLUSTER,)),
        unread=(*manifests.unread, *unread),
        files=tuple(files),
        services=tuple(made.made(one) for one in services),
    )
