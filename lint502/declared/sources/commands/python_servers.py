"""Python scripts that start a server themselves: ``app.run(port=5000)``, ``uvicorn.run(…)``.

A call counts where its arguments are literals, or variables of the environment, and no other call
of its kind is in the file.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from lint502.declared.listeners import Fact
from lint502.declared.sources.commands.calls import Call, Result
from lint502.declared.sources.commands.facts import bind_fact, default, port_fact, speaks
from lint502.declared.sources.commands.python_settings import Reader, dotted, module
from lint502.declared.sources.commands.words import Word
from lint502.places import SourceFile


class _Server(Struct, frozen=True):
    """What a call starts: the profile, its default host and port, and where these are
    documented."""

    title: str
    profile: str | None
    host: str
    port: int
    source: str
    arguments: tuple[str, str] = ("host", "port")
    variables: tuple[str, str] | None = None


_UVICORN = _Server("uvicorn", "uvicorn", "127.0.0.1", 8000, "https://www.uvicorn.org/settings/")
_FLASK = _Server(
    "Flask",
    "werkzeug",
    "127.0.0.1",
    5000,
    "https://flask.palletsprojects.com/en/stable/api/#flask.Flask.run",
)
_AIOHTTP = _Server(
    "aiohttp",
    "aiohttp",
    "0.0.0.0",
    8080,
    "https://docs.aiohttp.org/en/stable/web_reference.html#aiohttp.web.run_app",
)
_WAITRESS = _Server(
    "waitress",
    "waitress",
    "0.0.0.0",
    8080,
    "Pylons/waitress@v3.0.2:src/waitress/adjustments.py",
)
_SOCKETIO = _Server(
    "Flask-SocketIO",
    None,
    "127.0.0.1",
    5000,
    "https://flask-socketio.readthedocs.io/en/latest/api.html#flask_socketio.SocketIO.run",
)
_GRADIO = _Server(
    "Gradio",
    "uvicorn",
    "127.0.0.1",
    7860,
    "https://www.gradio.app/docs/gradio/blocks#blocks-launch",
    ("server_name", "server_port"),
    ("GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT"),
)
_APPLICATION = _Server("an application", None, "", 0, "")
"""One of a framework that is not known: what its call says counts, nothing else."""

_CALLS = {
    "uvicorn.run": _UVICORN,
    "web.run_app": _AIOHTTP,
    "aiohttp.web.run_app": _AIOHTTP,
    "waitress.serve": _WAITRESS,
    "socketio.run": _SOCKETIO,
}
_NAMES = ("app", "application", "server", "api", "mcp")
_LISTENING = (".run", ".serve", ".listen", "serve_forever", ".run_app", ".launch", ".run_simple")


def served(call: Call, source: SourceFile) -> Result | None:
    """What a script listens at; None where that is not known."""
    tree = module(source)
    if tree is None:
        return None
    applications, imported = _applications(tree), _imported(tree)
    found = [
        (node, server)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (server := _server(node, applications, imported)) is not None
    ]
    if len(found) != 1 or _others(tree, found[0][0]):
        return None
    node, server = found[0]
    reader = Reader(source, call.variables)
    reader.body(tree.body)
    facts = _facts(node, server, reader)
    return Result((server.title.lower().removeprefix("an "),), (facts,), whole=False)


def _server(
    node: ast.Call, applications: frozenset[str], imported: frozenset[str]
) -> _Server | None:
    """The server that a call starts; ``applications`` are the names of those of Flask,
    ``imported`` the modules that the file takes names from."""
    name = dotted(node.func)
    if name in _CALLS:
        return _CALLS[name]
    if name == "serve" and "waitress" in imported:
        return _WAITRESS
    owner, dot, method = name.rpartition(".")
    if dot and method == "run" and owner in applications:
        return _FLASK
    if dot and method == "launch" and "gradio" in imported:
        return _GRADIO
    given = {key.arg for key in node.keywords}
    if dot and method in ("run", "run_server") and owner in _NAMES and "port" in given:
        return _APPLICATION
    return None


def _imported(tree: ast.Module) -> frozenset[str]:
    """The modules that a file imports, or takes names from."""
    names = {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
    names |= {
        alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names
    }
    return frozenset(name for name in names if name)


def _applications(tree: ast.Module) -> frozenset[str]:
    """The names to which an application of Flask is assigned."""
    return frozenset(
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and dotted(node.value.func) in ("Flask", "flask.Flask")
        for target in node.targets
        if isinstance(target, ast.Name)
    )


def _others(tree: ast.Module, own: ast.Call) -> bool:
    """Whether something else may listen, too."""
    return any(
        isinstance(node, ast.Call)
        and node is not own
        and dotted(node.func).endswith(_LISTENING)
        and dotted(node.func) not in ("asyncio.run", "subprocess.run", "trio.run", "anyio.run")
        for node in ast.walk(tree)
    )


def _facts(node: ast.Call, server: _Server, reader: Reader) -> Mapping[str, Fact[Any]]:
    place = reader.place(node.func)
    facts = speaks("http", place, server.profile)
    given = {key.arg: key.value for key in node.keywords if key.arg is not None}
    several = any(key.arg is None for key in node.keywords)
    if server is _FLASK and node.args:
        given |= dict(zip(("host", "port"), node.args, strict=False))
    if {"uds", "fd", "sock", "path", "listen", "unix_socket"} & given.keys():
        return facts
    host, port = server.arguments
    for position, (key, usual) in enumerate(((host, (server.host,)), (port, server.port))):
        name = ("bind", "port")[position]
        word: Word | None = None
        if key in given and not _is_none(given[key]):
            word = reader.word(given[key])
        elif server.variables is not None:
            word = reader.variable(server.variables[position])
        if word is not None:
            facts |= bind_fact(word) if name == "bind" else port_fact(word)
        elif not several and server.source:
            facts[name] = default(usual, place, server.title, server.source)
    return facts


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
