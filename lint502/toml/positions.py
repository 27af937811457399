"""Where each key of a TOML file stands: what the TOML parser does not tell."""

from __future__ import annotations

import re
from collections.abc import Sequence

import tomli
from msgspec import Struct

from lint502.patterns import regex

Key = str | int

_BLANK = regex(r"[ \t\r]*")
_BARE = regex(r"[A-Za-z0-9_-]+")
_SCALAR = regex(r"[^,\]}#\r\n]+")
_COMMENT = regex(r"#[^\n]*")
_LINE = regex(
    r"[ \t\r\n]*(?:(\[\[?)([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\]\]?"
    r"|([A-Za-z0-9_-]+)[ \t]*=[ \t]*"
    r"(\"[^\"\\\r\n]*\"(?!\")"
    r"|\[(?:[^\[\]{}\"'#\r\n]|\"[^\"\\\r\n]*\")*\]"
    r"|[A-Za-z0-9_.:+-]+))[ \t]*\n"
)
"""Most lines: a header, or a bare key with a value that ends there."""
_STRING_ENDS = {
    '"': re.compile(r'\\.|"', re.DOTALL),
    "'": re.compile(r"'"),
    '"""': re.compile(r'\\.|"{3,5}', re.DOTALL),
    "'''": re.compile(r"'{3,5}"),
}


class Node(Struct):
    """A key, a table or an element of an array, with those below it.

    ``start`` and ``end`` are where its stretch begins and ends in the text, which is that of the
    table header, or of the key and the first line of its value. ``last`` is the newest element of
    an array of tables.
    """

    start: int
    end: int
    children: dict[Key, Node] | None = None
    last: Node | None = None

    def at(self, path: Sequence[Key]) -> Node:
        """The node of a key path such as ``("upstream", "api", 0, "port")``.

        Where the path leads further than the file, the deepest node on its way.
        """
        node = self
        for key in path:
            if node.children is None or key not in node.children:
                break
            node = node.children[key]
        return node

    def below(self, key: Key) -> Node:
        """The node of a key of this table; this one where the file has no such key."""
        return self if self.children is None else self.children.get(key, self)

    def has(self, path: Sequence[Key]) -> bool:
        """Whether the file has this key path."""
        return not path or self.at(path) is not self.at(path[:-1])


class _Open(Struct):
    """An array or an inline table that is not closed yet, and the key whose value it is."""

    node: Node
    closing: str
    index: int = 0


def scan(text: str) -> Node:
    """The positions of all keys of a TOML text, which ``tomli`` must have accepted.

    One pass, in time and memory linear in the text; nesting does not recurse.
    """
    return _Scanner(text).document()


