"""Variables in values of Compose files and ``.env`` files: ``$X``, ``${X:-default}`` and so on.

What Compose does is in the Compose Specification, 12-interpolation.md. There a variable without a
value is empty; here it is unknown, for whoever runs Compose may have it in the environment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from msgspec import Struct, field

from lint502.deployment.texts import UNKNOWN, Text
from lint502.patterns import regex

MAX_LENGTH = 1024**2
"""Characters of a value once variables are put in."""

MAX_DEPTH = 50
"""How deep defaults are nested in each other."""

_NAME = regex(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = regex(r":?[-+?]")
_OUTSIDE = regex(r"\$")
_INSIDE = regex(r"[${}]")


class Stacked(Mapping[str, Text]):
    """Variables over others, without a copy of either."""

    def __init__(self, above: Mapping[str, Text], below: Mapping[str, Text]) -> None:
        self._above = above
        self._below = below

    def __getitem__(self, name: str) -> Text:
        found = self._above.get(name)
        return self._below[name] if found is None else found

    def __iter__(self) -> Iterator[str]:
        yield from self._above
        yield from (name for name in self._below if name not in self._above)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Variables(Struct, frozen=True):
    """The values of variables by name: ``known`` ones, names of ``unknown`` value, and those that
    only an example says (``.env.example``)."""

    known: Mapping[str, Text] = field(default_factory=dict)
    unknown: Set[str] = frozenset()
    examples: Mapping[str, Text] = field(default_factory=dict)


class Interpolated(Struct, frozen=True):
    """A text with variables put in, :data:`~lint502.deployment.texts.UNKNOWN` for each part without
    a value; ``missing`` has the variables of these parts, in their order. ``example``: a part rests
    on an example."""

    text: str
    example: bool = False
    missing: tuple[str, ...] = ()


def interpolate(text: str, variables: Variables) -> Interpolated:
    """A text with variables put in as Compose does it. One that Compose refuses is unknown as a
    whole, and so is one that becomes very long."""
    if "$" not in text:
        return Interpolated(text)
    try:
        return _Interpolation(text, variables).whole()
    except _RefusedError:
        return Interpolated(UNKNOWN)


class _RefusedError(Exception):
    """The text is none that Compose takes, or too long."""


class _Parts(Struct):
    """What a stretch of text comes to."""

    texts: list[str] = field(default_factory=list)
    example: bool = False
    missing: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def add(self, other: _Parts) -> None:
        self.texts += other.texts
        self.example = self.example or other.example
        self.missing += other.missing


class _Interpolation:
    """One pass over a text."""

    def __init__(self, text: str, variables: Variables) -> None:
        self._text = text
        self._variables = variables
        self._at = 0
        self._length = 0

    def whole(self) -> Interpolated:
        parts = self._stretch(inside=0)
        return Interpolated(parts.text, parts.example, tuple(parts.missing))

    def _stretch(self, inside: int) -> _Parts:
        """What stands up to the end, or, ``inside`` braces, up to the one that closes them."""
        if inside > MAX_DEPTH:
            raise _RefusedError
        parts, opened = _Parts(), 0
        special = _INSIDE if inside else _OUTSIDE
        while True:
            found = special.search(self._text, self._at)
            parts.texts.append(self._text[self._at : found.start() if found else None])
            if found is None:
                if inside:
                    raise _RefusedError
                return parts
            self._at = found.start()
            if found[0] == "}" and not opened:
                return parts
            if found[0] == "$":
                parts.add(self._variable(inside))
            else:
                opened += 1 if found[0] == "{" else -1
                parts.texts.append(found[0])
                self._at += 1

    def _variable(self, inside: int) -> _Parts:
        """What begins with ``$``."""
        after = self._text[self._at + 1 : self._at + 2]
        if after == "$":
            self._at += 2
            return _Parts(["$"])
        braced = after == "{"
        name = _NAME.match(self._text, self._at + (2 if braced else 1))
        if name is None:
            if braced:
                raise _RefusedError
            self._at += 1
            return _Parts(["$"])
        self._at = name.end()
        if not braced:
            return self._plain(name[0])
        operator = _OPERATOR.match(self._text, self._at)
        if operator is None:
            self._closed()
            return self._plain(name[0])
        self._at = operator.end()
        other = self._stretch(inside + 1)
        self._closed()
        return self._chosen(name[0], operator[0], other)

    def _closed(self) -> None:
        if self._text[self._at : self._at + 1] != "}":
            raise _RefusedError
        self._at += 1

    def _plain(self, name: str) -> _Parts:
        value = self._variables.known.get(name)
        if value is None and name not in self._variables.unknown:
            value = self._variables.examples.get(name)
            if value is not None:
                return self._value(value, True)
        if value is None:
            return _Parts([UNKNOWN], missing=[name])
        return self._value(value, value.example)

    def _value(self, value: Text, example: bool) -> _Parts:
        self._length += len(value.value)
        if self._length > MAX_LENGTH:
            raise _RefusedError
        return _Parts([value.value], example)

    def _chosen(self, name: str, operator: str, other: _Parts) -> _Parts:
        """What a variable with a default, a replacement or a complaint comes to."""
        empty_counts = not operator.startswith(":")
        kind = operator[-1]
        known = self._variables.known.get(name)
        if known is None and name in self._variables.unknown:
            return _Parts([UNKNOWN], missing=[name])
        if kind == "?":
            usable = known is not None and (empty_counts or known.value != "")
            return (
                self._plain(name) if usable or known is None else _Parts([UNKNOWN], False, [name])
            )
        if known is not None:
            filled = empty_counts or known.value != ""
            if kind == "-":
                return self._value(known, known.example) if filled else other
            return other if filled else _Parts([""], known.example)
        example = self._variables.examples.get(name)
        if example is not None and not empty_counts and example.value == "":
            example = None
        if kind == "+":
            return _Parts([""]) if example is None else _Parts(other.texts, True, other.missing)
        if example is None or example.value == other.text:
            return other
        if other.missing or other.text == "":
            return self._value(example, True)
        return _Parts(other.texts, True, other.missing)
