"""``lint502 explain``: the page of a rule."""

from __future__ import annotations

from typing import Annotated

import typer

from lint502.cli import arguments, output


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
    from lint502.published import rule_address
    from lint502.quoting import quote
    from lint502.report.explanation import explanation

    if rule.isdecimal():
        said = f'{quote(rule)} is no rule; "lint502 rules" lists the rules with the status of each'
        raise typer.BadParameter(said, param_hint="RULE")
    arguments.require_rule(rule, "RULE")
    text = explanation(page(rule))
    if address := rule_address(rule):
        text += f"\n{address}\n"
    style = output.style(color)
    output.write(_rendered(text, style.width or 80) if style.colour else text)


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
