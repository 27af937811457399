"""What a name and a port of nginx mean in a cluster.

https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from lint502.deployment.containers import Container, Project
from lint502.deployment.services import Endpoint, Pod, Service, ServicePort


class Reached(Struct, frozen=True):
    """A Service that a name stands for, and where a port of it leads to.

    ``bound`` tells whether the Service has the port: where it has not, nothing answers. Whether the
    connection is refused then, or gets no answer at all, is the cluster's matter: kube-proxy
    refuses it by nftables, and lets it pass by iptables (KEP-3866, "Behavior of service IPs"). It
    is None where the Service does not decide that: a headless one, a name outside, one of which a
    port is not known.

    ``endpoints`` are None where they are not known: no manifest has the pods, or the port of the
    pods is left open; empty where the pods are known, and none has such a port.
    """

    service: Service
    port: ServicePort | None
    bound: bool | None
    endpoints: tuple[Endpoint, ...] | None


_DEFAULT = "default"
"""The namespace of what names none, where whoever applies it names none either."""

MOST_NAMESPACES = 20
"""Of those that a Service may be in."""


class Cluster:
    """The Services of a project, as its pods reach them."""

    def __init__(self, project: Project) -> None:
        self._services: dict[str, list[Service]] = defaultdict(list)
        for service in project.services:
            self._services[service.name].append(service)
        self._containers = {one.name: one for one in project.containers}
        pods = {one.pod.namespace for one in project.containers if one.pod is not None}
        named = {one.namespace for one in project.services} | pods | {_DEFAULT}
        self._namespaces = tuple(sorted(named - {""}))

    def service(self, host: str, pod: Pod) -> Service | None:
        """The Service that a host means for a pod that asks the DNS of the cluster, None where no
        manifest has one."""
        for name, namespace, below in _readings(host, pod.namespace):
            service = self._named(name, namespace)
            if service is not None and (not below or _has(service, below)):
                return service
        return None

    def names(self, service: Service, pod: Pod) -> tuple[str, ...]:
        """The names by which a pod reaches a Service; where no file says its namespace, those of
        each namespace that it may be in."""
        homes = (service.namespace,) if service.namespace else self._namespaces[:MOST_NAMESPACES]
        found = [service.name] if self.service(service.name, pod) is service else []
        for home in homes:
            if self._named(service.name, home) is service:
                found += replace(service, namespace=home).names
        return tuple(found)

    def elsewhere(self, host: str, pod: Pod) -> tuple[Service, ...]:
        """The Services of a name without a dot that are in other namespaces than a pod: there the
        name needs the namespace behind it."""
        if not pod.namespace or self.service(host, pod) is not None:
            return ()
        return tuple(self._services.get(host.lower().rstrip("."), ()))

    def reached(self, host: str, port: int, pod: Pod, protocol: str = "tcp") -> Reached | None:
        """What a host and a port lead to for a pod, None where no manifest has such a Service."""
        service = self.service(host, pod)
        if service is None:
            return None
        if service.outside is not None:
            return Reached(service, None, None, None)
        if service.headless:
            known = service.containers
            return Reached(service, None, None, self._directly(service, port) if known else None)
        found = next(
            (one for one in service.ports if (one.number, one.protocol) == (port, protocol)), None
        )
        if found is None:
            return Reached(service, None, False if service.complete else None, None)
        open_end = not service.containers or found.target is None
        return Reached(service, found, True, None if open_end else found.endpoints)

    def _named(self, name: str, namespace: str) -> Service | None:
        """The Service of a name in a namespace; one of which no file says the namespace may be in
        any, and a pod of which no file says it too."""
        services = self._services.get(name, [])
        exact = [one for one in services if one.namespace == namespace]
        open_ones = [one for one in services if not one.namespace or not namespace]
        found = exact or open_ones
        return found[0] if len(found) == 1 else None

    def _directly(self, service: Service, port: int) -> tuple[Endpoint, ...]:
        """A port of each pod that a headless Service stands for."""
        pods: dict[tuple[str, Pod | None], list[Container]] = defaultdict(list)
        for name in service.containers:
            container = self._containers[name]
            pods[container.namespace, container.pod].append(container)
        return tuple(_endpoint(together, port) for together in pods.values())


def _endpoint(containers: Iterable[Container], port: int) -> Endpoint:
    declaring = [
        one.name
        for one in containers
        if any(of.number == port and of.what == "containerPort" for of in one.ports)
    ]
    names = tuple(declaring or (one.name for one in containers))
    return Endpoint(names, port, bool(declaring))


def _readings(host: str, own: str) -> Iterator[tuple[str, str, str]]:
    """The Services that a host may mean for a pod of a namespace, likeliest first: a name, a
    namespace, and the name of a pod before it."""
    labels = host.lower().rstrip(".").split(".")
    if "svc" in labels[2:]:
        labels = labels[: labels.index("svc", 2)]
        yield labels[-2], labels[-1], ".".join(labels[:-2])
    elif len(labels) == 1:
        yield labels[0], own, ""
    elif len(labels) <= 3:
        yield labels[-2], labels[-1], ".".join(labels[:-2])
        yield labels[-1], own, ".".join(labels[:-1])


def _has(service: Service, pod: str) -> bool:
    """Whether a Service gives a name to a pod: ``db-0`` of a StatefulSet ``db``, or what a pod
    writes as its ``hostname``."""
    name, dash, number = pod.rpartition("-")
    stateful = bool(dash) and number.isdigit() and name in service.stateful
    return service.headless and (stateful or not service.stateful)
