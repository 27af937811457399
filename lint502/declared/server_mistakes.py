"""What is said of a ``server`` that is not written as upstreams.toml has it.

A version that somebody wrote is kept: what to write is said with it, whatever stands around it
(``node:22-alpine``, ``gunicorn==21.2``, ``php8.3-fpm``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from lint502.declared.products import Product, called, squeezed
from lint502.patterns import regex
from lint502.quoting import escape, listing, quote
from lint502.toml.mistakes import UnknownNameError

_NUMBER = r"\d{1,9}(?:\.\d{1,9}){0,9}"
_VERSION = regex(rf"(?<![a-z0-9.])v?({_NUMBER})|(?<=[a-z])({_NUMBER})")
_HEAD = regex(r"[^\s:@/=<>~^]+")
_WORD = regex(r"[a-z][a-z0-9_.-]*")
_BEHIND = regex(rf"[\s:@/=<>~^,v(\"']*({_NUMBER})")
_VERSION_FIRST = regex(rf"v?({_NUMBER})\s+([a-z][a-z._-]*)")
_OF_ANOTHER = regex(rf"(?<![a-z])(?:py|python|ruby|jdk|jre|java|alpine|debian)[\s:/-]?v?{_NUMBER}")
_EXTRAS = regex(r"\[[^\]]*\]")
_OPTIONS = regex(r"\s--?(?=[a-z])")
_THREADS = regex(r"--threads[\s=]+(\d{1,4})(?!\d)", re.ASCII)
_THREADED = frozenset(("gthread", "gevent", "ggevent", "eventlet", "geventlet"))
_LONGEST = 100
_LONG = 5
_TAGS = (":", "@", "/", "=")
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
        if product is not None and product.kind == "language":
            named = next(_named(server.casefold(), profiles, apart=True), None)
            return Meant(*named) if named is not None else Meant(None, product, version)
        if profile is not None or product is not None:
            return Meant(profile, product, version)
    return next((Meant(*one) for one in _named(server.strip().casefold(), profiles)), None)


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
        [one for one in known if _alike(name, one)],
        '"lint502 servers" lists those that are known',
        form,
    )


def _named(
    text: str, profiles: Mapping[str, str], apart: bool = False
) -> Iterator[tuple[str, None, str | None]]:
    """A profile whose name stands somewhere in a text as a word of its own, with the version behind
    it: ``FROM node:18``, ``python3.11 gunicorn 21.2``. Without one it has to look like an image's.
    ``apart`` looks at the parts of a tag too: ``ruby:3.3-puma``."""
    first = _VERSION_FIRST.fullmatch(text)
    if first is not None and squeezed(first[2]) in profiles:
        yield profiles[squeezed(first[2])], None, first[1]
    for word in _WORD.finditer(text):
        profile = profiles.get(squeezed(word[0]).removesuffix("server"))
        profile = profiles.get(squeezed(word[0]), profile)
        behind = _BEHIND.match(text, word.end())
        if profile is not None and (apart or behind or text[word.end() : word.end() + 1] in _TAGS):
            yield profile, None, behind[1] if behind else None
        if apart and "-" in word[0]:
            parts = (profiles.get(squeezed(part)) for part in word[0].split("-"))
            yield from ((part, None, None) for part in parts if part is not None)


def _alike(name: str, known: str) -> bool:
    """Whether a name may be a misspelling of a known one: of a short one little remains, and hardly
    anybody gets the first letter wrong (``kserve`` is no ``serve``)."""
    if name[:1] != known[:1]:
        return False
    same = sorted(name) == sorted(known) or name.startswith(known) or known.startswith(name)
    return same or min(len(name), len(known)) >= _LONG


def _readings(server: str, known: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """What may be the name and the version in a text, the likeliest first."""
    whole = _EXTRAS.sub(" ", server.strip().casefold())
    text = _OPTIONS.split(whole)[0] or whole
    parts = set(re.split(r"[^a-z]+", server.casefold()))
    own = _OF_ANOTHER.sub(" ", text)
    if {"gunicorn", "uvicorn"} <= parts:
        yield "gunicorn-uvicorn", _version(own)
    threads = _THREADS.search(whole)
    if "gunicorn" in parts and (parts & _THREADED or (threads and int(threads[1]) > 1)):
        yield "gunicorn-gthread", _version(own)
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