def last_table(text: str) -> Node:
    """The table that is open at the end of a TOML text: there the next key would belong."""
    scanner = _Scanner(text)
    scanner.document()
    return scanner.table


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.table = Node(0, 0)
        self.at = 0
        self.token_end = 0

    def document(self) -> Node:
        root, text = self.table, self.text
        while True:
            while (line := _LINE.match(text, self.at)) is not None:
                self.at = line.end()
                width = len(line[1] or "")
                if width:
                    parts = line[2].split(".")
                    start, end = line.start(1), line.end(2) + width
                    self.table = _opened(root, parts, start, end, listed=width == 2)
                else:
                    _child(self.table, line[3], line.start(3), line.end(4))
            self._skip([])
            if self.at >= len(text):
                return root
            if text[self.at] == "[":
                self.table = self._header(root)
            else:
                self._value(self._key(self.table))

    def _header(self, root: Node) -> Node:
        start = self.at
        width = 2 if self.text.startswith("[[", start) else 1
        self.at += width
        parts = self._parts()
        self.at += width
        return _opened(root, parts, start, self.at, listed=width == 2)

    def _key(self, table: Node) -> Node:
        """Reads ``key =``; the end of its node is that of the key until the value is known."""
        start = self.at
        node = table
        for part in self._parts():
            node = _child(node, part, start, self.token_end)
        self.at += 1
        return node

    def _parts(self) -> list[str]:
        """A dotted key and the blanks after it, as the list of its parts."""
        text, parts = self.text, []
        while True:
            self.at = _end(_BLANK, text, self.at)
            start = self.at
            if text[start] in "\"'":
                self._string(text[start])
                written = text[start : self.at]
                plain = written[0] == "'" or "\\" not in written
                parts.append(written[1:-1] if plain else tomli.loads(f"k={written}")["k"])
            else:
                self.at = _end(_BARE, text, start)
                parts.append(text[start : self.at])
            self.token_end = self.at
            self.at = _end(_BLANK, text, self.at)
            if text[self.at] != ".":
                return parts
            self.at += 1

    def _value(self, node: Node) -> None:
        """Reads the value of ``node`` to its end, with all arrays and inline tables in it."""
        text = self.text
        stack: list[_Open] = []
        pending: list[Node] = []  # those whose end is not known yet; all begin in this line
        while True:
            self.at = _end(_BLANK, text, self.at)
            pending.append(node)
            opening = text[self.at]
            if opening in "[{":
                self.at += 1
                self.token_end = self.at
                stack.append(_Open(node, "]" if opening == "[" else "}"))
            else:
                self._scalar(pending)
                self._finish(pending)
            while stack:
                self._skip(pending)
                frame = stack[-1]
                if text[self.at] == ",":
                    self.at += 1
                    self.token_end = self.at
                elif text[self.at] == frame.closing:
                    self.at += 1
                    self.token_end = self.at
                    stack.pop()
                    self._finish(pending, frame.node)
                else:
                    break
            if not stack:
                return
            if frame.closing == "}":
                node = self._key(frame.node)
            else:
                if text[self.at] in "[{":
                    node = _child(frame.node, frame.index, self.at, self.at)
                else:
                    node = Node(self.at, self.at)
                frame.index += 1

    def _finish(self, pending: list[Node], node: Node | None = None) -> None:
        """Sets the end of the newest pending node, unless a line end has done so."""
        if pending and (node is None or pending[-1] is node):
            pending.pop().end = self.token_end

    def _scalar(self, pending: list[Node]) -> None:
        text, start = self.text, self.at
        quote = text[start]
        if quote not in "\"'":
            self.at = _end(_SCALAR, text, start)
            self.token_end = start + len(text[start : self.at].rstrip(" \t"))
            return
        if text.startswith(quote * 3, start):
            quote *= 3
        self._string(quote)
        line_end = text.find("\n", start, self.at)
        if line_end != -1:
            self.token_end = line_end - (text[line_end - 1] == "\r")
            self._line_ends(pending)
        self.token_end = self.at

    def _string(self, quote: str) -> None:
        ends = _STRING_ENDS[quote]
        self.at += len(quote)
        while True:
            match = ends.search(self.text, self.at)
            assert match is not None, "the text is not valid TOML"
            self.at = match.end()
            if match[0][0] != "\\":
                return

    def _skip(self, pending: list[Node]) -> None:
        """Skips blanks, comments and line ends."""
        text = self.text
        while True:
            self.at = _end(_BLANK, text, self.at)
            here = text[self.at : self.at + 1]
            if here == "#":
                self.at = _end(_COMMENT, text, self.at)
            elif here == "\n":
                self._line_ends(pending)
                self.at += 1
            else:
                return

    def _line_ends(self, pending: list[Node]) -> None:
        """A value that goes on in the next line ends, for its node, with the last token here."""
        for node in pending:
            node.end = self.token_end
        pending.clear()


def _opened(root: Node, parts: Sequence[str], start: int, end: int, *, listed: bool) -> Node:
    """The table that a header opens; ``listed``: it is one of an array."""
    node = root
    for part in parts[:-1]:
        node = _child(node, part, start, end)
        node = node.last or node
    known = node.children is not None and parts[-1] in node.children
    node = _child(node, parts[-1], start, end)
    if listed:
        node.last = _child(node, len(node.children or ()), start, end)
        return node.last
    if known:
        node.start, node.end = start, end
    return node


def _child(node: Node, key: Key, start: int, end: int) -> Node:
    if node.children is None:
        node.children = {}
    child = node.children.get(key)
    if child is None:
        child = node.children[key] = Node(start, end)
    return child


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start
