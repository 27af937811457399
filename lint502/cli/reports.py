"""The reports of ``lint502 check``: which are wanted, and where each goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import typer
from msgspec import Struct
from msgspec.structs import replace

from lint502.cli import output
from lint502.cli.logs import without_commands
from lint502.report import AUTO, FORMATS, Style, renderer, with_roots

if TYPE_CHECKING:
    from lint502.report_model import Report

_COUNTED = ("text", "json")
"""The formats that have statistics."""


class Output(NamedTuple):
    """A report to be written: its format and its file, or None for standard output."""

    format: str
    file: str | None


class Wanted(Struct, frozen=True):
    """What is asked of the reports: colour, all findings, or only how many there are."""

    colour: output.Colour
    unlimited: bool = False
    statistics: bool = False

    def style(self, to: Output) -> Style:
        """How a report may look."""
        if to.file is None:
            style = output.style(self.colour)
        else:
            style = Style(colour=self.colour is output.Colour.always)
        return replace(style, unlimited=self.unlimited, statistics=self.statistics)


def complete_formats(incomplete: str) -> list[str]:
    """The formats that a shell may complete."""
    return [name for name in (*FORMATS, AUTO) if name.startswith(incomplete)]


def outputs(formats: Sequence[str] | None, *, statistics: bool = False) -> list[Output]:
    """The reports of ``--format TEXT --format sarif:FILE``; a bad one ends the process."""
    from lint502.cli.ci import format_here
    from lint502.quoting import listing, meant, quote

    found: list[Output] = []
    known = (*FORMATS, AUTO)
    for text in formats or [AUTO]:
        name, colon, file = text.partition(":")
        if name not in known:
            hint = meant(name, known, f"known are {listing(known)}")
            raise typer.BadParameter(
                f"there is no format {quote(name)}; {hint}", param_hint="--format"
            )
        if colon and not file:
            raise typer.BadParameter(
                f"{quote(text)} names no file after the colon", param_hint="--format"
            )
        format = format_here() if name == AUTO else name
        if statistics and format not in _COUNTED:
            if name != AUTO:
                raise typer.BadParameter(
                    f"{format} has none; give --format text or --format json",
                    param_hint="--statistics",
                )
            format = "text"
        wanted = Output(format, file or None)
        if wanted.file in [other.file for other in found]:
            where = "standard output" if wanted.file is None else quote(wanted.file)
            raise typer.BadParameter(
                f"two reports would go to {where}; name a file for one: {name}:FILE",
                param_hint="--format",
            )
        found.append(wanted)
    return found


def write(report: Report, outputs: Sequence[Output], wanted: Wanted, *, quiet: bool) -> None:
    """Write the reports, and the summary of the job where GitHub has a file for one."""
    from lint502.cli import ci

    renamed: Report | None = None
    named = with_roots(report)
    for one in outputs:
        if one.format in ci.FROM_TOP:
            renamed = renamed or ci.named_from_top(named)
            _write(renamed, one, wanted)
        else:
            _write(report if one.format == "json" else named, one, wanted)
    if renamed is not None and "github" in [one.format for one in outputs]:
        reason = ci.write_summary(renamed, unlimited=wanted.unlimited)
        if reason is not None and not quiet:
            output.say(f"note: {reason}")


def _write(report: Report, to: Output, wanted: Wanted) -> None:
    style = wanted.style(to)
    text = renderer(to.format)(report, style)
    if to.file is None:
        output.write(text, to.format, links=style.links)
    else:
        output.write_file(to.file, without_commands(text, to.format))
