"""JavaScript that Node.js or Deno runs: scripts, and the servers that frameworks build.

Sources: https://nextjs.org/docs/app/api-reference/config/next-config-js/output,
https://nitro.build/deploy/runtimes/node, https://svelte.dev/docs/kit/adapter-node,
https://docs.deno.com/runtime/reference/cli/serve/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from lint502.declared.listeners import Fact
from lint502.declared.sources.commands.calls import NOTHING, Call, Result
from lint502.declared.sources.commands.facts import (
    bind_fact,
    default,
    port_fact,
    socket_fact,
    speaks,
    time_fact,
)
from lint502.declared.sources.commands.hints import hinted
from lint502.declared.sources.commands.options import Options, spelled
from lint502.declared.sources.commands.scripts_of_node import listens
from lint502.places import SourceFile

Facts = dict[str, Fact[Any]]
Found = Call | Result | None


def _node(call: Call) -> Found:
    words = list(call.arguments)
    while words and words[0].text.startswith("-"):
        text = words.pop(0).text
        if text in ("-r", "--require", "--import", "--loader", "--env-file", "-P", "--project"):
            words[:1] = []
        elif text in ("-e", "--eval", "-v", "--version", "-p", "--print"):
            return NOTHING
    if words and words[0].text in ("watch", "run") and len(words) > 1:
        words.pop(0)
    return None if not words else _script(call.running(words))


def _script(call: Call) -> Found:
    name = call.words[0].text
    inner = _of_a_package(call)
    if inner is not None:
        return inner
    source = call.first_source(*_paths(call, name))
    if source is not None:
        return _listening(call, source)
    package = call.source("package.json")
    needs = "" if package is None else package.text
    if name.endswith(".output/server/index.mjs"):
        return _nitro(call)
    if name.endswith("server.js") and ('"next"' in needs or call.first_source(*_NEXT_CONFIGS)):
        return _standalone(call)
    if re.fullmatch(r"(?:\./)?build(?:/index\.js)?/?", name) and "adapter-node" in needs:
        return _sveltekit(call)
    source = call.first_source(*_compiled(name))
    return _unseen(call) if source is None else _listening(call, source)


def _paths(call: Call, name: str) -> list[str]:
    """Where a script may be that is named as Node.js takes it."""
    if name in (".", "./"):
        package = call.source("package.json")
        main = None if package is None else re.search(r'"main"\s*:\s*"([^"]+)"', package.text)
        name = "." if main is None else main[1]
    endings = ("", ".js", ".mjs", ".cjs", ".ts", "/index.js", "/index.ts")
    return [f"{name}{ending}" for ending in endings]


def _compiled(name: str) -> list[str]:
    """Where the source is of what is compiled: ``src/main.ts`` of ``dist/main.js``."""
    match = re.fullmatch(r"(?:\./)?(?:dist|build|lib|out)/(?:src/)?(.+?)(?:\.[cm]?js)?", name)
    return [] if match is None else [f"src/{match[1]}{ending}" for ending in (".ts", ".js", ".mts")]


_NEXT_CONFIGS = ("next.config.js", "next.config.mjs", "next.config.ts")
_PACKAGES = {"next": "next", "vite": "vite", "nuxt": "nuxt", "serve": "serve", "nest": "nest"}


def _of_a_package(call: Call) -> Call | None:
    """``node_modules/.bin/next`` and the like."""
    match = re.search(r"node_modules/(?:\.bin/)?(\w[\w.-]*)", call.words[0].text)
    if match is None or match[1] not in _PACKAGES:
        return None
    return call.running((call.words[0].cut(match[1]), *call.arguments))


def _nitro(call: Call) -> Result:
    """Nuxt's server: https://nitro.build/deploy/runtimes/node."""
    facts = speaks("http", call.place, "node")
    port = call.variable("NITRO_PORT", "PORT")
    host = call.variable("NITRO_HOST", "HOST")
    if port is None:
        source = "https://nitro.build/deploy/runtimes/node#environment-variables"
        facts["port"] = default(3000, call.place, "Nitro", source)
    return Result(("nuxt",), (facts | port_fact(port) | bind_fact(host),))


