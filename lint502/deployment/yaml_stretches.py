"""Where the texts and the entries of a YAML file begin and end, as offsets in the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import Struct

from lint502.deployment.yaml import documents
from lint502.patterns import regex
from lint502.places import SourceFile

_NO_TEXT = regex("[\ud800-\udfff]")


class Stretch(NamedTuple):
    """From one offset up to another one."""

    start: int
    end: int


class Stretches(Struct, frozen=True):
    """``texts`` are all scalars, in their order, of a block (``|``, ``>``) only its lines, which
    are the ``blocks``. ``entries`` are the entries of mappings, each with its key, and the items of
    sequences."""

    texts: tuple[Stretch, ...]
    blocks: tuple[Stretch, ...]
    entries: tuple[Stretch, ...]


class _Open(Struct):
    """A mapping or sequence that is not whole yet; ``start`` is where its entry begins that is
    read, ``count`` how many nodes it has had."""

    mapping: bool
    flow: bool
    start: int = 0
    count: int = 0


def stretches(source: SourceFile) -> Stretches:
    """What a file has. Raises :class:`~lint502.reading.UnreadableError` as
    :func:`~lint502.deployment.yaml.documents` does."""
    for _ in documents(source):
        pass
    reading = _Reading(_NO_TEXT.sub("\ufffd", source.text))
    return reading.read()


class _Reading:
    def __init__(self, text: str) -> None:
        self._text = text
        self._open: list[_Open] = []
        self._texts: list[Stretch] = []
        self._blocks: list[Stretch] = []
        self._entries: list[Stretch] = []
        self._end = 0
        """Where the last node ended that is not empty."""

    def read(self) -> Stretches:
        for event in self._events():
            self._take(event)
        return Stretches(tuple(self._texts), tuple(self._blocks), tuple(self._entries))

    def _events(self) -> Iterator[Any]:
        import yaml

        yield from yaml.parse(self._text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))

    def _take(self, event: Any) -> None:
        import yaml

        start, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._begin(start)
            mapping = isinstance(event, yaml.MappingStartEvent)
            self._open.append(_Open(mapping, bool(event.flow_style)))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            if self._open.pop().flow:
                self._end = end
            self._finish()
        elif isinstance(event, (yaml.ScalarEvent, yaml.AliasEvent)):
            self._begin(start)
            if end > start:
                self._end = self._scalar(event, start, end)
            self._finish()

    def _scalar(self, event: Any, start: int, end: int) -> int:
        """Note a scalar or an alias; where what it has ends."""
        if getattr(event, "style", None) in ("|", ">"):
            header = self._text.find("\n", start)
            start = end if header == -1 else header + 1
            end = _trimmed(self._text, start, max(start, end))
            if end > start:
                self._blocks.append(Stretch(start, end))
        self._texts.append(Stretch(start, end))
        return end

    def _begin(self, start: int) -> None:
        """A node begins: an item of a sequence with itself, an entry of a mapping with its key."""
        if self._open and not (self._open[-1].mapping and self._open[-1].count % 2):
            self._open[-1].start = start

    def _finish(self) -> None:
        if not self._open:
            return
        top = self._open[-1]
        top.count += 1
        if not top.mapping or top.count % 2 == 0:
            self._entries.append(Stretch(top.start, max(self._end, top.start + 1)))


def _trimmed(text: str, start: int, end: int) -> int:
    """The end of a stretch without the blanks and line ends that are its last."""
    while end > start and text[end - 1] in " \t\r\n":
        end -= 1
    return end
