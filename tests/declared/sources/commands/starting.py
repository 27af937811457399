"""Starts a program on paper, and says what is found in a few words."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lint502.declared.claims import Claims
from lint502.declared.sources.commands import Started, started
from lint502.declared.upstreams import upstreams_of
from lint502.deployment.containers import Program
from lint502.deployment.filesystem import ContainerFiles
from lint502.deployment.layers import Files, Layer
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Text, Words
from lint502.places import Place
from lint502.standing import Standing


class Said(NamedTuple):
    """A fact in the tests: its value, and where it stands: ``"command"``, ``"$NAME"`` of a
    variable, ``"file:line"``; with ``default`` before it where nothing states it, ``hint`` where
    it is hinted."""

    value: Any
    where: str


def start(
    command: str | Sequence[str],
    variables: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
    *,
    unknown: Sequence[str] = (),
    image: str | None = None,
    built: bool = True,
    copied: bool = True,
    more: Sequence[Layer] = (),
) -> Started:
    """What a command starts in the folder /app. A text is one for the shell. ``files`` are in
    /app, or at an absolute path; ``copied`` is False where only the build folder has them.
    ``more`` is what else has happened to the files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".git").mkdir()
        layers: list[Layer] = []
        text = command if isinstance(command, str) else " ".join(command)
        place = Place("command", 1, 1, len(text) + 1, text)
        for path, content in (files or {}).items():
            file = folder / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode("utf-8", "surrogateescape"))
            if copied:
                target = path if path.startswith("/") else f"/app/{path}"
                layers.append(Files(target, str(file), place, True))
        words = ("/bin/sh", "-c", command) if isinstance(command, str) else tuple(command)
        program = Program(
            Words(words, place),
            None if image is None else Text(image, place),
            built,
            {
                key: Text(value, Place(f"${key}", 1, 1, 2, value))
                for key, value in (variables or {}).items()
            },
            frozenset(unknown),
            "/app",
            None,
            name,
        )
        found = started(program, ContainerFiles(Repository(folder), [*layers, *more]))
    for facts in found.listeners:
        upstreams_of([Claims("app", place, facts)])  # has no key that it does not know
        assert not facts.keys() >= {"port", "socket"}
    return found


def said(found: Started) -> list[dict[str, Said]]:
    """The facts of each listener."""
    return [
        {key: Said(fact.value, _where(fact)) for key, fact in listener.items()}
        for listener in found.listeners
    ]


def _where(fact: Any) -> str:
    place = fact.place.file
    if place not in ("command",) and not place.startswith("$"):
        place = f"{place}:{fact.place.line}"
    if fact.standing in (Standing.ASSUMED, Standing.DEFAULT):
        assert fact.source and fact.profile, "a default has a source"
        return f"default {place}"
    return f"hint {place}" if fact.standing is Standing.HINTED else place


def listeners(*arguments: Any, **options: Any) -> list[dict[str, Any]]:
    """The facts of each listener that a command starts, values alone."""
    return [
        {key: fact.value for key, fact in listener.items()}
        for listener in start(*arguments, **options).listeners
    ]


def ports(*arguments: Any, **options: Any) -> list[Any]:
    """The ports, or sockets, of what a command starts; None for an address that is not known."""
    return [one.get("port", one.get("socket")) for one in listeners(*arguments, **options)]
