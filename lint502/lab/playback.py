"""What a server does with the wrong protocol, as it was measured with the real one."""

from __future__ import annotations

import re

from lint502.checks.consequences import measured
from lint502.checks.protocols import GARBAGE, Ending
from lint502.checks.wording import server_of
from lint502.lab.declared import Reaction
from lint502.nginx.version import Version
from lint502.pairing import Pair
from lint502.spec.listeners import Listener

_DOCUMENTED = {"envoy": Reaction("answer", 426)}
"""Servers that no package brings, and that say what they do with HTTP/1.0."""

_BY_LOG: tuple[tuple[str, Reaction], ...] = (
    (r"upstream timed out", Reaction("wait")),
    (r"recv\(\) failed \(104", Reaction("reset")),
    (r"(upstream prematurely|peer) closed connection", Reaction("close")),
    # "HTTP" read as a FastCGI record, a frame of HTTP/2, an answer of memcached, a TLS record
    (r".*(version: 72|frame: 4740180|memcached sent invalid|wrong version)", Reaction("answer")),
    # the same of a TLS alert
    (r".*(version: 21|frame: 1377027|sent invalid header)", Reaction("alert")),
)


def reaction(pair: Pair, version: Version, factor: float) -> tuple[Reaction | None, str]:
    """What the server of a pair does when nginx does not speak as it does, with a clause that says
    where that is known from; None where it does what any server would.

    Times are seconds, divided by ``factor``.
    """
    listener = pair.listener
    if listener is None:
        return None, ""
    name = server_of(listener)
    if name in _DOCUMENTED and pair.target.tls == _speaks_tls(listener):
        return _DOCUMENTED[name], f"the upstream does what {name} is documented to do"
    known = measured(pair, version)
    if known is None:
        return None, ""
    found = _reaction(known.endings[0], factor, tls=_speaks_tls(listener))
    if found is None:
        return None, ""
    whose = "most servers were" if known.typical else f"{name} was"
    return found, f"the upstream does what {whose} measured to do"


def _speaks_tls(listener: Listener) -> bool:
    return listener.tls is not None and listener.tls.value


def _reaction(ending: Ending, factor: float, *, tls: bool) -> Reaction | None:
    outcome = ending.outcome
    if outcome.status == GARBAGE:  # of a server with TLS an alert, else frames of HTTP/2
        return Reaction("alert") if tls else None
    if not outcome.log:
        return Reaction("answer", outcome.status)
    for pattern, found in _BY_LOG:
        if re.match(pattern, outcome.log):
            if found.kind == "wait" and ending.seconds is not None:
                return Reaction("wait", seconds=ending.seconds / factor)
            return found
    return None
