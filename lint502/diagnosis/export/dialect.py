"""What engines write each in their own way, and queries in steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

Columns: TypeAlias = Mapping[str, str]
"""Columns of a step by their names: expressions over those of the steps before it."""


class Dialect(Protocol):
    """How an engine says what an export asks; arguments but for ``pattern`` are expressions."""

    barrier: str
    """What follows a step that the engine is not to put into those after it."""

    def text(self, value: str) -> str:
        """A literal."""

    def matches(self, text: str, pattern: str) -> str:
        """Whether a regular expression finds something."""

    def extracted(self, text: str, pattern: str) -> str:
        """What its only group has; "" where it finds nothing."""

    def replaced(self, text: str, pattern: str, by: str) -> str:
        r"""The text with all that it finds replaced; ``\1`` is what a group has."""

    def contains(self, text: str, part: str) -> str:
        """Whether a literal is in a text."""

    def shared(self, text: str, pattern: str, other: str) -> str:
        """Whether anything that it finds in a text without ``%`` codes is in the other one, too."""


def query(
    dialect: Dialect, source: str, steps: Sequence[Columns | str], columns: Sequence[str]
) -> str:
    """A query of columns: each step adds some to those of the one before; the first one is from
    ``source``, which is a query itself. A step that is text is a condition on the rows."""
    named = [_named(0, f"{source}{dialect.barrier}")]
    for number, step in enumerate(steps):
        if isinstance(step, str):
            body = f"SELECT * FROM step{number}\nWHERE {step}"
        else:
            added = ",\n".join(f"  {_inside(value)} AS {name}" for name, value in step.items())
            body = f"SELECT *,\n{added}\nFROM step{number}"
        named.append(_named(number + 1, f"{body}{dialect.barrier}"))
    return f"WITH {', '.join(named)}\nSELECT {', '.join(columns)}\nFROM step{len(steps)}"


def _named(number: int, body: str) -> str:
    return f"step{number} AS (\n  {_inside(body)}\n)"


def case(*branches: tuple[str, str], other: str | None = None) -> str:
    """The value of the first branch whose condition holds, such as ``("a > 1", "b")``."""
    lines = [f"  WHEN {condition} THEN {value}" for condition, value in branches]
    if other is not None:
        lines.append(f"  ELSE {other}")
    return "\n".join(("CASE", *lines, "END"))


def either(*conditions: str) -> str:
    """Whether one of them holds."""
    return f"({' OR '.join(conditions)})" if conditions else "FALSE"


def every(*conditions: str) -> str:
    """Whether all of them hold."""
    return f"({' AND '.join(conditions)})" if conditions else "TRUE"


def _inside(text: str) -> str:
    return text.replace("\n", "\n  ")
