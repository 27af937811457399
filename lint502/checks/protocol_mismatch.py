"""protocol-mismatch: nginx speaks one protocol, the upstream another."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lint502.behaviour.passes import apart, fitting_pass
from lint502.behaviour.protocol_outcomes import Consequence, consequence, fits
from lint502.declared.listeners import Listener
from lint502.disagreements import Disagreement
from lint502.findings import Fix
from lint502.nginx import error_log
from lint502.nginx.addresses import split_scheme
from lint502.nginx.hops import Hop
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import by_profile, declared, nothing_listens

_SPOKEN = {
    "proxy": "HTTP",
    "fastcgi": "FastCGI",
    "uwsgi": "the uwsgi protocol",
    "scgi": "SCGI",
    "grpc": "gRPC (HTTP/2)",
    "memcached": "the memcached protocol",
    "stream": "TCP",
}
_NAMES = {
    "http": "HTTP",
    "grpc": "gRPC (HTTP/2)",
    "fastcgi": "FastCGI",
    "uwsgi": "the uwsgi protocol",
    "scgi": "SCGI",
    "memcached": "the memcached protocol",
    "tcp": "a protocol of its own over TCP",
    "udp": "UDP",
}


def check(site: Site) -> Iterator[Disagreement]:
    """One for each hop that speaks another protocol than a listener it reaches."""
    well = {
        pair.hop.directive
        for pair in site.each_pair()
        if pair.meant is not None and pair.meant.protocol is not None and _outcome(pair) is None
    }
    for pair in site.each_pair():
        outcome, listener, hop = _outcome(pair), pair.meant, pair.hop
        if outcome is None or listener is None or listener.protocol is None:
            continue
        protocol = listener.protocol.value
        message = (
            f"{hop.directive.name} speaks {_SPOKEN[hop.kind]}, but {listener.upstream} speaks "
            f"{_NAMES[protocol]}{by_profile(listener.protocol)}"
        )
        if outcome.clause:
            message += f": {outcome.clause}"
        yield RULE.disagreement(
            pair,
            "send",
            status=outcome.status,
            message=message,
            place=hop.directive.place(f"nginx speaks {_SPOKEN[hop.kind]}"),
            related=(
                declared(listener.protocol, f"{listener.upstream} speaks {_NAMES[protocol]}"),
            ),
            log=outcome.log,
            fix=Fix(apart(pair, _SPOKEN[hop.kind]))
            if hop.directive in well
            else _fix(hop, listener),
        )


def _fix(hop: Hop, listener: Listener) -> Fix:
    """The directive that speaks what the upstream speaks."""
    assert listener.protocol is not None, "that is what differs"
    fitting = fitting_pass(hop, listener)
    if fitting is not None:
        return Fix(f"{fitting} in the place of {hop.directive.name}")
    if hop.kind != "stream":
        udp = " udp" if listener.protocol.value == "udp" else ""
        address = re.split(r"[/?]", split_scheme(hop.value)[1], maxsplit=1)[0]
        return Fix(
            f"a server in stream {{}} with listen PORT{udp}; and proxy_pass {address}; for no pass "
            f"in http speaks {_NAMES[listener.protocol.value]}"
        )
    server = hop.context.enclosing("server")
    listen = server.by_name["listen"][0].args if server is not None else ("PORT",)
    words = [word for word in listen if word != "udp"]
    if listener.protocol.value == "udp":
        words.append("udp")
    return Fix(f"listen {' '.join(words)};")


def _outcome(pair: Pair) -> Consequence | None:
    """What nginx answers for a pair; None where the protocols fit, or are not known."""
    listener, hop = pair.meant, pair.hop
    if listener is None or listener.protocol is None:
        return None
    protocol = listener.protocol.value
    if hop.kind == "stream":
        return _stream_outcome(hop, protocol)
    if protocol == "udp":
        return Consequence(*nothing_listens(datagrams=False))
    if fits(hop, listener):
        return None
    if protocol == "tcp":
        return Consequence(502, error_log.line("closed-early"))
    return consequence(pair)


def _stream_outcome(hop: Hop, protocol: str) -> Consequence | None:
    """stream passes bytes on, so only the transport has to fit."""
    server = hop.context.enclosing("server")
    listens = server.by_name.get("listen", []) if server is not None else []
    if not listens or (server is not None and server.uncertain_of("listen")):
        return None
    datagrams = {"udp" in line.args for line in listens}
    if datagrams == {protocol == "udp"} or len(datagrams) == 2:
        return None
    if protocol == "udp":
        return Consequence(*nothing_listens(datagrams=False))
    return Consequence(*nothing_listens(datagrams=True))


RULE = Rule("protocol-mismatch", check, "protocols.wrong_protocol")
