"""The values that a Python file assigns at its top, where they can be told without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from msgspec import Struct

from lint502.declared.sources.commands.words import UNKNOWN, Variables, Word
from lint502.places import Place, SourceFile
from lint502.standing import Standing

MAX_BYTES = 200_000


class Settings(Struct, frozen=True):
    """Names with the words that their values are: one, several of a list, none for ``None``; one
    that is not known has the text :data:`UNKNOWN`. ``whole``: no other name can be set."""

    values: Mapping[str, tuple[Word, ...]]
    whole: bool


def settings(source: SourceFile, variables: Variables) -> Settings | None:
    """What a file assigns; None where it is no Python."""
    tree = module(source)
    if tree is None:
        return None
    reader = Reader(source, variables)
    reader.body(tree.body)
    return Settings(reader.values, reader.whole)


def module(source: SourceFile) -> ast.Module | None:
    """The tree of a file; None where it is no Python, or too much of it."""
    if len(source.text) > MAX_BYTES:
        return None
    try:
        return ast.parse(source.text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class Reader:
    """Reads assignments, one after the other."""

    def __init__(self, source: SourceFile, variables: Variables) -> None:
        self.values: dict[str, tuple[Word, ...]] = {}
        self.whole = True
        self._source = source
        self._variables = variables
        self._wild = frozenset(("locals", "globals", "vars", "exec", "setattr"))

    def body(self, statements: list[ast.stmt]) -> None:
        """Take the statements of a module."""
        for statement in statements:
            if isinstance(statement, ast.Assign):
                for target in statement.targets:
                    self._assign(target, statement.value)
            elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
                self._assign(statement.target, statement.value)
            elif isinstance(statement, ast.ImportFrom):
                self._import(statement)
            elif isinstance(statement, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
                continue
            elif not isinstance(statement, (ast.Import, ast.Expr)):
                for name in _assigned(statement):
                    self.values[name] = (Word(UNKNOWN, self.place(statement)),)
            if self._is_wild(statement):
                self.whole = False

    def _import(self, statement: ast.ImportFrom) -> None:
        for alias in statement.names:
            if alias.name == "*":
                self.whole = False
            else:
                unknown = Word(UNKNOWN, self.place(statement))
                self.values[alias.asname or alias.name] = (unknown,)

    def _is_wild(self, statement: ast.stmt) -> bool:
        return any(
            isinstance(node, ast.Name) and node.id in self._wild for node in ast.walk(statement)
        )

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.values[target.id] = self.several(value)
            return
        for node in ast.walk(target):
            if isinstance(node, ast.Name):
                self.values[node.id] = (Word(UNKNOWN, self.place(target)),)

    def several(self, value: ast.expr) -> tuple[Word, ...]:
        """The words of an expression: those of a list, one of any other, none of ``None``."""
        if isinstance(value, (ast.List, ast.Tuple)):
            return tuple(self.word(item) for item in value.elts)
        if isinstance(value, ast.Constant) and value.value is None:
            return ()
        if isinstance(value, ast.Name) and value.id in self.values:
            return self.values[value.id]
        return (self.word(value),)

    def variable(self, name: str) -> Word | None:
        """The value of a variable of the environment; None where it is not set."""
        return self._variables.get(name)

    def word(self, node: ast.expr) -> Word:
        """The text of an expression, with :data:`UNKNOWN` for what cannot be told."""
        try:
            return self._word(node, 0)
        except RecursionError:
            return Word(UNKNOWN, self.place(node))

    def _word(self, node: ast.expr, depth: int) -> Word:
        place = self.place(node)
        unknown = Word(UNKNOWN, place)
        if depth > 20:
            return unknown
        if isinstance(node, ast.Constant):
            known = isinstance(node.value, (str, int, float))
            return Word(str(node.value), place) if known else unknown
        if isinstance(node, ast.Name):
            found = self.values.get(node.id, ())
            return found[0] if len(found) == 1 else unknown
        if isinstance(node, ast.JoinedStr):
            return self._joined([self._word(part, depth + 1) for part in node.values], place)
        if isinstance(node, ast.FormattedValue):
            plain = node.format_spec is None and node.conversion in (-1, 115)
            return self._word(node.value, depth + 1) if plain else unknown
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            sides = [self._word(side, depth + 1) for side in (node.left, node.right)]
            numbers = any(_is_number(side) for side in (node.left, node.right))
            return unknown if numbers else self._joined(sides, place)
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            return self._either([self._word(value, depth + 1) for value in node.values], place)
        if isinstance(node, ast.Subscript):
            key = node.slice
            if dotted(node.value) == "os.environ" and isinstance(key, ast.Constant):
                return self._variable(str(key.value), None, place)
            return unknown
        if isinstance(node, ast.Call):
            return self._call(node, depth, place)
        return unknown

    def _call(self, node: ast.Call, depth: int, place: Place) -> Word:
        name = dotted(node.func)
        if name in ("int", "str", "float") and len(node.args) == 1 and not node.keywords:
            return self._word(node.args[0], depth + 1)
        if name not in ("os.environ.get", "os.getenv", "environ.get", "getenv"):
            return Word(UNKNOWN, place)
        arguments = node.args + [key.value for key in node.keywords]
        first = arguments[0] if arguments else None
        if not isinstance(first, ast.Constant):
            return Word(UNKNOWN, place)
        other = self._word(arguments[1], depth + 1) if len(arguments) > 1 else None
        return self._variable(str(first.value), other, place)

    def _variable(self, name: str, other: Word | None, place: Place) -> Word:
        found = self._variables.get(name)
        if found is not None:
            return found
        return Word(UNKNOWN, place) if other is None else other

    def _either(self, words: list[Word], place: Place) -> Word:
        """``a or b``: the first that is not empty; one that is unset is no obstacle."""
        for number, word in enumerate(words):
            if word.text and (word.known or number + 1 == len(words)):
                return word
            if word.text and not self._is_unset(word):
                return Word(UNKNOWN, place)
        return Word("", place)

    def _is_unset(self, word: Word) -> bool:
        return word.place.file == self._source.name and word.text == UNKNOWN

    def _joined(self, words: list[Word], place: Place) -> Word:
        least = min((word.standing for word in words), default=Standing.STATED)
        elsewhere = (word.place for word in words if word.place.file != place.file)
        text = "".join(word.text for word in words)
        return Word(text, next(elsewhere, place), least)

    def place(self, node: ast.AST) -> Place:
        """Where a node stands in the file."""
        line = getattr(node, "lineno", 1)
        text = self._source.line(line)
        start = _characters(text, getattr(node, "col_offset", 0))
        stop = len(text)
        if getattr(node, "end_lineno", line) == line:
            stop = _characters(text, getattr(node, "end_col_offset", len(text)))
        return Place(self._source.name, line, start + 1, max(stop, start + 1) + 1, text)


def _characters(text: str, offset: int) -> int:
    """A column that counts bytes, in characters."""
    if text.isascii():
        return offset
    return len(text.encode("utf-8", "surrogateescape")[:offset].decode("utf-8", "ignore"))


def _assigned(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement with others in it may assign."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return dotted(node.func) in ("int", "float")
    return isinstance(node, ast.Constant) and not isinstance(node.value, str)


def dotted(node: ast.expr) -> str:
    """``os.environ.get`` as text."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join((node.id, *reversed(names)))
