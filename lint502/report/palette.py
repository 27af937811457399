"""Colour and links on a terminal, by plain ANSI codes: importing rich takes longer than a small
check."""

from __future__ import annotations

from collections.abc import Callable

from lint502.findings import Severity

_SEVERITIES = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.INFO: "1;34"}
_STATES = {"passed": "32", "failed": "31", "undeclared": "34", "undecidable": "33"}


class Palette:
    """Paints text, or leaves it as it is where there is no colour, or no link."""

    def __init__(self, colour: bool, links: bool = False) -> None:
        self._colour = colour
        self._links = links

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and text else text

    def bold(self, text: str) -> str:
        """What the eye should find first."""
        return self._paint("1", text)

    def dim(self, text: str) -> str:
        """What frames the rest: labels, line numbers."""
        return self._paint("2", text)

    def other(self, text: str) -> str:
        """What marks the other side of a hop."""
        return self._paint("36", text)

    def severity(self, severity: Severity, text: str) -> str:
        """The colour of a severity."""
        return self._paint(_SEVERITIES[severity], text)

    def state(self, state: str, text: str) -> str:
        """The colour of a hop's state."""
        return self._paint(_STATES[state], text)

    def link(self, address: Callable[[], str], text: str) -> str:
        """A text that leads to an address, where the terminal can follow one.

        Source: https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda
        """
        if not self._links:
            return text
        return f"\x1b]8;;{address()}\x1b\\{text}\x1b]8;;\x1b\\"
