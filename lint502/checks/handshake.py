"""What nginx does in the TLS handshake with an upstream: versions, name, certificates.

Source: ``ngx_http_upstream_ssl_init_connection()`` and ``ngx_http_upstream_ssl_name()`` in
``src/http/ngx_http_upstream.c``, and their like in ``src/stream/ngx_stream_proxy_module.c``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from lint502.checks.failover import Exposure, failing
from lint502.checks.site import Site
from lint502.checks.wording import declared
from lint502.findings import Finding, Fix
from lint502.nginx.addresses import literal_ip
from lint502.nginx.hops import Hop
from lint502.nginx.scope import Value
from lint502.nginx.variables import UNKNOWN
from lint502.pairing import Pair
from lint502.places import Place
from lint502.spec.listeners import Fact, Listener

T = TypeVar("T")

_BOUNDS = frozenset(("MinProtocol", "MaxProtocol", "Protocol"))
"""The commands of ``*_ssl_conf_command`` that choose versions too."""


def family(hop: Hop) -> str:
    """The prefix of a hop's directives, such as ``proxy_ssl``."""
    return "proxy_ssl" if hop.kind == "stream" else f"{hop.kind}_ssl"


def speaks_tls(pair: Pair) -> bool:
    """Whether both sides speak TLS, so that there is a handshake at all."""
    listener = pair.listener
    return bool(pair.target.tls and listener is not None and listener.tls and listener.tls.value)


def protocols(hop: Hop) -> Value[frozenset[str]] | None:
    """The versions that nginx offers; None where they are not known."""
    commands = hop.scope.setting(f"{family(hop)}_conf_command")
    if commands is None or not commands.complete:
        return None
    if any(line and line[0] in _BOUNDS for line in commands.lines):
        return None
    return hop.scope.words(f"{family(hop)}_protocols")


def verifies(hop: Hop) -> bool:
    """Whether nginx certainly verifies the certificate of the upstream."""
    flag = hop.scope.flag(f"{family(hop)}_verify")
    return flag is not None and flag.value


def asked_names(pair: Pair) -> tuple[str, ...] | None:
    """The names that nginx asks for and compares the certificate with, without a port; None where
    they are not known. Without ``*_ssl_name``: the name of the block, else the host."""
    hop, target = pair.hop, pair.target
    setting = hop.scope.setting(f"{family(hop)}_name")
    if setting is None:
        return None
    if setting.origin == "default":
        if target.address.socket is not None and target.block is None:
            return ("localhost",)
        return (_without_port(target.name),)
    texts = hop.variables.expand(setting.value, hop.context)
    if texts is None or any(UNKNOWN in text.text for text in texts):
        return (_without_port(target.name),) if setting.value == "$proxy_host" else None
    return tuple(dict.fromkeys(_without_port(text.text) for text in texts))


def sends_name(pair: Pair) -> bool | None:
    """Whether nginx says in the handshake which name it wants; never for an IP address."""
    flag = pair.hop.scope.flag(f"{family(pair.hop)}_server_name")
    if flag is None:
        return None
    if not flag.value:
        return False
    names = asked_names(pair)
    if names is None:
        return None
    return not all(not name or literal_ip(name.strip("[]")) is not None for name in names)


def covers(pattern: str, name: str) -> bool:
    """Whether a name of a certificate covers another one: ``*.`` stands for one label.

    Source: X509_check_host(3), RFC 6125.
    """
    pattern, name = pattern.lower().rstrip("."), name.lower().rstrip(".")
    if pattern.startswith("*."):
        label, _, rest = name.partition(".")
        return bool(label) and rest == pattern[2:]
    return pattern == name


def _without_port(name: str) -> str:
    if name.startswith("["):
        return name.partition("]")[0] + "]"
    host, colon, port = name.rpartition(":")
    return host if colon and port.isdecimal() and ":" not in host else name


def line_of(pair: Pair, suffix: str, note: str) -> Place:
    """The line of a hop's ``*_ssl_SUFFIX``, where it is written; else its pass directive."""
    setting = pair.hop.scope.setting(f"{family(pair.hop)}_{suffix}")
    if setting is not None and setting.directives:
        return setting.directives[-1].place(note)
    return pair.hop.directive.place(note)


def refused(
    site: Site,
    rule: str,
    fails: Callable[[Pair], bool],
    told: Callable[[Pair, Listener], tuple[str, Place, Fact[T], str, Fix | None]],
    log: str,
) -> Iterator[Finding]:
    """A finding for each target with which the handshake fails.

    ``told`` gives the message, the place, the fact that it contradicts with a note on it, and a
    fix.
    """
    for pair, exposure in failing(site, lambda pair: speaks_tls(pair) and fails(pair), "connect"):
        assert pair.listener is not None, "it speaks TLS"
        message, place, fact, note, fix = told(pair, pair.listener)
        yield _finding(rule, pair, exposure, message, place, declared(fact, note), fix, log)


def _finding(
    rule: str,
    pair: Pair,
    exposure: Exposure,
    message: str,
    place: Place,
    related: Place,
    fix: Fix | None,
    log: str,
) -> Finding:
    assert pair.listener is not None, "it speaks TLS"
    return Finding(
        rule=rule,
        severity=exposure.severity,
        status=502,
        frequency=exposure.frequency,
        message=message + (f"; {exposure.hint}" if exposure.hint else ""),
        place=place,
        related=(related,),
        hops=(pair.hop.id,),
        upstream=pair.listener.upstream,
        log=log,
        fix=fix,
    )
