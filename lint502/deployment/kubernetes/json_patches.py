"""JSON patches: RFC 6902, as far as kustomizations use it."""

from __future__ import annotations

from collections.abc import Sequence

from lint502.deployment.kubernetes.edits import MAX_DEPTH, put
from lint502.deployment.yaml import Yaml, YamlList, YamlMap
from lint502.reading import UnreadableError


class PatchError(UnreadableError):
    """A patch that cannot be made."""


def patched(node: YamlMap, operations: YamlList) -> YamlMap:
    """An object with operations made on it. Raises :class:`PatchError`."""
    result: Yaml = node
    for one in operations.items:
        result = _operated(result, one)
    if not isinstance(result, YamlMap):
        raise PatchError("leaves no object")
    return result


def _operated(node: Yaml, operation: Yaml) -> Yaml:
    if not isinstance(operation, YamlMap):
        raise PatchError("has an operation that is none")
    kind, path = operation.text("op"), operation.text("path")
    if kind is None or path is None or not path.value.startswith("/"):
        raise PatchError("has an operation without a path that is known")
    steps = [_step(step) for step in path.value[1:].split("/")]
    value = operation.entries.get("value")
    if len(steps) > MAX_DEPTH:
        raise PatchError("has a path that is too long")
    if kind.value == "remove":
        return _changed(node, steps, None, adds=False)
    if kind.value in ("add", "replace") and value is not None:
        return _changed(node, steps, value, adds=kind.value == "add")
    if kind.value == "test":
        return node
    raise PatchError("has an operation that lint502 does not make")


def _step(written: str) -> str:
    return written.replace("~1", "/").replace("~0", "~")


def _changed(node: Yaml, steps: Sequence[str], value: Yaml | None, *, adds: bool) -> Yaml:
    """A node with another value at a path; None takes what is there away."""
    step, rest = steps[0], steps[1:]
    if isinstance(node, YamlMap):
        old = node.entries.get(step)
        if old is None and (rest or not adds):
            raise PatchError("has a path that leads nowhere")
        new = value if old is None or not rest else _changed(old, rest, value, adds=adds)
        return put(node, step, new, node.place)
    if isinstance(node, YamlList):
        items = list(node.items)
        index = (
            len(items) if step == "-" else int(step) if step.isdecimal() and len(step) < 7 else -1
        )
        ends = adds and not rest
        if not 0 <= index < len(items) + ends:
            raise PatchError("has a path that leads nowhere")
        if rest:
            items[index] = _changed(items[index], rest, value, adds=adds)
        elif value is None:
            del items[index]
        else:
            items[index : index + (not adds)] = [value]
        return YamlList(items, node.place, node.tag)
    raise PatchError("has a path that leads nowhere")
