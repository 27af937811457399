"""The nginx that somebody names, or that a binary says it is: also those that are made from nginx.

Angie, Tengine and freenginx count their own versions; ``derivatives.toml`` has the nginx that each
is made from. OpenResty puts a number of its own behind nginx's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from msgspec import Struct

from lint502.nginx.version import NEWEST, OLDEST, Version
from lint502.packaged import table_of
from lint502.patterns import regex

_NUMBERS = r"\d{1,4}(?:\.\d{1,4}){1,3}"
_NAMED = regex(rf"(?:(?P<name>[A-Za-z]+)/)?(?P<numbers>{_NUMBERS})")
_SAID = regex(rf"^(?P<who>\w+) version: (?P<name>[A-Za-z]+)/(?P<numbers>{_NUMBERS})", re.M)
_OF_OPENRESTY = 4
"""As many numbers only OpenResty has."""


class Named(Struct, frozen=True):
    """A version of nginx that counts, as ``1.27.5``. ``derivative`` is what is made from it, as
    ``Angie/1.10.1``, "" for nginx itself. ``newest_known`` is that of the derivative, where this
    one is newer."""

    version: Version
    derivative: str = ""
    newest_known: str = ""


class _Derivative(Struct, frozen=True):
    """A row of ``derivatives.toml``, the oldest versions first."""

    name: str
    newest: str
    versions: tuple[tuple[tuple[int, ...], Version], ...]


def named(text: str) -> Named:
    """What somebody writes: ``1.26.3``, ``1.26``, ``angie/1.10.1``, ``openresty/1.27.1.2``.

    Raises ``ValueError`` for anything else.
    """
    match = _NAMED.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not an nginx version such as 1.26.3")
    return _named(match["name"] or "", match["numbers"])


def known() -> Iterator[str]:
    """Versions that :func:`named` takes, from the oldest on that lint502 knows: ``1.26``,
    ``angie/1.10``."""
    for minor in range(OLDEST.minor, NEWEST.minor + 1):
        yield f"{NEWEST.major}.{minor}"
    yield str(NEWEST)
    for one in _derivatives().values():
        for start, version in one.versions:
            if version >= OLDEST:
                yield f"{one.name.lower()}/{'.'.join(map(str, start))}"


def version_meant(text: str) -> str | None:
    """The version that somebody may have meant by a text that is none: ``v1.26.x``,
    ``nginx:1.26-alpine``."""
    match = re.search(r"\d{1,4}\.\d{1,4}(?:\.\d{1,4})?", text)
    return None if match is None or len(text) > 100 else match[0]


def said(output: str) -> Named | None:
    """What a binary says with ``-v`` or ``-V``; None where that is no nginx. Some also say which
    nginx they are made from: that counts."""
    found = {match["name"].lower(): match for match in _SAID.finditer(output)}
    try:
        names = [_named(match["name"], match["numbers"]) for match in found.values()]
    except ValueError:
        names = []
    if "nginx" in found:
        own = Version.parse(_three(found["nginx"]["numbers"]))
        others = [match for name, match in found.items() if name != "nginx"]
        return Named(own, others[0][0].partition(": ")[2] if others else "")
    return names[0] if names else None


def _named(name: str, numbers: str) -> Named:
    if not name:
        name = "openresty" if numbers.count(".") == _OF_OPENRESTY - 1 else "nginx"
    if name.lower() == "nginx":
        return Named(Version.parse(numbers))
    written = f"{name}/{numbers}"
    derivative = _derivatives().get(name.lower())
    if derivative is None:
        known = ", ".join(one.name for one in _derivatives().values())
        raise ValueError(f"{written!r} is not an nginx version such as 1.26.3, or one of {known}")
    written = f"{derivative.name}/{numbers}"
    if not derivative.versions:
        return Named(Version.parse(_three(numbers)), written)
    key = _key(numbers)
    made_from = [version for start, version in derivative.versions if start <= key]
    if not made_from:
        raise ValueError(f"{written!r} is no version of {derivative.name} that lint502 knows")
    newer = key > _key(derivative.newest)
    return Named(made_from[-1], written, derivative.newest if newer else "")


def _three(numbers: str) -> str:
    return ".".join(numbers.split(".")[:3])


def _key(numbers: str) -> tuple[int, ...]:
    return tuple(map(int, numbers.split(".")))


@cache
def _derivatives() -> dict[str, _Derivative]:
    return {
        row["name"].lower(): _Derivative(
            row["name"],
            row.get("newest", ""),
            tuple((_key(start), Version.parse(version)) for start, version in row["versions"]),
        )
        for row in table_of("lint502.nginx", "derivatives.toml")["derivative"]
    }
