"""Names that nginx looks up while it runs: whom it asks, and who of them knows a name.

nginx asks the servers of ``resolver`` in turn, one for each question. What one answers is final:
after "no such name" it asks nobody else. After one that refuses the connection it asks the next at
once, after one that says nothing in 5 seconds. Source: ``ngx_resolve_name_locked()`` and
``ngx_resolver_resend()`` in ``src/core/ngx_resolver.c``.
"""

from __future__ import annotations

from functools import cache, lru_cache

from msgspec import Struct

from lint502.behaviour.names import RESOLVE, says_resolve
from lint502.declared.listeners import Spec
from lint502.nginx.addresses import literal_ip, parse_address
from lint502.nginx.hops import Hop, Target
from lint502.nginx.parse import Directive
from lint502.nginx.scope import Scope
from lint502.nginx.version import Version
from lint502.packaged import table_of
from lint502.pairing import Pair

RESENT_AFTER = 5_000
"""Milliseconds after which nginx asks the next server (``ngx_resolver_create()``)."""

_TOP_LEVEL = 2
"""Some names without a dot are hosts all the same: those of countries, of two letters."""


def looked_up(target: Target, version: Version) -> bool:
    """Whether nginx looks the name of a target up while it runs, at a ``resolver``."""
    if target.needs_resolver:
        return True
    address = target.address
    named = address.socket is None and address.ip is None
    return named and says_resolve(target) and version >= RESOLVE


def resolver_line(hop: Hop, target: Target | None = None) -> Directive | None:
    """The ``resolver`` in effect at a hop, or for a server that says ``resolve`` that of its block,
    where it has one; None where it is not known whom it names."""
    scope = hop.scope
    block = target.block if target is not None else None
    if block is not None:
        lines = block.context.by_name.get("resolver")
        if lines:
            return _known(lines[-1])
        if block.context.uncertain_of("resolver") or block.context.parent is None:
            return None
        scope = Scope(block.context.parent, scope.version)
    setting = scope.setting("resolver")
    return _known(setting.directives[-1]) if setting is not None and setting.directives else None


@lru_cache(maxsize=1000)
def _known(line: Directive) -> Directive | None:
    return line if servers_of(line) and not any("$" in arg for arg in line.args) else None


def servers_of(line: Directive | None) -> tuple[str, ...]:
    """The DNS servers that a ``resolver`` names, each without the port that it has anyway."""
    return _servers(line) if line is not None else ()


@lru_cache(maxsize=1000)
def _servers(line: Directive) -> tuple[str, ...]:
    return tuple(_plain(arg) for arg in line.args if "=" not in arg)


@lru_cache(maxsize=1000)
def _public(line: Directive) -> tuple[str, ...]:
    return tuple(server for server in _servers(line) if server in public_servers())


class Unaware(Struct, frozen=True):
    """DNS servers that nginx asks for a name although they do not know it.

    ``asked`` are all that it asks, in the order of ``line``. ``answering`` are those of ``servers``
    that are certainly there, and answer: public ones, and those that the spec names. Of the others
    it is not known: where nobody answers, nginx asks the next one.
    """

    line: Directive
    asked: tuple[str, ...]
    servers: tuple[str, ...]
    answering: tuple[str, ...]

    @property
    def every(self) -> bool:
        """Whether nobody is asked who knows the name."""
        return len(self.servers) == len(self.asked)

    @property
    def certain(self) -> bool:
        """Whether the name is certainly not found, sometimes at least."""
        return self.every or bool(self.answering)

    @property
    def longest_wait(self) -> int:
        """For how many milliseconds nginx waits where none of them is there: for as many as follow
        each other in its turn."""
        row = longest = 0
        servers = frozenset(self.servers)
        for server in self.asked * 2:
            row = row + 1 if server in servers else 0
            longest = max(longest, row)
        return min(longest, len(self.asked)) * RESENT_AFTER


def unaware(pair: Pair, version: Version, named: frozenset[str]) -> Unaware | None:
    """Who is asked for the name of a target and does not know it; None where that is nobody, or not
    known. ``named`` are the servers that the spec names, of :func:`named_servers`."""
    target, listener = pair.target, pair.meant
    if not looked_up(target, version):
        return None
    line = resolver_line(pair.hop, target)
    asked = servers_of(line)
    if line is None or not asked:
        return None
    known = listener.resolvers if listener is not None else None
    if known is not None:
        those = frozenset(_plain(server) for server in known.value)
        servers = tuple(server for server in asked if not _may_be_one_of(server, those))
    elif is_private(target.address.host):
        servers = _public(line)
    else:
        return None
    answering = tuple(server for server in servers if server in public_servers() or server in named)
    return Unaware(line, asked, servers, answering) if servers else None


def perhaps_unaware(pair: Pair, version: Version) -> Unaware | None:
    """The public servers that are asked for ``localhost``, which is not looked up in a file: they
    may answer with the loopback address, and some say that there is no such name (RFC 6761, 6.3).
    None where nobody is, or where it is declared who knows it."""
    if pair.target.address.host.rstrip(".") != "localhost" or not looked_up(pair.target, version):
        return None
    line = resolver_line(pair.hop, pair.target)
    servers = () if line is None else _public(line)
    declared = pair.meant is not None and pair.meant.resolvers is not None
    if line is None or not servers or declared:
        return None
    return Unaware(line, servers_of(line), servers, servers)


def named_servers(spec: Spec) -> frozenset[str]:
    """The DNS servers that know some upstream, and so are there."""
    return frozenset(
        _plain(server)
        for upstream in spec.upstreams
        for listener in upstream.listeners
        if listener.resolvers is not None
        for server in listener.resolvers.value
    )


def is_private(host: str) -> bool:
    """Whether no public DNS server knows a name: it has no dot, or is below a domain that is kept
    for private use. ``localhost`` some of them know (RFC 6761, 6.3)."""
    name = host.lower().rstrip(".")
    if "." not in name:
        return len(name) > _TOP_LEVEL and name != "localhost"
    return any(name.endswith(f".{domain}") for domain in private_domains())


def public_servers() -> frozenset[str]:
    """The DNS servers for everybody, which know public names only."""
    return _facts()[0]


def private_domains() -> frozenset[str]:
    """The domains of which no public DNS server knows a name."""
    return _facts()[1]


@cache
def _facts() -> tuple[frozenset[str], frozenset[str]]:
    rows = table_of("lint502.behaviour", "public_dns.toml")
    addresses = (address for row in rows["server"] for address in row["addresses"])
    return frozenset(addresses), frozenset(row["name"] for row in rows["domain"])


def _may_be_one_of(server: str, those: frozenset[str]) -> bool:
    """Whether a DNS server may be one of several: of a name and an address nobody knows whether
    they are the same."""
    if server in those or server in public_servers():
        return server in those
    return any(_is_name(server) is not _is_name(one) for one in those)


def _is_name(server: str) -> bool:
    """Whether a server, as :func:`_plain` has it, is written by name."""
    host = server if server.count(":") > 1 else server.partition(":")[0]
    return literal_ip(host) is None and literal_ip(server.rpartition(":")[0]) is None


def _plain(server: str) -> str:
    """A DNS server without the port that it has anyway."""
    try:
        address, _ = parse_address(server, 53, uri=False)
    except ValueError:
        return server.lower()
    host = address.host if address.ip is None else str(address.ip)
    return host if address.port == 53 else f"{host}:{address.port}"
