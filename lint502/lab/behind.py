"""What stands behind a hop: the ways that its requests can take, and the servers at their ends."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from lint502.behaviour.sockets import slip
from lint502.behaviour.tls import asked
from lint502.declared.listeners import Fact, HttpVersion, Listener, Protocol
from lint502.lab.bench import LOOPBACK
from lint502.lab.standins.behaviour import Behaviour, TlsBehaviour, behaviour
from lint502.lab.surroundings import NONE, Surroundings
from lint502.nginx.addresses import Address, literal_ip
from lint502.nginx.hops import Hop
from lint502.nginx.pass_values import Kind
from lint502.nginx.upstreams import Block
from lint502.pairing import Pair
from lint502.patterns import regex

_PROTOCOLS: dict[Kind, Protocol] = {
    "proxy": "http",
    "fastcgi": "fastcgi",
    "uwsgi": "uwsgi",
    "scgi": "scgi",
    "grpc": "grpc",
    "memcached": "memcached",
    "stream": "tcp",
}
_CERTIFIABLE = regex(r"[A-Za-z0-9.-]+")


class Route(Struct, frozen=True, eq=False):
    """One way that a hop's requests can take: the servers of a block, or one address. ``around`` is
    what decides what becomes of its failures."""

    hop: Hop
    block: Block | None
    pairs: tuple[Pair, ...]
    around: Surroundings = NONE

    def only(self, pair: Pair) -> Route:
        """The same with one server."""
        return replace(self, pairs=(pair,))


class Planned(Struct, frozen=True):
    """A server of the plan: ``behaviour`` is None where nothing listens; ``failing`` tells that
    the finding is about it. ``beyond`` is what follows the path of its socket in the address.
    ``mode`` is that of the socket, ``directory`` that of the directory which it is in. ``bound`` is
    the address on which it listens. ``name``: where nginx reaches it by a name that it looks up
    when it starts, that name; else "". ``addresses`` are those of its name, whoever is asked.
    ``itself``: nginx listens there, as it does for its clients. ``elsewhere``: it is on another
    machine, and reached over a network."""

    address: Address
    behaviour: Behaviour | None
    failing: bool
    mode: int | None = None
    beyond: str = ""
    directory: int | None = None
    bound: str = LOOPBACK
    name: str = ""
    addresses: tuple[str, ...] = (LOOPBACK,)
    itself: bool = False
    elsewhere: bool = False

    @property
    def mark(self) -> str:
        """What stands for its address in the configuration."""
        return f"@{self.address}@"


def routes(hop: Hop, pairs: Sequence[Pair]) -> list[Route]:
    """The ways that a hop's requests can take, in the order of the configuration."""
    grouped: dict[int, list[Pair]] = {}
    for pair in pairs:
        grouped.setdefault(pair.target.group, []).append(pair)
    found = [Route(hop, group[0].target.block, tuple(group)) for group in grouped.values()]
    reached = {route.block for route in found}
    return found + [Route(hop, block, ()) for block in hop.blocks if block not in reached]


def servers_of(
    route: Route, failing: set[int], factor: float
) -> tuple[tuple[Planned, ...], dict[str, None]]:
    """The servers of a route, and clauses on what was taken where the declaration is silent.

    ``failing`` are the ids of the pairs that a finding is about; times become ``factor`` times
    shorter.
    """
    planned: dict[Address, Planned] = {}
    conditions: dict[str, None] = {}
    for pair in route.pairs:
        address = pair.target.address
        mode = pair.listener.socket_mode if pair.listener is not None else None
        miswritten = slip(pair)
        server = Planned(
            address,
            _behaviour(pair, factor, conditions, fits=id(pair) not in failing),
            id(pair) in failing,
            mode.value if mode is not None else None,
            miswritten.rest if miswritten is not None else "",
        )
        planned.setdefault(address, server)
    for out_of_use in route.block.servers if route.block is not None else ():
        if out_of_use.down and out_of_use.address is not None:
            down = Planned(out_of_use.address, None, False)
            planned.setdefault(out_of_use.address, down)
    return tuple(planned.values()), conditions


