"""What names a Kubernetes cluster knows: Services, their ports, and the pods that they lead to."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from lint502.deployment.texts import Text, Unread
from lint502.places import Place

CLUSTER = "the cluster"
"""The network of all pods; who else is on it no manifest says."""


class Pod(Struct, frozen=True):
    """The pod of a container.

    ``name`` is that of the workload, ``"web"``; ``namespace`` is "" where no file says which
    one. ``cluster_dns`` tells whether it asks the DNS of the cluster, which knows the Services: a
    pod in the machine's network does not, unless its ``dnsPolicy`` says so; None where that is not
    known.
    """

    name: str
    namespace: str = ""
    cluster_dns: bool | None = True


class Endpoint(Struct, frozen=True):
    """Where a port of a Service leads to: a port of a pod, and the containers of the pod that may
    listen there. ``declared``: they name it as ``containerPort``; else all of the pod are listed,
    for a container may listen on ports that it does not name."""

    containers: tuple[str, ...]
    number: int
    declared: bool


class ServicePort(Struct, frozen=True):
    """A port of a Service. Clients connect to ``number``; ``target`` is the port of the pods that
    it leads to, a number or a name, as it is written; None where it is not known.

    ``endpoints`` are what that comes to, one for each pod that the Service selects and that has
    such a port: none where no container has a port of that name. ``application`` is
    ``appProtocol``; ``published`` is ``nodePort``.
    """

    number: int
    place: Place
    target: Text | None
    endpoints: tuple[Endpoint, ...] = ()
    name: str | None = None
    protocol: Literal["tcp", "udp"] = "tcp"
    application: Text | None = None
    published: int | None = None


class Service(Struct, frozen=True):
    """A Service: a name that the cluster's DNS knows, and what it leads to.

    ``ports`` are all that it has; ``complete`` is False where one of them could not be read.
    ``containers`` are those of the pods that it selects, empty where no manifest has them.
    ``headless``: its name stands for the addresses of the pods, and clients connect to ports of
    the containers; its own ports are not bound. ``selects``: it has a selector; without one,
    somebody else says where it leads to. ``outside`` is the name that it stands for
    (``ExternalName``).
    """

    name: str
    place: Place
    namespace: str = ""
    ports: tuple[ServicePort, ...] = ()
    containers: tuple[str, ...] = ()
    headless: bool = False
    selects: bool = True
    outside: Text | None = None
    complete: bool = True
    address: Text | None = None
    """Its own address, where the manifest fixes it (``clusterIP``)."""
    stateful: frozenset[str] = field(default_factory=frozenset)
    """The StatefulSets whose pods have names below its own: ``db-0.db``."""
    unread: tuple[Unread, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which all pods reach it, the longest first; the pods of its own namespace
        also by ``name`` alone."""
        if not self.namespace:
            return ()
        short = f"{self.name}.{self.namespace}"
        return (f"{short}.svc.cluster.local", f"{short}.svc", short)
