"""``lint502 path``: all that counts on the way of one request, and what fails first."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from lint502.cli import arguments, output

if TYPE_CHECKING:
    from lint502.ladder.wanted import Wanted
    from lint502.workspace import CheckRequest


class Drawing(str, Enum):
    """How a ladder is shown."""

    text = "text"
    json = "json"
    mermaid = "mermaid"


@arguments.with_request(without=("roots",))
def path(
    request: CheckRequest,
    *,
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL",
            show_default=False,
            help="What the client asks for, such as https://shop.example.com/api/orders: its host "
            "and port choose the server of nginx. tcp://HOST:PORT and udp://HOST:PORT are for "
            "stream.",
        ),
    ],
    roots: Annotated[
        list[str] | None,
        typer.Option(
            "--root",
            metavar="ROOT",
            show_default=False,
            help="The nginx configuration, as lint502 check takes it; may be repeated. Without it: "
            "what lint502 check finds here.",
        ),
    ] = None,
    method: Annotated[
        str, typer.Option("--method", metavar="METHOD", help="The method of the request.")
    ] = "GET",
    headers: Annotated[
        list[str] | None,
        typer.Option(
            "--header",
            metavar="NAME:VALUE",
            show_default=False,
            help="A header that the client sends; may be repeated. Host is that of the URL, and "
            "what is not named is not sent.",
        ),
    ] = None,
    allow_paths: arguments.AllowPaths = None,
    drawing: Annotated[
        Drawing,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="How to show it: text (the default), json or mermaid (a diagram that forges "
            "draw).",
        ),
    ] = Drawing.text,
    color: arguments.Color = output.Colour.auto,
) -> None:
    """Show every timer, size, retry and pool on the way of one request, and what fails first.

    Exit codes: 0 the way is known, 2 it is not, or something could not be read, 3 a fault of
    lint502 itself.
    """
    wanted = _wanted(url, method, headers or [])
    asked = replace(request, roots=roots or ())
    result = arguments.job(arguments.workspace_here(allow_paths), asked).run()
    from lint502.ladder.climb import ladder
    from lint502.report.ladder import renderer

    found = ladder(result, wanted)
    output.say_notes(result.report.notes)
    output.say_problems(result.report.problems)
    output.write(renderer(drawing.value)(found, result.report, output.style(color)), drawing.value)
    for why in found.undecided:
        output.say(f"error: this cannot be told for sure: {why}")
    raise typer.Exit(2 if result.report.problems or found.undecided else 0)


def _wanted(url: str, method: str, headers: list[str]) -> Wanted:
    from lint502.ladder.wanted import Wanted, WantedError

    try:
        return Wanted.read(url, method, headers)
    except WantedError as error:
        raise typer.BadParameter(str(error), param_hint=error.argument) from None
