"""Addresses that nginx refuses when it reads its configuration: it does not start with them.

Source: ``ngx_parse_url()`` in ``src/core/ngx_inet.c``, ``ngx_http_upstream_add()`` in
``src/http/ngx_http_upstream.c`` and its like in the stream module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from lint502.findings import Problem
from lint502.nginx.addresses import literal_ip, parse_address
from lint502.nginx.includes import MAX_REFUSED
from lint502.nginx.parse import Directive
from lint502.nginx.pass_values import Kind, without_scheme
from lint502.nginx.passes import Pass, is_literal, passes
from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.tree import Context, Tree
from lint502.reading import shown


def refused_addresses(tree: Tree) -> Iterator[Problem]:
    """The lines with an address that nginx refuses, and what it says to them; the first few."""
    areas = (child for child in tree.main.children if child.name in ("http", "stream"))
    found = (problem for area in areas for problem in _in_area(area))
    return islice(dict.fromkeys(found), MAX_REFUSED)


def _in_area(area: Context) -> Iterator[Problem]:
    blocks = {
        child.args[0].lower(): child
        for child in area.children
        if child.name == "upstream" and child.args
    }
    open_ = any(UNKNOWN in name or block.conditional for name, block in blocks.items())
    unseen = area.partial or bool(area.unseen) or open_
    ports = _Ports(passes(area), blocks, unseen=unseen)
    for one in passes(area):
        said = ports.refusal(one)
        if said is not None:
            yield _problem(one.directive, said)
    for block in blocks.values():
        for line in block.by_name.get("server", ()):
            if line.args and is_literal(line.args[0]):
                said = _refusal_of_server(line.args, stream=area.name == "stream")
                if said is not None:
                    yield _problem(line, said)


class _Ports:
    """Tells which addresses of passes nginx refuses; what has no port may have that of another
    pass to the same host."""

    def __init__(
        self,
        passes_: Sequence[Pass],
        blocks: Mapping[str, Context],
        *,
        unseen: bool,
    ) -> None:
        self._blocks = blocks
        self._unseen = unseen
        self._lent = {
            one.url.address.host
            for one in passes_
            if one.url is not None and one.url.address.port is not None
        }

    def refusal(self, one: Pass) -> str | None:
        """What nginx says to the address of a pass; None where it takes it, or a variable says
        it."""
        value, kind = one.directive.args[0], one.kind
        if one.url is None:
            return None if one.refusal is None else _refusal_of(kind, value, one.refusal)
        address = one.url.address
        if address.socket is not None:
            return None
        if address.port_written:
            block = self._blocks.get(address.host)
            if block is None or block.conditional:
                return None
            name = without_scheme(kind, value)[: len(address.host)]
            return f'upstream "{shown(name)}" may not have port {address.port}'
        if address.port is not None or address.host in self._blocks or self._unseen:
            return None
        if address.host in self._lent:
            return None
        return f"no port in {_named(without_scheme(kind, value))}"


def _refusal_of(kind: Kind, value: str, said: str) -> str:
    """What nginx says to the value of a pass that it does not take."""
    return said if "URL prefix" in said else f"{said} in {_named(without_scheme(kind, value))}"


def _refusal_of_server(args: Sequence[str], *, stream: bool) -> str | None:
    """What nginx says to the address of a ``server`` in an ``upstream {}``, which has no port where
    ``service=`` asks the DNS server for that (``ngx_http_upstream_server()``)."""
    value = args[0]
    asks = any(arg.startswith("service=") for arg in args[1:])
    if asks and "resolve" not in args[1:]:
        return f'service {_named(value)} requires "resolve" parameter'
    try:
        address, _ = parse_address(value, None if stream else 80, uri=False)
    except ValueError as error:
        return f"{error} in {_named(value)}"
    if asks and address.port_written:
        return f"service {_named(value)} may not have port"
    if asks and (address.socket is not None or literal_ip(address.host) is not None):
        return f"service {_named(value)} requires domain name"
    if not asks and address.socket is None and address.port is None:
        return f"no port in {_named(value)}"
    return None


def _named(value: str) -> str:
    return f'upstream "{shown(value)}"'


def _problem(directive: Directive, said: str) -> Problem:
    place = directive.arg_place(0)
    return Problem(place.file, place.line, f"nginx would not start: {said}", place.column)