def _behaviour(
    pair: Pair, factor: float, conditions: dict[str, None], *, fits: bool
) -> Behaviour | None:
    """How the server behind a target behaves; None where nothing listens there."""
    listener, target = pair.listener, pair.target
    miswritten = slip(pair)
    if miswritten is not None:
        if not miswritten.certain:
            conditions[f"a server that fits listens at {miswritten.socket}"] = None
        return fitting(pair)
    if pair.mismatch is not None:
        if not pair.mismatch.certain:
            conditions[f"nothing listens at {target.address}, where nothing is declared"] = None
        return None
    if listener is None:
        if not fits and target.tls:
            conditions[f"a server without TLS listens at {target.address}"] = None
            return Behaviour()
        if not fits:
            return None
        conditions[f"{target.address} is not declared: a server that fits stands there"] = None
        return fitting(pair)
    if not listens_at(listener, target.address):
        return None
    if listener.protocol is None:
        listener = replace(listener, protocol=Fact(_PROTOCOLS[pair.hop.kind], listener.place))
    if listener.tls is None and target.tls:
        listener = replace(listener, tls=Fact(True, listener.place))
    found = behaviour(listener, factor)
    assert found is not None, "its protocol is known"
    if found.tls is not None and not found.tls.names:
        found = replace(found, tls=replace(found.tls, names=_names(pair)))
    if listener.http_versions is None and found.protocol in ("http", "grpc"):
        found = replace(found, http_versions=_spoken(pair.hop, found.protocol))
    return found


def _names(pair: Pair) -> tuple[str, ...]:
    """What stands in the certificate of a server that does not say so: what it is called, and what
    the client and nginx ask for, where that can stand there."""
    found = asked(pair)
    wanted = found.names if found is not None else ()
    names = dict.fromkeys((pair.target.name, host_of(pair.hop), *wanted))
    return tuple(name for name in names if _CERTIFIABLE.fullmatch(name))


def host_of(hop: Hop) -> str:
    """The host that the client asks for."""
    name = hop.server
    plain = _CERTIFIABLE.fullmatch(name) and not name.startswith(".")
    if not plain or literal_ip(name) is not None or hop.kind == "stream":
        return "lab.example"
    return name


def fitting(pair: Pair) -> Behaviour:
    """A server that takes what the hop sends."""
    hop = pair.hop
    flag = hop.scope.flag("proxy_protocol") if hop.kind == "stream" else None
    return Behaviour(
        protocol="udp" if hop.kind == "stream" and hop.datagrams else _PROTOCOLS[hop.kind],
        http_versions=_spoken(hop, _PROTOCOLS[hop.kind]),
        tls=TlsBehaviour(names=_names(pair)) if pair.target.tls else None,
        proxy_protocol=flag is not None and flag.value,
    )


def _spoken(hop: Hop, protocol: str) -> tuple[HttpVersion, ...]:
    """The HTTP versions of a server of a protocol that declares none."""
    if protocol == "grpc":
        return ("2",)
    version = hop.scope.word("proxy_http_version") if hop.kind == "proxy" else None
    return ("1.0", "1.1", "2") if version is not None and version.value == "2" else ("1.0", "1.1")


def listens_at(listener: Listener, address: Address) -> bool:
    """Whether a listener that is bound as declared can be reached at an address; a name is taken
    to lead to it unless only loopback addresses are bound."""
    if address.socket is not None or listener.bind is None:
        return True
    bound = [Address(host.strip("[]").lower()) for host in listener.bind.value]
    if any(host.host == "*" or (host.ip is None and not host.is_loopback) for host in bound):
        return True
    if address.ip is not None:
        return any(_covers(host, address) for host in bound)
    if address.is_loopback:
        return any(host.is_loopback for host in bound)
    return not all(host.is_loopback and not _is_any(host) for host in bound)


def _covers(bound: Address, reached: Address) -> bool:
    if bound.ip is None:  # localhost
        return reached.is_loopback
    assert reached.ip is not None, "it is literal"
    if _is_any(bound):
        return bound.ip.version == 6 or reached.ip.version == 4
    if _is_any(reached):
        return bound.is_loopback and bound.ip.version == reached.ip.version
    return bound.ip == reached.ip


def _is_any(address: Address) -> bool:
    return address.ip is not None and address.ip.is_unspecified
