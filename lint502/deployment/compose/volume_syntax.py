"""The short form of a volume: ``./nginx.conf:/etc/nginx/nginx.conf:ro``."""

from __future__ import annotations

import os

from msgspec import Struct

from lint502.deployment.compose.values import Keyed, Scalar, Value
from lint502.patterns import regex

_DRIVE = regex(r"[A-Za-z]:[\\/]")


class ShortVolume(Struct, frozen=True):
    """What a volume is in its short form; an anonymous one has no source."""

    source: str | None
    target: str
    options: tuple[str, ...] = ()


def parse_volume(text: str) -> ShortVolume | None:
    """The parts of a short form; None where it is none."""
    parts: list[str] = []
    rest = text
    while rest:
        drive = 2 if _DRIVE.match(rest) else 0
        part, colon, after = rest[drive:].partition(":")
        parts.append(rest[:drive] + part)
        rest = after
        if colon and not after:
            return None
    if not parts or not all(parts):
        return None
    if len(parts) == 1:
        return ShortVolume(None, parts[0])
    options = tuple(option for part in parts[2:] for option in part.split(","))
    return ShortVolume(parts[0], parts[1], options)


def is_path(source: str) -> bool:
    """Whether a source is a path of the machine, not the name of a volume."""
    return source.startswith((".", "/", "~", "\\\\")) or _DRIVE.match(source) is not None


def is_foreign(source: str) -> bool:
    """Whether a path is of another kind of machine, or below somebody's home: it cannot be
    found in the repository."""
    return source.startswith(("~", "\\\\")) or _DRIVE.match(source) is not None


def target_of(volume: Value) -> str | None:
    """The path at which a volume is mounted, in either form."""
    if isinstance(volume, Keyed):
        target = volume.text("target")
        return None if not target else os.path.normpath(target)
    if isinstance(volume, Scalar):
        parsed = parse_volume(volume.text)
        return None if parsed is None else os.path.normpath(parsed.target)
    return None


def volume_of(volume: Value) -> str | None:
    """The name of the volume that is mounted, None where it is a path or has none."""
    if isinstance(volume, Keyed):
        named = volume.text("type") in ("volume", None)
        source = volume.text("source") if named else None
    else:
        parsed = parse_volume(volume.text) if isinstance(volume, Scalar) else None
        source = None if parsed is None else parsed.source
    return None if source is None or is_path(source) else source
