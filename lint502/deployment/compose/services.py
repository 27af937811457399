"""The containers of a project, from the model that Compose has of its files."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Set

from msgspec import Struct

from lint502.deployment.compose.env_files import EnvFiles
from lint502.deployment.compose.environment import environment
from lint502.deployment.compose.loading import Model
from lint502.deployment.compose.mounts import Mounts
from lint502.deployment.compose.networks import BRIDGE, Joined, Network, joined, networks_of
from lint502.deployment.compose.ports import ports
from lint502.deployment.compose.programs import Builder, Built, built, program
from lint502.deployment.compose.values import Items, Keyed, Scalar, Value, each_text
from lint502.deployment.containers import Container
from lint502.deployment.repository import Repository
from lint502.deployment.texts import UNKNOWN, Text, Unread
from lint502.places import Place


def project_name(model: Model) -> str:
    """The name that Compose gives a project: of ``.env``, of the file, or of the folder."""
    given = model.variables.known.get("COMPOSE_PROJECT_NAME")
    name = given.value if given is not None else model.name or os.path.basename(model.folder)
    return "".join(re.findall(r"[a-z0-9_-]", name.lower())).lstrip("_-")


def declared_networks(model: Model) -> dict[str, Network]:
    """The networks of a model, by their keys."""
    return networks_of(model.sections.get("networks"), project_name(model))


class Services(Struct, frozen=True):
    """The services of a model, made into containers."""

    repository: Repository
    model: Model
    builder: Builder
    env_files: EnvFiles

    def containers(self) -> tuple[Container, ...]:
        """One container for each service, in the order of the files."""
        section = self.model.sections.get("services")
        if section is None:
            return ()
        on_networks = self._joined(section)
        builds = self._builds(section)
        mounts = Mounts(self.repository, self.model.sections, self.model.variables)
        return tuple(
            self._container(
                name, service, section.place_of(name), on_networks[name], mounts, builds.get(name)
            )
            for name, service in section.entries.items()
            if isinstance(service, Keyed)
        )

    def not_services(self) -> tuple[Unread, ...]:
        """What stands among the services and is none."""
        section = self.model.sections.get("services")
        if section is None:
            return ()
        return tuple(
            Unread(section.place_of(name), "is no service: it has no image and no build")
            for name, one in section.entries.items()
            if not isinstance(one, Keyed)
        )

    def _builds(self, section: Keyed) -> dict[str, Built]:
        """What services are built to; one that names the image of another one has what that one
        is built to."""
        found: dict[str, Built] = {}
        by_image: dict[str, Built] = {}
        services = {name: one for name, one in section.entries.items() if isinstance(one, Keyed)}
        for name, service in services.items():
            model = self.model
            build = built(service, model.folder, model.variables, self.repository, self.builder)
            if build is not None:
                found[name] = build
                by_image.setdefault(service.text("image") or "", build)
        for name, service in services.items():
            image = service.text("image")
            if name not in found and image and image in by_image:
                found[name] = by_image[image]
        return found

    def _container(
        self,
        name: str,
        service: Keyed,
        place: Place,
        here: Joined,
        mounts: Mounts,
        build: Built | None,
    ) -> Container:
        own = environment(service, self.model.variables, self.repository, self.env_files)
        image = None if build is None else build.image
        layers, unread = mounts.of(name)
        found = tuple(image.ports) if image is not None else ()
        return Container(
            name=name,
            place=place,
            program=program(service, place, build, own),
            names=here.names,
            networks=here.networks,
            aliases=here.aliases,
            namespace=here.namespace,
            addresses=here.addresses,
            ports=(*ports(service), *found),
            layers=(*(image.layers if image is not None else ()), *layers),
            hosts=_hosts(service),
            open_names=any(service.get(key) is not None for key in ("dns", "dns_search")),
            unread=(
                *here.unread,
                *own.unread,
                *(build.unread if build is not None else ()),
                *(image.unread if image is not None else ()),
                *unread,
            ),
            active=self._is_active(service),
        )

    def _joined(self, section: Keyed) -> dict[str, Joined]:
        """What each service has on its networks; one that has the namespace of another is on the
        networks of that one."""
        declared = declared_networks(self.model)
        containers = {
            text: name
            for name, one in section.entries.items()
            if isinstance(one, Keyed) and (text := one.text("container_name"))
        }
        first = {
            name: joined(
                name,
                one,
                declared,
                project=project_name(self.model),
                old=self.model.old,
                containers=containers,
            )
            for name, one in section.entries.items()
            if isinstance(one, Keyed)
        }
        return {name: _followed(name, first) for name in first}

    def _is_active(self, service: Keyed) -> bool:
        if service.text("scale") == "0":
            return False
        deploy = service.keyed("deploy")
        if deploy is not None and deploy.text("replicas") == "0":
            return False
        wanted = [one.text for one in each_text(service.get("profiles"))]
        if not wanted:
            return True
        variables = self.model.variables
        given = variables.known.get("COMPOSE_PROFILES") or variables.examples.get(
            "COMPOSE_PROFILES"
        )
        active = {one.strip() for one in given.value.split(",")} if given is not None else set()
        return "*" in active or not active.isdisjoint(wanted)


def external(model: Model, containers: Set[str], others: Set[str]) -> frozenset[str]:
    """The networks of a model that others may be on: external ones, Docker's own, and those that
    other projects (``others``, by their names on the machine) call external. ``containers`` are
    the networks that its containers are on."""
    declared = {one.name: one for one in declared_networks(model).values()}
    found = {name for name, one in declared.items() if one.external or one.real in others}
    default = f"{project_name(model)}_default"
    undeclared = containers - declared.keys()
    found |= {name for name in undeclared if name != "default" or default in others}
    return frozenset(found | (containers & {BRIDGE}))


def _followed(name: str, found: Mapping[str, Joined]) -> Joined:
    first = one = found[name]
    seen = {name}
    while one.shared is not None and one.shared not in seen:
        seen.add(one.shared)
        other = found.get(one.shared)
        if other is None:
            return first
        one = other
    if one is first:
        return first
    return Joined(one.networks, {}, (), one.namespace, None, (*first.unread, *one.unread))


def _hosts(service: Keyed) -> dict[str, Text]:
    """The names that a service alone knows: links, then ``extra_hosts``."""
    found: dict[str, Text] = {}
    for kind in ("links", "external_links"):
        for item in each_text(service.get(kind)):
            other, _, alias = item.text.partition(":")
            text = item.cut(other).as_text()
            if text is not None and UNKNOWN not in alias:
                found[alias or other] = text
    for host, address in _extra_hosts(service.get("extra_hosts")):
        text = address.as_text()
        if text is not None and UNKNOWN not in host:
            found.setdefault(host, Text(text.value.strip("[]"), text.place, text.example))
    return found


def _extra_hosts(value: Value | None) -> list[tuple[str, Scalar]]:
    if isinstance(value, Keyed):
        pairs = ((host, next(iter(each_text(one)), None)) for host, one in value.entries.items())
        return [(host, address) for host, address in pairs if address is not None]
    found = []
    for item in value.items if isinstance(value, Items) else ():
        if isinstance(item, Scalar):
            separator = "=" if "=" in item.text else ":"
            host, _, address = item.text.partition(separator)
            found.append((host.strip(), item.cut(address.strip())))
        elif isinstance(item, Keyed):
            found += _extra_hosts(item)
    return found
