"""Values of a Compose file with its variables put in, before and after files are merged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from lint502.deployment.interpolation import Variables, interpolate
from lint502.deployment.texts import UNKNOWN, Text
from lint502.deployment.yaml import MAX_DEPTH, Yaml, YamlList, YamlMap, YamlText
from lint502.places import Place
from lint502.reading import UnreadableError

MAX_VALUES = 1_000_000
"""Values of all Compose files of a repository together, as often as aliases, ``extends`` and
``include`` repeat them."""


class Scalar(Struct, frozen=True, eq=False):
    """A text; :data:`~lint502.deployment.texts.UNKNOWN` stands in it for the variables ``missing``,
    which have no value. ``written`` is what the file has. A path is relative to ``folder``."""

    text: str
    written: YamlText
    folder: str
    null: bool = False
    example: bool = False
    missing: tuple[str, ...] = ()

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.written.place

    @property
    def known(self) -> bool:
        """Whether the whole text is known."""
        return UNKNOWN not in self.text

    def as_text(self) -> Text | None:
        """The text with its place, None where a part is not known, or there is none."""
        return Text(self.text, self.place, self.example) if self.known and not self.null else None

    def with_names(self) -> str | None:
        """The text with ``${NAME}`` for variables without a value; None where it is not known
        which ones these are."""
        first, *rest = self.text.split(UNKNOWN)
        if len(rest) != len(self.missing):
            return None
        parts = (f"${{{name}}}{part}" for name, part in zip(self.missing, rest, strict=True))
        return first + "".join(parts)

    def cut(self, text: str) -> Scalar:
        """A part of it."""
        missing = self.missing if text.count(UNKNOWN) == len(self.missing) else ()
        return replace(self, text=text, null=False, missing=missing)


class Items(Struct, frozen=True, eq=False):
    """A sequence."""

    items: Sequence[Value]
    place: Place


class Keyed(Struct, frozen=True, eq=False):
    """A mapping, with the place of each key. In a file that is merged into another one, ``removed``
    has the keys that are taken out there (``!reset``), ``replaced`` those that are not merged
    (``!override``)."""

    entries: Mapping[str, Value]
    keys: Mapping[str, Place]
    place: Place
    removed: frozenset[str] = field(default=frozenset())
    replaced: frozenset[str] = field(default=frozenset())

    def get(self, key: str) -> Value | None:
        """What stands under a key, None where it is absent or null."""
        found = self.entries.get(key)
        return None if isinstance(found, Scalar) and found.null else found

    def scalar(self, key: str) -> Scalar | None:
        """The text under a key, if it is one."""
        found = self.get(key)
        return found if isinstance(found, Scalar) else None

    def keyed(self, key: str) -> Keyed | None:
        """The mapping under a key, if it is one."""
        found = self.get(key)
        return found if isinstance(found, Keyed) else None

    def text(self, key: str) -> str | None:
        """The known text under a key."""
        found = self.scalar(key)
        return found.text if found is not None and found.known else None

    def says_yes(self, key: str) -> bool:
        """Whether the value of a key is true."""
        return (self.text(key) or "").lower() in ("true", "yes", "on", "1", "y")

    def place_of(self, key: str) -> Place:
        """Where a key stands."""
        return self.keys.get(key, self.place)


Value = Scalar | Items | Keyed


class Bounds:
    """How many values are left to read."""

    def __init__(self) -> None:
        self._most = self._left = MAX_VALUES

    def take(self, count: int = 1) -> None:
        """Count values. Raises :class:`~lint502.reading.UnreadableError` past the bound."""
        self._left -= count
        if self._left < 0:
            raise UnreadableError(
                f"and what it shares with the other Compose files come to more than {self._most} "
                "values, once aliases, extends and include are followed; lint502 stops here"
            )


def with_variables(node: Yaml, variables: Variables, folder: str, bounds: Bounds) -> Value:
    """A node with variables put into its texts. Raises :class:`~lint502.reading.UnreadableError`
    where it is too large."""
    return _Conversion(variables, folder, bounds).value(node, 0).value


class _Made(Struct, frozen=True):
    """What a node comes to, with how many values it has, and how deep they are nested."""

    value: Value
    count: int = 1
    height: int = 0


class _Conversion:
    """Puts variables into nodes; what several aliases name is made once, but counts each time."""

    def __init__(self, variables: Variables, folder: str, bounds: Bounds) -> None:
        self._variables = variables
        self._folder = folder
        self._bounds = bounds
        self._made: dict[int, _Made] = {}

    def value(self, node: Yaml, depth: int) -> _Made:
        """What a node comes to, so deep in the file."""
        known = self._made.get(id(node))
        if depth + (0 if known is None else known.height) > MAX_DEPTH:
            raise UnreadableError(
                f"is nested more than {MAX_DEPTH} deep once aliases are followed; lint502 stops "
                "here",
                node.place.line,
            )
        if known is not None:
            self._bounds.take(known.count)
            return known
        if isinstance(node, YamlText):
            return self._text(node)
        self._bounds.take()
        made = self._map(node, depth) if isinstance(node, YamlMap) else self._list(node, depth)
        self._made[id(node)] = made
        return made

    def _text(self, node: YamlText) -> _Made:
        made = interpolate(node.value, self._variables)
        count = 1 + len(made.text) // 64
        self._bounds.take(count)
        missing = made.missing
        return _Made(
            Scalar(made.text, node, self._folder, node.is_null, made.example, missing), count
        )

    def _map(self, node: YamlMap, depth: int) -> _Made:
        made = {
            key: self.value(one, depth + 1)
            for key, one in node.entries.items()
            if one.tag != "!reset"
        }
        tags = {key: one.tag for key, one in node.entries.items() if one.tag}
        value = Keyed(
            {key: one.value for key, one in made.items()},
            node.keys,
            node.place,
            frozenset(key for key, tag in tags.items() if tag == "!reset"),
            frozenset(key for key, tag in tags.items() if tag == "!override"),
        )
        return _made(value, list(made.values()))

    def _list(self, node: YamlList, depth: int) -> _Made:
        made = [self.value(one, depth + 1) for one in node.items]
        return _made(Items([one.value for one in made], node.place), made)


def _made(value: Value, inner: Sequence[_Made]) -> _Made:
    height = 1 + max((one.height for one in inner), default=0)
    return _Made(value, 1 + sum(one.count for one in inner), height)


def each(value: Value | None) -> Iterator[Value]:
    """The items of a sequence; a text alone counts as a sequence of one."""
    if isinstance(value, Items):
        yield from value.items
    elif isinstance(value, Scalar) and not value.null:
        yield value


def each_text(value: Value | None) -> Iterator[Scalar]:
    """The texts of a sequence, or of one text."""
    return (one for one in each(value) if isinstance(one, Scalar) and not one.null)


def as_keyed(value: Value) -> Keyed:
    """A mapping, also of a sequence of ``NAME=VALUE`` and ``NAME``. A value that is absent is
    null."""
    if isinstance(value, Keyed):
        return value
    entries: dict[str, Value] = {}
    keys: dict[str, Place] = {}
    for item in each_text(value):
        name, equals, rest = item.text.partition("=")
        if UNKNOWN in name:
            continue
        entries[name] = item.cut(rest) if equals else replace(item, text="", null=True)
        keys[name] = item.place
    return Keyed(entries, keys, value.place)
