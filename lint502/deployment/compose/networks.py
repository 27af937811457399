"""Which networks a service is on, and under which names others reach it there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from lint502.deployment.compose.values import Keyed, Scalar, Value, as_keyed, each_text
from lint502.deployment.containers import HOST
from lint502.deployment.texts import UNKNOWN, Unread

BRIDGE = "bridge"
"""Docker's own network, on which containers have no names."""


class Network(Struct, frozen=True):
    """A network of a project. ``name`` is what it is called in the deployment: its key, or the name
    that it is given; ``real`` what it is called on the machine. ``external``: it is not made by
    this project, and others are on it too."""

    name: str
    real: str
    external: bool = False


class Joined(Struct, frozen=True):
    """What a service has on its networks; ``namespace`` is "" where it is not known, ``shared`` the
    service whose namespace it has, too."""

    networks: frozenset[str] = frozenset()
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    namespace: str = ""
    shared: str | None = None
    unread: tuple[Unread, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names on all networks."""
        return tuple(dict.fromkeys(name for every in self.aliases.values() for name in every))


def networks_of(section: Keyed | None, project: str) -> dict[str, Network]:
    """The networks that a project declares, by their keys."""
    found = {}
    for key, value in section.entries.items() if section is not None else ():
        found[key] = _declared(key, value, project)
    return found


def _declared(key: str, value: Value, project: str) -> Network:
    if not isinstance(value, Keyed):
        return Network(key, f"{project}_{key}")
    inner = value.keyed("external")
    named = value.scalar("name") or (inner.scalar("name") if inner is not None else None)
    external = inner is not None or value.says_yes("external")
    if named is not None:
        name = named.text.replace(UNKNOWN, "?")
        return Network(name if named.known else key, name, external)
    return Network(key, key if external else f"{project}_{key}", external)


def joined(
    name: str,
    service: Keyed,
    networks: Mapping[str, Network],
    *,
    project: str,
    old: bool,
    containers: Mapping[str, str],
) -> Joined:
    """What a service has on its networks. ``containers`` has services by ``container_name``;
    ``old``: the file is of the form that knows no networks."""
    mode = service.scalar("network_mode") or service.scalar("net")
    if mode is not None:
        return _by_mode(name, mode, _names(name, service, project), containers)
    if old:
        return Joined(frozenset((BRIDGE,)), {BRIDGE: ()}, namespace=name)
    section = service.get("networks")
    wanted = as_keyed(section) if section is not None else None
    if wanted is None or not wanted.entries:
        wanted = Keyed({"default": service}, {}, service.place)
    names = _names(name, service, project)
    aliases: dict[str, tuple[str, ...]] = {}
    addresses: list[str] = []
    for key, value in wanted.entries.items():
        network = networks.get(key, Network(key, f"{project}_{key}"))
        if network.external and network.real == "host":
            return Joined(namespace=HOST)
        more: list[str] = []
        if isinstance(value, Keyed) and value is not service:
            more = [one.text for one in each_text(value.get("aliases")) if one.known]
            addresses += _addresses(value)
        known = aliases.get(network.name, ())
        aliases[network.name] = tuple(dict.fromkeys((*known, *names, *more)))
    return Joined(frozenset(aliases), aliases, tuple(addresses), name)


def _by_mode(
    name: str, mode: Scalar, names: tuple[str, ...], containers: Mapping[str, str]
) -> Joined:
    if not mode.known:
        return Joined(unread=(Unread(mode.place, "names a network by a variable without a value"),))
    kind, _, other = mode.text.partition(":")
    if kind == "host":
        return Joined(namespace=HOST)
    if kind == "none":
        return Joined(namespace=name)
    if kind == BRIDGE or kind == "default":
        return Joined(frozenset((BRIDGE,)), {BRIDGE: ()}, namespace=name)
    if kind == "service" and other:
        return Joined(namespace=other, shared=other)
    if kind == "container" and other:
        shared = containers.get(other)
        return Joined(namespace=shared or other, shared=shared or other)
    return Joined(frozenset((mode.text,)), {mode.text: names}, namespace=name)


def _names(name: str, service: Keyed, project: str) -> tuple[str, ...]:
    """The names that a service has on each network: Docker gives a container its own name, the
    aliases that Compose asks for, and its host name (moby, ``daemon/container_operations.go``,
    ``buildEndpointDNSNames``)."""
    found = [name]
    container = service.scalar("container_name")
    if container is not None and container.known:
        found.append(container.text)
    elif container is None:
        found += [f"{project}-{name}-1", f"{project}_{name}_1"]
    host = service.text("hostname")
    if host:
        found.append(host)
    return tuple(dict.fromkeys(found))


def _addresses(network: Keyed) -> Iterator[str]:
    for key in ("ipv4_address", "ipv6_address"):
        address = network.text(key)
        if address:
            yield address
