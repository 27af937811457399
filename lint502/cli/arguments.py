"""What several commands are given, and how it becomes the options of a run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lint502.cli.output import Colour, fail, say, say_problems

if TYPE_CHECKING:
    from lint502.findings import Problem
    from lint502.nginx.files import PathMap
    from lint502.nginx.version import Version
    from lint502.options import Options
    from lint502.report_model import VersionOrigin
    from lint502.run import Result
    from lint502.settings import Settings


def complete_rules(incomplete: str) -> list[str]:
    """The rules that a shell may complete; after a comma the next one."""
    from lint502.rule_names import RULES

    before, comma, begun = incomplete.rpartition(",")
    return [f"{before}{comma}{rule}" for rule in RULES if rule.startswith(begun)]


Roots = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ROOT",
        show_default=False,
        help="nginx's main file, a directory with nginx.conf, a fragment such as "
        "conf.d/site.conf, the output of nginx -T, or - for standard input.",
    ),
]
Specs = Annotated[
    list[Path] | None,
    typer.Option(
        "--specs",
        metavar="FILE",
        show_default=False,
        help="A file that declares upstreams; may be repeated. "
        "Without it: the nearest upstreams.toml.",
    ),
]
NginxVersion = Annotated[
    str | None,
    typer.Option(
        "--nginx-version",
        metavar="VERSION",
        show_default=False,
        help="The nginx to go by, such as 1.26.3, or auto: the installed one. "
        "Without it: the newest known.",
    ),
]
Maps = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="FROM=TO",
        show_default=False,
        help="Read below TO what nginx reads below FROM; may be repeated.",
    ),
]
Env = Annotated[
    list[str] | None,
    typer.Option(
        "--env",
        metavar="NAME[=VALUE]",
        show_default=False,
        help="A value for ${NAME} in templates; without =VALUE that of the environment. "
        "May be repeated.",
    ),
]
EnvFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--env-file",
        metavar="FILE",
        show_default=False,
        help="A file of such values, as docker run takes it; may be repeated.",
    ),
]
Nginx = Annotated[
    Path | None,
    typer.Option(
        "--nginx",
        metavar="PATH",
        show_default=False,
        help="The nginx to watch findings on; without it: the one on the PATH.",
    ),
]
Color = Annotated[
    Colour, typer.Option("--color", help="Use colour; auto: on a terminal.", show_default=True)
]


def settings_here() -> tuple[Settings | None, tuple[Problem, ...]]:
    """The settings that count in the working directory, and what is wrong in them."""
    from lint502.settings import load_settings

    return load_settings(_working_directory())


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is asked to do: the options of each part, and what is wrong in the settings. No
    parts where these cannot be read."""

    parts: tuple[Options, ...]
    problems: tuple[Problem, ...]
    standard_input: Callable[[], bytes]
    begins: Callable[[str], None]

    def examine(self, overlay: Mapping[str, str] | None = None) -> Result:
        """What a run finds, the problems of the settings in front; ``overlay`` has other texts for
        nginx files, by real path."""
        from dataclasses import replace

        from lint502 import run
        from lint502.options import Options
        from lint502.report_model import Report

        if not self.parts:
            version = Options(Path(), ()).version
            report = Report(version, "newest", None, (), (), (), (), self.problems, ())
            return run.Result(report, ())
        parts = self.parts
        if overlay:
            parts = tuple(replace(options, overlay=overlay) for options in parts)
        examined = run.run(parts, self.standard_input, self.begins)
        if not self.problems:
            return examined
        report = replace(examined.report, problems=(*self.problems, *examined.report.problems))
        return replace(examined, report=report)


@dataclass(frozen=True, slots=True)
class Given:
    """The arguments that say what to check and how; None where one is not given."""

    roots: Sequence[str] | None
    specs: Sequence[Path] | None
    nginx_version: str | None
    maps: Sequence[str] | None
    env: Sequence[str] | None
    env_files: Sequence[Path] | None
    select: Sequence[str] = ()
    ignore: Sequence[str] = ()


def asked(
    settings: Settings | None,
    problems: Sequence[Problem],
    given: Given,
    installed: Version | None = None,
    standard_input: Callable[[], bytes] | None = None,
    begins: Callable[[str], None] = lambda _: None,
) -> Asked:
    """What arguments and settings ask for; bad arguments end the process.

    A flag beats the settings. Without settings, for they cannot be read, nothing is checked.
    ``installed`` is the version to go by where nothing names one. ``standard_input`` gives what
    ``-`` stands for, where somebody has read it already. ``begins`` is told what the run goes on
    with.
    """
    from dataclasses import replace

    read = standard_input or read_standard_input
    if settings is None:
        return Asked((), tuple(problems), read, begins)
    chosen = _chosen(settings, problems, given.roots)
    env = _environment(given.env, given.env_files)
    parts = [
        _options(told, chosen_there, given, env)
        for told, chosen_there in _by_settings(settings, chosen)
    ]
    if installed is not None:
        parts = [
            replace(options, version=installed, version_origin="binary")
            if options.version_origin == "newest"
            else options
            for options in parts
        ]
    return Asked(tuple(parts), tuple(problems), read, begins)


