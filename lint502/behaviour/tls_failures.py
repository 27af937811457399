"""Why a TLS handshake with an upstream fails, where it does: before anything else can go wrong.

The order is that of OpenSSL and of ``ngx_http_upstream_ssl_handshake()``: the version, the name
that is asked for (SNI), a certificate that is wanted (up to TLS 1.2), then what nginx verifies.
"""

from __future__ import annotations

from msgspec import Struct

from lint502.behaviour.refusals import refusal
from lint502.behaviour.tls import (
    Unfit,
    can_be_sent,
    commands,
    family,
    has_name,
    sends_name,
    speaks_tls,
    unfit,
    verifies,
)
from lint502.behaviour.tls_versions import protocols
from lint502.nginx.addresses import literal_ip
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.scope import Value
from lint502.nginx.version import Version
from lint502.pairing import Pair
from lint502.wording import listed, server_of

OLD = frozenset(("SSLv2", "SSLv3", "TLSv1", "TLSv1.1"))
"""OpenSSL 3 signs nothing of these at its default security level (its CHANGES, 3.0)."""

_WITH_OPENSSL_3 = Version(1, 21, 2)
"""From here on nginx may be built with it (CHANGES, 1.21.2)."""


class Unnamed(Struct, frozen=True):
    """What is wrong, as a clause after "nginx"; ``certain`` is False for a name that the upstream
    may know. ``names`` are those that are at fault, none where nginx sends none at all."""

    clause: str
    line: Directive | None
    certain: bool
    always: bool
    names: tuple[str, ...] = ()


def without_version(pair: Pair) -> bool | None:
    """Whether nginx and a listener lack a version of TLS in common. True: they have none; False:
    only what OpenSSL 3 refuses; None: they fit, or it is not known."""
    if pair.meant is None or pair.meant.tls_versions is None or not speaks_tls(pair):
        return None
    accepted, offered = pair.meant.tls_versions, protocols(pair.hop)
    if offered is None:
        return None
    common = offered.value.intersection(accepted.value)
    if not common:
        return True
    return False if common <= OLD and _is_refused_by_openssl_3(pair.hop) else None


def _is_refused_by_openssl_3(hop: Hop) -> bool:
    ciphers = hop.scope.word(f"{family(hop)}_ssl_ciphers")
    return (
        hop.scope.version >= _WITH_OPENSSL_3
        and ciphers is not None
        and "@SECLEVEL=0" not in ciphers.value.upper()
        and commands(hop, "cipherstring") is False
    )


def unnamed(pair: Pair) -> Unnamed | None:
    """Why the listener does not get a name that it knows; None where it does, or where it is not
    known."""
    listener = pair.meant
    if listener is None or not speaks_tls(pair):
        return None
    sends = sends_name(pair.hop)
    if listener.tls_sni is None or listener.tls_sni.value != "required" or sends is None:
        return None
    if not sends.value:
        clause = sends.described("sends none")
        return Unnamed(clause, sends.directive, certain=True, always=True)
    found = unfit(pair, can_be_sent)
    if found is not None:
        why = "an empty name" if found.names == ("",) else f"an address, as {found.names[0]} is,"
        line = found.asked.directive
        return Unnamed(f"cannot send {why} as one", line, True, found.always, found.names)
    if listener.tls_names is None or verifies(pair.hop) is not False:
        return None  # what is verified and does not fit, tls-name-mismatch tells of
    known = listener.tls_names.value
    found = unfit(pair, lambda name: has_name(known, name))
    return None if found is None else _unknown(found, known)


def _unknown(found: Unfit, known: tuple[str, ...]) -> Unnamed:
    named = listed(f'"{name}"' for name in found.names)
    clause = f"sends {named}, where its certificate has {listed(known)}"
    return Unnamed(clause, found.asked.directive, False, found.always, found.names)


def misnamed(pair: Pair) -> Unfit | None:
    """The names that nginx verifies and that the listener's certificate does not have: of one
    whose names are not known, addresses."""
    listener = pair.meant
    if listener is None or not speaks_tls(pair) or not verifies(pair.hop):
        return None
    names = listener.tls_names

    def fits(name: str) -> bool:
        if name.startswith("."):
            return True  # OpenSSL takes it for any name below it
        if names is None:
            return not is_address(name)
        return has_name(names.value, name)

    return unfit(pair, fits)


def is_address(name: str) -> bool:
    """Whether a name that is asked for is an address, in brackets or without."""
    return literal_ip(name.strip("[]")) is not None


def too_small(pair: Pair) -> Value[int] | None:
    """The depth in effect, where the listener's chain is longer."""
    listener = pair.meant
    if listener is None or listener.tls_chain_depth is None or not speaks_tls(pair):
        return None
    if not verifies(pair.hop):
        return None
    depth = pair.hop.scope.number(f"{family(pair.hop)}_ssl_verify_depth")
    if depth is None or listener.tls_chain_depth.value <= depth.value:
        return None
    return depth


def sends_header(hop: Hop) -> bool | None:
    """Whether nginx sends the header: only ``stream`` can. None where it is not known."""
    if hop.kind != "stream":
        return False
    word = hop.scope.word("proxy_protocol")
    return None if word is None else word.value.lower() != "off"


def missing_header(pair: Pair) -> bool | None:
    """True: the listener waits for a header in vain; False: it gets one too many; None: neither,
    or it is not known."""
    listener = pair.meant
    expects = listener.proxy_protocol if listener is not None else None
    sends = sends_header(pair.hop)
    if expects is None or sends is None or expects.value is sends or pair.hop.datagrams:
        return None
    return expects.value


def answers_400(pair: Pair) -> bool:
    """Whether the server behind a target answers a client without a certificate, in HTTP."""
    listener = pair.meant
    return listener is not None and refusal("no-certificate", server_of(listener)) is not None
