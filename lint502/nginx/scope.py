"""The effective settings at one place: written there, inherited, or the default of the version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Literal, TypeVar

from msgspec import Struct

from lint502.nginx.directives import directive
from lint502.nginx.parse import Directive
from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.tree import Context
from lint502.nginx.values import parse_flag, parse_size, parse_time
from lint502.nginx.version import Version

T = TypeVar("T")

_NOT_A_LEVEL = frozenset(("if", "limit_except"))
"""Blocks in which few settings may be written; what is around them counts as written here."""


class Setting(Struct, frozen=True):
    """The value in effect of one directive.

    ``lines`` has the arguments of each line that sets it: one for most directives, several for
    those that add up (``proxy_set_header``, ``proxy_ssl_protocols``), none where nothing is in
    effect. ``directives`` are the lines themselves, empty for a default. ``complete`` is False
    where an unseen include at the same level may add lines.
    """

    name: str
    lines: tuple[tuple[str, ...], ...]
    directives: tuple[Directive, ...]
    origin: Literal["written", "inherited", "default"]
    complete: bool = True

    @property
    def value(self) -> str:
        """The first argument of the last line; "" where nothing is in effect."""
        return self.lines[-1][0] if self.lines and self.lines[-1] else ""


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


class Scope:
    """Looks settings up from one context outwards."""

    __slots__ = ("_area", "context", "version")

    def __init__(self, context: Context, version: Version) -> None:
        self.context = context
        self.version = version
        if context.name == "upstream":
            self._area = "stream_upstream" if context.enclosing("stream") else "upstream"
        else:
            self._area = "stream" if context.enclosing("stream") else "http"

    def setting(self, name: str) -> Setting | None:
        """The setting in effect; None where an unseen include may have set it, or a line that nginx
        does not take.

        What a fragment is included into is taken to set nothing that bears on its hops.
        """
        info = directive(self._area, name)
        written = True
        for level in self.context.up():
            if name in level.uncertain:
                return None
            found = level.by_name.get(name)
            if found:
                return Setting(
                    name,
                    tuple(line.args for line in found),
                    tuple(found),
                    "written" if written else "inherited",
                    complete=not level.unseen,
                )
            if level.unseen:
                return None
            if level.name in _NOT_A_LEVEL:
                continue
            if info is not None and info.inherit == "none":
                break
            if self._area in ("upstream", "stream_upstream") or level.name in ("http", "stream"):
                break
            written = False
        default = info.default(self.version) if info is not None else None
        lines = () if default is None else tuple(tuple(one.split()) for one in default.split("; "))
        return Setting(name, lines, (), "default")

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
        return self._typed(name, parse_time)

    def size(self, name: str) -> Value[int] | None:
        """A size in bytes; None where it is not known."""
        return self._typed(name, lambda text: parse_size(text, offset=True))

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
        return Value(frozenset(word for line in setting.lines for word in line), setting)

    def _typed(self, name: str, parse: Callable[[str], T]) -> Value[T] | None:
        setting = self.setting(name)
        if setting is None or not setting.lines:
            return None
        try:
            return Value(parse(setting.value), setting)
        except ValueError:  # nginx refuses it, or it holds a variable
            return None
