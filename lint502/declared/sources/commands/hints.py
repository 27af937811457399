"""What only suggests where a program listens that cannot be followed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from lint502.declared.listeners import Fact
from lint502.declared.sources.commands.calls import Call
from lint502.declared.sources.commands.facts import bind_fact, default, port_fact, speaks
from lint502.standing import Standing

_NAMES = ("PORT", "APP_PORT", "HTTP_PORT", "SERVER_PORT", "LISTEN_PORT", "WEB_PORT")
"""Variables that by their names are a program's own port, and not that of another one."""

_ROCKET = "https://rocket.rs/guide/v0.5/configuration/"


def hinted(call: Call) -> tuple[Mapping[str, Fact[Any]], ...]:
    """The ports that the variables of a program suggest; those that Rocket alone reads say it."""
    rocket = call.variable("ROCKET_PORT")
    if rocket is not None:
        host = call.variable("ROCKET_ADDRESS")
        facts = speaks("http", rocket.place, "rocket") | port_fact(rocket) | bind_fact(host)
        if host is None:
            facts["bind"] = default(("127.0.0.1",), rocket.place, "Rocket", _ROCKET)
        return (facts,)
    found: dict[int, Mapping[str, Fact[Any]]] = {}
    for name in _NAMES:
        word = call.variables.get(name)
        if word is None:
            continue
        for fact in port_fact(replace(word, standing=Standing.HINTED)).values():
            found.setdefault(fact.value, {"port": fact})
    return tuple(found.values())
