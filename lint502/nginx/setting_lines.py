"""The lines that set one directive at one level, and what is read from them once for all hops."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar

T = TypeVar("T")


class SettingLines(tuple[tuple[str, ...], ...]):
    """The arguments of each line."""

    _results: dict[str, Any]

    @property
    def results(self) -> dict[str, Any]:
        """What :func:`once_for_lines` has computed."""
        try:
            return self._results
        except AttributeError:
            self._results = {}
            return self._results


def once_for_lines(function: Callable[[SettingLines], T]) -> Callable[[SettingLines], T]:
    """A function of lines that is computed once for each, however many hops they are in effect
    for."""
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def computed(lines: SettingLines) -> T:
        results = lines.results
        try:
            result: T = results[name]
        except KeyError:
            result = results[name] = function(lines)
        return result

    return computed


MOST_ALIKE = 20
"""As many lines with one first argument are looked at."""


@once_for_lines
def called(lines: SettingLines) -> Mapping[str, Sequence[int]]:
    """The numbers of the lines by their first argument, in lower case: of each the first few."""
    found: dict[str, list[int]] = {}
    for index, line in enumerate(lines):
        if line:
            alike = found.setdefault(line[0].lower(), [])
            if len(alike) < MOST_ALIKE:
                alike.append(index)
    return found


@once_for_lines
def words_of(lines: SettingLines) -> frozenset[str]:
    """All words of all lines."""
    return frozenset(word for line in lines for word in line)


@once_for_lines
def first_with(lines: SettingLines) -> Mapping[str, int]:
    """Of each word that stands before the last one of a line, such as a status of ``error_page``,
    the number of the first such line."""
    found: dict[str, int] = {}
    for index, line in enumerate(lines):
        for word in line[:-1]:
            found.setdefault(word, index)
    return found
