"""Compose files: which they are, and the projects that they make."""

from __future__ import annotations

from collections.abc import Sequence, Set

from lint502.deployment.compose.absent import absent
from lint502.deployment.compose.loading import Loader, Model, start_of
from lint502.deployment.compose.programs import Builder
from lint502.deployment.compose.recognise import is_compose
from lint502.deployment.compose.selection import Choice, choices
from lint502.deployment.compose.services import Services, declared_networks, external
from lint502.deployment.containers import Project
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Unread
from lint502.places import Place

__all__ = ["is_compose", "projects"]


def projects(repository: Repository, paths: Sequence[str], builder: Builder) -> tuple[Project, ...]:
    """The projects that Compose files are, by their absolute paths: each file one, with its
    override; a file that lacks what another one has, put over that one."""
    loader = Loader(repository)
    found = choices(loader, paths)
    others = {
        network.real
        for one in found
        if one.model is not None
        for network in declared_networks(one.model).values()
        if network.external
    }
    return tuple(_project(loader, one, frozenset(others), builder) for one in found)


def _project(loader: Loader, choice: Choice, others: frozenset[str], builder: Builder) -> Project:
    repository = loader.repository
    name = " + ".join(map(repository.name, choice.shown))
    files = tuple(map(repository.name, choice.files))
    model = choice.model
    if model is None:
        place = start_of(repository, choice.files[0])
        if choice.error is not None and choice.error.line is not None:
            place = Place(place.file, choice.error.line, 1, 2)
        return Project(name, "compose", (), unread=(Unread(place, str(choice.error)),), files=files)
    services = Services(repository, model, builder, loader.env_files)
    containers = services.containers()
    networks = frozenset(network for one in containers for network in one.networks)
    unread = (*model.unread, *services.not_services())
    if choice.part:
        why = "needs services that it does not have: it is part of a project that is not known"
        unread = (*unread, Unread(start_of(repository, choice.files[0]), why))
    return Project(
        name,
        "compose",
        containers,
        networks if choice.part else external(model, networks, others),
        _absent(loader, model, {one.name for one in containers}),
        unread,
        tuple(map(repository.name, model.files)),
    )


def _absent(loader: Loader, model: Model, there: Set[str]) -> dict[str, Place]:
    """The services that a comment has, and no file."""
    found: dict[str, Place] = {}
    for path in model.files:
        source = loader.repository.text(path)
        for document in loader.documents(path) if source is not None else ():
            if source is not None:
                found.update(absent(source, document))
    return {name: place for name, place in found.items() if name not in there}
