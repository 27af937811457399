"""Words what pydantic finds wrong in a TOML file, for the person who has to fix it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from lint502.findings import Problem
from lint502.places import SourceFile
from lint502.quoting import MOST_HINTS, dotted, listing, meant, quote
from lint502.toml.positions import Key, Node

if TYPE_CHECKING:
    from pydantic import ValidationError

KeyPath = tuple[Key, ...]

_MUST = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "string_type": "a string",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}
_TABLE_TYPES = frozenset(("dict_type", "model_type", "model_attributes_type"))


class UnknownNameError(ValueError):
    """A value that has to be one of several names, and is none of them."""

    def __init__(
        self,
        message: str,
        name: str,
        known: Sequence[str],
        otherwise: str,
        form: str = '"{}"',
    ) -> None:
        super().__init__(message)
        self._form = form
        self._name = name
        self._known = known
        self._otherwise = otherwise

    def hint(self) -> str:
        """What may be meant, or where the names are listed."""
        return meant(self._name, self._known, self._otherwise, self._form)


class ContradictionError(ValueError):
    """A value that contradicts that of another key of its table."""

    def __init__(self, message: str, other: str) -> None:
        super().__init__(message)
        self.other = other


class Mistake(Struct, frozen=True):
    """A problem and the key path that it concerns, with the value there. ``unknown``: there is no
    such key. ``other`` is the key of the same table that a value contradicts."""

    path: KeyPath
    problem: Problem
    value: Any = None
    unknown: bool = False
    other: str | None = None


class Form(Struct, frozen=True):
    """What the messages have to know of a kind of file.

    ``is_table`` tells whether a key path, such as ``("upstream", "api")``, is a table of its own in
    the file. ``unknown`` words a key that no table has, from its path, its value and whether to
    hint at what is meant. ``alternatives`` are pydantic's names for the forms of one value.
    ``lesson`` says what to write instead of a wrong value, from the key path and the value, where
    that is known.
    """

    is_table: Callable[[KeyPath], bool]
    unknown: Callable[[KeyPath, Any, bool], str]
    alternatives: frozenset[str] = frozenset()
    lesson: Callable[[KeyPath, Any], str | None] = lambda path, value: None

    def subject(self, path: KeyPath) -> str:
        """A key with the table that it is in, as the file writes them."""
        if self.is_table(path):
            return table(path)
        return f"{quote(path[-1])} in {table(path[:-1])}" if path[:-1] else quote(path[-1])


def table(path: KeyPath) -> str:
    """A table as the file writes its header: ``[upstream.api]``, ``[[upstream.api]]``."""
    if any(isinstance(part, int) for part in path) and isinstance(path[-1], int):
        return f"[[{dotted(path)}]]"
    return f"[{dotted(path)}]"


def mistakes(
    error: ValidationError,
    data: Mapping[str, Any],
    root: Node,
    source: SourceFile,
    form: Form,
    above: Sequence[str] = (),
) -> list[Mistake]:
    """A mistake for each that pydantic found in ``data``, with its place in the file.

    ``above`` is the key path of the table in the file that ``data`` is.
    """
    found = []
    for number, item in enumerate(error.errors(include_url=False)):
        path, value = _locate(item["loc"], data, form)
        message = _message(form, path, value, item, hint=number < MOST_HINTS)
        node = root.at((*above, *path))
        place = source.place(node.start, node.end)
        problem = Problem(place.file, place.line, message, place.column)
        error_of = item.get("ctx", {}).get("error")
        other = error_of.other if isinstance(error_of, ContradictionError) else None
        found.append(Mistake(path, problem, value, item["type"] == "extra_forbidden", other))
    return found


def _locate(location: Iterable[Key], data: Any, form: Form) -> tuple[KeyPath, Any]:
    """The key path of an error and the value there.

    The path ends before what the file does not have: pydantic's names for the form of a value,
    and missing keys.
    """
    path: list[Key] = []
    for part in location:
        in_list = isinstance(data, list) and isinstance(part, int)
        if in_list or (isinstance(data, dict) and part in data):
            data = data[part]
        elif part in form.alternatives:
            continue
        else:
            break
        path.append(part)
    return tuple(path), data


def _message(form: Form, path: KeyPath, value: Any, item: Mapping[str, Any], *, hint: bool) -> str:
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        return form.unknown(path, value, hint)
    if kind == "missing":
        return f'{table(path)} needs the key "{item["loc"][-1]}"'
    if kind == "value_error" and item["loc"][-1] == "[key]" and len(path) > 1:
        return str(context["error"])
    inside = isinstance(path[-1], int) and kind not in _TABLE_TYPES
    subject = form.subject(path[:-1] if inside else path)
    must = "must contain only" if inside else "must be"
    lesson = form.lesson(path, value) or corrected(kind, value)
    more = "" if lesson is None else f"; {lesson}"
    if kind in _MUST:
        text = f"the string {quote(value)}" if isinstance(value, str) else quote(value)
        what = f"{_MUST[kind].removeprefix('a ')}s" if inside else _MUST[kind]
        return f"{subject} {must} {what}, not {text}{more}"
    if kind == "literal_error":
        if lesson is None and hint and isinstance(value, str):
            question = meant(value, _choices(context["expected"]))
            more = f"; {question}" if question else ""
        choice = listing(_choices(context["expected"]))
        return f"{subject} {must} {choice}, not {quote(value)}{more}"
    if kind == "greater_than_equal":
        return f"{subject} must be at least {context['ge']}, not {quote(value)}"
    if kind == "less_than_equal":
        return f"{subject} must be at most {context['le']}, not {quote(value)}"
    if kind == "too_short":
        return f"{subject} must not be empty"
    if kind == "wrong_form":
        return f"{subject} {item['msg']}, not {quote(value)}{more}"
    if kind == "value_error":
        error = context["error"]
        more = f"; {error.hint()}" if hint and isinstance(error, UnknownNameError) else ""
        return f"{subject} {error}{more}"
    return f"{subject} is wrong: {item['msg']}"


_TRUE = frozenset(("true", "yes", "on", "1", "y", "enabled"))
_FALSE = frozenset(("false", "no", "off", "0", "n", "disabled"))


def corrected(kind: str, value: Any) -> str | None:
    """What to write instead of a value of the wrong type, where one can tell."""
    if isinstance(value, int) and value.bit_length() > 64:
        return None
    text = str(value).strip()
    if kind in ("bool_type", "wrong_form"):
        word = text.lower()
        if isinstance(value, (str, int)) and word in _TRUE | _FALSE:
            return f"write {'true' if word in _TRUE else 'false'}"
    elif kind == "int_type" and isinstance(value, (str, float)):
        number = re.fullmatch(r"(?:\S*:)?(\d{1,18})(?:/\w+|\.0)?", text)
        return None if number is None else f"write {int(number[1])}"
    elif kind == "string_type" and isinstance(value, (int, float)):
        if isinstance(value, bool):
            return None
        return f"write {quote(quote(value))}"
    elif kind == "list_type" and isinstance(value, str) and text:
        words = [word for word in re.split(r"[\s,;]+", text) if word]
        return f"write [{', '.join(map(quote, words))}]" if len(words) < _MOST_WORDS else None
    elif kind == "list_type" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"write [{quote(value)}]"
    return None


_MOST_WORDS = 10


def _choices(expected: str) -> list[str]:
    return [word for word in expected.split("'") if word not in ("", ", ", " or ")]


def unknown_key(key: str, where: str, known: Iterable[str], *, hint: bool) -> str:
    """A key that its table does not have; ``where`` is that table with "in", or empty."""
    message = f"unknown key {quote(key)}{where}"
    names = list(known)
    if not hint:
        return message
    verb = "are" if names[1:] else "is"
    return f"{message}; {meant(key, names, f'known {verb} {listing(names)}')}"
