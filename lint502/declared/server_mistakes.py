"""What is said of a ``server`` that is not written as upstreams.toml has it.

A version that somebody wrote is kept: what to write is said with it, whatever stands around it
(``node:22-alpine``, ``gunicorn==21.2``, ``php8.3-fpm``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lint502.declared.products import Product, called, squeezed
from lint502.patterns import regex
from lint502.quoting import escape, listing, quote
from lint502.toml.mistakes import UnknownNameError

_NUMBER = r"\d{1,9}(?:\.\d{1,9}){0,9}"
_VERSION = regex(rf"(?<![a-z0-9.])v?({_NUMBER})|(?<=[a-z])({_NUMBER})")
_HEAD = regex(r"[^\s:@/=<>~^]+")
_EXTRAS = regex(r"\[[^\]]*\]")
_OPTIONS = regex(r"\s--?(?=[a-z])")
_THREADS = regex(r"--threads[\s=]+(\d{1,4})(?!\d)", re.ASCII)
_THREADED = frozenset(("gthread", "gevent", "ggevent", "eventlet", "geventlet"))
_LONGEST = 100
_FORM = "must be a server or server/version"


class Meant(NamedTuple):
    """What somebody means by a text: a profile, or else a product; and its version."""

    profile: str | None
    product: Product | None
    version: str | None


def meant(server: str, known: Sequence[str]) -> Meant | None:
    """What a text means, however it is written; ``known`` are the names of the profiles."""
    if len(server) > _LONGEST:
        return None
    profiles = {squeezed(name): name for name in known}
    for name, version in _readings(server, known):
        profile = profiles.get(squeezed(name))
        product = None if profile else called(name)
        if product is not None and product.same_version:
            return Meant(product.runs_on[0], None, version)
        if profile is not None or product is not None:
            return Meant(profile, product, version)
    return None


def refusal(server: str, known: Sequence[str]) -> ValueError:
    """Why ``server`` is refused, and what to write; ``known`` are the names of the profiles. The
    message follows the name of the key."""
    if len(server) > _LONGEST:
        return ValueError(f"names no known server: {quote(server)}")
    found = meant(server, known)
    if found is not None and found.profile is not None:
        written = _written(found.profile, found.version)
        return ValueError(f"{_FORM}: write {quote(written)}, not {quote(server)}")
    if found is not None and found.product is not None:
        return ValueError(f"names no server: {about(found.product, found.version)}")
    readings = list(_readings(server, known))
    name, version = next((one for one in readings if one[1] is not None), readings[-1])
    form = f'"{{}}/{version}"' if version else '"{}"'
    return UnknownNameError(
        f"names no known server: {quote(server)}",
        name,
        known,
        '"lint502 servers" lists those that are known',
        form,
    )


def _readings(server: str, known: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """What may be the name and the version in a text, the likeliest first."""
    whole = _EXTRAS.sub(" ", server.strip().casefold())
    text = _OPTIONS.split(whole)[0] or whole
    parts = set(re.split(r"[^a-z]+", whole))
    if {"gunicorn", "uvicorn"} <= parts:
        yield "gunicorn-uvicorn", _version(text)
    threads = _THREADS.search(whole)
    if "gunicorn" in parts and (parts & _THREADED or (threads and int(threads[1]) > 1)):
        yield "gunicorn-gthread", _version(text)
    for name in known:
        if text.startswith(name) and re.search(r"\d", name):
            yield name, _version(text[len(name) :])  # h2o
    image = text.rpartition("/")[2]
    if image != text and image[:1].isalpha():
        yield from _read(image)
    yield from _read(text)


def _read(text: str) -> Iterator[tuple[str, str | None]]:
    head = _HEAD.match(text)
    if head is not None and re.search(r"\d", head[0]) and called(head[0]) is not None:
        yield head[0], _version(text[head.end() :])  # n8n, apache2
    match = _versions(text)
    if match is None:
        name, *tags = (part.strip() for part in re.split(r"[:@/](?=[a-z])", text))
        if tags:
            yield f"{name}-{tags[0]}", None  # php:fpm
        yield name, None
    else:
        name = text[: match.start()].rstrip(" \t:@/=~^<>!_-.,(")
        build = re.match(r"[\s:_-]*([a-z]+)", text[match.end() :])
        if build is not None:
            yield f"{name}-{build[1]}", match[1] or match[2]  # php8.3-fpm
        yield name, match[1] or match[2]
    words = name.split()
    for count in range(len(words) - 1, 0, -1):
        yield " ".join(words[:count]), _version(text)


def _versions(text: str) -> re.Match[str] | None:
    """The first version that stands behind something."""
    return next((one for one in _VERSION.finditer(text) if text[: one.start()].strip()), None)


def _version(text: str) -> str | None:
    match = _VERSION.search(text)
    return None if match is None else match[1] or match[2]


def _written(profile: str, version: str | None) -> str:
    return profile if version is None else f"{profile}/{version}"


def about(product: Product, version: str | None = None) -> str:
    """What a product is, and what to write for it."""
    article = "an" if product.kind[0] in "aeiou" else "a"
    said = f"{product.title} is {article} {product.kind}"
    if product.kind == "server":
        said = f"{product.title} has no profile here"
    if product.runs_on:
        said += f"; write what serves it: {listing(product.runs_on)}"
        if version is not None:
            said += f" ({escape(version)} is a version of {product.title}, not of that server)"
    elif product.kind == "database":
        said += ': leave "server" out and write protocol = "tcp"'
    else:
        if product.kind != "server":
            said += " whose server has no profile here"
        said += (
            ': leave "server" out and write what is known of it, such as protocol, '
            "keepalive.idle_timeout and limits.request_headers"
        )
    return said if product.note is None else f"{said}; {product.note}"
