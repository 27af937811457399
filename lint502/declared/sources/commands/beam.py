"""Elixir's Phoenix.

Source: https://hexdocs.pm/phoenix/Phoenix.Endpoint.html, and the ``config/runtime.exs`` that
``mix phx.new`` writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lint502.declared.sources.commands.calls import NOTHING, Call, Result
from lint502.declared.sources.commands.facts import port_fact, speaks
from lint502.declared.sources.commands.hints import hinted
from lint502.declared.sources.commands.words import Word
from lint502.patterns import regex
from lint502.places import Place

_PORT = regex(r"System\.get_env\(\s*\"PORT\"\s*(?:,\s*\"(\d+)\"\s*)?\)(?:\s*\|\|\s*\"(\d+)\")?")


def _mix(call: Call) -> Result | None:
    words = [word.text for word in call.arguments]
    if "phx.server" not in words and "run" not in words:
        return NOTHING
    source = call.first_source("config/runtime.exs", "config/releases.exs", "config/prod.exs")
    match = None if source is None else _PORT.search(source.text)
    if source is None or match is None:
        return Result(("phoenix",), hinted(call), whole=False)
    facts = speaks("http", call.place)
    port = call.variable("PORT")
    other = match[1] or match[2]
    if port is None and other and "prod" in (_stage(call), ""):
        line = source.text.count("\n", 0, match.start()) + 1
        text = source.line(line)
        port = Word(other, Place(source.name, line, 1, len(text) + 1, text))
    return Result(("phoenix",), ({**facts, **port_fact(port)},), whole=False)


def _stage(call: Call) -> str:
    word = call.variable("MIX_ENV")
    return "dev" if word is None else word.text


PROGRAMS: Mapping[str, Callable[[Call], Result | None]] = {"mix": _mix}
