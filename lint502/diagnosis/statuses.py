"""What a status means where nginx stands in the middle, and who may have answered with it.

The statuses stand in ``statuses.toml``, which says what each key means.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from msgspec import Struct

from lint502.packaged import table_of

__all__ = ["Layer", "Status", "UnknownStatusError", "numbers", "status"]


class UnknownStatusError(LookupError):
    """Nothing is known of a status."""


class Layer(Struct, frozen=True):
    """Who may have answered: ``text`` why, ``tell`` how that is told, ``source`` who says so."""

    by: str
    text: str
    tell: str
    source: str
    run: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


class Status(Struct, frozen=True):
    """What a status means; ``number`` has three digits (``009``); ``lines`` are the names of
    messages of ``error_log.toml`` that come with it."""

    number: str
    title: str
    layers: tuple[Layer, ...]
    lines: tuple[str, ...] = ()


def numbers() -> tuple[str, ...]:
    """All that are known, such as ``502``, in their order."""
    return tuple(sorted(_data()))


@cache
def status(number: str) -> Status:
    """What a status means. Raises :class:`UnknownStatusError` where that is not known."""
    row = _data().get(number)
    if row is None:
        raise UnknownStatusError(number)
    layers = tuple(
        Layer(
            by=layer["by"],
            text=layer["text"],
            tell=layer["tell"],
            source=layer["source"],
            run=tuple(layer.get("run", ())),
            rules=tuple(layer.get("rules", ())),
        )
        for layer in row["layer"]
    )
    return Status(number, row["title"], layers, tuple(row.get("lines", ())))


@cache
def _data() -> Mapping[str, Mapping[str, Any]]:
    data: Mapping[str, Mapping[str, Any]] = table_of("lint502.diagnosis", "statuses.toml")["status"]
    return data
