"""What ``--help`` shows: each option with its metavar and its text, whole, no types of Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from itertools import zip_longest
from textwrap import wrap
from typing import Any

from typer.core import TyperCommand, TyperGroup

WIDEST = 120
"""Columns that a help text takes of a terminal."""


def described(command: Any, context: Any, kind: str) -> Iterator[tuple[str, str]]:
    """The arguments or the options of a command, as ``kind`` says: ``--map FROM=TO``, and what it
    is for."""
    for parameter in command.get_params(context):
        if parameter.param_type_name == kind and not parameter.hidden:
            yield _written(parameter), parameter.help or ""


def _written(parameter: Any) -> str:
    metavar = parameter.metavar or ""
    if parameter.param_type_name == "argument":
        return f"{metavar}..." if parameter.nargs != 1 else metavar
    names = ", ".join(sorted(parameter.opts, key=len))
    if parameter.secondary_opts:
        return f"{names} / {', '.join(parameter.secondary_opts)}"
    return names if parameter.is_flag else f"{names} {metavar}"


def usage(command: Any, context: Any) -> list[str]:
    """What follows the name of a command: ``[OPTIONS] [ROOT]...``."""
    arguments = [one for one in command.get_params(context) if one.param_type_name == "argument"]
    return [
        "[OPTIONS]",
        *(
            (one.metavar if one.required else f"[{one.metavar}]") + ("..." * (one.nargs != 1))
            for one in arguments
        ),
    ]


def subcommands(group: Any, context: Any) -> Iterator[tuple[str, Any]]:
    """The commands of a group, by their names, in its order."""
    for name in group.list_commands(context):
        yield name, group.get_command(context, name)


def gist(command: Any) -> str:
    """The first paragraph of what a command says of itself, in one line."""
    return paragraphs(command)[0]


def paragraphs(command: Any) -> list[str]:
    """What a command says of itself, a line each."""
    return [" ".join(one.split()) for one in (command.help or "").split("\n\n")]


def _wrapped(text: str, width: int) -> list[str]:
    """A text in lines, with the names of options whole."""
    return wrap(text, width, break_on_hyphens=False, break_long_words=False)


def _write_text(command: Any, formatter: Any) -> None:
    for text in paragraphs(command):
        formatter.write("\n")
        formatter.write("".join(f"  {line}\n" for line in _wrapped(text, formatter.width - 2)))


def _write_rows(heading: str, rows: Iterable[tuple[str, str]], formatter: Any) -> None:
    rows = list(rows)
    if not rows:
        return
    formatter.write(f"\n{heading}:\n")
    first = max(len(name) for name, _ in rows)
    for name, text in rows:
        lines = _wrapped(text, formatter.width - first - 4)
        for label, line in zip_longest([name], lines, fillvalue=""):
            formatter.write(f"  {label:{first}}  {line}\n")


class _Coercion:
    """Makes what a parameter is given what its annotation says; what that takes no library for,
    without the 100 ms that importing it takes."""

    def __init__(self, annotation: Any, otherwise: Callable[[], Any]) -> None:
        self._annotation = annotation
        self._otherwise = otherwise

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value of a parameter; raises what typer raises."""
        annotation = self._annotation
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        if several and not value:
            return []
        if type(value) is annotation:
            return value
        if annotation == list[str] and all(isinstance(one, str) for one in value):
            return list(value)
        if annotation is int and _is_plain_number(value, param.type_descriptor.parameter_info):
            return int(value)
        if isinstance(annotation, type) and issubclass(annotation, Enum):
            found = [one for one in annotation if value in (one, one.value)]
            if found:
                return found[0]
        return self._otherwise().coerce(value, param=param, ctx=ctx)


def _is_plain_number(value: Any, option: Any) -> bool:
    """Whether a text is a number of a few digits, within what an option takes."""
    if not (isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10):
        return False
    least, most = option.min, option.max
    return (least is None or int(value) >= least) and (most is None or int(value) <= most)


def _coerced_lightly(parameters: Iterable[Any]) -> list[Any]:
    """Parameters of which typer since 0.29, which imports pydantic for it, coerces no text."""
    found = list(parameters)
    for parameter in found:
        coercion = getattr(parameter, "get_runtime_param", None)
        if coercion is not None and "get_runtime_param" not in vars(parameter):
            light = _Coercion(parameter.type_descriptor.annotation, coercion)
            parameter.get_runtime_param = lambda light=light: light
    return found


class Command(TyperCommand):
    """A command with such a help."""

    def get_params(self, ctx: Any) -> Any:
        """The parameters, with that of the help."""
        return _coerced_lightly(super().get_params(ctx))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """See :func:`usage`."""
        return usage(self, ctx)

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write what the command says of itself."""
        _write_text(self, formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and options."""
        _write_rows("Arguments", described(self, ctx, "argument"), formatter)
        _write_rows("Options", described(self, ctx, "option"), formatter)


class Group(TyperGroup):
    """The table of commands, with such a help."""

    def get_params(self, ctx: Any) -> Any:
        """The parameters, with that of the help."""
        return _coerced_lightly(super().get_params(ctx))

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write what the program says of itself."""
        _write_text(self, formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options, and the commands with what they do."""
        _write_rows("Options", described(self, ctx, "option"), formatter)
        commands = ((name, gist(one)) for name, one in subcommands(self, ctx))
        _write_rows("Commands", commands, formatter)
