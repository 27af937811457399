"""Which containers of a deployment run nginx, and what each of them reads."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lint502.deployment.containers import Container, Project
from lint502.deployment.filesystem import ContainerFiles, OnDisk
from lint502.deployment.images import NginxFamily, nginx_family, parse_reference, version_of
from lint502.deployment.layers import Files, Inline, Layer, Moved
from lint502.deployment.repository import Repository
from lint502.deployment.texts import UNKNOWN, Text
from lint502.deployment.yaml import YamlText
from lint502.nginx.includes import NGINX_FOLDERS
from lint502.places import Place

_PROGRAMS = frozenset(("nginx", "nginx-debug", "openresty", "angie", "tengine", "freenginx"))
_RUNS = re.compile(r"(?:^|[\s;&|('\"/])(?:nginx|openresty|angie)(?=$|[\s;&|)'\"])")
_MAIN = re.compile(r"(?:^|\s)-c\s*([\"']?)(/[^\s\"';&|]+)\1")
_FOLDERS = (*NGINX_FOLDERS, "/config/nginx", "/opt/bitnami/nginx/conf", "/etc/nginx")

_ANY = NginxFamily(
    name="nginx",
    main="/etc/nginx/nginx.conf",
    stock={
        "/etc/nginx/nginx.conf": (
            "events {}\nhttp {\n    include /etc/nginx/conf.d/*.conf;\n"
            "    include /etc/nginx/http.d/*.conf;\n    include /etc/nginx/sites-enabled/*;\n}\n"
        )
    },
)
"""What is taken for an image that is not known, where it has no main file of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class NginxContainer:
    """A container that runs nginx.

    ``main`` is the path of its main file in the container, ``name`` what reports call the root: the
    repository's file that nginx reads first. ``templates`` are the folders that its image renders.
    ``version`` is that of the image's tag, and whether that is one that floats. ``values`` are what
    templates are given. ``guessed``: the main file of the image is not known; ``own`` are the
    folders of which all files of the image are known.
    """

    project: Project
    container: Container
    files: ContainerFiles
    main: str
    templates: Mapping[str, str]
    version: tuple[str, bool] | None
    values: Mapping[str, Text]
    guessed: bool
    own: tuple[str, ...]


def nginx_containers(project: Project, repository: Repository) -> Iterator[NginxContainer]:
    """The containers of a project that run nginx with a configuration of the repository."""
    for container in project.containers:
        family = _family(container)
        if family is None and not _runs_nginx(container):
            continue
        found = _nginx(project, container, family, repository)
        if found is not None:
            yield found


def _family(container: Container) -> NginxFamily | None:
    image = container.program.image
    found = None if image is None or UNKNOWN in image.value else nginx_family(image.value)
    if found is not None:
        return found
    packages = container.program.installed
    return _ANY if not packages.isdisjoint(_PROGRAMS) else None


def _runs_nginx(container: Container) -> bool:
    """Whether it is nginx by its command, or by where its files are put."""
    words = container.program.words
    if words is not None and any(
        os.path.basename(word) in _PROGRAMS or (" " in word and _RUNS.search(word))
        for word in words.words
    ):
        return True
    return any(_is_for_nginx(layer) for layer in container.layers)


def _is_for_nginx(layer: Layer) -> bool:
    if not isinstance(layer, (Files, Inline, Moved)):
        return False
    return any(
        layer.target == folder or layer.target.startswith(f"{folder}/") for folder in _FOLDERS
    )


def _nginx(
    project: Project, container: Container, family: NginxFamily | None, repository: Repository
) -> NginxContainer | None:
    known = family or _ANY
    image = container.program.image
    label = known.name if image is None or UNKNOWN in image.value else image.value
    stock = tuple(
        Inline(path, YamlText(text, Place(f"{label}:{path}", 1, 1, 1)), container.place)
        for path, text in known.stock.items()
    )
    files = ContainerFiles(repository, (*stock, *container.layers))
    main = _main(container) or known.main
    if not _reads_something(container, files, known, main):
        return None
    reference = None if image is None else parse_reference(image.value)
    version = None if reference is None or family is None else version_of(family, reference.tag)
    entry = files.find(main)
    guessed = known is _ANY and isinstance(entry, Inline) and entry in stock
    return NginxContainer(
        project,
        container,
        files,
        main,
        known.templates,
        version,
        container.program.environment,
        guessed,
        () if family is None or container.program.built else (os.path.dirname(main),),
    )


def _main(container: Container) -> str | None:
    """The main file that the command names."""
    words = container.program.words
    match = _MAIN.search(" ".join(words.words)) if words is not None else None
    return None if match is None else os.path.normpath(match[2])


def _reads_something(
    container: Container, files: ContainerFiles, family: NginxFamily, main: str
) -> bool:
    """Whether any of what nginx may read is of the repository."""
    if isinstance(files.find(main), OnDisk):
        return True
    folders = {os.path.dirname(main), os.path.dirname(family.main), *family.templates}
    return any(
        isinstance(layer, (Files, Inline, Moved))
        and any(
            layer.target == folder
            or layer.target.startswith(f"{folder}/")
            or folder.startswith(f"{layer.target.rstrip('/')}/")
            for folder in folders
        )
        for layer in container.layers
    )
