"""The ``Host`` that a request to an upstream has, and whether the upstream serves it.

By default it is ``$proxy_host``: the name of the ``upstream{}`` block, or the host of the pass
(https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header); gRPC has it too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from lint502.nginx.addresses import Address
from lint502.nginx.hops import Hop, Target
from lint502.nginx.parse import Directive
from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.tree import Context, once_a_context
from lint502.pairing import Pair
from lint502.patterns import regex

_OF_THE_CLIENT = regex(r"\$(?:(?:http_)?host\b|\{(?:http_)?host\})", re.ASCII)
_OF_THE_PASS = regex(r"\$(?:proxy_host\b|\{proxy_host\})", re.ASCII)


class SentHosts(Struct, frozen=True):
    """The hosts of the requests at a hop, in lower case and without a port; ``line`` is the one
    that sets them, None for the default."""

    hosts: tuple[str, ...]
    line: Directive | None


def sent_hosts(pair: Pair) -> SentHosts | None:
    """All hosts that nginx may send to a target; None where they are not known."""
    hop = pair.hop
    if hop.kind not in ("proxy", "grpc"):
        return None
    setting = hop.scope.setting(f"{hop.kind}_set_header")
    if setting is None or not setting.complete:
        return None
    lines = setting.directives_named("Host")
    if len(lines) > 1 or any(len(line.args) != 2 for line in lines):
        return None
    text = lines[0].args[1] if lines else "$proxy_host"
    server = hop.context.enclosing("server")
    if server is not None and _OF_THE_CLIENT.fullmatch(text):
        names = _server_hosts(server)
        return SentHosts(names, lines[0] if lines else None) if names else None
    templates: Iterable[str] = (_OF_THE_PASS.sub(lambda _: _proxy_host(pair.target), text),)
    if _OF_THE_CLIENT.search(text):
        templates = [_OF_THE_CLIENT.sub(name, text) for name in _server_names(hop)]
    found: dict[str, None] = {}
    for template in templates:
        host = template if template.startswith("[") else template.partition(":")[0]
        texts = hop.variables.expand(host, hop.context)
        if texts is None or any(UNKNOWN in one.text or not one.text for one in texts):
            return None
        found.update(dict.fromkeys(one.text.lower() for one in texts))
    return SentHosts(tuple(found), lines[0] if lines else None) if found else None


class Served:
    """The hosts that an upstream serves; ``*.example.com`` and ``.example.com`` stand for those
    below, ``*`` for any."""

    def __init__(self, virtual_hosts: Iterable[str]) -> None:
        names = [name.lower().partition(":")[0] for name in virtual_hosts]
        self._any = "*" in names
        self._exact = {name.removeprefix(".") for name in names if not name.startswith("*")}
        self._above = {name.removeprefix("*") for name in names if name.startswith(("*.", "."))}

    def __contains__(self, host: str) -> bool:
        """Whether a host, in lower case and without a port, is served."""
        if self._any or host in self._exact:
            return True
        labels = host.split(".")
        return any(f".{'.'.join(labels[at:])}" in self._above for at in range(1, len(labels)))


def _proxy_host(target: Target) -> str:
    if target.block is not None:
        return target.block.context.args[0]
    address = target.address
    return "localhost" if address.socket is not None else str(Address(address.host))


@once_a_context
def _server_hosts(server: Context) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_names_of(server)))


def _server_names(hop: Hop) -> list[str]:
    """The names by which clients ask for the server of a hop; none where they are not all known."""
    server = hop.context.enclosing("server")
    return [] if server is None else _names_of(server)


@once_a_context
def _names_of(server: Context) -> list[str]:
    names = [
        str(name).lower() for line in server.by_name.get("server_name", ()) for name in line.args
    ]
    if server.uncertain_of("server_name") or any(
        not re.fullmatch(r"[\w.-]+", one) for one in names
    ):
        return []
    return [] if "_" in names else names
