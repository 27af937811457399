"""Hops: each ``*_pass`` in each effective context, with every target that it can reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from lint502.hashing import hex_digest
from lint502.nginx.addresses import Address, Url, split_scheme
from lint502.nginx.known_values import Text
from lint502.nginx.parse import Directive
from lint502.nginx.pass_values import SCHEMES, Kind, authority, parse_pass
from lint502.nginx.passes import passes
from lint502.nginx.scope import Scope
from lint502.nginx.symbols import UNKNOWN, part, symbols_in, written
from lint502.nginx.tree import Context, Tree
from lint502.nginx.upstreams import Block, Peer, read_block, service_of
from lint502.nginx.variables import Variables
from lint502.nginx.version import Version
from lint502.places import Place


class Target(Struct, frozen=True, eq=False):
    """One address that a hop can reach.

    ``name`` is what the configuration calls it: the ``upstream{}`` block or the host (lower case).
    Targets of one ``group`` stand in for each other (the servers of a block); those of different
    groups are reached by different requests (the values of a variable). ``written`` and ``arg``
    are the line and the argument that hold the address. ``needs_resolver``: the name is looked up
    for each request. ``tls`` is None where it is not known.
    """

    address: Address
    name: str
    group: int
    tls: bool | None
    written: Directive
    arg: int = 0
    block: Block | None = None
    server: Peer | None = None
    needs_resolver: bool = False

    def place(self, note: str = "") -> Place:
        """Where the address is written."""
        return self.written.arg_place(self.arg, note)


class Hop(Struct, frozen=True, eq=False):
    """One ``*_pass`` in one effective context.

    ``server`` is the first name of the server (its first ``listen`` for stream), ``location`` the
    arguments of the innermost location. ``unknown`` says why not every target is known, if so.
    ``unknown_host`` tells that the host of one comes from the request.
    """

    id: str
    kind: Kind
    directive: Directive
    context: Context
    scope: Scope
    server: str
    location: str
    targets: tuple[Target, ...]
    blocks: tuple[Block, ...]
    variables: Variables
    unknown: str | None = None
    unknown_host: bool = False

    @property
    def value(self) -> str:
        """The argument of the pass directive."""
        return self.directive.args[0]

    @property
    def written(self) -> str:
        """The argument as the file has it, where a template leaves open what it becomes."""
        return written(self.directive.args[0])

    @property
    def datagrams(self) -> bool:
        """Whether it passes datagrams on: a stream server that listens for nothing else."""
        server = self.context.enclosing("server") if self.kind == "stream" else None
        if server is None:
            return False
        listens = (*server.by_name.get("listen", ()), *server.uncertain.get("listen", ()))
        return bool(listens) and all("udp" in line.args for line in listens)

    @property
    def conditional(self) -> bool:
        """Whether a template has it in one branch of its logic."""
        return self.directive.conditional or any(one.conditional for one in self.context.up())

    def groups(self) -> Iterator[tuple[Target, ...]]:
        """The targets, by the requests that they stand in for each other for."""
        grouped: dict[int, list[Target]] = {}
        for target in self.targets:
            grouped.setdefault(target.group, []).append(target)
        return (tuple(targets) for targets in grouped.values())


def find_hops(
    tree: Tree,
    version: Version,
    ordinals: dict[tuple[str, ...], int],
    declared: Callable[[str], Sequence[Address]] = lambda _: (),
    is_host: Callable[[str], bool] = lambda _: False,
) -> tuple[list[Hop], list[Block]]:
    """The hops of a root in the order of the configuration, and its ``upstream{}`` blocks.

    ``ordinals`` counts the hops that are alike, over all roots of a run: it tells their ids apart.
    ``declared`` gives the addresses that stand behind a block, by its name, where a program chooses
    its servers. ``is_host`` tells which names are declared to be hosts: in a fragment they are no
    blocks that stand elsewhere.
    """
    hops: list[Hop] = []
    blocks: list[Block] = []
    for area in _areas(tree.main):
        finder = _Finder(area, version, ordinals, declared, is_host)
        blocks.extend(finder.blocks.values())
        hops.extend(finder.hops())
    return hops, blocks


class _Reachable(Struct, frozen=True, eq=False):
    """What a pass can reach; see :class:`Hop`."""

    targets: tuple[Target, ...]
    blocks: tuple[Block, ...]
    unknown: str | None
    unknown_host: bool


def _areas(main: Context) -> Iterator[Context]:
    return (child for child in main.children if child.name in ("http", "stream"))


class _Finder:
    """Finds the hops of one ``http{}`` or ``stream{}``."""

    def __init__(
        self,
        area: Context,
        version: Version,
        ordinals: dict[tuple[str, ...], int],
        declared: Callable[[str], Sequence[Address]],
        is_host: Callable[[str], bool],
    ) -> None:
        self._area = area
        self._declared = declared
        self._is_host = is_host if not area.unseen else lambda _: False
        self._stream = area.name == "stream"
        self._version = version
        self._ordinals = ordinals
        self._variables = Variables(area)
        self._shared: dict[tuple[object, ...], _Reachable] = {}
        self._open = area.partial or bool(area.unseen)
        """Whether blocks and resolvers may be defined where we cannot see."""
        self.blocks: dict[str, Block] = {}
        self._several: set[str] = set()
        """Blocks that branches of a template have several times."""
        for child in area.children:
            if child.name == "upstream":
                block = read_block(child, stream=self._stream)
                if block is not None:
                    if block.name in self.blocks:
                        self._several.add(block.name)
                    self._open |= UNKNOWN in child.args[0]
                    self.blocks.setdefault(block.name, block)
        self._passes = passes(area)
        self._urls: dict[tuple[Kind, str], Url | None] = {
            (one.kind, one.directive.args[0]): one.url for one in self._passes if one.url
        }
        self._implicit = set(self._implicit_upstreams())

    def hops(self) -> Iterator[Hop]:
        for one in self._passes:
            yield self._hop(one.context, one.directive, one.kind)

    def _implicit_upstreams(self) -> Iterator[tuple[str, int | None]]:
        """The hosts with their ports that literal passes make upstreams of."""
        for url in self._urls.values():
            if url is None or url.address.socket is not None:
                continue
            if url.address.port_written or url.address.host not in self.blocks:
                yield url.address.host, url.address.port

    def _url(self, kind: Kind, value: str) -> Url | None:
        """The value of a pass, without variables; None for what nginx refuses."""
        if (kind, value) not in self._urls:
            try:
                self._urls[kind, value] = parse_pass(kind, value)
            except ValueError:
                self._urls[kind, value] = None
        return self._urls[kind, value]

    def _hop(self, context: Context, directive: Directive, kind: Kind) -> Hop:
        scope = Scope(context, self._version)
        server, location = _labels(context)
        found = self._reachable(context, directive, kind, scope)
        key = (server, location, directive.name, written(directive.args[0]))
        ordinal = self._ordinals[key] = self._ordinals.get(key, 0) + 1
        identity = "\0".join((*key, str(ordinal)))
        return Hop(
            hex_digest(identity.encode("utf-8", "surrogateescape"))[:12],
            kind,
            directive,
            context,
            scope,
            server,
            location,
            found.targets,
            found.blocks,
            self._variables,
            found.unknown,
            found.unknown_host,
        )

    def _reachable(
        self, context: Context, directive: Directive, kind: Kind, scope: Scope
    ) -> _Reachable:
        """What a pass can reach: the same object for all that have it from the same lines."""
        value = directive.args[0]
        texts = self._variables.expand(value, context) if "$" in value else [Text(value)]
        tls: bool | None = False
        if kind == "stream":
            flag = scope.flag("proxy_ssl")
            tls = None if flag is None else flag.value
        if texts is None:
            return _Reachable((), (), f"{written(value)} can become too many addresses", False)
        same = id(texts) if "$" in value else written(value)
        key = (directive.name, value, tls, same)
        found = self._shared.get(key)
        if found is None:
            found = self._read(texts, directive, kind, tls)
            if all(one.written is not directive for one in found.targets):
                self._shared[key] = found
        return found

    def _read(
        self, texts: list[Text], directive: Directive, kind: Kind, tls: bool | None
    ) -> _Reachable:
        targets: list[Target] = []
        used: dict[str, Block] = {}
        unknown: str | None = None
        unknown_host = False
        for group, text in enumerate(texts):
            reason = self._add(targets, used, text, group, directive, kind, tls)
            if reason is not None:
                unknown = reason
                unknown_host |= _asks_for_host(text.text) and not text.symbols
        if not (targets or used or unknown):
            unknown = f"{written(directive.args[0])} is always empty: nginx answers 500"
        return _Reachable(tuple(targets), tuple(used.values()), unknown, unknown_host)

    def _add(
        self,
        targets: list[Target],
        used: dict[str, Block],
        text: Text,
        group: int,
        directive: Directive,
        kind: Kind,
        stream_tls: bool | None,
    ) -> str | None:
        """Add the targets of one value of the pass; returns why some are not known, if so."""
        value = text.text
        dynamic = "$" in directive.args[0]
        if dynamic and split_scheme(value)[1][:1] in ("", ":", "/", "?"):
            return None  # nginx answers 500 for a value that leaves nothing to connect to
        scheme = split_scheme(value)[0]
        tls = stream_tls if kind == "stream" else SCHEMES.get(kind, {}).get(scheme, False)
        if UNKNOWN in value and UNKNOWN in authority(value):
            block = self._block_of_symbols(value) if text.symbols else None
            if block is not None:
                used.setdefault(block.name, block)
                return self._add_block(targets, block, group, tls)
            said = f"{directive.args[0]} depends on the request, or on a file that was not seen"
            return text.symbols[0].why if text.symbols else said
        url = self._url(kind, value.partition(UNKNOWN)[0])
        if url is None:
            return f"{_printable(value)} is not an address that {directive.name} takes"
        origin = text.directive or directive
        arg = text.arg if text.directive is not None else 0
        address = url.address
        if address.socket is None and not address.port_written:
            block = self.blocks.get(address.host)
            if block is not None:
                used.setdefault(block.name, block)
                return self._add_block(targets, block, group, tls)
            if self._open and address.ip is None and not self._is_host(address.host):
                host = _printable(address.host)
                return f'an upstream "{host}" may be defined where it cannot be seen'
            if address.port is None:
                return f"{_printable(value)} has no port"
        elif not dynamic and address.host in self.blocks:
            return f"nginx takes no port behind {_printable(address.host)}, which is a block"
        name = address.socket if address.socket is not None else address.host
        runtime = (
            dynamic
            and address.socket is None
            and address.ip is None
            and (address.host, address.port) not in self._implicit
        )
        targets.append(Target(address, name, group, tls, origin, arg, needs_resolver=runtime))
        return None

    def _block_of_symbols(self, value: str) -> Block | None:
        """The block whose name a template writes just as the host of a pass."""
        rest = split_scheme(value)[1]
        start = len(value) - len(rest)
        end = len(authority(value))
        return self.blocks.get(written(part(value, start, end)).lower()) if start < end else None

    def _add_block(
        self, targets: list[Target], block: Block, group: int, tls: bool | None
    ) -> str | None:
        reason = None
        if block.name in self._several and block.context.conditional:
            reason = f'branches of a template have several upstreams "{_printable(block.name)}"'
        for server in block.servers:
            if server.address is None:
                reason = _without_address(server)
            elif not server.down and block.known:
                targets.append(
                    Target(
                        server.address, block.name, group, tls, server.directive, 0, block, server
                    )
                )
        chosen = self._declared(block.name) if block.chosen else ()
        if chosen:
            targets += [
                Target(address, block.name, group, tls, block.opener, 0, block)
                for address in chosen
            ]
            return None
        if not block.known:
            if any(server.directive.conditional for server in block.servers):
                return f'a template chooses the servers of upstream "{_printable(block.name)}"'
            return f'the servers of upstream "{_printable(block.name)}" are chosen elsewhere'
        return reason


def _without_address(peer: Peer) -> str:
    """Why the address of a server is not known."""
    for arg in peer.directive.args:
        for symbol in symbols_in(arg):
            return symbol.why
    name = _printable(peer.directive.args[0])
    if service_of(peer.directive) is None:
        return f"{name} is not an address"
    return f"the DNS server says where the service of {name} is"


def _asks_for_host(value: str) -> bool:
    """Whether the host of a value is not known (its port or a socket's path is no host)."""
    _, rest = split_scheme(authority(value))
    return rest[:5].lower() != "unix:" and UNKNOWN in rest.partition(":")[0]


def _printable(text: str) -> str:
    """A value on one line of limited length, with "…" for what is not known."""
    shown = text.replace(UNKNOWN, "…")
    return shown if len(shown) <= 80 else f"{shown[:79]}…"


def _labels(context: Context) -> tuple[str, str]:
    """The server's and the location's name for reports."""
    server = context.enclosing("server")
    name = ""
    if server is not None:
        directive = "listen" if server.enclosing("stream") is not None else "server_name"
        lines = server.by_name.get(directive) or server.uncertain.get(directive)
        if lines and lines[0].args:
            name = written(lines[0].args[0])
    location = context.enclosing("location")
    return name, " ".join(map(written, location.args)) if location is not None else ""
