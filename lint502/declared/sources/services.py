"""What Kubernetes' Services state: the ports that they bind, and what stands behind those."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lint502.declared.claims import Claims
from lint502.declared.listeners import Fact
from lint502.declared.sources.facts import Facts
from lint502.deployment.services import Service, ServicePort
from lint502.standing import Standing

_OF_PROCESS = frozenset(("port", "socket", "bind"))
"""What is said of the address of the process, and not of the Service's."""


def service_claims(
    services: Sequence[Service], namespace: str, behind: Mapping[str, Sequence[Facts]]
) -> Iterator[Claims]:
    """What is known of each port of each Service; ``behind`` has the listeners of containers by
    name, ``namespace`` is that of nginx's pod."""
    for service in services:
        if service.outside is not None:
            continue
        hosts = (*_short(service, namespace), *service.names)
        base: dict[str, Fact[Any]] = {
            "hosts": Fact(hosts, service.place, Standing.STATED),
            "same_host": Fact(False, service.place, Standing.STATED),
        }
        if service.headless:
            for name in service.containers:
                for facts in behind.get(name, ()):
                    yield Claims(
                        service.name, service.place, {**facts, **base}, listed=True, derived=True
                    )
            continue
        for port in service.ports:
            facts = {**_behind(port, behind), **base, **_own(port)}
            several = len(service.ports) > 1
            yield Claims(service.name, port.place, facts, listed=several, derived=True)


def _short(service: Service, namespace: str) -> tuple[str, ...]:
    same = not service.namespace or not namespace or service.namespace == namespace
    return (service.name,) if same else ()


def _own(port: ServicePort) -> dict[str, Fact[Any]]:
    facts: dict[str, Fact[Any]] = {
        "port": Fact(port.number, port.place, Standing.STATED, what="the Service")
    }
    spoken = port.application
    if spoken is not None:
        said = {"https": ("tls", True), "wss": ("tls", True), "grpc": ("protocol", "grpc")}
        known = said.get(spoken.value.lower())
        if known is not None:
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
