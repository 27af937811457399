"""Manifests with changes made: new nodes that keep the places of the old ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lint502.deployment.yaml import Yaml, YamlList, YamlMap, YamlText
from lint502.places import Place
from lint502.reading import UnreadableError

MAX_DEPTH = 100

_MERGED_BY = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "ports": ("containerPort", "port"),
    "hostAliases": ("ip",),
}
"""Lists whose items a patch changes one by one, and the field that says which is which."""

_DIRECTIVE = "$patch"


class TooDeepError(UnreadableError):
    """A patch is nested too deep."""

    def __init__(self) -> None:
        super().__init__(f"is nested more than {MAX_DEPTH} deep; lint502 stops here")


def put(node: YamlMap, key: str, value: Yaml | None, place: Place) -> YamlMap:
    """A mapping with another value of a key; None takes the key out."""
    entries, keys = dict(node.entries), dict(node.keys)
    if value is None:
        entries.pop(key, None)
        keys.pop(key, None)
    else:
        entries[key] = value
        keys.setdefault(key, place)
    return YamlMap(entries, keys, node.place, node.tag)


class Editor:
    """Changes what stands at some path, in nodes that may stand at several places."""

    def __init__(self, change: Callable[[Yaml], Yaml]) -> None:
        self._change = change
        # the old node is kept with the new one, for an id may be given again
        self._made: dict[tuple[int, Sequence[str]], tuple[Yaml, Yaml]] = {}

    def edited(self, node: Yaml, path: tuple[str, ...]) -> Yaml:
        """A node with what stands at a path of keys changed; ``*`` is each item of a list."""
        if not path:
            return self._change(node)
        found = self._made.get((id(node), path))
        if found is None:
            found = self._made[id(node), path] = (node, self._edited(node, path[0], path[1:]))
        return found[1]

    def _edited(self, node: Yaml, step: str, rest: tuple[str, ...]) -> Yaml:
        if isinstance(node, YamlList) and step == "*":
            items = [self.edited(item, rest) for item in node.items]
            same = all(map(_is, items, node.items))
            return node if same else YamlList(items, node.place, node.tag)
        if isinstance(node, YamlMap) and step in node.entries:
            old = node.entries[step]
            new = self.edited(old, rest)
            return node if new is old else put(node, step, new, node.place)
        return node


def _is(one: Yaml, other: Yaml) -> bool:
    return one is other


class Merge:
    """A strategic merge patch: mappings key by key, some lists item by item."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, int, str], tuple[Yaml | None, Yaml, Yaml | None]] = {}

    def merged(self, node: Yaml | None, patch: Yaml, key: str = "", depth: int = 0) -> Yaml | None:
        """A node with a patch; None where that takes it away."""
        if depth > MAX_DEPTH:
            raise TooDeepError
        if isinstance(patch, YamlText) and patch.is_null:
            return None
        about = (id(node), id(patch), key)
        if about not in self._made:
            self._made[about] = (node, patch, self._merged(node, patch, key, depth))
        return self._made[about][2]

    def _merged(self, node: Yaml | None, patch: Yaml, key: str, depth: int) -> Yaml | None:
        if isinstance(patch, YamlMap):
            directive = patch.text(_DIRECTIVE)
            if directive is not None and directive.value == "delete":
                return None
            plain = patch if directive is None else put(patch, _DIRECTIVE, None, patch.place)
            replaces = directive is not None and directive.value == "replace"
            if isinstance(node, YamlMap) and not replaces:
                return self._map(node, plain, depth)
            return plain if replaces else self._map(_empty(patch), plain, depth)
        if isinstance(patch, YamlList) and isinstance(node, YamlList):
            return self._list(node, patch, key, depth)
        return patch

    def _map(self, node: YamlMap, patch: YamlMap, depth: int) -> YamlMap:
        entries, keys = dict(node.entries), dict(node.keys)
        for name, value in patch.entries.items():
            new = self.merged(entries.get(name), value, name, depth + 1)
            if new is None:
                entries.pop(name, None)
            else:
                entries[name] = new
                keys.setdefault(name, patch.keys[name])
        return YamlMap(entries, keys, node.place, node.tag)

    def _list(self, node: YamlList, patch: YamlList, key: str, depth: int) -> YamlList:
        names = _MERGED_BY.get(key)
        changes = [one for one in patch.items if isinstance(one, YamlMap)]
        replaces = any(_directive(one) == "replace" and len(one.entries) == 1 for one in changes)
        if names is None or replaces or len(changes) < len(patch.items):
            kept = [one for one in patch.items if _directive(one) != "replace"]
            return YamlList(kept, patch.place, patch.tag)
        items: dict[tuple[str, ...], Yaml | None] = {}
        for index, one in enumerate(node.items):
            items[_identity(one, names) or ("", str(index))] = one
        added: list[Yaml] = []
        for one in changes:
            about = _identity(one, names)
            new = self.merged(items.get(about) if about else None, one, "", depth + 1)
            if about in items:
                items[about] = new
            elif new is not None:
                added.append(new)
        left = [one for one in items.values() if one is not None]
        return YamlList([*added, *left], node.place, node.tag)


def _directive(node: Yaml) -> str:
    found = node.text(_DIRECTIVE) if isinstance(node, YamlMap) else None
    return "" if found is None else found.value


def _identity(node: Yaml, names: Sequence[str]) -> tuple[str, ...]:
    """What tells an item of a list from the others, () where nothing does."""
    if not isinstance(node, YamlMap):
        return ()
    for name in names:
        found = node.text(name)
        if found is not None:
            protocol = node.text("protocol") if name == "containerPort" else None
            return name, found.value, "TCP" if protocol is None else protocol.value
    return ()


def _empty(node: YamlMap) -> YamlMap:
    return YamlMap({}, {}, node.place, node.tag)


def texts(values: Mapping[str, YamlText], place: Place) -> YamlMap:
    """A mapping of texts."""
    return YamlMap(dict(values), {key: text.place for key, text in values.items()}, place)