def _chosen(
    settings: Settings, problems: Sequence[Problem], roots: Sequence[str] | None
) -> tuple[str, ...]:
    """The roots to check; none ends the process."""
    from lint502.nginx.roots import default_roots

    told = (*settings.roots, *(own.path for own in settings.own_roots))
    chosen = tuple(dict.fromkeys(roots or told or default_roots(_working_directory())))
    if not chosen:
        say_problems(problems)
        fail(
            "no nginx configuration is named, and there is no nginx.conf, nginx/nginx.conf, "
            "conf/nginx.conf or etc/nginx/nginx.conf here; name one, "
            "for example: lint502 check deploy/nginx.conf"
        )
    return chosen


def _by_settings(
    settings: Settings, roots: Sequence[str]
) -> Iterator[tuple[Settings, tuple[str, ...]]]:
    """The roots, those first that have no settings of their own, with the settings that count."""
    from dataclasses import replace

    from lint502.nginx.files import absolute_path

    own = {one.path: one for one in settings.own_roots}
    here = _working_directory()
    paths = {root: absolute_path(root, here) for root in roots}
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
    settings: Settings, roots: tuple[str, ...], given: Given, env: Mapping[str, str]
) -> Options:
    from lint502.options import Options

    here = _working_directory()
    version, origin, source = _version(given.nginx_version, settings)
    _say_if_unknown(version)
    return Options(
        here,
        roots,
        specs=tuple(here / path for path in given.specs) if given.specs else settings.specs,
        version=version,
        version_origin=origin,
        version_source=source,
        maps=tuple(_map(text, here) for text in given.maps) if given.maps else settings.maps,
        allow_missing=settings.allow_missing,
        allow_paths=settings.allow_paths,
        select=tuple(given.select) or settings.select,
        ignore=tuple(given.ignore) or settings.ignore,
        rules=settings.rules,
        path_ignores=settings.path_ignores,
        env={**settings.env, **env},
    )


def _environment(env: Sequence[str] | None, files: Sequence[Path] | None) -> dict[str, str]:
    """The values of ``--env-file`` and ``--env``; the latter come before those of files."""
    from lint502.environment import EnvironmentFileError, quoted, read, told
    from lint502.reading import shown

    given: dict[str, str] = {}
    for path in files or ():
        try:
            values = read(str(path))
        except EnvironmentFileError as error:
            raise typer.BadParameter(
                f"{shown(str(path))}{error}", param_hint="--env-file"
            ) from None
        for name in quoted(values):
            say(
                f"note: {shown(str(path))}: the quotes of {shown(name)} belong to its value, as in "
                "docker run --env-file; Compose takes them off"
            )
        given.update(values)
    try:
        given.update(told(text) for text in env or ())
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--env") from None
    return given


def rule_names(values: Sequence[str] | None, option: str) -> tuple[str, ...]:
    """The rules of ``--select A,B --select C``; an unknown one ends the process."""
    names = (name.strip() for value in values or () for name in value.split(","))
    result = tuple(dict.fromkeys(name for name in names if name))
    for name in result:
        require_rule(name, option)
    return result


def require_rule(name: str, parameter: str) -> None:
    """End the process where there is no such rule."""
    from lint502.quoting import meant, quote
    from lint502.rule_names import RULES

    if name not in RULES:
        hint = meant(name, RULES, 'see "lint502 rules"')
        raise typer.BadParameter(f"there is no rule {quote(name)}; {hint}", param_hint=parameter)


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except OSError:
        fail("the working directory is gone or cannot be read")


def _map(text: str, here: Path) -> PathMap:
    from lint502.nginx.files import PathMap

    try:
        return PathMap.parse(text, here)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--map") from None


def _version(option: str | None, settings: Settings) -> tuple[Version, VersionOrigin, str | None]:
    """Which nginx the run goes by, what says so, and in which file, if it is one."""
    from lint502.nginx.installed import installed_version
    from lint502.nginx.version import NEWEST, Version

    wanted = settings.nginx_version if option is None else option
    if wanted is None:
        return NEWEST, "newest", None
    if wanted == "auto":
        installed = installed_version()
        if installed is None:
            fail(
                "the nginx version is auto, but there is no nginx on the PATH that tells its own; "
                "name the version, for example: --nginx-version 1.26.3"
            )
        return installed, "binary", None
    try:
        version = Version.parse(wanted)
    except ValueError as error:
        raise typer.BadParameter(f"{error}, nor auto", param_hint="--nginx-version") from None
    return (version, "config", settings.file) if option is None else (version, "option", None)


def _say_if_unknown(version: Version) -> None:
    from lint502.nginx.version import NEWEST, OLDEST

    if version < OLDEST:
        say(f"note: lint502 knows nginx from {OLDEST} on, and takes {version} for that")
    elif version[:2] > NEWEST[:2]:
        say(f"note: the newest nginx that lint502 knows is {NEWEST}; it takes {version} for that")


def read_standard_input() -> bytes:
    """Standard input, up to a byte more than is taken."""
    from lint502.nginx.files import MAX_FILE_BYTES

    if sys.stdin is None:
        return b""
    return sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
