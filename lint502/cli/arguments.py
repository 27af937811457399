"""What several commands are given, and how it becomes a run."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, get_type_hints

import typer

from lint502.cli import output
from lint502.cli.output import Colour

if TYPE_CHECKING:
    from lint502.nginx.version import Version
    from lint502.workspace import CheckRequest, Job, Workspace, WorkspaceError


def complete_rules(incomplete: str) -> list[str]:
    """The rules that a shell may complete; after a comma the next one."""
    from lint502.rule_names import RULES

    before, comma, begun = incomplete.rpartition(",")
    return [f"{before}{comma}{rule}" for rule in RULES if rule.startswith(begun)]


def complete_explained(incomplete: str) -> list[str]:
    """The rules and statuses that a shell may complete."""
    from lint502.diagnosis.statuses import numbers
    from lint502.rule_names import RULES

    return [one for one in (*RULES, *numbers()) if one.startswith(incomplete)]


def complete_servers(incomplete: str) -> list[str]:
    """The servers, and what runs on them, that a shell may complete."""
    from lint502.declared.products import products
    from lint502.declared.profiles import names

    known = sorted({*names(), *(product.name for product in products())})
    return [one for one in known if one.startswith(incomplete.lower())]


def complete_versions(incomplete: str) -> list[str]:
    """The versions of nginx, and of what is made from it, that a shell may complete."""
    from lint502.nginx.derivatives import known

    return [one for one in ("auto", *known()) if one.startswith(incomplete.lower())]


def complete_deployments(incomplete: str) -> list[str]:
    """The deployments below the working directory."""
    from lint502.deployment.discovery import discover
    from lint502.deployment.files import files_of
    from lint502.deployment.repository import Repository

    try:
        repository = Repository(Path.cwd())
        found = discover(repository, files_of(repository)).deployed
    except OSError:  # the working directory is gone
        return []
    names = dict.fromkeys(one.nginx.project.name for one in found)
    return [name for name in names if name.startswith(incomplete)]


Roots = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ROOT",
        show_default=False,
        help="nginx's main file, a directory with nginx.conf or of fragments, a fragment such as "
        "conf.d/site.conf, the output of nginx -T, or - for standard input, which may also be "
        "rendered manifests of Kubernetes. Without it: what Compose files and their like have "
        "nginx read, else nginx.conf, nginx/nginx.conf and their like, else what has a pass below "
        "this folder.",
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
        autocompletion=complete_versions,
        show_default=False,
        help="The nginx to go by, such as 1.26.3 or angie/1.10.1, or auto: the installed one. "
        "Without it: that of the image, else the newest known.",
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
Derive = Annotated[
    bool | None,
    typer.Option(
        "--derive/--no-derive",
        show_default=False,
        help="Whether Compose files, Dockerfiles and their like say what stands behind nginx, and "
        "which files it reads. Without it: they do.",
    ),
]
Deployments = Annotated[
    list[str] | None,
    typer.Option(
        "--deployment",
        metavar="NAME",
        autocompletion=complete_deployments,
        show_default=False,
        help="Only this deployment, such as deploy/compose.yaml; may be repeated.",
    ),
]
AllowPaths = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-path",
        metavar="PATH",
        show_default=False,
        help="A folder or file outside the checkout that may be read, and named by the settings, "
        "too; may be repeated.",
    ),
]
Nginx = Annotated[
    Path | None,
    typer.Option(
        "--nginx",
        metavar="PATH",
        show_default=False,
        help="The nginx to run findings on; without it: the one on the PATH.",
    ),
]
Color = Annotated[
    Colour,
    typer.Option(
        "--color",
        metavar="WHEN",
        help="Use colour: auto (the default: on a terminal), always or never.",
    ),
]


_OPTIONS = {
    "roots": "ROOT",
    "specs": "--specs",
    "nginx_version": "--nginx-version",
    "maps": "--map",
    "env": "--env",
    "env_files": "--env-file",
    "derive": "--derive",
    "deployments": "--deployment",
    "select": "--select",
    "ignore": "--ignore",
}
"""What the command line calls the arguments of a request."""


def with_request(
    *, without: Sequence[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Makes a command whose first parameter is a :class:`~lint502.workspace.Request` one with the
    options that such a request is made up of, ``without`` some of them."""
    return partial(_with_request, names=[name for name in _SHARED if name not in without])


