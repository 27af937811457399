"""Requests that go round through nginx itself."""

from __future__ import annotations

import re

from msgspec.structs import replace

from lint502.behaviour.loops import Loop, loops
from lint502.lab.behind import Planned, routes
from lint502.lab.demonstrations.case import CannotShowError, Case, Experiment
from lint502.lab.demonstrations.usual import once, usual_script
from lint502.lab.plan import LISTEN, plan
from lint502.nginx.addresses import Address
from lint502.patterns import regex

_TLS = regex(r"\b(proxy_pass \"?http)s://|\bproxy_ssl on;")


def circle(case: Case) -> Experiment:
    """The usual request, at the first pass of its circle; the servers listen on unix sockets but
    for the first one. Where a pass goes round in none, as it is."""
    found = (loop for loop in loops(case.site) if any(s.hop is case.hop for s in loop.steps))
    loop = next(found, None)
    if loop is None:
        return once(case)
    first = next(index for index, step in enumerate(loop.steps) if step.hop is case.hop)
    loop = replace(loop, steps=(*loop.steps[first:], *loop.steps[:first]))
    texts = [_text(case, loop, index) for index in range(len(loop.steps))]
    if len(loop.steps) % 2 == 0 and case.hop.kind != "stream":
        # of an even number of connections the last one is that to the upstream
        texts.append(f"    server {{\n        listen {_at(len(texts)).mark};\n    }}\n")
    made = plan(case.route, case.version, case.failing)
    others = tuple(_at(index) for index in range(1, len(texts)))
    servers = tuple(replace(server, itself=True, name="") for server in made.servers)
    text = "".join(texts)
    conditions: tuple[str, ...] = ()
    if _TLS.search(text):
        text = _TLS.sub(lambda match: f"{match[1]}://" if match[1] else "", text)
        conditions = ("without TLS",)
    stream = case.hop.kind == "stream"
    made = replace(
        made,
        http="" if stream else text,
        stream=text if stream else "",
        servers=(*servers, *others),
        conditions=(),
    )
    return Experiment(made, usual_script(case), conditions=conditions)


def _text(case: Case, loop: Loop, index: int) -> str:
    """The server of one step, which passes on to the next."""
    step = loop.steps[index]
    there = routes(step.hop, case.site.pairs[step.hop.id])
    if len(there) != 1:
        raise CannotShowError("its passes lead to several places")
    made = plan(there[0], case.version, ())
    after = (index + 1) % len(loop.steps)
    text = (made.stream or made.http).replace(LISTEN, _mark(index))
    for target in step.hop.targets:
        text = re.sub(rf"@{re.escape(str(target.address))}@:?(?=[;\s])", _mark(after), text)
    return text


def _mark(index: int) -> str:
    """What stands for the address of a server of the circle."""
    return LISTEN if index == 0 else _at(index).mark


def _at(index: int) -> Planned:
    """The socket of a server of the circle."""
    return Planned(Address(socket=f"/circle/{index}"), None, failing=False)
