"""YAML with the place of each node, as text: an unquoted ``8025:25`` is no number.

Made from the events of PyYAML's parser, without recursion and within bounds, so that a file cannot
exhaust the stack or the memory. Aliases are the node that they name; merge keys (``<<``) are
followed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from lint502.places import Place, SourceFile
from lint502.reading import UnreadableError, shown

MAX_EVENTS = 400_000
MAX_DEPTH = 100
MAX_MERGED = 100_000
"""Entries that merge keys bring in."""

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_YES = frozenset(("true", "yes", "on", "y"))
_STANDARD = "tag:yaml.org,2002:"


class YamlText(Struct, frozen=True, eq=False):
    """A scalar as it is written, without quotes. ``plain``: it has none. ``block``: it is one of
    several lines, ``|`` or ``>``; its place is that of the mark, and each of its lines stands
    ``indent`` columns further in. ``tag`` is its own (``!reset``), "" without one."""

    value: str
    place: Place
    plain: bool = True
    block: str = ""
    tag: str = ""
    indent: int = 0

    @property
    def is_null(self) -> bool:
        """Whether it is nothing: empty without quotes, ``null`` or ``~``."""
        return self.plain and self.value in _NULLS

    @property
    def is_true(self) -> bool:
        """Whether it says yes."""
        return self.value.lower() in _YES

    def as_written(self) -> SourceFile:
        """What it says as a file of its own, each word at the line and the column where it stands;
        for a text that is folded, or has escapes, only the line where it starts is right."""
        lines = self.value.split("\n")
        if self.block:
            before = "\n" * self.place.line
            lines = [line and " " * self.indent + line for line in lines]
        else:
            start = self.place.column - self.plain
            before = "\n" * (self.place.line - 1) + " " * start
        return SourceFile(self.place.file, before + "\n".join(lines))


class YamlList(Struct, frozen=True, eq=False):
    """A sequence."""

    items: Sequence[Yaml]
    place: Place
    tag: str = ""


class YamlMap(Struct, frozen=True, eq=False):
    """A mapping with texts as keys; of two equal keys the last one counts. ``keys`` has the place
    of each key."""

    entries: Mapping[str, Yaml]
    keys: Mapping[str, Place]
    place: Place
    tag: str = ""

    def get(self, key: str) -> Yaml | None:
        """What stands under a key, None where it is absent or null."""
        found = self.entries.get(key)
        return None if isinstance(found, YamlText) and found.is_null else found

    def text(self, key: str) -> YamlText | None:
        """The text under a key, if it is one."""
        found = self.get(key)
        return found if isinstance(found, YamlText) else None

    def map(self, key: str) -> YamlMap | None:
        """The mapping under a key, if it is one."""
        found = self.get(key)
        return found if isinstance(found, YamlMap) else None

    def list(self, key: str) -> YamlList | None:
        """The sequence under a key, if it is one."""
        found = self.get(key)
        return found if isinstance(found, YamlList) else None


Yaml = YamlText | YamlList | YamlMap


class _Open(Struct):
    """A mapping or sequence that is not whole yet."""

    place: Place
    tag: str
    anchor: str | None
    mapping: bool
    items: list[Yaml] = field(default_factory=list)


def documents(source: SourceFile) -> Iterator[Yaml]:
    """The documents of a file, empty ones left out.

    Raises :class:`~lint502.reading.UnreadableError`, worded to follow "this file", where it is no
    YAML, or has more than lint502 reads.
    """
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    reading = _Reading(source)
    text = source.text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    try:
        for event in yaml.parse(text, Loader=loader):
            document = reading.take(event)
            if document is not None:
                yield document
    except yaml.MarkedYAMLError as error:
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        raise UnreadableError(
            f"is no YAML: {shown(error.problem or 'it ends early')}", line
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        raise UnreadableError(f"is no YAML: {shown(str(error).splitlines()[0])}", 1) from None


class _Reading:
    """The nodes that the events of a file make."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self._open: list[_Open] = []
        self._anchors: dict[str, Yaml] = {}
        self._events = 0
        self._merged = 0

    def take(self, event: Any) -> Yaml | None:
        """Take an event; the document that it ends, if it does."""
        import yaml

        self._events += 1
        if self._events > MAX_EVENTS:
            raise self._refused(event, f"has more than {MAX_EVENTS} values")
        if isinstance(event, yaml.ScalarEvent):
            return self._add(self._scalar(event), event.anchor)
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            if len(self._open) >= MAX_DEPTH:
                raise self._refused(event, f"is nested more than {MAX_DEPTH} deep")
            mapping = isinstance(event, yaml.MappingStartEvent)
            tag = _own_tag(event.tag)
            self._open.append(_Open(self._place(event), tag, event.anchor, mapping))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            done = self._open.pop()
            whole = self._map(done) if done.mapping else YamlList(done.items, done.place, done.tag)
            return self._add(whole, done.anchor)
        elif isinstance(event, yaml.AliasEvent):
            node = self._anchors.get(event.anchor or "")
            if node is None:
                raise self._refused(event, f"names *{shown(event.anchor or '')}, which is nowhere")
            return self._add(node, None)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._anchors.clear()
        return None

    def _add(self, node: Yaml, anchor: str | None) -> Yaml | None:
        if anchor is not None:
            self._anchors[anchor] = node
        if self._open:
            self._open[-1].items.append(node)
            return None
        return None if isinstance(node, YamlText) and node.is_null else node

    def _scalar(self, event: Any) -> YamlText:
        style = event.style or ""
        block = style if style in ("|", ">") else ""
        tag = _own_tag(event.tag)
        plain = not style and (event.tag is None or bool(tag))
        indent = self._indent(event) if block else 0
        return YamlText(event.value, self._place(event), plain, block, tag, indent)

    def _indent(self, event: Any) -> int:
        """How far in the lines of a block stand."""
        before = len(event.value) - len(event.value.lstrip("\n"))
        line = self._source.line(event.start_mark.line + 2 + before)
        own = event.value[before:]
        return (len(line) - len(line.lstrip(" "))) - (len(own) - len(own.lstrip(" ")))

    def _map(self, done: _Open) -> YamlMap:
        entries: dict[str, Yaml] = {}
        keys: dict[str, Place] = {}
        merged: list[YamlMap] = []
        for key, value in zip(done.items[::2], done.items[1::2], strict=True):
            if not isinstance(key, YamlText):
                continue
            if key.plain and key.value == "<<":
                several = value.items if isinstance(value, YamlList) else (value,)
                merged += (one for one in several if isinstance(one, YamlMap))
                continue
            entries[key.value] = value
            keys[key.value] = key.place
        for other in merged:
            self._merged += len(other.entries)
            if self._merged > MAX_MERGED:
                raise UnreadableError(
                    f"has more than {MAX_MERGED} entries once merge keys are followed",
                    done.place.line,
                )
            for name, value in other.entries.items():
                if name not in entries:
                    entries[name] = value
                    keys[name] = other.keys[name]
        return YamlMap(entries, keys, done.place, done.tag)

    def _place(self, event: Any) -> Place:
        start, end = event.start_mark, event.end_mark
        line = start.line + 1
        text = self._source.line(line)
        stop = end.column + 1 if end.line == start.line else len(text) + 1
        return Place(self._source.name, line, start.column + 1, max(stop, start.column + 2), text)

    def _refused(self, event: Any, why: str) -> UnreadableError:
        return UnreadableError(f"{why}; lint502 stops here", event.start_mark.line + 1)


def _own_tag(tag: str | None) -> str:
    """A tag that is not YAML's own."""
    return "" if tag is None or tag == "!" or tag.startswith(_STANDARD) else tag
