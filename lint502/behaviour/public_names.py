"""Servers of the public internet, by their names, and what nginx says to them in the handshake.

Many share an address with others, at a CDN or a load balancer, and are told apart by the name that
the client asks for (RFC 6066, 3).
"""

from __future__ import annotations

import re

from lint502.behaviour.resolving import is_private
from lint502.behaviour.tls import asked, sends_name
from lint502.behaviour.tls_failures import Unnamed
from lint502.nginx.addresses import literal_ip, split_scheme
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.pass_values import authority
from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.tree import Context, once_a_context
from lint502.pairing import Pair
from lint502.patterns import regex

_TOP_LEVEL = frozenset(
    ("com", "net", "org", "info", "biz", "edu", "gov", "mil", "int", "app", "dev", "cloud", "site",
     "online", "tech", "store", "shop", "xyz", "top", "live", "run", "page", "digital", "network",
     "systems", "services", "host", "website", "space", "world", "global", "agency", "studio",
     "design", "software", "solutions", "company", "email", "media", "news", "blog", "games",
     "health", "finance", "bank", "social", "click", "link", "pro", "name", "mobi", "asia")
)  # fmt: skip
"""Some of the domains at the top, besides those of countries, of two letters. Of others it is not
known here whether they are public (https://data.iana.org/TLD/tlds-alpha-by-domain.txt)."""

_VARIABLE = regex(r"\$\{?(\w+)", re.ASCII)
_OF_THE_REQUEST = regex(
    r"(?:http_)?host|ssl_server_name|ssl_preread_server_name|(?:arg|cookie|http)_\w+|\d", re.ASCII
)
_CAPTURE = regex(r"\(\?P?<(\w+)>", re.ASCII)
_HTTPS = ("https", "grpcs")
_WITH_HTTPS = ("proxy", "grpc")
"""Servers of other protocols, as of mail, seldom share an address."""


def is_public(host: str) -> bool:
    """Whether a host has a name below a domain that everybody can look up."""
    name = host.lower().rstrip(".")
    if "." not in name or literal_ip(name) is not None or is_private(name):
        return False
    last = name.rpartition(".")[2]
    return last in _TOP_LEVEL or (len(last) == 2 and last.isalpha())


def unnamed_in_public(pair: Pair) -> Unnamed | None:
    """Why a public server, of which nothing is declared, does not get its name."""
    target = pair.target
    if not pair.undeclared or not target.tls:
        return None
    if pair.hop.kind not in _WITH_HTTPS:
        return None
    sends = sends_name(pair.hop)
    if sends is None or not is_public(target.address.host):
        return None
    if not sends.value:
        clause = sends.described("sends none")
        return Unnamed(clause, sends.directive, certain=False, always=True)
    found = asked(pair)
    if found is None or found.directive is not None or target.block is None:
        return None
    if any(map(is_public, found.names)):
        return None
    clause = f'sends "{found.names[0]}", which is the name of the upstream block'
    return Unnamed(clause, None, certain=False, always=True, names=found.names)


def unnamed_on_request(hop: Hop) -> Unnamed | None:
    """Why a server that the request chooses does not get its name."""
    if not hop.unknown_host or hop.kind not in _WITH_HTTPS:
        return None
    sends = sends_name(hop)
    if sends is None or sends.value:
        return None
    texts = hop.variables.expand(hop.value, hop.context) or ()
    if not any(_may_be_public(text.text) for text in texts) or not _is_chosen_by_request(hop):
        return None
    return Unnamed(sends.described("sends none"), sends.directive, certain=False, always=True)


def _may_be_public(value: str) -> bool:
    """Whether a value leads to a host that is not known, in TLS."""
    scheme, rest = split_scheme(authority(value))
    host = rest.partition(":")[0]
    if UNKNOWN not in host or scheme not in _HTTPS:
        return False
    known = host.rpartition(UNKNOWN)[2]
    return not known or is_public(f"host{known}")


def _is_chosen_by_request(hop: Hop) -> bool:
    """Whether a variable of the host holds something of the request."""
    area = hop.context.enclosing("http")
    levels = [_given(level) for level in hop.context.up()]
    mapped = _mapped(area) if area is not None else {}
    wanted, seen = _names(authority(hop.value)), set[str]()
    while wanted:
        name = wanted.pop()
        if _OF_THE_REQUEST.fullmatch(name) or any(name in captured for _, captured in levels):
            return True
        if name not in seen:
            seen.add(name)
            for given, _ in levels:
                wanted |= given.get(name, set())
            wanted |= mapped.get(name, set())
    return False


@once_a_context
def _given(level: Context) -> tuple[dict[str, set[str]], set[str]]:
    """The variables in the values of those that ``set`` lines of a level set, and the captures."""
    given: dict[str, set[str]] = {}
    captured = {name for arg in level.args for name in _CAPTURE.findall(arg)}
    for line in (*level.by_name.get("set", ()), *level.by_name.get("server_name", ())):
        if line.name == "set" and len(line.args) == 2:
            given.setdefault(line.args[0].lstrip("$"), set()).update(_names(line.args[1]))
        else:
            captured.update(name for arg in line.args for name in _CAPTURE.findall(arg))
    return given, captured


@once_a_context
def _mapped(area: Context) -> dict[str, set[str]]:
    """The variables in the values of each ``map``, by its own."""
    found: dict[str, set[str]] = {}
    for block in area.children:
        if block.name == "map" and len(block.args) > 1:
            names = found.setdefault(block.args[1].lstrip("$"), set())
            for item in block.items:
                if isinstance(item, Directive) and item.args:
                    names |= _names(item.args[0])
    return found


def _names(text: str) -> set[str]:
    return set(_VARIABLE.findall(text))
