"""Which containers of a deployment run nginx, and what each of them reads."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from lint502.deployment.containers import Container, Project
from lint502.deployment.dockerfile import written_at_start
from lint502.deployment.filesystem import ContainerFiles, OnDisk
from lint502.deployment.layers import Files, Inline, Layer, Moved, Unseen
from lint502.deployment.nginx_images import (
    NginxFamily,
    nginx_family,
    package_family,
    package_version,
    version_of,
)
from lint502.deployment.repository import Repository
from lint502.deployment.texts import UNKNOWN, Text
from lint502.deployment.yaml import YamlText
from lint502.nginx.stock_files import NGINX_FOLDERS
from lint502.patterns import regex
from lint502.places import Place

_PROGRAMS = frozenset(("nginx", "nginx-debug", "openresty", "angie", "tengine", "freenginx"))
_NGINX = frozenset(("nginx", "nginx-debug"))
_RUNS = regex(r"(?:^|[\s;&|('\"/])(?:nginx|openresty|angie)(?=$|[\s;&|)'\"])")
_MAIN = regex(r"(?:^|\s)-c\s*([\"']?)(/[^\s\"';&|]+)\1")
_FOLDERS = (*NGINX_FOLDERS, "/config/nginx", "/opt/bitnami/nginx/conf", "/etc/nginx")

_STOCK = {
    "/etc/nginx/nginx.conf": (
        "events {}\nhttp {\n    include /etc/nginx/conf.d/*.conf;\n"
        "    include /etc/nginx/http.d/*.conf;\n    include /etc/nginx/sites-enabled/*;\n}\n"
    )
}
"""What is taken for the main file of an image that is not known, where it has none of its own."""


class NginxContainer(Struct, frozen=True, eq=False):
    """A container that runs nginx.

    ``main`` is the path of its main file in the container, ``family`` what is known of its image or
    package. ``templates`` are the folders that its image renders, ``values`` what they are given.
    ``version`` is that of the image's tag, and whether that is one that floats. ``guessed``: the
    main file of the image is not known; ``own`` are the folders of which all files of the image are
    known.
    """

    project: Project
    container: Container
    files: ContainerFiles
    main: str
    family: NginxFamily | None
    templates: Mapping[str, str]
    version: tuple[str, bool] | None
    values: Mapping[str, Text]
    guessed: bool
    own: tuple[str, ...]


def nginx_containers(project: Project, repository: Repository) -> Iterator[NginxContainer]:
    """The containers of a project that run nginx with a configuration of the repository."""
    for container in project.containers:
        image = _image(container)
        of_image = None if image is None else nginx_family(image)
        package = _package(container) if of_image is None else None
        if of_image is None and package is None and not _runs_nginx(container):
            continue
        family = of_image or package
        if family is not None and family.generated:
            continue
        version = None
        if image is not None and of_image is not None:
            version = version_of(of_image, image)
        elif image is not None and package is not None:
            packaged = package_version(package, image)
            version = None if packaged is None else (packaged, False)
        found = _nginx(project, container, family, version, repository)
        if found is not None:
            yield found


def _image(container: Container) -> str | None:
    """The image of a container, or that it is built on, if that is known."""
    image = container.program.image
    return None if image is None or UNKNOWN in image.value else image.value


def _package(container: Container) -> NginxFamily | None:
    """What is known of the nginx that is installed in an image."""
    installed = container.program.installed & _PROGRAMS
    if installed.isdisjoint(_NGINX):
        return next(filter(None, map(package_family, sorted(installed))), None)
    base = (_image(container) or "").lower()
    if "alpine" in base:
        return package_family("apk")
    fedora = any(name in base for name in ("fedora", "centos", "rocky", "alma", "ubi", "amazon"))
    return package_family("dnf" if fedora else "apt-get")


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
    project: Project,
    container: Container,
    family: NginxFamily | None,
    version: tuple[str, bool] | None,
    repository: Repository,
) -> NginxContainer | None:
    image = _image(container)
    stock = _STOCK if family is None else family.stock
    label = image or "nginx"
    first: list[Layer] = [
        Inline(
            path, YamlText(text.lstrip("\n"), Place(f"{label}:{path}", 1, 1, 1)), container.place
        )
        for path, text in stock.items()
    ]
    last: list[Layer] = []
    environment = container.program.environment
    templates: Mapping[str, str] = {}
    main = _main(container)
    if family is not None:
        first += (Unseen(path, container.place) for path in family.unseen)
        links = (*family.linked.items(), *family.replaced.items())
        last += (Moved(source, target, container.place) for source, target in links)
        known = {name: text.value for name, text in environment.items()}
        templates = family.template_folders(known)
        main = main or family.main
    main = main or next(iter(_STOCK))
    last = [one for one in last if isinstance(one, Moved) and _is_there(container, one, repository)]
    layers = (*first, *container.layers, *last)
    started = written_at_start(repository, container.program, layers, official=family is not None)
    files = ContainerFiles(repository, (*layers, *started))
    if not _reads_something((*container.layers, *started), files, main, templates):
        return None
    return NginxContainer(
        project,
        container,
        files,
        main,
        family,
        templates,
        version,
        environment,
        family is None and files.find(main) in first,
        () if family is None or container.program.built else (os.path.dirname(main),),
    )


def _is_there(container: Container, moved: Moved, repository: Repository) -> bool:
    """Whether the container has what its image would move."""
    files = ContainerFiles(repository, container.layers)
    return files.find(moved.source) is not None or bool(files.listing(moved.source).names)


def _main(container: Container) -> str | None:
    """The main file that the command names."""
    words = container.program.words
    match = _MAIN.search(" ".join(words.words)) if words is not None else None
    return None if match is None else os.path.normpath(match[2])


def _reads_something(
    layers: Sequence[Layer], files: ContainerFiles, main: str, templates: Mapping[str, str]
) -> bool:
    """Whether any of what nginx may read is of the repository."""
    if isinstance(files.find(main), OnDisk):
        return True
    folders = {os.path.dirname(main), *templates}
    return any(
        isinstance(layer, (Files, Inline, Moved))
        and any(
            layer.target == folder
            or layer.target.startswith(f"{folder}/")
            or folder.startswith(f"{layer.target.rstrip('/')}/")
            for folder in folders
        )
        for layer in layers
    )
