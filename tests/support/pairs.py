"""Little sites for tests of single facts: hops and pairs without the findings of any rule."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lint502.loading import load
from lint502.nginx.version import Version
from lint502.options import Options
from lint502.pairing import Pair
from lint502.site import Site
from lint502.sites import all_sites
from tests.support.sites import OLD, write

UNSEEN = "include unseen/*.conf;"
"""What may set anything: the folder is not here."""

TOO_MANY = "\n".join(
    f"map $arg_{name} $many_{name} {{ {' '.join(f'{n} {name}{n};' for n in range(50))} }}"
    for name in "ab"
)
"""What makes ``$many_a$many_b`` one of so many texts that it counts as unknown."""


def site_of(
    folder: Path,
    nginx: str,
    spec: str = "",
    *,
    files: Mapping[str, str | bytes] | None = None,
    version: str = OLD,
) -> Site:
    """The site of a whole ``nginx.conf`` beside one ``upstreams.toml``."""
    write(folder, {"nginx.conf": nginx, "upstreams.toml": spec, **(files or {})})
    options = Options(folder, (str(folder / "nginx.conf"),), version=Version.parse(version))
    loaded = load(options, lambda: b"", lambda _: None)
    assert not loaded.problems
    (site,) = all_sites([loaded])
    return site


def pairs_of(
    folder: Path,
    nginx: str,
    spec: str = "",
    *,
    files: Mapping[str, str | bytes] | None = None,
    version: str = OLD,
) -> list[Pair]:
    """Its pairs, in the order of the configuration."""
    return list(site_of(folder, nginx, spec, files=files, version=version).each_pair())


def pair_of(
    folder: Path,
    nginx: str,
    spec: str = "",
    *,
    files: Mapping[str, str | bytes] | None = None,
    version: str = OLD,
) -> Pair:
    """The only pair."""
    (pair,) = pairs_of(folder, nginx, spec, files=files, version=version)
    return pair
