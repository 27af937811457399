"""The variables of a container: ``env``, ``envFrom``, and ``$(NAME)`` in them and in its words.

How they come together is from the API reference, ``Container v1 core``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from lint502.deployment.kubernetes import fields
from lint502.deployment.kubernetes.bounds import Budget
from lint502.deployment.kubernetes.configs import Configs
from lint502.deployment.texts import Text
from lint502.deployment.yaml import YamlMap
from lint502.patterns import regex

_REFERENCE = regex(r"\$(?:\$|\(([^)]{0,64})\))")
_LONGEST = 64 * 1024
"""Characters of a value, once others are put in."""


class Variables(Struct):
    """The variables of known value, the names of the others; ``services`` are names that the
    cluster may set besides. ``open``: there may be more."""

    services: frozenset[str] = frozenset()
    values: dict[str, Text] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    open: bool = False

    def put(self, name: str, value: Text | None) -> None:
        """Set a variable, again perhaps; None is an unknown value."""
        if value is None:
            self.values.pop(name, None)
            self.own.add(name)
        else:
            self.values[name] = value
            self.own.discard(name)

    def unknown(self) -> frozenset[str]:
        """The names of those that are set to what is not known."""
        if not self.own and self.services.isdisjoint(self.values):
            return self.services
        return frozenset(self.services | self.own).difference(self.values)


def of_container(
    container: YamlMap, namespace: str, configs: Configs, services: frozenset[str], budget: Budget
) -> Variables:
    """The variables of a container; ``services`` are the names of those that the cluster may set
    for the Services of its namespace."""
    own = bool(container.get("env") or container.get("envFrom"))
    if own and not budget.take(len(services)):
        return Variables(open=True)
    found = Variables(services)
    for source in fields.maps(container.list("envFrom")):
        _take(found, source, namespace, configs, budget)
    for entry in fields.maps(container.list("env")):
        name = fields.known(entry.get("name"))
        if name is None or not budget.take(1):
            found.open = True
            continue
        value = fields.text(entry.get("value"))
        if value is not None:
            is_open = fields.is_open(_REFERENCE.sub("", value.value))
            put_in = None if is_open else expanded(value.value, found)
            found.put(name.value, None if put_in is None else Text(put_in, value.place))
        elif "value" in entry.entries or "valueFrom" not in entry.entries:
            found.put(name.value, Text("", name.place))
        else:
            found.put(name.value, _referred(entry.map("valueFrom"), namespace, configs))
    return found


def _take(
    found: Variables, source: YamlMap, namespace: str, configs: Configs, budget: Budget
) -> None:
    """Take all keys of a ConfigMap or a Secret."""
    start = fields.known(source.get("prefix"))
    prefix = "" if start is None else start.value
    config_map, secret = source.map("configMapRef"), source.map("secretRef")
    name = fields.known((config_map or secret or source).get("name"))
    values: Mapping[str, Text | None] | None = None
    if name is not None and config_map is not None:
        data = configs.config_map(name.value, namespace)
        values = None if data is None else {key: data.value(key) for key in data.keys}
    elif name is not None and secret is not None:
        keys = configs.secret_keys(name.value, namespace)
        values = None if keys is None else dict.fromkeys(keys)
    if values is None or not budget.take(len(values)):
        found.open = True
        return
    for key, value in values.items():
        found.put(prefix + key, value)


def _referred(source: YamlMap | None, namespace: str, configs: Configs) -> Text | None:
    reference = None if source is None else source.map("configMapKeyRef")
    if reference is None:
        return None
    name, key = fields.known(reference.get("name")), fields.known(reference.get("key"))
    if name is None or key is None:
        return None
    data = configs.config_map(name.value, namespace)
    return None if data is None else data.value(key.value)


def expanded(text: str, variables: Variables) -> str | None:
    """A text with ``$(NAME)`` put in; None where a value is not known. ``$$(NAME)`` is ``$(NAME)``.

    The cluster leaves the name of a variable that is not set as it is; a kustomization may have put
    something in before.
    """
    parts: list[str] = []
    end = length = 0
    for match in _REFERENCE.finditer(text):
        name = match[1]
        if name is not None and name not in variables.values:
            return None
        value = "$" if name is None else variables.values[name].value
        parts += (text[end : match.start()], value)
        end = match.end()
        length += len(value)
        if length > _LONGEST:
            return None
    return "".join((*parts, text[end:]))


def words(texts: Sequence[str], variables: Variables) -> tuple[str, ...]:
    """Words as they are run; one whose value is not known stays as it is written."""
    found = ((word, expanded(word, variables)) for word in texts)
    return tuple(word if value is None else value for word, value in found)
