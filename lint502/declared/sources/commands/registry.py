"""The programs that are known: servers, and what runs another program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from lint502.declared.sources.commands import (
    beam,
    dotnet,
    gunicorn,
    java,
    javascript,
    node,
    package_scripts,
    php,
    processes,
    python,
    quiet,
    ruby,
    shells,
    static_sites,
    supervisor,
    uvicorn,
    uwsgi,
    web_servers,
    wrappers,
)
from lint502.declared.sources.commands.calls import Call, Next, Result
from lint502.patterns import regex

Found: TypeAlias = "Call | Next | Result | None"
Handler: TypeAlias = Callable[[Call], Found]

FAMILIES = (
    shells,
    wrappers,
    quiet,
    supervisor,
    processes,
    package_scripts,
    gunicorn,
    uvicorn,
    uwsgi,
    python,
    javascript,
    node,
    php,
    ruby,
    java,
    dotnet,
    beam,
    web_servers,
    static_sites,
)
"""Modules with ``PROGRAMS``: what each program of its kind is, by the name that it is run by."""

_VERSIONED = regex(r"(python|pypy|php-fpm|php|gunicorn|ruby|pip|node)-?\d+(?:\.\d+){0,2}")


def _known() -> Mapping[str, Handler]:
    return {name: handler for family in FAMILIES for name, handler in family.PROGRAMS.items()}


_PROGRAMS = _known()


def look_up(call: Call) -> Found:
    """What a program is; None for one that is not known."""
    name = call.name
    if call.words[0].text.startswith("/etc/init.d/"):
        first = call.words[0]
        call = call.running((first.cut("service"), first.cut(name), *call.arguments))
        name = "service"
    handler = _PROGRAMS.get(name)
    if handler is None and (match := _VERSIONED.fullmatch(name)):
        handler = _PROGRAMS.get(match[1])
    return None if handler is None else handler(call)
