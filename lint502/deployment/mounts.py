"""Folders that several containers mount: what one has at a path another one has at another."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.deployment.containers import Container
from lint502.deployment.layers import Files, Volume


def path_seen(container: Container, other: Container, path: str) -> str | None:
    """The path at which a container has what another one has at ``path``; None where they do not
    share the folder that it is in."""
    own = dict(_mounted(container))
    for folder, target in sorted(_mounted(other), key=lambda one: -len(one[1])):
        inner = path.removeprefix(f"{target.rstrip('/')}/")
        if inner != path:
            return f"{own[folder].rstrip('/')}/{inner}" if folder in own else None
    return None


def _mounted(container: Container) -> Iterator[tuple[str, str]]:
    """What is mounted in a container, by what tells one folder from another, and where."""
    for layer in container.layers:
        if isinstance(layer, Volume) and layer.name is not None:
            yield f"volume {layer.name}", layer.target
        elif isinstance(layer, Files) and not layer.merges and layer.from_image is None:
            yield layer.source, layer.target
