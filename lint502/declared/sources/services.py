"""What Kubernetes' Services state: the ports that they bind, and what stands behind those."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lint502.declared.claims import Claims
from lint502.declared.listeners import Fact
from lint502.declared.sources.facts import Facts
from lint502.deployment.containers import Container, Project
from lint502.deployment.kubernetes.reached import Cluster
from lint502.deployment.services import Pod, Service, ServicePort
from lint502.standing import Standing

_OF_PROCESS = frozenset(("port", "socket", "bind"))
"""What is said of the address of the process, and not of the Service's."""

_SPOKEN = {"https": ("tls", True), "wss": ("tls", True), "grpc": ("protocol", "grpc")}
"""What an ``appProtocol`` states."""


def service_claims(
    project: Project, nginx: Container, behind: Mapping[str, Sequence[Facts]]
) -> Iterator[Claims]:
    """What is known of each port of each Service; ``behind`` has the listeners of containers by
    name."""
    cluster, pod = Cluster(project), nginx.pod or Pod(nginx.name)
    for service in project.services:
        hosts = cluster.names(service, pod)
        if service.outside is None and hosts:
            yield from _of_service(service, hosts, behind)


def _of_service(
    service: Service, hosts: tuple[str, ...], behind: Mapping[str, Sequence[Facts]]
) -> Iterator[Claims]:
    base: dict[str, Fact[Any]] = {
        "hosts": Fact(hosts, service.place, Standing.STATED),
        "same_host": Fact(False, service.place, Standing.STATED),
    }
    if service.headless:
        for name in service.containers:
            for facts in behind.get(name, ()):
                found = {**facts, **base}
                yield Claims(service.name, service.place, found, listed=True, derived=True)
        return
    for port in service.ports:
        if port.protocol == "tcp":
            found = {**_behind(port, behind), **base, **_own(port)}
            yield Claims(service.name, port.place, found, listed=True, derived=True)
    if not service.complete:  # another port may be the one that is meant
        yield Claims(service.name, service.place, base, listed=True, derived=True)


def _own(port: ServicePort) -> dict[str, Fact[Any]]:
    facts: dict[str, Fact[Any]] = {
        "port": Fact(port.number, port.place, Standing.STATED, what="the Service")
    }
    spoken = port.application
    known = None if spoken is None else _SPOKEN.get(spoken.value.lower())
    if spoken is not None and known is not None:
        facts[known[0]] = Fact(known[1], spoken.place, Standing.STATED, what="appProtocol")
    return facts


def _behind(port: ServicePort, behind: Mapping[str, Sequence[Facts]]) -> dict[str, Fact[Any]]:
    """What is known of the one listener that a port leads to."""
    found = [
        facts
        for endpoint in port.endpoints
        for name in endpoint.containers
        for facts in behind.get(name, ())
        if "port" in facts and facts["port"].value == endpoint.number
    ]
    if len(found) != 1:
        return {}
    return {key: fact for key, fact in found[0].items() if key not in _OF_PROCESS}
