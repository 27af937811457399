"""What a run is asked to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from lint502.checkout import Checkout
from lint502.nginx.files import PathMap
from lint502.nginx.version import NEWEST, Version
from lint502.report_model import VersionOrigin
from lint502.suppression import PathIgnore

if TYPE_CHECKING:
    from lint502.deployment.deployed import Around, Deployed


class Options(Struct, frozen=True):
    """What a run is asked to do.

    ``roots`` as on the command line. ``specs``: the spec files; None: look for ``upstreams.toml``.
    ``version``: what rules and defaults go by, with its origin and, for one out of a settings
    file, that file's name. ``select`` and ``ignore`` name rules; an empty ``select`` is all.
    ``rules`` are the options of rules by name, times in milliseconds; ``path_ignores`` what is not
    reported in some files.
    ``overlay`` has texts of files, by real path, that count instead of what the disk has.
    ``env`` are the values for templates.
    ``checkout`` is what files that are found may lead to; without one that of the working
    directory. ``named_roots``: whoever asks for the run has named the roots, and where they are.
    ``deployed`` is an nginx of a deployment, whose main file is then the one root; ``around`` are
    the deployments of a repository whose roots belong to none of them. ``observed`` is what a probe
    wrote. ``known_directives`` are patterns of those of modules of somebody's own.
    """

    working_directory: Path
    roots: tuple[str, ...]
    specs: tuple[Path, ...] | None = None
    version: Version = NEWEST
    version_origin: VersionOrigin = "newest"
    version_source: str | None = None
    maps: tuple[PathMap, ...] = ()
    allow_missing: tuple[str, ...] = ()
    allow_paths: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    rules: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    path_ignores: tuple[PathIgnore, ...] = ()
    overlay: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    checkout: Checkout | None = None
    named_roots: bool = True
    deployed: Deployed | None = None
    around: Around | None = None
    observed: Path | None = None
    known_directives: tuple[str, ...] = ()

    def runs(self, rule: str) -> bool:
        """Whether a rule is among those asked for."""
        return (not self.select or rule in self.select) and rule not in self.ignore


Progress = Callable[[str], None]
"""Is called with what a run goes on with."""
