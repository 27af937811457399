"""The manual page ``lint502/lint502.1``, from the table of commands:

python -m tools.manual
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Any

PAGE = Path(__file__).parents[1] / "lint502" / "lint502.1"

_OF_TYPER = ("--install-completion", "--show-completion", "-h, --help")
"""Options whose texts are those of a library: the page has its own."""


_DATE = re.compile(r"^\.TH \S+ 1 (\d{4}-\d\d-\d\d) ", re.MULTILINE)

_EXIT = (
    ("0", "Nothing was found at or above the severity of --fail-on."),
    ("1", "There are findings."),
    ("2", "Not everything could be checked; what could be is reported all the same."),
    ("3", "lint502 itself failed."),
)
_ENVIRONMENT = (
    ("NO_COLOR, FORCE_COLOR", "Whether colour is used where --color does not say; the first wins."),
    ("COLUMNS", "How many columns a report has where it goes to no terminal."),
    ("GITHUB_ACTIONS", 'Where it is "true", --format auto is github.'),
)
_FILES = (
    ("upstreams.toml", "What stands behind nginx; the nearest to a root counts."),
    ("lint502.toml", "The settings; also [tool.lint502] in pyproject.toml."),
)
_EXAMPLES = (
    ("lint502 check", "Check what the files here have nginx read."),
    ("lint502 check --nginx-version 1.26.3 deploy/nginx.conf", "Check one main file."),
    ("lint502 explain port-mismatch", "Show what a rule is about."),
    ("lint502 explain 502", "Show what a status means, and who may have answered with it."),
    ("lint502 --install-completion", "Let the shell complete commands and options."),
)


def manual(date: str) -> str:
    """The whole page, in the macros of man(7), with the date of its last change."""
    import typer

    from lint502.cli.app import command_line
    from lint502.cli.helping import gist, subcommands

    group: Any = typer.main.get_command(command_line())
    context = group.make_context("lint502", ["rules"])
    commands = list(subcommands(group, context))
    lines = [
        '.\\" Written by python -m tools.manual; change the texts of the commands instead.',
        f'.TH LINT502 1 {date} "lint502"',
        ".SH NAME",
        f"lint502 \\- {_text(gist(group).rstrip('.'))}",
        ".SH SYNOPSIS",
        "\n.br\n".join(_synopsis(name, one, context) for name, one in commands),
        ".SH DESCRIPTION",
        _text(
            "lint502 puts each hop of an nginx configuration beside the upstream that it reaches, "
            "and reports where the two disagree in a way that makes nginx answer 502 Bad Gateway, "
            "or the status that is named. It starts nothing, and changes nothing unless it is "
            "asked to."
        ),
        ".SH OPTIONS",
        *_rows(group, context, "option"),
        ".SH COMMANDS",
        *(line for name, one in commands for line in _command(name, one, context)),
        *_table("EXIT STATUS", _EXIT),
        *_table("ENVIRONMENT", _ENVIRONMENT),
        *_table("FILES", _FILES),
        *_table("EXAMPLES", _EXAMPLES),
        ".SH SEE ALSO",
        ".BR nginx (8)",
    ]
    return "\n".join(lines) + "\n"


def _synopsis(name: str, command: Any, context: Any) -> str:
    from lint502.cli.helping import usage

    pieces = " ".join(usage(command, context))
    return f"\\fBlint502 {_escaped(name)}\\fR {_escaped(pieces)}"


def _command(name: str, command: Any, context: Any) -> Iterator[str]:
    from lint502.cli.helping import paragraphs

    yield f".SS lint502 {_escaped(name)}"
    for number, text in enumerate(paragraphs(command)):
        if number:
            yield ".PP"
        yield _text(text)
    for kind in ("argument", "option"):
        yield from _rows(command, context, kind)


def _rows(command: Any, context: Any, kind: str) -> Iterator[str]:
    from lint502.cli.helping import described

    for written, text in described(command, context, kind):
        if not written.startswith(_OF_TYPER):
            yield from _item(written, text)


def _table(heading: str, rows: tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield f".SH {heading}"
    for term, text in rows:
        yield from _item(term, text)


def _item(term: str, text: str) -> Iterator[str]:
    yield from (".TP", f"\\fB{_escaped(term)}\\fR", _text(text))


def _text(text: str) -> str:
    """A paragraph, a line a sentence, as the macros like it."""
    sentences = re.split(r"(?<=\.) (?=[A-Z])", " ".join(text.split()))
    lines = (wrap(one, 72, break_on_hyphens=False, break_long_words=False) for one in sentences)
    return "\n".join(_escaped(line) for of_sentence in lines for line in of_sentence)


def _escaped(text: str) -> str:
    written = text.replace("\\", "\\e").replace("-", "\\-").replace("~", "\\(ti")
    written = written.replace("^", "\\(ha").replace('"', "\\(dq")
    return f"\\&{written}" if written.startswith((".", "'")) else written


def written() -> str:
    """The page as it is to be: the one that is there, unless something has changed."""
    now = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    date = _DATE.search(now)
    if date is not None and now == manual(date[1]):
        return now
    return manual(datetime.date.today().isoformat())


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