def _with_request(command: Callable[..., None], names: Sequence[str]) -> Callable[..., None]:
    hints = get_type_hints(_shared, include_extras=True)
    # what makes up the request is imported only when a command runs
    signature = inspect.signature(command, eval_str=True, locals={"CheckRequest": object})
    _, *own = signature.parameters.values()
    keyword = inspect.Parameter.KEYWORD_ONLY
    shared = [
        inspect.Parameter(name, keyword, default=None, annotation=hints[name]) for name in names
    ]
    parameters = [*shared, *own]

    @wraps(command)
    def with_options(**given: Any) -> None:
        from lint502.workspace import CheckRequest

        wanted = {name: given.pop(name) for name in names}
        chosen = {name: value for name, value in wanted.items() if value not in (None, [], ())}
        command(CheckRequest(**chosen), **given)

    with_options.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_options.__annotations__ = {one.name: one.annotation for one in parameters}
    return with_options


def _shared(
    roots: Roots = None,
    specs: Specs = None,
    nginx_version: NginxVersion = None,
    maps: Maps = None,
    env: Env = None,
    env_files: EnvFiles = None,
    derive: Derive = None,
    deployments: Deployments = None,
) -> None:
    """The options that :func:`with_request` gives to a command."""


_SHARED = tuple(inspect.signature(_shared).parameters)


def workspace_here(
    allow_paths: Sequence[str] | None,
    standard_input: Callable[[], bytes] | None = None,
    overlay: Mapping[str, str] | None = None,
) -> Workspace:
    """The working directory, with its settings; ends the process where it is gone. ``overlay`` has
    texts of files, by real path, that count instead of what the disk has."""
    from lint502.workspace import Workspace

    try:
        here = Path.cwd()
    except OSError:
        output.fail("the working directory is gone or cannot be read")
    for path in allow_paths or ():
        if not path or "\0" in path:
            raise typer.BadParameter("names no folder", param_hint="--allow-path")
    return Workspace.at(
        here,
        overlay,
        standard_input=standard_input or read_standard_input,
        allow_paths=allow_paths or (),
    )


def job(workspace: Workspace, request: CheckRequest, installed: Version | None = None) -> Job:
    """What is asked for; bad arguments end the process. Says what is worth saying of it."""
    from lint502.workspace import WorkspaceError

    try:
        found = workspace.job(request, installed=installed)
    except WorkspaceError as error:
        refuse(error)
    say_notes(found)
    return found


def say_notes(job: Job) -> None:
    """Say what is worth saying of a run that is ready."""
    for note in job.notes:
        output.say(f"note: {note}")


def refuse(error: WorkspaceError) -> NoReturn:
    """End the process for what is asked."""
    if error.argument is not None:
        raise typer.BadParameter(
            str(error), param_hint=_OPTIONS.get(error.argument, error.argument)
        )
    output.say_problems(error.problems)
    output.fail(str(error))


def rule_names(values: Sequence[str] | None, option: str) -> tuple[str, ...]:
    """The rules of ``--select A,B --select C``; an unknown one ends the process."""
    names = (name.strip() for value in values or () for name in value.split(","))
    result = tuple(dict.fromkeys(name for name in names if name))
    for name in result:
        require_rule(name, option)
    return result


def require_rule(name: str, parameter: str) -> None:
    """End the process where there is no such rule."""
    from lint502.workspace import WorkspaceError, require_rule

    try:
        require_rule(name, parameter)
    except WorkspaceError as error:
        refuse(error)


def read_standard_input() -> bytes:
    """Standard input, up to a byte more than is taken."""
    from lint502.nginx.files import MAX_FILE_BYTES

    if sys.stdin is None:
        return b""
    return sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
