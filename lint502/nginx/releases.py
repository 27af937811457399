"""The releases of nginx that lint502 knows, each with its day.

The table is ``releases.toml``, which ``tools/from_nginx`` writes from nginx's list of changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache

from msgspec import Struct

from lint502.nginx.derivatives import Named
from lint502.nginx.version import NEWEST, NEWEST_PATCH, OLDEST, Version
from lint502.packaged import table_of


class Release(Struct, frozen=True):
    """A release, and the day on which it came out."""

    version: Version
    date: date

    @property
    def line(self) -> str:
        """The line of releases that it belongs to: ``1.30``."""
        return f"{self.version.major}.{self.version.minor}"


@cache
def releases() -> Mapping[Version, Release]:
    """All of them, in the order of their numbers."""
    each = (
        (Version.parse(version), day)
        for version, day in table_of("lint502.nginx", "releases.toml").items()
    )
    return {version: Release(version, day) for version, day in each}


def newest_before(version: Version) -> Release | None:
    """The newest release that is known of the line of a version (of 1.30, for 1.30.9), or of all
    where none of its line is; None where the version is not newer than that."""
    if version < next(iter(releases())):
        return None
    line = [one for one in releases() if one[:2] == version[:2]]
    newest = max(line, default=NEWEST)
    if version <= newest or (line and version.patch == NEWEST_PATCH):
        return None
    return releases()[newest]


def on_version(given: Named) -> Iterator[str]:
    """What is worth saying of the version that counts."""
    version = given.version
    if given.newest_known:
        name = given.derivative.partition("/")[0]
        yield (
            f"the newest {name} that lint502 knows is {given.newest_known}; like that it takes "
            f"{given.derivative} for nginx {version}"
        )
    elif given.derivative:
        yield f"{given.derivative} is made from nginx {version}, which lint502 goes by"
    if version < OLDEST:
        yield f"lint502 knows nginx from {OLDEST} on, and takes {version} for that"
    elif (newest := newest_before(version)) is not None:
        line = "nginx" if newest.version == NEWEST else f"nginx {newest.line}"
        yield (
            f"lint502 knows {line} up to {newest.version} ({newest.date}); it takes {version} for "
            "that"
        )
