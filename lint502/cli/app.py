"""The table of commands."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from lint502 import __version__
from lint502.cli.check import check
from lint502.cli.diagnose import diagnose
from lint502.cli.explain import explain
from lint502.cli.helping import WIDEST, Command, Group
from lint502.cli.hops import hops
from lint502.cli.init import init
from lint502.cli.probe import probe
from lint502.cli.prove import prove
from lint502.cli.rules import rules
from lint502.cli.schema import schema
from lint502.cli.upgrade import upgrade


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


app = typer.Typer(
    name="lint502",
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lint502 {__version__}")
        raise typer.Exit


@app.callback()
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


for _command in (
    check, init, prove, upgrade, diagnose, probe, explain, rules, hops, schema
):  # fmt: skip
    app.command(cls=Command)(_command)
