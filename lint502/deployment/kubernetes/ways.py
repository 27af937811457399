"""The Services of manifests, and which containers they lead to.

From the API reference: ``ServiceSpec v1 core``, ``ServicePort v1 core``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from lint502.deployment.kubernetes import fields, probes
from lint502.deployment.kubernetes.bounds import TOO_MUCH, Budget
from lint502.deployment.kubernetes.objects import Object
from lint502.deployment.kubernetes.workloads import Workload
from lint502.deployment.services import Endpoint, Service, ServicePort
from lint502.deployment.texts import Text, Unread
from lint502.deployment.yaml import YamlMap

_NONE = "None"


def find(objects: Iterable[Object]) -> tuple[Object, ...]:
    """The Services among some objects."""
    return tuple(one for one in objects if (one.group, one.kind) == ("", "Service"))


def variables(services: Sequence[Object]) -> dict[str, frozenset[str]]:
    """The names of the variables that the pods of each namespace may have for its Services."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in services:
        start = one.name.value.upper().replace("-", "_")
        ports = [port for port in _ports(one) if port is not None]
        if not ports or _is_headless(one):
            continue
        names = found[one.namespace]
        names.update((f"{start}_SERVICE_HOST", f"{start}_SERVICE_PORT", f"{start}_PORT"))
        for port in ports:
            if port.name is not None:
                names.add(f"{start}_SERVICE_PORT_{port.name.upper().replace('-', '_')}")
            names.update(
                f"{start}_PORT_{port.number}_{port.protocol.upper()}{end}"
                for end in ("", "_PROTO", "_PORT", "_ADDR")
            )
    return {home: frozenset(names) for home, names in found.items()}


class Services:
    """What the Services of a project lead to; equal selectors are followed once."""

    def __init__(self, workloads: Sequence[Workload], budget: Budget) -> None:
        self._budget = budget
        self._by_label: dict[tuple[str, str, str], list[Workload]] = defaultdict(list)
        self._selected: dict[tuple[str, frozenset[tuple[str, str]]], tuple[Workload, ...]] = {}
        for one in workloads:
            for key, value in (one.labels or {}).items():
                self._by_label[one.made_by.namespace, key, value].append(one)

    def made(self, one: Object) -> Service:
        """The Service of an object."""
        spec = one.node.map("spec")
        selector = None if spec is None else spec.map("selector")
        selects = selector is not None and bool(selector.entries)
        wanted = fields.labels(selector)
        outside = _outside(spec)
        pods: tuple[Workload, ...] = ()
        if selects and wanted is not None and outside is None:
            pods = self._pods(one.namespace, wanted)
        ports = _ports(one)
        unread: list[Unread] = []
        led = []
        for port in ports:
            if port is not None:
                endpoints = _endpoints(port, pods)
                if not self._budget.take(1 + sum(len(to.containers) for to in endpoints)):
                    unread.append(Unread(port.place, TOO_MUCH))
                    endpoints, pods = (), ()
                led.append(replace(port, endpoints=endpoints))
        address = None if spec is None else fields.known(spec.get("clusterIP"))
        return Service(
            name=one.name.value,
            place=one.name.place,
            namespace=one.namespace,
            ports=tuple(led),
            containers=tuple(container.name for pod in pods for container in pod.containers),
            headless=_is_headless(one),
            selects=selects,
            outside=outside,
            complete=None not in ports,
            address=None if address is None or address.value in ("", _NONE) else address,
            stateful=_stateful(one, pods),
            unread=tuple(unread),
        )

    def _pods(self, namespace: str, wanted: Mapping[str, str]) -> tuple[Workload, ...]:
        """The workloads of a namespace whose pods have all labels of a selector."""
        key = (namespace, frozenset(wanted.items()))
        found = self._selected.get(key)
        if found is None:
            lists = [self._by_label.get((namespace, *label), []) for label in wanted.items()]
            fewest = min(lists, key=len)
            found = tuple(one for one in fewest if wanted.items() <= (one.labels or {}).items())
            self._selected[key] = found
        return found


def _ports(one: Object) -> tuple[ServicePort | None, ...]:
    """The ports of a Service; None for one that is not known."""
    spec = one.node.map("spec")
    entries = None if spec is None else spec.list("ports")
    if spec is None or entries is None:
        return () if spec is None or spec.get("ports") is None else (None,)
    return tuple(_port(entry) if isinstance(entry, YamlMap) else None for entry in entries.items)


def _port(entry: YamlMap) -> ServicePort | None:
    written, spoken = entry.text("port"), probes.protocol(entry.text("protocol"))
    number = fields.number(written)
    if number is None or written is None or spoken is None:
        return None
    name, target = fields.known(entry.get("name")), entry.get("targetPort")
    return ServicePort(
        number=number,
        place=written.place,
        target=Text(written.value, written.place) if target is None else fields.known(target),
        name=None if name is None else name.value,
        protocol=spoken,
        application=fields.known(entry.get("appProtocol")),
        published=fields.number(entry.get("nodePort")),
    )


def _endpoints(port: ServicePort, pods: Sequence[Workload]) -> tuple[Endpoint, ...]:
    return tuple(found for pod in pods if (found := _endpoint(port, pod)) is not None)


def _endpoint(port: ServicePort, pod: Workload) -> Endpoint | None:
    """Where a port leads to in a pod; None where it has no such port, or the port is not known."""
    if port.target is None:
        return None
    number = None
    if port.target.value.isascii() and port.target.value.isdigit():
        number = int(port.target.value[:6])
    declaring = {
        container.name: declared.number
        for container in pod.containers
        for declared in container.ports
        if declared.what == "containerPort"
        and declared.protocol == port.protocol
        and (declared.number == number if number else declared.name == port.target.value)
    }
    if declaring:
        return Endpoint(tuple(declaring), next(iter(declaring.values())), True)
    if number is None:
        return None
    return Endpoint(tuple(container.name for container in pod.containers), number, False)


def _is_headless(one: Object) -> bool:
    spec = one.node.map("spec")
    address = None if spec is None else spec.text("clusterIP")
    return address is not None and address.value == _NONE


def _outside(spec: YamlMap | None) -> Text | None:
    kind = None if spec is None else spec.text("type")
    if spec is None or kind is None or kind.value != "ExternalName":
        return None
    return fields.text(spec.get("externalName"))


def _stateful(one: Object, pods: Sequence[Workload]) -> frozenset[str]:
    """The StatefulSets among some pods that a Service gives names to."""
    found = set()
    for pod in pods:
        spec = pod.made_by.node.map("spec")
        service = None if spec is None else spec.text("serviceName")
        own = service is not None and service.value == one.name.value
        if own and pod.made_by.kind == "StatefulSet":
            found.add(pod.made_by.name.value)
    return frozenset(found)
