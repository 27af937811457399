"""Fields of manifests as values; what a template leaves open is not known."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.deployment.texts import Text
from lint502.deployment.yaml import Yaml, YamlList, YamlMap, YamlText
from lint502.patterns import regex

_TEMPLATE = regex(r"\{\{|\{%|<%|\$[{(\w]|\(\(")
_PORT = range(1, 65536)


def text(node: Yaml | None) -> Text | None:
    """A text as it is written."""
    return Text(node.value, node.place) if isinstance(node, YamlText) and not node.is_null else None


def known(node: Yaml | None) -> Text | None:
    """A text that nothing is put into before the cluster sees it, such as ``${IMAGE}``."""
    found = text(node)
    return None if found is None or is_open(found.value) else found


def is_open(value: str) -> bool:
    """Whether something is still put into a value."""
    return _TEMPLATE.search(value) is not None


def number(node: Yaml | None) -> int | None:
    """A port."""
    found = text(node)
    if found is None or not found.value.isascii() or not found.value.isdigit():
        return None
    return int(found.value) if len(found.value) <= 5 and int(found.value) in _PORT else None


def maps(node: YamlList | None) -> Iterator[YamlMap]:
    """The mappings of a list."""
    return (one for one in (() if node is None else node.items) if isinstance(one, YamlMap))


def labels(node: YamlMap | None) -> dict[str, str] | None:
    """Labels, or a selector of labels; None where one of them is not known."""
    found = {}
    for key, value in ({} if node is None else node.entries).items():
        one = known(value)
        if one is None or _TEMPLATE.search(key):
            return None
        found[key] = one.value
    return found
