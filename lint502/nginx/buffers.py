"""The buffers of a pass, as ``nginx -t`` wants them to go together.

nginx compares them in each ``server {}`` and each ``location {}``, never in ``http {}`` itself:
what stands there is compared where it is inherited. Source: ``ngx_http_merge_servers()``, and
``ngx_http_proxy_merge_loc_conf()`` and its like in the FastCGI, uwsgi and SCGI modules.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from msgspec import Struct

from lint502.nginx.parse import Directive
from lint502.nginx.scope import Scope
from lint502.nginx.tree import Context
from lint502.nginx.values import format_size, parse_size
from lint502.nginx.version import Version

FAMILIES = ("proxy", "fastcgi", "uwsgi", "scgi")

NAMES = (
    "buffer_size", "buffers", "busy_buffers_size", "temp_file_write_size", "max_temp_file_size",
)  # fmt: skip
"""What nginx compares, behind the name of a family."""

_DERIVED = NAMES[2:]
"""Those that go with the others where nobody writes them."""

_ALL = frozenset(f"{family}_{name}" for family in FAMILIES for name in NAMES)
_COMPARED_IN = frozenset(("server", "location"))


class Buffers(Struct, frozen=True):
    """Sizes in bytes; ``busy``, ``written`` and ``temporary`` are None where nginx takes what goes
    with the others."""

    size: int
    number: int
    each: int
    busy: int | None
    written: int | None
    temporary: int | None

    @property
    def largest(self) -> int:
        """The larger one of the header's buffer and one of the others."""
        return max(self.size, self.each)

    def refused(self, family: str) -> str | None:
        """What nginx refuses in them, if anything."""
        if self.number < 2:
            return f"less than 2 {family}_buffers"
        rest = (self.number - 1) * self.each
        busy = 2 * self.largest if self.busy is None else self.busy
        if busy > rest:
            return (
                f"{family}_busy_buffers_size {format_size(busy)}: {family}_buffers without one are "
                f"{format_size(rest)}"
            )
        for name, value in (
            ("busy_buffers_size", busy),
            ("temp_file_write_size", self.written),
            ("max_temp_file_size", self.temporary or None),
        ):
            if value is not None and value < self.largest:
                return f"{family}_{name} below {format_size(self.largest)}"
        return None


class Change(Struct, frozen=True):
    """Settings of a family as a fix would write them: the new arguments by name, the level at which
    they would stand, and lines that would have them too."""

    level: Context
    words: Mapping[str, str]
    lines: Collection[Directive] = ()

    def at(self, context: Context, name: str) -> str | None:
        """The new arguments of a setting, where they would count in a context."""
        new = self.words.get(name)
        for one in context.up() if new is not None else ():
            found = one.by_name.get(name)
            if one is self.level or (found and found[-1] in self.lines):
                return new
            if found:
                return None
        return None


def buffers_at(scope: Scope, family: str, change: Change | None = None) -> Buffers | None:
    """The buffers in effect, or those that a change would bring about; None where they are not
    known."""
    try:
        size, buffers, *derived = (_words(scope, f"{family}_{name}", change) for name in NAMES)
        number, each = (buffers or "").split()
        return Buffers(
            parse_size(size or ""),
            int(number),
            parse_size(each),
            *(None if text is None else parse_size(text) for text in derived),
        )
    except ValueError:
        return None


def _words(scope: Scope, name: str, change: Change | None) -> str | None:
    """The arguments of a setting; None for a default that goes with the others. Raises
    ``ValueError`` where they are not known."""
    new = None if change is None else change.at(scope.context, name)
    if new is not None:
        return new
    setting = scope.setting(name)
    if setting is None or not setting.lines:
        raise ValueError(name)
    derived = name.partition("_")[2] in _DERIVED
    return None if derived and setting.origin == "default" else " ".join(setting.lines[-1])


def refused_at(
    context: Context, family: str, version: Version, change: Change | None = None
) -> str | None:
    """What nginx refuses about the buffers of a family where it compares them in a context."""
    if context.name not in _COMPARED_IN or context.enclosing("http") is None:
        return None
    found = buffers_at(Scope(context, version), family, change)
    return None if found is None else found.refused(family)


def _levels(area: Context) -> Iterator[Context]:
    """The contexts at and below one in which nginx compares buffers, but for locations that have
    those of the level around."""
    stack = [area]
    while stack:
        context = stack.pop()
        stack.extend(context.children)
        if context.name == "server" or context is area or not _ALL.isdisjoint(context.by_name):
            yield context


def refusals(area: Context, version: Version) -> Iterator[tuple[Context, str, str]]:
    """What nginx refuses about the buffers at and below a context: where, of which family, what."""
    levels = list(_levels(area))
    written = {name for one in levels for name in _ALL.intersection(one.by_name)}
    families = [one for one in FAMILIES if any(name.startswith(f"{one}_") for name in written)]
    for context in levels:
        for family in families:
            said = refused_at(context, family, version)
            if said is not None:
                yield context, family, said


_MOST_LOOKED_AT = 100_000


class Refusals:
    """Whether nginx would refuse changes where it compares the buffers. What many hops ask is
    looked at once, and of a very large site only a part: there the change is taken to be fine."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], bool] = {}
        self._left = _MOST_LOOKED_AT

    def of(self, change: Change, family: str, version: Version) -> bool:
        """Whether one is refused."""
        asked = (change.level, *change.words.items(), *change.lines)
        if asked not in self._known:
            levels = list(_levels(change.level))
            self._left -= len(levels)
            self._known[asked] = self._left >= 0 and any(
                refused_at(one, family, version, change) for one in levels
            )
        return self._known[asked]
