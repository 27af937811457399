"""A file with more tables at its end, and everything else as it was."""

from __future__ import annotations

from collections.abc import Iterable

import tomli


class UnfitError(Exception):
    """A file to which no table can be added; ``str()`` says why."""


def names_in(text: str) -> frozenset[str]:
    """The upstreams of a file. Raises :class:`UnfitError`."""
    try:
        upstreams = tomli.loads(text.removeprefix("\ufeff")).get("upstream", {})
    except (ValueError, RecursionError) as error:
        raise UnfitError(f"is not valid TOML: {error}") from None
    return frozenset(upstreams) if isinstance(upstreams, dict) else frozenset()


def with_tables(text: str, tables: Iterable[str]) -> str:
    """A file with tables added. Raises :class:`UnfitError`."""
    end = "\r\n" if "\r\n" in text else "\n"
    before = text if not text or text.endswith("\n") else f"{text}{end}"
    added = "".join(f"\n{table}" for table in tables).replace("\n", end)
    try:
        tomli.loads((before + added).removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        raise UnfitError(
            "takes no more tables: write its upstreams as tables headed [upstream.NAME]"
        ) from None
    return before + added
