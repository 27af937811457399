"""What runs in a deployment: containers, and what each is started with."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Literal

from msgspec import Struct, field

from lint502.deployment.layers import Layer
from lint502.deployment.services import Pod, Service
from lint502.deployment.texts import Text, Unread, Words
from lint502.deployment.units import Unit
from lint502.places import Place

HOST = "the machine"
"""The network namespace of what runs outside containers, and of ``network_mode: host``."""


class Port(Struct, frozen=True):
    """A port of a container that something suggests: ``ports``, ``expose``, EXPOSE, a health
    check. ``published`` is the port of the machine that leads to it, if one is known to."""

    number: int
    place: Place
    what: str
    """How a report calls it: ``"ports"``, ``"EXPOSE"``, ``"healthcheck"``."""
    published: int | None = None
    address: str | None = None
    """The address of the machine on which it is published; None for all."""
    protocol: Literal["tcp", "udp"] = "tcp"
    name: str | None = None
    application: Literal["http", "https", "grpc"] | None = None
    """What a probe speaks there."""
    example: bool = False
    """Whether a number rests on what only an example says (``.env.example``)."""


class Image(Struct, frozen=True):
    """What a Dockerfile builds: the stage that is asked for, with all that it is built on.

    ``base`` is the image that it starts from in the end, ``"python:3.12-slim"``, None where that is
    not known. ``entrypoint`` and ``command`` are None where only the base may have them; an empty
    one (``CMD []``) has no words. ``environment`` has the variables of known value, ``unknown`` the
    names of the others that are set. ``installed`` are the packages that its commands name to a
    package manager.
    """

    base: Text | None
    entrypoint: Words | None = None
    command: Words | None = None
    environment: Mapping[str, Text] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    ports: tuple[Port, ...] = ()
    layers: tuple[Layer, ...] = ()
    workdir: str = "/"
    user: Text | None = None
    unread: tuple[Unread, ...] = ()
    files: tuple[str, ...] = ()
    installed: frozenset[str] = frozenset()


class Program(Struct, frozen=True):
    """What is run in the end, with all that an image and what overrides it say.

    ``words`` are the entry point and the command together; None where they are not known.
    ``environment`` has the variables of known value, ``unknown`` the names of the others that are
    set. ``image`` is the image that it is run from, ``"python:3.12-slim"``: its own one, or the one
    that its Dockerfile starts from; None where that is not known (``"nginx:${TAG}"`` where the tag
    alone is not). ``built`` tells the latter.
    ``folder`` is the folder of this machine that the image is built from, ``workdir`` the working
    directory in the container. ``arguments`` come in place of the image's command where its entry
    point stays, and ``words`` are not known for that. ``open``: variables may be set that no file
    names. ``installed`` are the packages that its Dockerfile names to a package manager.
    """

    words: Words | None
    image: Text | None
    built: bool = False
    environment: Mapping[str, Text] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    workdir: str = "/"
    user: Text | None = None
    folder: str | None = None
    arguments: Words | None = None
    open: bool = False
    installed: frozenset[str] = frozenset()


class Container(Struct, frozen=True):
    """One container, or one process of a machine, as the deployment has it.

    ``networks`` are the networks that it is on, by names that hold in its deployment. ``names`` are
    those by which others on a network that they share reach it (the service's name,
    ``container_name``, aliases), ``aliases`` the same for each network, for some names hold on one
    network alone. ``namespace`` tells whose loopback it has: its own name, that of another
    container, or :data:`HOST`; "" where that is not known. ``hosts`` are names that it alone knows
    (``extra_hosts``, links), with what they stand for: an address, ``host-gateway``, or the name of
    a container. ``open_names``: it has name servers of its own, which may know other names.
    """

    name: str
    place: Place
    program: Program
    names: tuple[str, ...] = ()
    networks: frozenset[str] = frozenset()
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    namespace: str = ""
    addresses: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    layers: tuple[Layer, ...] = ()
    hosts: Mapping[str, Text] = field(default_factory=dict)
    open_names: bool = False
    unread: tuple[Unread, ...] = ()
    active: bool = True
    """Whether it is started where nobody says more: it has no profile, and not 0 replicas."""
    pod: Pod | None = None
    unit: Unit | None = None


class Project(Struct, frozen=True, dict=True):
    """All containers that are run together: a Compose project, the manifests of a folder, or the
    processes of a machine.

    ``external`` are the networks that others may be on, too. ``absent`` has the names of services
    that are commented out, with where; ``services`` are those of Kubernetes. ``unread`` is what
    could not be made out, ``files`` are the files that say it.
    """

    name: str
    kind: Literal["compose", "kubernetes", "host", "image"]
    containers: tuple[Container, ...]
    external: frozenset[str] = frozenset()
    absent: Mapping[str, Place] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()
    files: tuple[str, ...] = ()
    services: tuple[Service, ...] = ()

    @cached_property
    def by_name(self) -> Mapping[str, Container]:
        """The containers by their names, of two that are called alike the first."""
        return {one.name: one for one in reversed(self.containers)}
