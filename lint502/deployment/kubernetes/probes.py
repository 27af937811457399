"""The ports of a container, as its manifest names them and as probes ask them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from lint502.deployment.containers import Port
from lint502.deployment.kubernetes import fields
from lint502.deployment.yaml import YamlMap, YamlText

_PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def ports(container: YamlMap) -> tuple[Port, ...]:
    """The ports of a container: ``containerPort``, then those of probes."""
    declared = tuple(_declared(container))
    by_name = {port.name: port.number for port in declared if port.name is not None}
    return (*declared, *_probed(container, by_name))


def protocol(node: YamlText | None) -> Literal["tcp", "udp"] | None:
    """TCP, which it is where nothing is written, or UDP."""
    written = "TCP" if node is None else node.value
    return "tcp" if written == "TCP" else "udp" if written == "UDP" else None


def _declared(container: YamlMap) -> Iterator[Port]:
    for entry in fields.maps(container.list("ports")):
        number = fields.number(entry.get("containerPort"))
        spoken = protocol(entry.text("protocol"))
        written = entry.text("containerPort")
        if number is None or spoken is None or written is None:
            continue
        name, host = fields.known(entry.get("name")), fields.known(entry.get("hostIP"))
        yield Port(
            number,
            written.place,
            "containerPort",
            published=fields.number(entry.get("hostPort")),
            address=None if host is None else host.value,
            protocol=spoken,
            name=None if name is None else name.value,
        )


def _probed(container: YamlMap, by_name: Mapping[str, int]) -> Iterator[Port]:
    for what in _PROBES:
        probe = container.map(what)
        if probe is None:
            continue
        for way in ("httpGet", "tcpSocket", "grpc"):
            asked = probe.map(way)
            written = None if asked is None else asked.text("port")
            if asked is None or written is None or not _own(asked):
                continue
            number = fields.number(written)
            number = by_name.get(written.value) if number is None else number
            if number is not None:
                yield Port(number, written.place, what, application=_spoken(way, asked))


def _own(asked: YamlMap) -> bool:
    """Whether a probe asks the pod, and no other machine."""
    host = asked.text("host")
    return host is None or host.value in ("", *_LOOPBACK)


def _spoken(way: str, asked: YamlMap) -> Literal["http", "https", "grpc"] | None:
    if way == "grpc":
        return "grpc"
    scheme = asked.text("scheme")
    if way == "tcpSocket" or (scheme is not None and scheme.value not in ("HTTP", "HTTPS")):
        return None
    return "http" if scheme is None or scheme.value == "HTTP" else "https"
