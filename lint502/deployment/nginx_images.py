"""Images that run nginx, and packages of it: where its configuration is, what is there already,
which version it is. The facts are in ``nginx_images.toml``, where its keys are explained."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Literal

import tomli
from msgspec import Struct

from lint502.deployment.images import Reference, parse_reference
from lint502.nginx import version

_FILE = Path(__file__).with_name("nginx_images.toml")
_NUMBERS = r"v?(\d+\.\d+(?:\.\d+)*)"

Product = Literal["nginx", "openresty", "angie", "tengine"]


class Beside(Struct, frozen=True):
    """Something else that listens in the container: at an address as nginx writes it,
    ``127.0.0.1:9000`` or ``unix:/run/php-fpm.sock``. ``server`` names its profile."""

    address: str
    protocol: str
    server: str


class NginxFamily(Struct, frozen=True):
    """What images or packages of one kind have.

    ``main`` is the main configuration file, None where a program writes the configuration when the
    container starts; relative includes are relative to its folder. ``stock`` has the texts of the
    files that are there, by path, reduced to what bears on hops and listeners. ``templates`` has
    folders of templates with the folder that each is rendered to, without the suffix of their
    names; ``linked`` folders whose files are linked into another one; ``replaced`` files that are
    copied over another one where they are there. ``variables`` are those that the image sets
    itself, and ``unseen`` are patterns of files that are written when the container starts.
    ``ports`` are those on which it listens as it is.
    """

    name: str
    product: Product
    main: str | None
    stock: Mapping[str, str]
    templates: Mapping[str, str]
    linked: Mapping[str, str]
    replaced: Mapping[str, str]
    variables: Mapping[str, str]
    unseen: tuple[str, ...]
    beside: tuple[Beside, ...]
    ports: tuple[int, ...]
    source: str

    @property
    def generated(self) -> bool:
        """Whether a program writes the configuration when the container starts."""
        return self.main is None

    def template_folders(self, environment: Mapping[str, str]) -> Mapping[str, str]:
        """The folders of templates where variables of the container change them.

        Source: ``20-envsubst-on-templates.sh`` of the official image.
        """
        if not self.templates:
            return {}
        ((folder, rendered),) = self.templates.items()
        given = {**self.variables, **environment}
        folder = given.get("NGINX_ENVSUBST_TEMPLATE_DIR") or folder
        return {folder: given.get("NGINX_ENVSUBST_OUTPUT_DIR") or rendered}


def nginx_family(reference: str) -> NginxFamily | None:
    """The family of an image; None where it is none that is known to run nginx.

    In a registry of somebody's own, a name of two parts counts as that of the public image.
    """
    found = parse_reference(reference)
    if found is None:
        return None
    row = _row(found)
    return None if row is None else _family(row["name"])


def package_family(manager: str) -> NginxFamily | None:
    """The family of what a package manager (``apt-get``, ``apk``, ``dnf``) installs as nginx;
    ``nginx.org`` stands for the packages of nginx itself, ``angie`` and ``openresty`` for those of
    that name, with whatever they are installed."""
    for row in _rows():
        if manager in row.get("packages", ()):
            return _family(row["name"])
    return None


def version_of(family: NginxFamily, reference: str) -> tuple[str, bool] | None:
    """The version of nginx in an image of a family, as :func:`lint502.nginx.derivatives.named`
    reads it, and whether the tag floats: then it is the newest that is known of its line."""
    found = parse_reference(reference)
    if found is None:
        return None
    row = next(row for row in _rows() if row["name"] == family.name)
    if "name_numbers" in row:
        match = re.search(row["name_numbers"], found.name)
        return None if match is None else (".".join(match.groups()), False)
    tag = "latest" if found.tag is None else found.tag
    numbers = row.get("numbers", _NUMBERS)
    match = re.match(numbers, tag) if numbers else None
    if match is not None:
        return _written(family, match[1]), False
    for pattern, newest in row.get("floating", ()):
        if fnmatchcase(tag, pattern):
            return _written(family, str(version.NEWEST) if newest == "mainline" else newest), True
    return None


def package_version(family: NginxFamily, base: str) -> str | None:
    """The version of nginx that a distribution's package has, ``base`` being the image in which it
    is installed (``"python:3.12-slim-bookworm"``, ``"alpine:3.20"``); None where that is not known.
    """
    found = parse_reference(base)
    if found is None or not found.tag:
        return None
    row = next(row for row in _rows() if row["name"] == family.name)
    name = f"{found.name}:{found.tag}"
    for release, numbers in row.get("releases", {}).items():
        if re.search(rf"(?<![\w.])(?:{release})(?!\d)", name):
            return str(numbers)
    return None


def _written(family: NginxFamily, numbers: str) -> str:
    return numbers if family.product == "nginx" else f"{family.product}/{numbers}"


def _row(reference: Reference) -> Mapping[str, Any] | None:
    names = _names(reference)
    for row in _rows():
        for pattern in row.get("images", ()):
            if fnmatchcase(names[0], pattern) or fnmatchcase(names[-1], _tail(pattern)):
                return row if _has_tag(row, reference.tag) else None
    return None


def _names(reference: Reference) -> tuple[str, ...]:
    """The name of an image, and for one of a registry of somebody's own what it may mirror."""
    if reference.registry == "docker.io":
        return (reference.name,)
    name = f"{reference.registry}/{reference.name}"
    return (name, _tail(reference.name)) if "/" in reference.name else (name,)


def _tail(name: str) -> str:
    """The two parts in which a name ends; the one of an official image."""
    *_, owner, last = ("", *name.split("/"))
    return f"{owner}/{last}" if owner not in ("", "library") else last


def _has_tag(row: Mapping[str, Any], tag: str | None) -> bool:
    patterns = row.get("tags")
    return patterns is None or any(fnmatchcase(tag or "latest", one) for one in patterns)


@cache
def _family(name: str) -> NginxFamily:
    row = next(row for row in _rows() if row["name"] == name)
    return NginxFamily(
        name,
        row.get("product", "nginx"),
        None if row.get("generated") else row["main"],
        row.get("stock", {}),
        row.get("templates", {}),
        row.get("linked", {}),
        row.get("replaced", {}),
        row.get("variables", {}),
        tuple(row.get("unseen", ())),
        tuple(Beside(**each) for each in row.get("beside", ())),
        tuple(row.get("ports", ())),
        row["source"],
    )


@cache
def _rows() -> tuple[Mapping[str, Any], ...]:
    data = tomli.loads(_FILE.read_text(encoding="utf-8"))
    return tuple(data["family"])
