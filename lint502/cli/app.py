"""The table of commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer

from lint502 import __version__
from lint502.cli.helping import WIDEST, Command, Group

COMMANDS = (
    "check", "init", "prove", "upgrade", "diagnose", "probe", "path", "explain", "rules",
    "servers", "hops", "schema",
)  # fmt: skip
"""In the order of the help; each is a function of the module of its name."""


class _Commands(Group):
    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is named; of what is none it is said what is likely meant."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            from lint502.cli.mistakes import no_command

            ctx.fail(no_command(args, self.list_commands(ctx)))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # some versions of typer make 1 of it
            sys.exit(130)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lint502 {__version__}")
        raise typer.Exit


def _lint502(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            "-V",
            callback=_show_version,
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """Find the nginx configuration changes that will answer 502 Bad Gateway."""


def asked_for(arguments: Sequence[str]) -> tuple[str, ...]:
    """The commands that a command line may ask for: the one that it names, else all of them."""
    completing = "_LINT502_COMPLETE" in os.environ
    first = arguments[:1]
    return tuple(first) if first and first[0] in COMMANDS and not completing else COMMANDS


def command_line(names: Sequence[str] = COMMANDS) -> typer.Typer:
    """The command line with some of the commands; only their modules are imported."""
    app = typer.Typer(
        name="lint502",
        cls=_Commands,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST},
    )
    app.callback()(_lint502)
    for name in names:
        command = getattr(import_module(f"lint502.cli.{name}"), name)
        app.command(cls=Command)(command)
    return app
