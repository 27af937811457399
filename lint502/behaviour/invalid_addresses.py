"""Values of variables that are no address for a pass: nginx answers 500 where one comes up.

Source: ``ngx_http_proxy_eval()``, ``ngx_http_upstream_init_request()``, and
``ngx_stream_proxy_eval()``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from lint502.nginx import error_log
from lint502.nginx.addresses import parse_address, split_scheme
from lint502.nginx.hops import Hop
from lint502.nginx.known_values import Text
from lint502.nginx.pass_values import authority, parse_pass, without_scheme
from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.tree import Context, once_a_context
from lint502.patterns import regex

_STARTS_WITH_HOST = regex(r"(?:[^$/]*://|\$\{?scheme\}?://)?\$\{?(?:http_)?host\b", re.ASCII)
"""A host of the request, which holds no slash: what follows it is no part of a URI."""

_PORT = regex(r":([^:\]\0]*)\Z")


class Invalid(Struct, frozen=True):
    """A value that nginx does not take: ``problem`` in its words ("invalid port"), ``log`` the line
    that it writes. ``empty``: nothing is left to connect to, as where a variable is not set."""

    text: Text
    problem: str
    log: str
    empty: bool


class InvalidValues(Struct, frozen=True):
    """Those of a hop; ``every`` tells that it has no others."""

    values: tuple[Invalid, ...]
    every: bool


def invalid_values(hop: Hop) -> InvalidValues:
    """The values that the pass of a hop can have and that are no addresses."""
    if hop.unknown is None or "$" not in hop.value:  # all that it can lead to is known
        return InvalidValues((), every=False)
    texts = hop.variables.expand(hop.value, hop.context)
    area = hop.context.enclosing("http", "stream")
    if not texts or area is None:
        return InvalidValues((), every=False)
    known, key = _known(area), (hop.kind, hop.value, id(texts))
    if key not in known:
        known[key] = _among(hop, texts)
    return known[key]


@once_a_context
def _known(area: Context) -> dict[tuple[str, str, int], InvalidValues]:
    """What was found in an ``http {}`` or ``stream {}`` for passes that share their values."""
    return {}


def _among(hop: Hop, texts: Sequence[Text]) -> InvalidValues:
    found = tuple(one for text in texts for one in _invalid(hop, text))
    return InvalidValues(found, every=len(found) == len(texts))


def _invalid(hop: Hop, text: Text) -> Iterator[Invalid]:
    problem = _problem(hop, text.text)
    if problem is not None:
        rest = split_scheme(text.text)[1]
        yield Invalid(text, problem, _log(hop, text.text, problem), rest[:1] in ("", ":", "/", "?"))


def _problem(hop: Hop, value: str) -> str | None:
    if UNKNOWN in authority(value):
        return _problem_of_port(hop, authority(value))
    if hop.kind == "proxy" and not without_scheme(hop.kind, value):
        return "invalid URL prefix"
    try:
        address = parse_pass(hop.kind, value.partition(UNKNOWN)[0]).address
    except ValueError as error:
        return str(error)
    if address.socket is not None or address.port is not None or _may_be_a_block(hop, address.host):
        return None
    return "no port"


def _problem_of_port(hop: Hop, value: str) -> str | None:
    """What nginx says to the port behind a host that the request chooses."""
    port = _PORT.search(value)
    if port is None or not _STARTS_WITH_HOST.match(hop.value):
        return None
    if hop.kind == "proxy" and "://" not in hop.value:
        return None
    try:
        parse_address(f"host:{port[1]}", None, uri=False)
    except ValueError as error:
        return str(error)
    return None


def _may_be_a_block(hop: Hop, name: str) -> bool:
    """Whether a block is called so, or one may be where it was not seen."""
    area = hop.context.enclosing("http", "stream")
    return (
        area is None
        or area.partial
        or bool(area.unseen)
        or any(
            child.name == "upstream" and child.args and child.args[0].lower() == name
            for child in area.children
        )
    )


def _log(hop: Hop, value: str, problem: str) -> str:
    shown = value.replace(UNKNOWN, "…")
    if problem == "invalid URL prefix":
        return error_log.line("invalid-url-prefix", url=shown)
    address = without_scheme(hop.kind, shown)
    if problem == "no port":
        return error_log.line("no-port", host=address)
    return error_log.line("invalid-address", problem=problem, address=address)
