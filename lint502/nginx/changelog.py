"""What changed in each release of nginx, in the words of its list of changes.

The table is ``changelog.toml``, which ``tools/from_nginx`` writes; what of it bears on a hop stands
in ``changes.toml``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from msgspec import Struct

from lint502.nginx.version import Version
from lint502.packaged import table_of


class Entry(Struct, frozen=True):
    """An entry of the list: ``kind`` is ``change``, ``feature``, ``bugfix``, ``workaround`` or
    ``other``."""

    version: Version
    kind: str
    text: str


@cache
def entries() -> Sequence[Entry]:
    """All of them, the oldest release first."""
    table: Mapping[str, Mapping[str, Sequence[str]]]
    table = table_of("lint502.nginx", "changelog.toml")
    return tuple(
        Entry(Version.parse(version), kind, text)
        for version, kinds in table.items()
        for kind, texts in kinds.items()
        for text in texts
    )
