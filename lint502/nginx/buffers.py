"""The buffers of a pass, as ``nginx -t`` wants them to go together.

Source: ``ngx_http_proxy_merge_loc_conf()`` and its like in the FastCGI, uwsgi and SCGI modules.
"""

from __future__ import annotations

from dataclasses import dataclass

from lint502.nginx.scope import Scope
from lint502.nginx.tree import Context
from lint502.nginx.values import format_size, parse_size
from lint502.nginx.version import Version

FAMILIES = ("proxy", "fastcgi", "uwsgi", "scgi")


@dataclass(frozen=True, slots=True)
class Buffers:
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
        rest = (self.number - 1) * self.each
        least = format_size(self.largest)
        busy = 2 * self.largest if self.busy is None else self.busy
        if busy > rest:
            return (
                f"nginx would refuse {family}_busy_buffers_size {format_size(busy)}: "
                f"{family}_buffers without one are {format_size(rest)}"
            )
        for name, value in (
            ("busy_buffers_size", busy),
            ("temp_file_write_size", self.written),
            ("max_temp_file_size", self.temporary or None),
        ):
            if value is not None and value < self.largest:
                return f"nginx would refuse {family}_{name} below {least}"
        return None


def buffers_at(scope: Scope, family: str) -> Buffers | None:
    """The buffers in effect; None where they are not known."""
    setting = scope.setting(f"{family}_buffers")
    size = scope.size(f"{family}_buffer_size")
    if setting is None or size is None or not setting.lines or len(setting.lines[-1]) != 2:
        return None
    number, each = setting.lines[-1]
    try:
        sizes = int(number), parse_size(each, offset=False)
        own = [
            _written(scope, f"{family}_{name}")
            for name in ("busy_buffers_size", "temp_file_write_size", "max_temp_file_size")
        ]
    except ValueError:
        return None
    return Buffers(size.value, *sizes, *own)


def _written(scope: Scope, name: str) -> int | None:
    """A size that is written; None for a default. Raises ``ValueError`` where it is not known."""
    setting = scope.setting(name)
    if setting is None:
        raise ValueError(name)
    if setting.origin == "default":
        return None
    return parse_size(setting.value, offset=True)


def refused_buffers(main: Context, version: Version) -> str | None:
    """The first thing that nginx refuses about the buffers of any server or location, if anything
    does."""
    stack = [main]
    while stack:
        for child in stack.pop().children:
            if child.name not in ("http", "server", "location", "if", "limit_except"):
                continue
            stack.append(child)
            for family in FAMILIES:
                if not any(f"{family}_{name}" in child.by_name for name in _NAMES):
                    continue
                found = buffers_at(Scope(child, version), family)
                said = found.refused(family) if found is not None else None
                if said is not None:
                    return said
    return None


_NAMES = (
    "buffer_size", "buffers", "busy_buffers_size", "temp_file_write_size", "max_temp_file_size",
)  # fmt: skip
