"""What several commands are given, and how it becomes the options of a run."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lint502.cli.output import Colour, fail

if TYPE_CHECKING:
    from lint502.findings import Problem
    from lint502.lint import Options, Report
    from lint502.nginx.files import PathMap
    from lint502.settings import Settings


def complete_rules(incomplete: str) -> list[str]:
    """The rules that a shell may complete; after a comma the next one."""
    from lint502.checks import RULES

    before, comma, begun = incomplete.rpartition(",")
    return [f"{before}{comma}{rule}" for rule in RULES if rule.startswith(begun)]


Roots = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ROOT]...",
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
Color = Annotated[
    Colour, typer.Option("--color", help="Use colour; auto: on a terminal.", show_default=True)
]


def settings_here() -> tuple[Settings, tuple[Problem, ...]]:
    """The settings that count in the working directory, and what is wrong in them."""
    from lint502.settings import load_settings

    return load_settings(_working_directory())


def options(
    settings: Settings,
    roots: Sequence[str] | None,
    specs: Sequence[Path] | None,
    nginx_version: str | None,
    maps: Sequence[str] | None,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
) -> Options:
    """The options of a run: a flag beats the settings. Bad arguments end the process."""
    from dataclasses import replace

    from lint502.lint import Options
    from lint502.nginx.roots import default_roots

    here = _working_directory()
    chosen = tuple(dict.fromkeys(roots or settings.roots or default_roots(here)))
    if not chosen:
        fail(
            "no nginx configuration is named, and there is no nginx.conf, nginx/nginx.conf, "
            "conf/nginx.conf or etc/nginx/nginx.conf here; name one, "
            "for example: lint502 check deploy/nginx.conf"
        )
    result = Options(
        here,
        chosen,
        tuple(here / path for path in specs) if specs else settings.specs,
        maps=tuple(_map(text, here) for text in maps) if maps else settings.maps,
        allow_missing=settings.allow_missing,
        allow_paths=settings.allow_paths,
        select=tuple(select) or settings.select,
        ignore=tuple(ignore) or settings.ignore,
        rules=settings.rules,
    )
    return replace(result, **_version(nginx_version, settings))


def run(options: Options, more_problems: Sequence[Problem]) -> Report:
    """The report of a run, with the problems that were found before it."""
    from dataclasses import replace

    from lint502 import lint

    report = lint.run(options, _standard_input)
    if not more_problems:
        return report
    return replace(report, problems=(*more_problems, *report.problems))


def rule_names(values: Sequence[str] | None, option: str) -> tuple[str, ...]:
    """The rules of ``--select A,B --select C``; an unknown one ends the process."""
    names = (name.strip() for value in values or () for name in value.split(","))
    result = tuple(dict.fromkeys(name for name in names if name))
    for name in result:
        require_rule(name, option)
    return result


def require_rule(name: str, parameter: str) -> None:
    """End the process where there is no such rule."""
    from lint502.checks import RULES
    from lint502.spec.wording import nearest, quote

    if name not in RULES:
        close = nearest(name, RULES)
        hint = f'did you mean "{close}"?' if close else 'see "lint502 rules"'
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


def _version(option: str | None, settings: Settings) -> dict[str, object]:
    """The fields of :class:`Options` that say which nginx the run goes by."""
    from lint502.lint import installed_version
    from lint502.nginx.version import Version

    wanted = settings.nginx_version if option is None else option
    if wanted is None:
        return {}
    if wanted == "auto":
        installed = installed_version()
        if installed is None:
            fail(
                "the nginx version is auto, but there is no nginx on the PATH to ask; "
                "name the version, for example: --nginx-version 1.26.3"
            )
        return {"version": installed, "version_origin": "binary"}
    if option is None:
        return {
            "version": Version.parse(wanted),
            "version_origin": "config",
            "version_source": settings.file,
        }
    try:
        return {"version": Version.parse(option), "version_origin": "option"}
    except ValueError as error:
        raise typer.BadParameter(f"{error}, nor auto", param_hint="--nginx-version") from None


def _standard_input() -> bytes:
    from lint502.nginx.files import MAX_FILE_BYTES

    if sys.stdin is None:
        return b""
    return sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