def _sveltekit(call: Call) -> Result:
    """SvelteKit's adapter-node."""
    facts = speaks("http", call.place, "node")
    source = "https://svelte.dev/docs/kit/adapter-node#Environment-variables"
    port, host = call.variable("PORT"), call.variable("HOST")
    path = call.variable("SOCKET_PATH")
    if path is not None:
        return Result(("sveltekit",), ({**facts, **socket_fact(path, call.folder)},))
    if port is None:
        facts["port"] = default(3000, call.place, "SvelteKit", source)
    if host is None:
        facts["bind"] = default(("0.0.0.0",), call.place, "SvelteKit", source)
    return Result(("sveltekit",), (facts | port_fact(port) | bind_fact(host),))


def _standalone(call: Call) -> Result:
    """Next.js' server with ``output: "standalone"``."""
    facts = speaks("http", call.place, "next")
    port = call.variable("PORT")
    if port is None:
        source = "https://nextjs.org/docs/app/api-reference/config/next-config-js/output"
        facts["port"] = default(3000, call.place, "Next.js", source)
    host = call.variable("HOSTNAME")
    idle = time_fact("keepalive.idle_timeout", call.variable("KEEP_ALIVE_TIMEOUT"), 1)
    return Result(("next",), (facts | port_fact(port) | bind_fact(host) | idle,))


def _unseen(call: Call) -> Result:
    """A script that cannot be read: PORT is but a hint."""
    return Result(("node",), hinted(call), whole=False)


def _listening(call: Call, source: SourceFile) -> Result:
    facts = listens(call, source)
    if facts is None:
        return _unseen(call)
    return Result(("node",), (facts,), whole=False)


def _nest(call: Call) -> Found:
    source = call.first_source("src/main.ts", "dist/main.js")
    first = call.arguments[0].text if call.arguments else ""
    if first not in ("start",):
        return NOTHING
    return _unseen(call) if source is None else _listening(call, source)


def _deno(call: Call) -> Found:
    """https://docs.deno.com/runtime/reference/cli/serve/ and ``deno run``."""
    names = spelled(port="--port", host="--host", other="-c --config --lock --import-map")
    options = Options(call.arguments, names)
    words = options.arguments
    command = words[0].text if words else ""
    if command == "serve":
        facts = speaks("http", call.place, "deno")
        port = options.last("port")
        if port is None:
            source = "https://docs.deno.com/runtime/reference/cli/serve/"
            facts["port"] = default(8000, call.place, "deno serve", source)
        return Result(("deno",), (facts | port_fact(port) | bind_fact(options.last("host")),))
    if command == "run" and len(words) > 1:
        return _script(call.running(words[1:]))
    return None if command == "task" else NOTHING


def _pm2(call: Call) -> Found:
    """``pm2-runtime server.js``; an ecosystem file is not read."""
    options = Options(call.arguments, spelled(name="-n --name -i --instances --env -o -e -l"))
    words = [one for one in options.arguments if one.text != "start"]
    if call.name == "pm2" and not any(one.text == "start" for one in options.arguments):
        return NOTHING
    if words and words[0].text.endswith((".js", ".mjs")) and "ecosystem" not in words[0].text:
        return _script(call.running(words))
    return Result(("pm2",), whole=False)


PROGRAMS: Mapping[str, Callable[[Call], Found]] = {
    **dict.fromkeys(
        ("node", "nodejs", "ts-node", "ts-node-dev", "tsx", "babel-node", "esr"), _node
    ),
    "deno": _deno,
    "nest": _nest,
    "pm2-runtime": _pm2,
    "pm2": _pm2,
}
