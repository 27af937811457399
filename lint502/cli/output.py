"""Where output goes: reports to standard output, everything else to standard error."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

import typer

from lint502.cli.logs import goes_to_a_log, harmless, without_commands, write_as_it_is
from lint502.reading import shown
from lint502.report import Style, counted

if TYPE_CHECKING:
    from lint502.findings import Note, Problem

_MOST_PROBLEMS = 200
_MOST_ALIKE = 3
_ASCII = {
    **{ord("│"): "|", ord("·"): "-", ord("→"): "->", ord("…"): "~"},
    **dict(zip(range(ord("▁"), ord("█") + 1), ".:-=+*%@", strict=True)),
}


class Colour(str, Enum):
    """When to use colour."""

    auto = "auto"
    always = "always"
    never = "never"


def style(when: Colour, stream: TextIO | None = None) -> Style:
    """How a report on ``stream`` (standard output) may look.

    ``NO_COLOR`` and ``FORCE_COLOR`` count where they are not empty, the former first; see
    https://no-color.org and https://force-color.org.
    """
    stream = sys.stdout if stream is None else stream
    terminal = stream is not None and stream.isatty()
    width = None
    if terminal or os.environ.get("COLUMNS", "").isdecimal():
        width = max(40, shutil.get_terminal_size().columns)
    colour = _colour(when, terminal)
    return Style(colour, width, links=colour and terminal)


def _colour(when: Colour, terminal: bool) -> bool:
    if when is not Colour.auto:
        return when is Colour.always
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return terminal and os.environ.get("TERM") != "dumb"


def write(text: str, format: str = "text", *, links: bool = False) -> None:
    """Write a report in a format to standard output; with ``links`` of its own for the terminal.
    Nobody reads it any more: that is no fault."""
    _write(without_commands(text, format), as_it_is=format == "github" or links)


def write_difference(text: str) -> None:
    """Write a unified diff to standard output: to the byte where a file or a program takes it."""
    exact = sys.stdout is None or not goes_to_a_log(sys.stdout)
    if not exact and text != harmless(text):
        say(
            "note: characters that would steer a terminal or a CI system are escaped here; "
            "for a diff that can be applied, write it to a file: lint502 check --diff >FILE"
        )
    _write(text, as_it_is=exact)


def _write(text: str, *, as_it_is: bool) -> None:
    stream = sys.stdout
    if stream is None:
        return
    if not (stream.encoding or "ascii").lower().startswith("utf"):
        text = text.translate(_ASCII)
    try:
        if as_it_is:
            write_as_it_is(stream, text)
        else:
            stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _drop_output(stream)
    except OSError as error:
        _drop_output(stream)
        fail(f"cannot write to standard output: {error.strerror}")


def _drop_output(stream: TextIO) -> None:
    """Python flushes once more at its end: what is left goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())


def write_file(path: str, text: str) -> None:
    """Write a report to a file."""
    from lint502.cli.writing import UnwritableError, write_whole

    try:
        write_whole(path, text)
    except UnwritableError as error:
        fail(f"cannot write {shown(path)}: {error}")


def say(text: str) -> None:
    """Write a text to standard error; one that is a line in as many as the terminal takes."""
    with contextlib.suppress(OSError):  # then there is nobody to tell
        if "\n" not in text and sys.stderr is not None and sys.stderr.isatty():
            from lint502.report.layout import running

            text = "\n".join(running(text, shutil.get_terminal_size().columns))
        print(harmless(text), file=sys.stderr, flush=True)


_PROGRESS = 60
"""Columns in which progress is shown."""


def progress(text: str) -> None:
    """Show on a terminal how far a long run is, in the place of what was shown before; "" for the
    end of it."""
    if sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        with contextlib.suppress(OSError):
            line = f"{text[:_PROGRESS]:<{_PROGRESS}}" + ("" if text else "\r")
            write_as_it_is(sys.stderr, f"\r{line}")
            sys.stderr.flush()


def fail(message: str) -> NoReturn:
    """Say why nothing could be checked, and exit with 2."""
    say(f"error: {message}")
    raise typer.Exit(2)


def say_notes(notes: Iterable[Note]) -> None:
    """What is worth saying beside a report."""
    stock: dict[str, None] = {}
    for note in notes:
        if note.stock is None:
            say(f"note: {_where(note)}{shown(note.message)}")
        else:
            stock[Path(note.stock).name] = None
    if stock:
        say(f"note: stock files that are not here were passed over: {shown(', '.join(stock))}")


def say_problems(problems: Iterable[Problem]) -> None:
    """What could not be checked: the first ones of a file with very many, and of what is the same
    at many places."""
    from lint502.wording import listed

    files: dict[str, list[Problem]] = {}
    alike: dict[str, list[Problem]] = {}
    for problem in problems:
        of_file = files.setdefault(problem.file, [])
        of_file.append(problem)
        if len(of_file) > _MOST_PROBLEMS:
            continue
        same = alike.setdefault(problem.message, [])
        same.append(problem)
        if len(same) <= _MOST_ALIKE:
            say(f"error: {_where(problem)}{shown(problem.message)}")
    for first, *more in alike.values():
        if more[_MOST_ALIKE - 1 :]:
            places = listed(_where(problem).rstrip(": ") for problem in more[_MOST_ALIKE - 1 :])
            say(f"error: {places}: the same as at {_where(first).rstrip(': ')}")
    for file, of_file in files.items():
        left = of_file[_MOST_PROBLEMS:]
        if left:
            say(f"error: {shown(file)}: and {counted(left, 'more problem')}")


def _where(item: Note | Problem) -> str:
    line = "" if item.line is None else f"{item.line}:"
    return f"{shown(item.file)}:{line} "
