"""``lint502 explain``: the page of a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lint502.cli import arguments, output

if TYPE_CHECKING:
    from lint502.pages import Page


def explain(
    rule: Annotated[
        str,
        typer.Argument(
            metavar="RULE",
            help='A rule, such as port-mismatch; "lint502 rules" lists them.',
            show_default=False,
            autocompletion=arguments.complete_rules,
        ),
    ],
    color: arguments.Color = output.Colour.auto,
) -> None:
    """Explain a rule, with an example and what to do instead."""
    from lint502.pages import page

    arguments.require_rule(rule, "RULE")
    text = _markdown(page(rule))
    look = output.look(color)
    output.write(_rendered(text, look.width or 80) if look.colour else text)


def _markdown(page: Page) -> str:
    """The page with the facts of its front matter below the title."""
    from lint502.report.text import seen

    title, _, rest = page.body.partition("\n")
    facts = [f"**{page.severity.value}**", seen(page.status, page.frequency)]
    line = " · ".join(fact for fact in (*facts, f"nginx {page.nginx}") if fact)
    log = f"    {page.log}\n\n" if page.log else ""
    return f"{title}\n\n{line}\n\n{page.summary}\n\n{log}{rest.lstrip()}"


def _rendered(text: str, width: int) -> str:
    from rich.console import Console
    from rich.markdown import Markdown
    from rich.theme import Theme

    theme = Theme({"markdown.code": "bold cyan", "markdown.code_block": "cyan"})
    console = Console(
        width=min(width, 100), force_terminal=True, color_system="standard", theme=theme
    )
    with console.capture() as capture:
        console.print(Markdown(text, code_theme="ansi_dark", hyperlinks=False))
    return capture.get()
