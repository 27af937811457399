"""A folder and what is to be checked in it: settings, roots and values made into a run.

For the command line, and for editors: it knows no terminal, ends no process, and looks at no
working directory but the one that it is given.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lint502.checkout import Checkout
from lint502.deployment.search import Found, search
from lint502.findings import Problem
from lint502.nginx.derivatives import Named, named
from lint502.nginx.files import PathMap, absolute_path
from lint502.nginx.installed import installed_version
from lint502.nginx.roots import default_roots
from lint502.nginx.version import NEWEST, OLDEST, Version
from lint502.options import Options, Progress
from lint502.quoting import meant, quote
from lint502.reading import Reader, shown
from lint502.report_model import Report, VersionOrigin
from lint502.rule_names import RULES
from lint502.run import Result, run
from lint502.settings.confined import confined
from lint502.settings.environment import EnvironmentFileError, given, quoted, read
from lint502.settings.load import Settings, checkout_of, load_settings

_MOST_NAMES = 5
"""As many files as a note names."""

_CUT_SHORT = "there are too many files, or includes, below this folder to look at them all"


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


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What is asked for beyond what the settings say, and comes before it; empty or None where
    nothing is. All of it is written as on the command line: roots, ``FROM=TO`` for maps,
    ``NAME=VALUE`` or ``NAME`` for values; ``select`` and ``ignore`` are names of rules."""

    roots: Sequence[str] = ()
    specs: Sequence[Path] = ()
    nginx_version: str | None = None
    maps: Sequence[str] = ()
    env: Sequence[str] = ()
    env_files: Sequence[Path] = ()
    select: Sequence[str] = ()
    ignore: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """A run that is ready: the options of each part, none where the settings cannot be read;
    ``problems`` are those of the settings, ``notes`` is what is worth saying beside a report."""

    parts: tuple[Options, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    standard_input: Callable[[], bytes]

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


@dataclass(frozen=True, slots=True)
class Workspace:
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
        roots, found, cut_short = self._roots(settings, request.roots)
        problems += cut_short
        env, notes = self._values(request)
        notes += found
        parts = []
        for there, chosen in self._by_settings(settings, roots):
            given, origin, source = _version(request.nginx_version, there)
            if installed is not None and origin == "newest":
                given, origin = Named(installed), "binary"
            options = self._options(there, chosen, request, env)
            parts.append(
                replace(
                    options,
                    version=given.version,
                    version_origin=origin,
                    version_source=source,
                )
            )
            notes += _on_version(given)
        return Job(tuple(parts), problems, tuple(dict.fromkeys(notes)), self.standard_input)

    def _roots(
        self, settings: Settings, roots: Sequence[str]
    ) -> tuple[tuple[str, ...], list[str], tuple[Problem, ...]]:
        """The roots to check; what is worth saying of how they were found; and that there are
        others, where a search was cut short."""
        named = (*settings.roots, *(own.path for own in settings.own_roots))
        chosen = tuple(dict.fromkeys(roots or named or default_roots(self.folder)))
        if chosen:
            return chosen, [], ()
        found = search(self.folder)
        notes = list(_on_search(found))
        if not found.roots:
            said = "".join(f"; {note}" for note in notes)
            said += "" if found.whole else f"; {_CUT_SHORT}"
            raise WorkspaceError(
                "no nginx configuration is named, and no file below this folder is one with a "
                f"pass{said}; name one, for example: lint502 check deploy/nginx.conf",
                problems=self.problems,
            )
        cut_short = () if found.whole else (Problem(".", None, f"{_CUT_SHORT}; name the roots"),)
        return found.roots, notes, cut_short

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
            allow_paths=(*settings.allow_paths, *self.checkout.allowed),
            select=tuple(request.select) or settings.select,
            ignore=tuple(request.ignore) or settings.ignore,
            rules=settings.rules,
            path_ignores=settings.path_ignores,
            overlay=self.overlay,
            env={**settings.env, **env},
            checkout=self.checkout,
            named_roots=bool(request.roots),
        )

    def _map(self, text: str) -> PathMap:
        try:
            return PathMap.parse(text, self.folder)
        except ValueError as error:
            raise WorkspaceError(str(error), "maps") from None

    def _values(self, request: CheckRequest) -> tuple[dict[str, str], list[str]]:
        """The values of files and of single words, which come before those of files; and what is
        worth saying of them."""
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
        raise WorkspaceError(f"{error}, nor auto", "nginx_version") from None
    return (given, "config", settings.file) if wanted is None else (given, "option", None)


def _on_search(found: Found) -> Iterator[str]:
    """What is worth saying of roots that were searched for."""
    if found.roots:
        roots = _few(found.roots)
        yield f"nothing names a root; taken for what has a pass: {roots}"


def _few(paths: Sequence[str]) -> str:
    names = ", ".join(shown(path) for path in paths[:_MOST_NAMES])
    more = len(paths) - _MOST_NAMES
    return f"{names} and {more} more" if more > 0 else names


def _on_version(given: Named) -> Iterator[str]:
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
    elif version[:2] > NEWEST[:2]:
        yield f"the newest nginx that lint502 knows is {NEWEST}; it takes {version} for that"
