"""What only suggests where a program listens that cannot be followed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lint502.declared.listeners import Fact
from lint502.declared.sources.commands.calls import Call
from lint502.declared.sources.commands.facts import port_fact
from lint502.standing import Standing

_NAMES = ("PORT", "APP_PORT", "HTTP_PORT", "SERVER_PORT", "LISTEN_PORT", "WEB_PORT")
"""Variables that by their names are a program's own port, and not that of another one."""

_DOCUMENTED = {"ROCKET_PORT": "rocket", "UVICORN_PORT": "uvicorn", "GRANIAN_PORT": "granian"}


def hinted(call: Call) -> tuple[Mapping[str, Fact[Any]], ...]:
    """The ports that the variables of a program suggest."""
    found: dict[int, Mapping[str, Fact[Any]]] = {}
    for name in (*_NAMES, *_DOCUMENTED):
        word = call.variables.get(name)
        if word is None:
            continue
        for fact in port_fact(replace(word, standing=Standing.HINTED)).values():
            found.setdefault(fact.value, {"port": fact})
    return tuple(found.values())
