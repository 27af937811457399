"""What an upgrade of nginx changes at a hop for which nothing is written differently.

The changes stand in ``changes.toml``, each with its line of nginx's CHANGES.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from msgspec import Struct

from lint502.nginx.changelog import Entry, entries
from lint502.nginx.hops import Hop
from lint502.nginx.predicates import is_predicate
from lint502.nginx.setting_lines import SettingLines, once_for_lines
from lint502.nginx.upstreams import Block
from lint502.nginx.version import Version
from lint502.packaged import table_of

CHANGES = "https://nginx.org/en/CHANGES"


class Change(Struct, frozen=True):
    """A row of ``changes.toml``. ``keep`` is None where nothing keeps today's behaviour.
    ``in_general``: whether anything changes depends on what an upstream answers."""

    version: Version
    entry: str
    what: str
    passes: frozenset[str]
    when: str
    rules: frozenset[str]
    keep: str | None = None
    source: str = CHANGES
    in_general: bool = False

    def concerns(self, hop: Hop) -> bool:
        """Whether a hop behaves differently from this version on; False where that cannot be
        known."""
        return hop.kind in self.passes and _WHEN[self.when](hop)

    def for_hop(self, text: str, hop: Hop) -> str:
        """A text of the change in the family of a hop's pass directive."""
        return text.replace("{family}", "proxy" if hop.kind == "stream" else hop.kind)


@cache
def changes() -> tuple[Change, ...]:
    """All of them, oldest first."""
    return tuple(
        Change(
            version=Version.parse(row["version"]),
            entry=row["entry"],
            what=row["what"],
            passes=frozenset(row["passes"]),
            when=row["when"],
            rules=frozenset(row["rules"]),
            keep=row.get("keep"),
            source=row.get("source", CHANGES),
            in_general=row.get("general", False),
        )
        for row in table_of("lint502.nginx", "changes.toml")["change"]
    )


def changes_between(old: Version, new: Version) -> list[Change]:
    """Those that come with an upgrade."""
    return [change for change in changes() if old < change.version <= new]


def others_between(old: Version, new: Version) -> list[Entry]:
    """What else nginx's list of changes has as changes of behaviour: entries of which no row says
    that they bear on a hop."""
    told = changes_between(old, new)
    return [
        one
        for one in entries()
        if old < one.version <= new
        and one.kind == "change"
        and not any(change.version == one.version and change.entry in one.text for change in told)
    ]


def _default_protocols(hop: Hop) -> bool:
    if not any(target.tls for target in hop.targets):
        return False
    family = "proxy" if hop.kind == "stream" else hop.kind
    return _is_default(hop, f"{family}_ssl_protocols")


def _is_default(hop: Hop, name: str) -> bool:
    setting = hop.scope.setting(name)
    return setting is not None and setting.origin == "default"


def _default_connection(hop: Hop) -> bool:
    headers = hop.scope.setting("proxy_set_header")
    if headers is None or not headers.complete:
        return False
    return headers.origin == "default" or not headers.named("Connection")


def _pools(hop: Hop) -> list[Block]:
    """The blocks of a hop that leaves connections open where the protocol lets it."""
    if hop.kind == "fastcgi":
        flag = hop.scope.flag("fastcgi_keep_conn")
        if flag is None or not flag.value:
            return []
    return [
        block
        for block in hop.blocks
        if not block.context.uncertain_of("keepalive", "keepalive_requests")
    ]


def _pool_with_default_requests(hop: Hop) -> bool:
    return any(
        "keepalive" in block.context.by_name and "keepalive_requests" not in block.context.by_name
        for block in _pools(hop)
    )


def _block_without_keepalive(hop: Hop) -> bool:
    return any("keepalive" not in block.context.by_name for block in _pools(hop))


def _balanced_last(hop: Hop) -> bool:
    return any(
        block.balanced_last and "keepalive" in block.context.by_name for block in _pools(hop)
    )


def _speaks_http2(hop: Hop) -> bool:
    if hop.kind == "grpc":
        return True
    spoken = hop.scope.word("proxy_http_version")
    return spoken is not None and spoken.value == "2"


def _in_a_predicate_location(hop: Hop) -> bool:
    return any(level.name == "location" and is_predicate(level) for level in hop.context.up())


_LONGEST_NAME = {"fastcgi": 127, "uwsgi": 255}
"""As many bytes a name of a parameter could have before 1.31.5 (nginx/nginx 6ae731d07, bc7c3424c).
"""


def _long_parameter_name(hop: Hop) -> bool:
    params = hop.scope.setting(f"{hop.kind}_param")
    return params is not None and _longest_name(params.lines) > _LONGEST_NAME[hop.kind]


@once_for_lines
def _longest_name(lines: SettingLines) -> int:
    names = (line[0].encode("utf-8", "surrogateescape") for line in lines if line)
    return max(map(len, names), default=0)


def _unbuffered(hop: Hop) -> bool:
    buffering = hop.scope.flag("scgi_request_buffering")
    return buffering is not None and not buffering.value


_WHEN: Mapping[str, Callable[[Hop], bool]] = {
    "any": lambda hop: True,
    "pool with default keepalive_requests": _pool_with_default_requests,
    "default protocols of TLS": _default_protocols,
    "default proxy_http_version": lambda hop: _is_default(hop, "proxy_http_version"),
    "default Connection header": _default_connection,
    "block without keepalive": _block_without_keepalive,
    "balancing method after keepalive": _balanced_last,
    "HTTP/2": _speaks_http2,
    "predicate location": _in_a_predicate_location,
    "long parameter name": _long_parameter_name,
    "unbuffered SCGI requests": _unbuffered,
}
