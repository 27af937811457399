"""The effective settings at one place: written there, inherited, or the default of the version."""

from __future__ import annotations

from collections.abc import Callable, Set
from functools import cache, lru_cache
from typing import Generic, Literal, TypeVar

from msgspec import Struct

from lint502.nginx.directives import directive
from lint502.nginx.lines import lines_in
from lint502.nginx.parse import Directive
from lint502.nginx.setting_lines import SettingLines, called, words_of
from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.tree import Context
from lint502.nginx.values import parse_flag, parse_size, parse_time
from lint502.nginx.version import OLDEST, Version

T = TypeVar("T")

_REMEMBERED = 1 << 12  # hops share texts of settings: each is read once, not once for each hop

_NOT_A_LEVEL = frozenset(("if", "limit_except"))
"""Blocks in which few settings may be written; what is around them counts as written here."""

_AREAS = ("http", "stream")


class Setting(Struct, frozen=True):
    """The value in effect of one directive.

    ``lines`` has the arguments of each line that sets it: one for most directives, several for
    those that add up (``proxy_set_header``, ``proxy_ssl_protocols``), none where nothing is in
    effect. ``directives`` are the lines themselves, empty for a default. ``complete`` is False
    where an unseen include at the same level may add lines.
    """

    name: str
    lines: SettingLines
    directives: tuple[Directive, ...]
    origin: Literal["written", "inherited", "default"]
    complete: bool = True

    @property
    def value(self) -> str:
        """The first argument of the last line; "" where nothing is in effect."""
        return self.lines[-1][0] if self.lines and self.lines[-1] else ""

    def named(self, name: str) -> list[tuple[str, ...]]:
        """The arguments of the lines whose first one is a name, in whichever case."""
        return [self.lines[index] for index in called(self.lines).get(name.lower(), ())]

    def directives_named(self, name: str) -> list[Directive]:
        """The lines whose first argument is a name, in whichever case; none for a default."""
        if not self.directives:
            return []
        return [self.directives[index] for index in called(self.lines).get(name.lower(), ())]


class Value(Struct, Generic[T], frozen=True):
    """A setting's value as its type."""

    value: T
    setting: Setting

    @property
    def directive(self) -> Directive | None:
        """The line that sets it; None for a default."""
        return self.setting.directives[-1] if self.setting.directives else None

    def described(self, text: str) -> str:
        """``text`` with a word on where the value comes from."""
        if self.setting.origin == "default":
            return f"{text} by default"
        return text


def _setting_at(level: Context, name: str, written: bool) -> Setting:
    """What a level has written, for a place at this level or for one within it."""
    results, key = level.results, (name, written)
    found: Setting | None = results.get(key)
    if found is None:
        lines = level.by_name[name]
        found = results[key] = Setting(
            name,
            SettingLines([line.args for line in lines]),
            tuple(lines),
            "written" if written else "inherited",
            complete=not level.unseen,
        )
    return found


@cache
def _is_alone(area: str, name: str) -> bool:
    """Whether no level takes over what one around it has written."""
    info = directive(area, name)
    return info is not None and info.inherit == "none"


@cache
def _ever(area: str, name: str) -> Setting | None:
    """What is in effect where nothing is written; None where that depends on the version."""
    info = directive(area, name)
    if info is not None and not info.is_constant:
        return None
    return _default(name, None if info is None else info.default(OLDEST))


@lru_cache(_REMEMBERED)
def _default(name: str, text: str | None) -> Setting:
    lines = () if text is None else [tuple(one.split()) for one in text.split("; ")]
    return Setting(name, SettingLines(lines), (), "default")


_time = lru_cache(_REMEMBERED)(parse_time)


@lru_cache(_REMEMBERED)
def _size(text: str) -> int:
    return parse_size(text, offset=True)


class Scope:
    """Looks settings up from one context outwards."""

    __slots__ = ("_alone", "_area", "_written", "context", "version")

    def __init__(self, context: Context, version: Version) -> None:
        self.context = context
        self.version = version
        self._alone = context.name == "upstream"
        if self._alone:
            self._area = "stream_upstream" if context.enclosing("stream") else "upstream"
            self._written: frozenset[str] | None = None
        else:
            area = context.enclosing("http", "stream")
            self._area = "http" if area is None else area.name
            self._written = None if area is None else lines_in(area).names

    def setting(self, name: str) -> Setting | None:
        """The setting in effect; None where an unseen include may have set it, or a line that nginx
        does not take.

        What a fragment is included into is taken to set nothing that bears on its hops.
        """
        if self._written is None or name in self._written:
            alone = self._alone or _is_alone(self._area, name)
            written = True
            level: Context | None = self.context
            while level is not None:
                if name in level.uncertain:
                    return None
                if name in level.by_name:
                    return _setting_at(level, name, written)
                if level.unseen:
                    return None
                if level.name not in _NOT_A_LEVEL:
                    if alone or level.name in _AREAS:
                        break
                    written = False
                level = level.parent
        return _ever(self._area, name) or self._by_version(name)

    def _by_version(self, name: str) -> Setting:
        info = directive(self._area, name)
        return _default(name, None if info is None else info.default(self.version))

    def nowhere(self, names: Set[str]) -> bool:
        """Whether none of these directives stands anywhere in the ``http {}`` or ``stream {}``."""
        return self._written is not None and self._written.isdisjoint(names)

    def absent(self, name: str) -> bool | None:
        """Whether nothing sets a directive in any context around; None where that is not known."""
        for level in self.context.up():
            if level.by_name.get(name):
                return False
            if level.unseen or level.partial or name in level.uncertain:
                return None
        return True

    def time(self, name: str) -> Value[int] | None:
        """A time in milliseconds; None where it is not known."""
        return self._typed(name, _time)

    def size(self, name: str) -> Value[int] | None:
        """A size in bytes; None where it is not known."""
        return self._typed(name, _size)

    def flag(self, name: str) -> Value[bool] | None:
        """``on`` or ``off``; None where it is not known."""
        return self._typed(name, parse_flag)

    def number(self, name: str) -> Value[int] | None:
        """A number; None where it is not known."""
        return self._typed(name, int)

    def word(self, name: str) -> Value[str] | None:
        """A word; None where it is not known, or holds a variable."""
        value = self._typed(name, str)
        if value is not None and ("$" in value.value or UNKNOWN in value.value):
            return None
        return value

    def words(self, name: str) -> Value[frozenset[str]] | None:
        """The words of a mask, of all its lines; None where they are not known."""
        setting = self.setting(name)
        if setting is None or not setting.complete:
            return None
        return Value(words_of(setting.lines), setting)

    def _typed(self, name: str, parse: Callable[[str], T]) -> Value[T] | None:
        setting = self.setting(name)
        if setting is None or not setting.lines:
            return None
        try:
            return Value(parse(setting.value), setting)
        except ValueError:  # nginx refuses it, or it holds a variable
            return None
