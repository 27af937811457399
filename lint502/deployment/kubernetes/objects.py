"""The objects of manifests: what each document is, and the names it goes by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from lint502.deployment.kubernetes import fields
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Text, Unread
from lint502.deployment.yaml import Yaml, YamlMap, documents
from lint502.patterns import regex
from lint502.places import Place, SourceFile
from lint502.reading import UnreadableError

HELM = "is a template of Helm; render it: helm template . | lint502 check -"
OTHER_TEMPLATE = "is a template; lint502 reads what is rendered from it: … | lint502 check -"

OPENSHIFT = "is a template of OpenShift; render it: oc process … | lint502 check -"

_HELM = regex(
    r"\{\{-?\s*(?:\.(?:Values|Release|Chart|Capabilities)\b|(?:include|template|define|tpl)\s"
    r"|\$?\.?(?:Values|Release)\.|(?:if|with|range|toYaml)\s[^}\n]{0,200}\.Values\b)"
)
_TEMPLATE = regex(r"\{\{|\{%|<%")


class Object(Struct, frozen=True, eq=False):
    """An object of a cluster. ``group`` is the API that it belongs to, "" for the first one;
    ``namespace`` is "" where no file says it. ``generated`` are the files that a generated
    ConfigMap is made of, by their keys; ``former`` the names that it had before others were put in
    front of them or behind."""

    kind: str
    group: str
    name: Text
    namespace: str
    node: YamlMap
    file: str
    generated: Mapping[str, tuple[str, Place]] = field(default_factory=dict)
    former: tuple[str, ...] = ()

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What no two objects of a cluster share."""
        return self.group, self.kind, self.namespace, self.name.value


class Manifests(Struct, frozen=True):
    """The objects of a file, or of several, and what was not read of them."""

    objects: tuple[Object, ...] = ()
    unread: tuple[Unread, ...] = ()


def is_manifest(node: Yaml) -> bool:
    """Whether a document is an object of Kubernetes, or a list of them."""
    return isinstance(node, YamlMap) and bool(node.text("apiVersion") and node.text("kind"))


def read_file(repository: Repository, path: str) -> Manifests:
    """The objects of a file."""
    try:
        source = repository.source(path)
    except UnreadableError as error:
        return Manifests(unread=(Unread(Place(repository.name(path), 1, 1, 2), str(error)),))
    return read(source, path)


def read(source: SourceFile, path: str = "") -> Manifests:
    """The objects of a text."""
    helm = _HELM.search(source.text)
    if helm is not None:
        return Manifests(
            unread=(_said(source, source.text.count("\n", 0, helm.start()) + 1, HELM),)
        )
    objects: list[Object] = []
    unread: list[Unread] = []
    try:
        for document in documents(source):
            for node in _flat(document):
                found = _object(node, path)
                if isinstance(found, Object):
                    objects.append(found)
                elif found is not None:
                    unread.append(found)
    except UnreadableError as error:
        why = OTHER_TEMPLATE if _TEMPLATE.search(source.text) else str(error)
        unread.append(_said(source, error.line or 1, why))
    return Manifests(tuple(objects), tuple(unread))


def _said(source: SourceFile, line: int, why: str) -> Unread:
    text = source.line(line)
    return Unread(Place(source.name, line, 1, max(len(text) + 1, 2), text), why)


def _flat(document: Yaml) -> Iterator[YamlMap]:
    """The objects of a document, those of lists one by one."""
    waiting: list[Yaml] = [document]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, YamlMap):
            continue
        kind, items = node.text("kind"), node.list("items")
        if kind is not None and kind.value.endswith("List") and items is not None:
            waiting += reversed(items.items)
        else:
            yield node


def _object(node: YamlMap, path: str) -> Object | Unread | None:
    version, kind, metadata = node.text("apiVersion"), node.text("kind"), node.map("metadata")
    if version is None or kind is None or metadata is None:
        return None
    if kind.value == "Template":
        return Unread(node.place, OPENSHIFT)
    written = metadata.get("name") or metadata.get("generateName")
    name, namespace = fields.known(written), fields.known(metadata.get("namespace"))
    if name is None:
        return None if written is None else Unread(written.place, "is a name that is not known")
    group = version.value.rpartition("/")[0]
    home = "" if namespace is None else namespace.value
    return Object(kind.value, group, name, home, node, path)
