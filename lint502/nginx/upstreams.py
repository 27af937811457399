"""``upstream{}`` blocks: their servers and their pool of idle connections."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from lint502.nginx.addresses import Address, parse_address
from lint502.nginx.parse import Directive
from lint502.nginx.scope import Scope
from lint502.nginx.symbols import UNKNOWN, written
from lint502.nginx.tree import Context
from lint502.nginx.values import parse_time
from lint502.nginx.version import Version

KEEPALIVE_BY_DEFAULT = Version(1, 29, 7)
"""From here on an explicit block keeps 32 idle connections by itself (CHANGES, 1.29.7)."""

_BALANCING_METHODS = frozenset(("hash", "ip_hash", "least_conn", "least_time", "random"))
_CHOSEN_BY = ("balancer_by_lua", "balancer_by_lua_block", "balancer_by_lua_file")


class Peer(Struct, frozen=True, eq=False):
    """A ``server`` line of a block; ``address`` is None where it cannot be known.

    ``max_fails`` failures within ``fail_timeout`` (milliseconds) take it out for that time; 0: none
    does. It gets no more than ``max_conns`` requests at a time; 0: any number. These are None where
    nginx refuses what is written.
    """

    directive: Directive
    address: Address | None
    down: bool
    backup: bool
    max_fails: int | None = 1
    fail_timeout: int | None = 10_000
    max_conns: int | None = 0


class Pool(Struct, frozen=True):
    """Idle connections kept to a block's servers: how many, and the line that says so, if any."""

    connections: int
    directive: Directive | None

    @property
    def local(self) -> bool:
        """Whether each location has its own connections in it, as in that by default."""
        return self.directive is None or "local" in self.directive.args


class Block(Struct, frozen=True, eq=False):
    """An ``upstream{}`` block. ``known`` is False where its servers are not all seen, a template
    may have others, or a program chooses them while nginx runs (``chosen``).

    ``balanced_last`` is the line of a balancing method that follows ``keepalive``, which drops the
    pool up to 1.29.6. ``addresses_known`` tells that no address of a server in use is missing.
    """

    name: str
    context: Context
    servers: tuple[Peer, ...]
    known: bool
    chosen: bool
    balanced_last: Directive | None
    addresses_known: bool

    @property
    def opener(self) -> Directive:
        """The line ``upstream NAME {``."""
        opener = self.context.opener
        assert opener is not None, "a block has a line of its own"
        return opener

    def pool(self, version: Version) -> Pool | None:
        """The pool of idle connections; None where an unseen include may set it.

        Zero connections is no pool. Source: the upstream module's ``keepalive``; "32 local" by
        default from 1.29.7 on.
        """
        lines = self.context.by_name.get("keepalive")
        if "keepalive" in self.context.uncertain:
            return None
        if lines:
            text = lines[-1].args[0] if lines[-1].args else ""
            if not text.isdecimal():
                return None
            lost = self.balanced_last is not None and version < KEEPALIVE_BY_DEFAULT
            return Pool(0 if lost else int(text), lines[-1])
        if self.context.unseen:
            return None
        setting = Scope(self.context, version).setting("keepalive")
        value = setting.value if setting is not None else ""
        return Pool(int(value) if value.isdecimal() else 0, None)


def read_block(context: Context, *, stream: bool) -> Block | None:
    """The block that a context is; None where it has no name."""
    if not context.args:
        return None
    servers = []
    for directive in context.by_name.get("server", ()):
        if not directive.args:
            continue
        address: Address | None = None
        written_out = "$" not in directive.args[0] and not _is_open(directive)
        if written_out and service_of(directive) is None:
            try:
                address, _ = parse_address(directive.args[0], None if stream else 80, uri=False)
            except ValueError:
                address = None
        parameters = directive.args[1:]
        servers.append(
            Peer(
                directive,
                address,
                down="down" in parameters,
                backup="backup" in parameters,
                max_fails=_parameter(parameters, "max_fails", int, 1),
                fail_timeout=_parameter(parameters, "fail_timeout", parse_time, 10_000),
                max_conns=_parameter(parameters, "max_conns", int, 0),
            )
        )
    chosen = any(name in context.by_name for name in _CHOSEN_BY)
    known = (
        bool(servers)
        and not chosen
        and not context.uncertain_of("server", *_CHOSEN_BY)
        and not any(server.directive.conditional for server in servers)
    )
    name = written(context.args[0]).lower()
    addresses_known = all(server.down or server.address is not None for server in servers)
    return Block(
        name,
        context,
        tuple(servers),
        known,
        chosen,
        _balanced_last(context),
        addresses_known,
    )


def service_of(line: Directive) -> str | None:
    """The service for which a ``server`` line has the DNS server asked, which then says host and
    port; None where it has none. Source:
    https://nginx.org/en/docs/http/ngx_http_upstream_module.html#service"""
    found = [arg for arg in line.args[1:] if arg.startswith("service=")]
    return found[-1].removeprefix("service=") if found else None


def _is_open(line: Directive) -> bool:
    """Whether a template leaves open which server a line means, or whether it takes requests."""
    return any(UNKNOWN in arg.partition("=")[0] for arg in line.args)


def _parameter(
    parameters: Sequence[str], name: str, parse: Callable[[str], int], otherwise: int
) -> int | None:
    """The value of ``NAME=VALUE``; the last one counts."""
    values = [text for key, _, text in (one.partition("=") for one in parameters) if key == name]
    try:
        return parse(values[-1]) if values else otherwise
    except ValueError:
        return None


def _balanced_last(context: Context) -> Directive | None:
    for item in reversed(context.items):
        if item.name == "keepalive":
            return None
        if isinstance(item, Directive) and item.name in _BALANCING_METHODS:
            return item
    return None
