"""A folder and what is to be checked in it: settings, roots and values made into a run.

For the command line, and for editors: it knows no terminal, ends no process, and looks at no
working directory but the one that it is given.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from lint502.checkout import Checkout
from lint502.findings import Problem
from lint502.nginx.derivatives import Named, named, version_meant
from lint502.nginx.files import PathMap, absolute_path
from lint502.nginx.releases import on_version
from lint502.nginx.version import NEWEST, Version
from lint502.options import Options, Progress
from lint502.planning import NoDeploymentError, NoRootError, Plan, on_deployed, plan
from lint502.quoting import meant, quote
from lint502.reading import Reader, shown
from lint502.report_model import Report, VersionOrigin
from lint502.rule_names import RULES
from lint502.run import Result, run
from lint502.settings.confined import confined
from lint502.settings.load import Settings, checkout_of, load_settings

if TYPE_CHECKING:
    from lint502.deployment.deployed import Around, Deployed
    from lint502.deployment.texts import Unread


class WorkspaceError(Exception):
    """What is asked for cannot be done; ``str()`` says why and what to do.

    ``argument`` names the argument that is at fault, as ``"roots"`` or ``"select"``, if one is;
    ``problems`` are those of the settings, which may be the reason.
    """

    def __init__(
        self, message: str, argument: str | None = None, problems: tuple[Problem, ...] = ()
    ) -> None:
        super().__init__(message)
        self.argument = argument
        self.problems = problems


class CheckRequest(Struct, frozen=True):
    """What is asked for beyond what the settings say, and comes before it; empty or None where
    nothing is. All of it is written as on the command line: roots, ``FROM=TO`` for maps,
    ``NAME=VALUE`` or ``NAME`` for values; ``select`` and ``ignore`` are names of rules, and
    ``observed`` is what ``lint502 probe --format json`` wrote."""

    roots: Sequence[str] = ()
    specs: Sequence[Path] = ()
    nginx_version: str | None = None
    maps: Sequence[str] = ()
    env: Sequence[str] = ()
    env_files: Sequence[Path] = ()
    select: Sequence[str] = ()
    ignore: Sequence[str] = ()
    derive: bool | None = None
    deployments: Sequence[str] = ()
    observed: Path | None = None


class Job(Struct, frozen=True):
    """A run that is ready: the options of each part, none where the settings cannot be read;
    ``problems`` are those of the settings, ``notes`` is what is worth saying beside a report,
    ``unread`` what could not be made out of the files that say how the repository is run."""

    parts: tuple[Options, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    standard_input: Callable[[], bytes]
    unread: tuple[Unread, ...] = ()

    def run(
        self, overlay: Mapping[str, str] | None = None, progress: Progress = lambda _: None
    ) -> Result:
        """What is found, the problems of the settings first. ``overlay`` has more texts of files,
        by real path, that count instead of what the disk has."""
        if not self.parts:
            report = Report(NEWEST, "newest", None, (), (), (), (), self.problems, ())
            return Result(report, ())
        parts = self.parts
        if overlay:
            parts = tuple(replace(part, overlay={**part.overlay, **overlay}) for part in self.parts)
        result = run(parts, self.standard_input, progress)
        if not self.problems:
            return result
        problems = (*self.problems, *result.report.problems)
        return replace(result, report=replace(result.report, problems=problems))

    def running(self, rules: Sequence[str]) -> Job:
        """The same with these rules only; none: all."""
        return replace(self, parts=tuple(replace(one, select=tuple(rules)) for one in self.parts))

    def without(self, rule: str) -> Job:
        """The same without a rule."""
        parts = (replace(one, ignore=(*one.ignore, rule)) for one in self.parts)
        return replace(self, parts=tuple(parts))


class Workspace(Struct, frozen=True):
    """A folder in which something is to be checked; :meth:`at` makes one.

    ``settings`` are those that count there, None where they cannot be read, and ``problems`` what
    is wrong in them. ``overlay`` has texts of files, by real path, that count instead of what the
    disk has: what is open in an editor. ``environment`` are the variables that ``env`` may name,
    ``standard_input`` gives what the root ``-`` stands for, ``checkout`` is what its files may name
    and lead to.
    """

    folder: Path
    settings: Settings | None
    problems: tuple[Problem, ...]
    overlay: Mapping[str, str]
    environment: Mapping[str, str]
    standard_input: Callable[[], bytes]
    checkout: Checkout

    @classmethod
    def at(
        cls,
        folder: Path,
        overlay: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        standard_input: Callable[[], bytes] = lambda: b"",
        allow_paths: Sequence[str] = (),
    ) -> Workspace:
        """A folder with its settings, as they are now; ``allow_paths`` are folders elsewhere that
        its settings may name, its links lead into, and that may be read."""
        texts = {} if overlay is None else overlay
        reader = Reader(texts)
        allowed = tuple(absolute_path(path, folder) for path in allow_paths)
        checkout = checkout_of(folder, allowed, reader)
        settings, problems = load_settings(folder, reader, allowed)
        if settings is not None:
            settings, outside = confined(settings, checkout)
            problems += outside
        variables = os.environ if environment is None else environment
        return cls(folder, settings, problems, texts, variables, standard_input, checkout)

    def job(self, request: CheckRequest, *, installed: Version | None = None) -> Job:
        """What a request and the settings ask for. Raises :class:`WorkspaceError`.

        ``installed`` is the version of nginx to go by where nothing names one. Without settings,
        for they cannot be read, nothing is checked.
        """
        for name in request.select:
            require_rule(name, "select")
        for name in request.ignore:
            require_rule(name, "ignore")
        settings, problems = self.settings, self.problems
        if settings is None:
            return Job((), problems, (), self.standard_input)
        standard_input = cache(self.standard_input)  # which is there to be read once
        planned = self._plan(settings, request, standard_input)
        problems += planned.problems
        env, notes = self._values(request)
        notes += planned.notes
        parts = []
        for deployed in planned.deployed:
            options, said = self._deployed(deployed, settings, request, env)
            given, origin, source = _version(request.nginx_version, settings)
            if installed is not None and origin == "newest":
                given, origin = Named(installed), "binary"
            if origin == "newest" and deployed.nginx.version is not None:
                given, origin = named(deployed.nginx.version[0]), "deployment"
            parts.append(
                replace(
                    options,
                    version=given.version,
                    version_origin=origin,
                    version_source=source,
                )
            )
            notes += (*said, *on_version(given))
        for there, chosen, around in self._plain(settings, planned):
            if not chosen and parts:
                continue
            given, origin, source = _version(request.nginx_version, there)
            if installed is not None and origin == "newest":
                given, origin = Named(installed), "binary"
            options = replace(self._options(there, chosen, request, env), around=around)
            parts.append(
                replace(
                    options,
                    version=given.version,
                    version_origin=origin,
                    version_source=source,
                )
            )
            notes += on_version(given)
        return Job(
            tuple(parts),
            problems,
            tuple(dict.fromkeys(notes)),
            standard_input,
            planned.unread,
        )

    def _plan(
        self, settings: Settings, request: CheckRequest, standard_input: Callable[[], bytes]
    ) -> Plan:
        """The roots to check, and how they were found."""
        named = (*settings.roots, *(own.path for own in settings.own_roots))
        mapped = bool(request.maps or settings.maps or any(one.maps for one in settings.own_roots))
        derive = settings.derive if request.derive is None else request.derive
        try:
            return plan(
                self.folder,
                tuple(dict.fromkeys(request.roots or named)),
                derive=derive and not mapped,
                deployments=request.deployments,
                reader=Reader(self.overlay),
                checkout=self.checkout,
                standard_input=standard_input,
            )
        except NoRootError as error:
            raise WorkspaceError(str(error), problems=self.problems) from None
        except NoDeploymentError as error:
            raise WorkspaceError(str(error), "deployments") from None

    def _plain(
        self, settings: Settings, planned: Plan
    ) -> Iterator[tuple[Settings, tuple[str, ...], Around | None]]:
        """The roots that belong to no deployment with the settings that count, those apart that are
        put into a container."""
        around = planned.around
        for there, chosen in self._by_settings(settings, planned.plain):
            if around is None:
                yield there, chosen, None
                continue
            held = [
                root
                for root in chosen
                if around.puts_into_a_container(absolute_path(root, self.folder))
            ]
            others = tuple(root for root in chosen if root not in held)
            if held:
                yield there, tuple(held), replace(around, contained=True)
            if others or not held:
                yield there, others, around

    def _deployed(
        self, deployed: Deployed, settings: Settings, request: CheckRequest, env: Mapping[str, str]
    ) -> tuple[Options, list[str]]:
        """An nginx of a deployment: what its image and its variables say counts where neither the
        settings nor the request say anything."""
        from lint502.deployment.texts import UNKNOWN

        values = {
            name: text.value
            for name, text in deployed.nginx.values.items()
            if UNKNOWN not in text.value
        }
        options = self._options(
            settings, (deployed.name,), request, {**values, **settings.env, **env}
        )
        return replace(options, deployed=deployed), list(on_deployed(deployed))

    def _by_settings(
        self, settings: Settings, roots: Sequence[str]
    ) -> Iterator[tuple[Settings, tuple[str, ...]]]:
        """The roots, those first that have no settings of their own, with the settings that
        count."""
        own = {one.path: one for one in settings.own_roots}
        paths = {root: absolute_path(root, self.folder) for root in roots}
        others = tuple(root for root, path in paths.items() if root == "-" or path not in own)
        if others or not roots:
            yield settings, others
        for root, path in paths.items():
            if root not in others:
                one = own[path]
                yield (
                    replace(
                        settings,
                        specs=settings.specs if one.specs is None else one.specs,
                        nginx_version=one.nginx_version or settings.nginx_version,
                        maps=(*one.maps, *settings.maps),
                        env={**settings.env, **one.env},
                    ),
                    (root,),
                )

    def _options(
        self,
        settings: Settings,
        roots: tuple[str, ...],
        request: CheckRequest,
        env: Mapping[str, str],
    ) -> Options:
        here = self.folder
        specs = tuple(here / path for path in request.specs) if request.specs else settings.specs
        return Options(
            here,
            roots,
            specs=specs,
            maps=tuple(map(self._map, request.maps)) if request.maps else settings.maps,
            allow_missing=settings.allow_missing,
            known_directives=settings.known_directives,
            allow_paths=(*settings.allow_paths, *self.checkout.allowed),
            select=tuple(request.select) or settings.select,
            ignore=tuple(request.ignore) or settings.ignore,
            rules=settings.rules,
            path_ignores=settings.path_ignores,
            overlay=self.overlay,
            env={**settings.env, **env},
            checkout=self.checkout,
            named_roots=bool(request.roots),
            observed=None if request.observed is None else here / request.observed,
        )

    def _map(self, text: str) -> PathMap:
        try:
            return PathMap.parse(text, self.folder)
        except ValueError as error:
            raise WorkspaceError(str(error), "maps") from None

    def _values(self, request: CheckRequest) -> tuple[dict[str, str], list[str]]:
        """The values of files and of single words, which come before those of files; and what is
        worth saying of them."""
        if not request.env_files and not request.env:
            return {}, []
        from lint502.settings.environment import EnvironmentFileError, given, quoted, read

        reader = Reader(self.overlay)
        values: dict[str, str] = {}
        notes: list[str] = []
        for path in request.env_files:
            name = shown(str(path))
            try:
                found = read(str(self.folder / path), reader)
            except EnvironmentFileError as error:
                raise WorkspaceError(f"{name}{error}", "env_files") from None
            notes += [
                f"{name}: the quotes of {shown(key)} belong to its value, as in docker run "
                "--env-file; Compose takes them off"
                for key in quoted(found)
            ]
            values.update(found)
        try:
            values.update(given(text, self.environment) for text in request.env)
        except ValueError as error:
            raise WorkspaceError(str(error), "env") from None
        return values, notes


def require_rule(name: str, argument: str) -> None:
    """Raise :class:`WorkspaceError` where there is no such rule."""
    if name not in RULES:
        hint = meant(name, RULES, 'see "lint502 rules"')
        raise WorkspaceError(f"there is no rule {quote(name)}; {hint}", argument)


def _version(wanted: str | None, settings: Settings) -> tuple[Named, VersionOrigin, str | None]:
    """Which nginx the run goes by, what says so, and in which file, if it is one."""
    text = settings.nginx_version if wanted is None else wanted
    if text is None:
        return Named(NEWEST), "newest", None
    if text == "auto":
        from lint502.nginx.installed import installed_version

        installed = installed_version()
        if installed is None:
            raise WorkspaceError(
                "the nginx version is auto, but there is no nginx on the PATH that tells its own; "
                "name the version, for example: --nginx-version 1.26.3"
            )
        return installed, "binary", None
    try:
        given = named(text)
    except ValueError as error:
        meant = version_meant(text)
        more = "" if meant is None else f"; write {meant}"
        raise WorkspaceError(f"{error}, nor auto{more}", "nginx_version") from None
    return (given, "config", settings.file) if wanted is None else (given, "option", None)
