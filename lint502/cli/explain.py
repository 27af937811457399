"""``lint502 explain``: the page of a rule, what a status means, what a line of a log shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from lint502.cli import arguments, output
from lint502.cli.hops import Format, Shape
from lint502.patterns import regex

if TYPE_CHECKING:
    from lint502.diagnosis.causes import Cause

_NAME = regex(r"[^\s()\[\]{}\"',]+")
_STATUS = regex(r"(?:HTTP(?:/[\d.]+)?\s+)?(\d{3})(?:\s+[A-Z][A-Za-z'-]+(?:\s[A-Za-z'-]+)*)?")
_ACCESS = regex(r'" (\d{3}) (?:\d+|-)(?:\s|\Z)', re.ASCII)
"""The status in a line of an access log, in the formats that begin as the combined one."""


def explain(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="RULE|STATUS|LINE",
            help='A rule, such as port-mismatch ("lint502 rules" lists them), a status, such as '
            "502, or a line of nginx's error log, best in single quotes; - reads lines from "
            "standard input.",
            show_default=False,
            autocompletion=arguments.complete_explained,
        ),
    ],
    shape: Format = Shape.text,
    color: arguments.Color = output.Colour.auto,
) -> None:
    """Explain a rule, a status or a line of nginx's error log."""
    if what == ["-"]:
        read = arguments.read_standard_input().decode("utf-8", "backslashreplace")
        _explain_lines(read, shape, color)
        return
    if len(what) > 1 and all(map(_is_known, what)):
        for one in what:
            explain([one], shape, color)
        return
    text = " ".join(what)
    if found := _STATUS.fullmatch(text.strip()):
        _explain_status(found[1], shape, color)
    elif len(what) == 1 and _NAME.fullmatch(text):
        _explain_rule(text, shape, color)
    else:
        _explain_lines(text, shape, color)


def _is_known(word: str) -> bool:
    from lint502.diagnosis.statuses import numbers
    from lint502.rule_names import RULES

    return word in RULES or word in numbers()


def _explain_rule(rule: str, shape: Shape, color: output.Colour) -> None:
    from lint502.pages import page
    from lint502.published import rule_address
    from lint502.quoting import quote
    from lint502.report.explanation import explanation

    if rule.isdecimal():
        said = f'{quote(rule)} is no status, and no rule; "lint502 rules" lists the rules'
        raise typer.BadParameter(said, param_hint="RULE")
    arguments.require_rule(rule, "RULE")
    if shape is Shape.json:
        raise typer.BadParameter(
            'the page of a rule is text; see "lint502 rules"', param_hint="--format"
        )
    text = explanation(page(rule))
    if address := rule_address(rule):
        text += f"\n{address}\n"
    style = output.style(color)
    output.write(_rendered(text, style.width or 80) if style.colour else text)


def _explain_status(number: str, shape: Shape, color: output.Colour) -> None:
    from lint502.diagnosis.causes import cause_of
    from lint502.diagnosis.statements import Statement
    from lint502.diagnosis.statuses import UnknownStatusError, numbers, status
    from lint502.nginx import error_log
    from lint502.report import explained

    try:
        found = status(number)
    except UnknownStatusError:
        said = f"nothing is known of {number}; there are {', '.join(numbers())}"
        raise typer.BadParameter(said, param_hint="STATUS") from None
    texts = [error_log.line(name) for name in found.lines]
    messages = [(text, cause_of(Statement("", text, cut=True)).title) for text in texts]
    if shape is Shape.json:
        output.write(explained.status_json(found, messages), "json")
    else:
        output.write(explained.status(found, messages, output.style(color)))


def _explain_lines(text: str, shape: Shape, color: output.Colour) -> None:
    from lint502.diagnosis.causes import cause_of
    from lint502.diagnosis.pasted import MOST_CHARACTERS, MOST_RECORDS, records
    from lint502.quoting import quote
    from lint502.report import explained

    found: list[tuple[str, Sequence[Cause]]] = []
    unknown: list[str] = []
    pasted = records(text)
    if len(text) > MOST_CHARACTERS or len(pasted) == MOST_RECORDS:
        output.say(
            f"note: no more than {MOST_RECORDS} different lines are explained, of the first "
            f"{MOST_CHARACTERS:,} characters"
        )
    for one in pasted:
        causes = {cause.name: cause for cause in map(cause_of, one.statements)}
        if causes:
            found.append((one.text, sorted(causes.values(), key=lambda one: not one.at_fault)))
        else:
            unknown.append(one.text)
    if not found and (status := _ACCESS.search(text)):
        output.say("note: this is a line of an access log; what its status means:")
        _explain_status(status[1], shape, color)
        return
    if shape is Shape.json:
        output.write(explained.lines_json([*found, *((text, ()) for text in unknown)]), "json")
    elif found:
        output.write(explained.lines(found, output.style(color)))
    for line in unknown:
        output.say(f"unknown: {quote(line)} is no line of an upstream that lint502 knows")
    if not found:
        if not unknown:
            output.fail("there is no line to explain")
        raise typer.Exit(2)


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
