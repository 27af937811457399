"""What a RUN sees only while it runs: ``--mount=type=bind``.

https://docs.docker.com/reference/dockerfile/#run---mount.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from lint502.deployment.dockerfile.copying import Context, Target, bring
from lint502.deployment.dockerfile.instructions import Instruction
from lint502.deployment.dockerfile.looking import rest
from lint502.deployment.dockerfile.state import State
from lint502.deployment.filesystem import ContainerFiles, OnDisk
from lint502.deployment.layers import Files, Inline, Layer, Moved, Unseen


class Mount(Struct, frozen=True):
    """A path of the build's folder, or of the stage or image ``source_of``, at another one."""

    source: str
    target: str
    source_of: str | None


def mounts(instruction: Instruction) -> Iterator[Mount]:
    """The bind mounts of a RUN."""
    for flag in instruction.flags:
        name, _, written = flag.partition("=")
        if name != "--mount":
            continue
        pairs = {key.lower(): value for key, _, value in _options(written)}
        target = pairs.get("target") or pairs.get("dst") or pairs.get("destination")
        if pairs.get("type", "bind") == "bind" and target:
            source = pairs.get("source") or pairs.get("src") or "/"
            yield Mount(source, target, pairs.get("from"))


def mount(
    state: State,
    instruction: Instruction,
    context: Context,
    source: State | str | None,
    path: str,
    where: str,
) -> None:
    """Put a path where a RUN has it."""
    target = state.path(where)
    if target is not None:
        bring(state, instruction, path, Target(target, False, instruction.place), context, source)


def unmount(state: State, before: int, mounted: int) -> None:
    """Take away the layers from one index to another, which only a RUN has seen, and leave what it
    has made of them."""
    layers = state.layers[:mounted]
    seen = [one.target for one in layers[before:]]
    files = ContainerFiles(state.repository, layers)
    made = state.layers[mounted:]
    del state.layers[before:]
    for layer in made:
        state.put(_left(files, seen, layer))


def _left(files: ContainerFiles, seen: list[str], layer: Layer) -> Layer:
    if not isinstance(layer, Moved) or all(rest(one, layer.source) is None for one in seen):
        return layer
    found = files.find(layer.source)
    if isinstance(found, OnDisk) and layer.rendered is None:
        return Files(layer.target, found.path, layer.place, merges=True)
    if isinstance(found, Inline) and layer.rendered is None:
        return replace(found, target=layer.target)
    return Unseen(layer.target, layer.place)


def _options(written: str) -> Iterator[tuple[str, str, str]]:
    return (one.partition("=") for one in written.split(","))
