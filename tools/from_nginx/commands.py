"""The directives of a module, by the ``ngx_command_t`` tables of its source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_COMMAND = re.compile(r'\{\s*ngx_string\("([^"]+)"\),\s*((?:NGX_\w+_CONF\w*|NGX_CONF_\w+|[|\s])+),')
CONTEXTS = {
    "NGX_MAIN_CONF": "main",
    "NGX_EVENT_CONF": "events",
    "NGX_HTTP_MAIN_CONF": "http",
    "NGX_HTTP_SRV_CONF": "http.server",
    "NGX_HTTP_LOC_CONF": "http.location",
    "NGX_HTTP_UPS_CONF": "http.upstream",
    "NGX_HTTP_SIF_CONF": "http.server.if",
    "NGX_HTTP_LIF_CONF": "http.location.if",
    "NGX_HTTP_LMT_CONF": "http.limit_except",
    "NGX_STREAM_MAIN_CONF": "stream",
    "NGX_STREAM_SRV_CONF": "stream.server",
    "NGX_STREAM_UPS_CONF": "stream.upstream",
    "NGX_MAIL_MAIN_CONF": "mail",
    "NGX_MAIL_SRV_CONF": "mail.server",
}
_PARTS = {one: f"ngx_{one}_core_module" for one in ("http", "stream", "mail")}


class Command(NamedTuple):
    """A row of a table: ``takes`` are numbers of arguments, as ``"1"`` or ``"1+"``, and ``"{"``
    where a block follows."""

    module: str
    name: str
    contexts: tuple[str, ...]
    takes: frozenset[str]


def commands(path: str, text: str) -> list[Command]:
    """The directives of a source file."""
    module = module_of(path)
    return [
        Command(module, name, contexts, takes)
        for name, contexts, takes in _rows(_COMMENT.sub("", text))
    ]


def module_of(path: str) -> str:
    """The module of a source file, as nginx's documentation calls it: ``ngx_http_proxy_module``."""
    file = PurePosixPath(path)
    if file.parts[:2] in (("src", "core"), ("src", "event"), ("src", "os")):
        return "ngx_core_module"
    part = file.stem.removeprefix("ngx_")
    name = file.stem.removesuffix("_module").removesuffix("_filter")
    return _PARTS.get(part) or f"{name}_module"


def _rows(text: str) -> Iterator[tuple[str, tuple[str, ...], frozenset[str]]]:
    for match in _COMMAND.finditer(text):
        flags = set(re.findall(r"\w+", match[2]))
        contexts = tuple(context for flag, context in CONTEXTS.items() if flag in flags)
        if "NGX_ANY_CONF" in flags:
            contexts = ("any",)
        if not contexts:
            continue  # a command of server side includes
        yield match[1], contexts, frozenset(_takes(flags))


def _takes(flags: set[str]) -> Iterator[str]:
    """Source: ``ngx_conf_handler()`` in ``src/core/ngx_conf_file.c``."""
    if "NGX_CONF_BLOCK" in flags:
        yield "{"
    if "NGX_CONF_ANY" in flags:
        yield "0+"
    elif "NGX_CONF_FLAG" in flags:
        yield "1"
    elif "NGX_CONF_1MORE" in flags:
        yield "1+"
    elif "NGX_CONF_2MORE" in flags:
        yield "2+"
    else:
        if "NGX_CONF_NOARGS" in flags:
            yield "0"
        for flag in flags:
            if flag.startswith("NGX_CONF_TAKE"):
                yield from flag.removeprefix("NGX_CONF_TAKE")
