"""What people name as the server of an upstream that is none by that name: frameworks, products,
languages, and the other names of servers.

Each file in ``products/`` is about a part of that:

    [[product]]
    name    = "django"
    title   = "Django"             # as sentences call it
    kind    = "framework"
    aliases = ["wagtail"]          # other names; case, blanks and punctuation do not matter
    runs_on = ["gunicorn"]         # the profiles of what serves it; []: lint502 has none
    note    = "…"                  # what is worth saying besides
    source  = "https://…"          # where it is documented

``same_version = true``: a version of it is one of the server (``nodejs/22`` is ``node/22``); of any
other product a version says nothing of the server.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import tomli
from msgspec import Struct

_FOLDER = Path(__file__).with_name("products")


class Product(Struct, frozen=True):
    """Something that is not the name of a profile, and the profiles of what serves it."""

    name: str
    title: str
    kind: str
    runs_on: tuple[str, ...]
    source: str
    aliases: tuple[str, ...] = ()
    note: str | None = None
    same_version: bool = False


@cache
def products() -> tuple[Product, ...]:
    """All of them."""
    found = []
    for path in sorted(_FOLDER.glob("*.toml")):
        with path.open("rb") as file:
            entries = tomli.load(file)["product"]
        for entry in entries:
            lists = {key: tuple(value) for key, value in entry.items() if isinstance(value, list)}
            found.append(Product(**{"title": entry["name"], **entry, **lists}))
    return tuple(found)


def called(name: str) -> Product | None:
    """The product of a name, however it is written: ``Node.js``, ``Spring Boot``, ``VueJS``."""
    return _by_name().get(squeezed(name))


def squeezed(name: str) -> str:
    """A name without what people write in several ways: case, blanks and punctuation."""
    return re.sub(r"[^a-z0-9]+", "", name.casefold())


@cache
def _by_name() -> Mapping[str, Product]:
    return {
        squeezed(name): product
        for product in products()
        for name in (product.name, product.title, *product.aliases)
    }
