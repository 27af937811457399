"""What a repository's own settings may name: files of the checkout, and what a flag allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec.structs import replace

from lint502.checkout import Checkout
from lint502.findings import Problem
from lint502.nginx.files import PathMap
from lint502.quoting import quote
from lint502.settings.load import RootSettings, Settings

_INSTEAD = {
    "roots": "name it on the command line",
    "specs": "give it with --specs",
    "baseline": "give it with --baseline",
    "allow_paths": "allow it with --allow-path",
    "map": "give it with --map",
}


def confined(settings: Settings, checkout: Checkout) -> tuple[Settings, tuple[Problem, ...]]:
    """The settings without what lies elsewhere, and a problem for each of that."""
    outside = dict.fromkeys(
        (key, path) for key, path in _named(settings) if not checkout.holds(path)
    )
    if not outside:
        return settings, ()
    refused = {path for _, path in outside}

    def own(root: RootSettings) -> RootSettings:
        specs = None if root.specs is None else tuple(_left(root.specs, refused))
        return replace(root, specs=specs, maps=_left_maps(root.maps, refused))

    kept = replace(
        settings,
        roots=tuple(root for root in settings.roots if root not in refused),
        own_roots=tuple(own(root) for root in settings.own_roots if root.path not in refused),
        specs=None if settings.specs is None else tuple(_left(settings.specs, refused)),
        baseline=None if settings.baseline in refused else settings.baseline,
        allow_paths=tuple(path for path in settings.allow_paths if path not in refused),
        maps=_left_maps(settings.maps, refused),
    )
    return kept, tuple(_problem(settings, key, path) for key, path in outside)


def _named(settings: Settings) -> Iterator[tuple[str, str]]:
    """The paths that settings name, each with its key."""
    yield from (("roots", path) for path in settings.roots)
    yield from (("allow_paths", path) for path in settings.allow_paths)
    if settings.baseline is not None:
        yield "baseline", settings.baseline
    yield from (("roots", one.path) for one in settings.own_roots)
    specs = (settings.specs, *(one.specs for one in settings.own_roots))
    yield from (("specs", str(path)) for paths in specs for path in paths or ())
    maps = (settings.maps, *(one.maps for one in settings.own_roots))
    yield from (("map", one.target) for several in maps for one in several)


def _left(paths: Iterable[Path], refused: set[str]) -> Iterator[Path]:
    return (path for path in paths if str(path) not in refused)


def _left_maps(maps: Iterable[PathMap], refused: set[str]) -> tuple[PathMap, ...]:
    return tuple(one for one in maps if one.target not in refused)


def _problem(settings: Settings, key: str, path: str) -> Problem:
    return Problem(
        settings.file or "",
        None,
        f'"{key}" names {quote(path)}, which lies outside the checkout, or is a link that leads '
        f"there; only whoever runs lint502 can allow that: {_INSTEAD[key]}",
    )
