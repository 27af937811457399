"""What a server does with the wrong protocol, as it was measured with the real one."""

from __future__ import annotations

from msgspec.structs import replace

from lint502.behaviour.protocol_outcomes import measured
from lint502.behaviour.protocol_table import GARBAGE, Ending, Outcome
from lint502.behaviour.refusals import refusal
from lint502.declared.listeners import Listener
from lint502.lab.standins import Reaction
from lint502.nginx import error_log
from lint502.nginx.version import Version
from lint502.pairing import Pair
from lint502.patterns import regex
from lint502.wording import server_of

_DECODE_ERROR = 50
"""The alert of a server with TLS to what is none (RFC 8446, 6.2)."""

_LAST = 0.05
"""Seconds by which a server is later than nginx, where both give up after the same time."""

_BY_MESSAGE: dict[tuple[str, str | None], Reaction] = {
    ("handshake-timed-out", None): Reaction("wait"),
    ("response-timed-out", None): Reaction("wait"),
    ("reset-early", None): Reaction("reset"),
    ("closed-early", None): Reaction("close"),
    ("handshake-closed", None): Reaction("close"),
    ("memcached-invalid-response", None): Reaction("answer"),
    ("wrong-version-number", None): Reaction("answer"),
    # "HTTP" read as a FastCGI record, and as a frame of HTTP/2
    ("fastcgi-unsupported-version", "72"): Reaction("answer"),
    ("http2-frame-too-large", "4740180"): Reaction("answer"),
    # the same of "<!D"
    ("fastcgi-unsupported-version", "60"): Reaction("page"),
    ("http2-frame-too-large", "3940676"): Reaction("page"),
    # the same of an alert, which is no header either
    ("fastcgi-unsupported-version", "21"): Reaction("alert", _DECODE_ERROR),
    ("http2-frame-too-large", "1377027"): Reaction("alert", _DECODE_ERROR),
    ("invalid-header", None): Reaction("alert", _DECODE_ERROR),
}
"""What a server has done, by what nginx says of it: the message, and the number in it."""

_ALERT = regex(r".*SSL alert number (\d+)")


def reaction(pair: Pair, version: Version, factor: float) -> tuple[Reaction | None, str]:
    """What the server of a pair does when nginx does not speak as it does, with a clause that says
    where that is known from; None where it does what any server would.

    Times are seconds, divided by ``factor``.
    """
    listener = pair.listener
    if listener is None:
        return None, ""
    name = server_of(listener)
    documented = refusal("http-1-0", name)
    agree = pair.target.tls == _speaks_tls(listener)
    if documented is not None and documented.status is not None and agree:
        answer = Reaction("answer", documented.status)
        return answer, f"the upstream does what {name} is documented to do"
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
    if ending.later is not None and ending.seconds is not None:
        found = _to(ending.later, tls=tls)
        after = ending.seconds / factor + _LAST
        return None if found is None else replace(found, after=after)
    return _to(ending.outcome, tls=tls)


def _to(outcome: Outcome, *, tls: bool) -> Reaction | None:
    """What a server does, by what nginx makes of it."""
    if outcome.status == GARBAGE:  # of a server with TLS an alert, else frames of HTTP/2
        return Reaction("alert", _DECODE_ERROR) if tls else None
    if not outcome.log:
        return Reaction("answer", outcome.status)
    alert = _ALERT.match(outcome.log)
    if alert is not None:
        return Reaction("refuse", int(alert[1]))
    said = error_log.find(outcome.log)
    return None if said is None else _BY_MESSAGE.get((said.message.name, said.fields.get("number")))
