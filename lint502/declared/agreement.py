"""Whether what is claimed of a fact and what was observed of it agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lint502.declared.listeners import Directory
from lint502.declared.profiles import parse_server


def agree(key: str, claimed: Any, seen: Any) -> bool:
    """Whether two values of a key say the same, as far as an observation can tell."""
    return _SAME.get(key, _equal)(claimed, seen)


def _equal(claimed: Any, seen: Any) -> bool:
    if isinstance(claimed, tuple):
        return frozenset(claimed) == frozenset(seen)
    return bool(claimed == seen)


def _about(claimed: int, seen: int) -> bool:
    """Whether times agree: within a tenth, or a second and what the way there takes."""
    return abs(claimed - seen) <= max(claimed / 10, 1250)


def _near(claimed: int, seen: int) -> bool:
    """Whether sizes agree: servers count lines and delimiters, or do not."""
    return abs(claimed - seen) <= max(claimed / 20, 512)


def _named(claimed: tuple[str, ...], seen: tuple[str, ...]) -> bool:
    """Whether each name that is claimed is one of a certificate."""
    there = [one.lower() for one in seen]
    return all(
        name.lower() in there or f"*.{name.lower().partition('.')[2]}" in there for name in claimed
    )


def _server(claimed: str, seen: str) -> bool:
    """Whether two servers may be the same: by name, and by the version where both have one."""
    (name, version), (other, there) = parse_server(claimed), _parsed(seen)
    related = name == other or name.startswith(f"{other}-") or other.startswith(f"{name}-")
    if not related:
        return False
    if version is None or there is None:
        return True
    parts = (version.split("."), there.split("."))
    least = min(map(len, parts))
    return parts[0][:least] == parts[1][:least]


def _parsed(server: str) -> tuple[str, str | None]:
    name, _, version = server.partition("/")
    return name, version or None


def _mode(claimed: int, seen: int) -> bool:
    return claimed & 0o777 == seen & 0o777


def _folder(claimed: Directory, seen: Directory) -> bool:
    stated = (
        (claimed.owner, seen.owner),
        (claimed.group, seen.group),
        (claimed.mode, seen.mode),
    )
    return all(one is None or str(one) == str(other) for one, other in stated)


def _folders(claimed: tuple[Directory, ...], seen: tuple[Directory, ...]) -> bool:
    there = {one.path: one for one in seen}
    return all(one.path in there and _folder(one, there[one.path]) for one in claimed)


_SAME: Mapping[str, Callable[[Any, Any], bool]] = {
    "keepalive.idle_timeout": _about,
    "limits.request_headers": _near,
    "limits.request_body": _near,
    "tls.names": _named,
    "server": _server,
    "socket.mode": _mode,
    "socket.directory": _folder,
    "socket.directories": _folders,
}
