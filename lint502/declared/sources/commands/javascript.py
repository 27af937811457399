"""JavaScript: frameworks and tools with a server of their own.

Sources: https://nextjs.org/docs/app/api-reference/cli/next,
https://nuxt.com/docs/getting-started/deployment, https://vite.dev/config/server-options,
https://github.com/vercel/serve (``source/utilities/cli.ts``),
https://github.com/http-party/http-server, https://docs.astro.build/en/guides/integrations-guide/node/,
https://angular.dev/cli/serve, https://webpack.js.org/configuration/dev-server/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from lint502.declared.listeners import Fact
from lint502.declared.sources.commands.calls import NOTHING, Call, Result
from lint502.declared.sources.commands.facts import (
    ALL,
    address,
    bind_fact,
    default,
    port_fact,
    speaks,
    stated,
    time_fact,
)
from lint502.declared.sources.commands.javascript_settings import configured
from lint502.declared.sources.commands.options import Options, spelled
from lint502.declared.sources.commands.words import Word

Facts = dict[str, Fact[Any]]
Found = Call | Result | None


class _Tool(Struct, frozen=True):
    """A program with ``--port`` and ``--host``: its defaults, the variables that it reads, the
    first arguments that make it a server (none: always)."""

    title: str
    source: str
    port: int
    host: str | None = None
    commands: tuple[str, ...] = ()
    port_names: str = "-p --port"
    host_names: str = "--host"
    port_variables: tuple[str, ...] = ()
    host_variables: tuple[str, ...] = ()
    profile: str | None = "node"
    configured: tuple[str, ...] = ()
    """Files that may set them otherwise."""
    other: str = "preview"
    """What such a file may set them for besides."""

    def __call__(self, call: Call) -> Found:
        options = Options(
            call.arguments, spelled(port=self.port_names, host=self.host_names, idle=_IDLE)
        )
        words = options.arguments
        if self.commands:
            first = words[0].text if words else ""
            if first not in self.commands:
                return NOTHING if first in _BUILDING else None
        port = options.last("port") or call.variable(*self.port_variables)
        host = options.last("host") or call.variable(*self.host_variables)
        facts = speaks("http", call.place, self.profile)
        if port is not None:
            facts |= port_fact(port)
        else:
            usual = default(self.port, call.place, self.title, self.source)
            facts |= self._set(call, "port", {"port": usual})
        if host is not None:
            facts |= bind_fact(host)
        elif self.host is not None:
            local = default((self.host,), call.place, self.title, self.source)
            facts |= self._set(call, "host", {"bind": local})
        facts |= time_fact("keepalive.idle_timeout", options.last("idle"), 1)
        return Result((call.name,), (facts,))

    def _set(self, call: Call, key: str, usual: Facts) -> Facts:
        """What a file of settings says, else what is usual."""
        source = call.first_source(*self.configured)
        found = None if source is None else configured(source, key, self.other)
        return usual if found is None else dict(found)


_IDLE = "--keepAliveTimeout"
_BUILDING = ("build", "generate", "lint", "export", "prepare", "typecheck", "sync", "check")
_VITE = tuple(f"vite.config.{kind}" for kind in ("js", "ts", "mjs", "mts", "cjs"))


def _next(call: Call) -> Found:
    return _Tool(
        "Next.js",
        "https://nextjs.org/docs/app/api-reference/cli/next#next-start-options",
        3000,
        ALL,
        ("start", "dev"),
        host_names="-H --hostname",
        port_variables=("PORT",),
        profile="next",
    )(call)


def _vite(call: Call) -> Found:
    first = next((one.text for one in call.arguments if not one.text.startswith("-")), "dev")
    if first in ("build", "optimize"):
        return NOTHING
    preview = first == "preview"
    source = "https://vite.dev/config/preview-options" if preview else _VITE_SERVER
    tool = _Tool(
        "Vite preview" if preview else "Vite",
        source,
        4173 if preview else 5173,
        "localhost",
        configured=_VITE,
        other="server" if preview else "preview",
    )
    return tool(call.running((call.words[0], *_with_host(call.arguments))))


_VITE_SERVER = "https://vite.dev/config/server-options"


def _with_host(words: tuple[Word, ...]) -> list[Word]:
    """``--host`` without an address is all of them."""
    made: list[Word] = []
    for number, word in enumerate(words):
        following = words[number + 1].text if number + 1 < len(words) else "-"
        bare = word.text == "--host" and following.startswith("-")
        made.append(word.cut(f"--host={ALL}") if bare or word.text == "--host=true" else word)
    return made


def _serve(call: Call) -> Found:
    if not call.surroundings.built and call.source("package.json") is None:
        return None  # of an image that has an entry point, it may be the first argument
    options = Options(call.arguments, spelled(listen="-l --listen -p --port"))
    facts = speaks("http", call.place, "node")
    source = "vercel/serve@14.2.4:source/utilities/cli.ts"
    listens_at = options.all("listen")
    if not listens_at:
        port = call.variable("PORT")
        if port is None:
            facts["port"] = default(3000, call.place, "serve", source)
        return Result(("serve",), (facts | port_fact(port),))
    made: list[Facts] = []
    for word in listens_at:
        at = port_fact(word) if word.text.isdigit() else address(word)
        made.append({**facts, **at})
    return Result(("serve",), tuple(made))


def _http_server(call: Call) -> Found:
    options = Options(
        call.arguments, spelled(port="-p --port", host="-a"), spelled(tls="-S --tls --ssl")
    )
    facts = speaks("http", call.place, "node")
    port, host = options.last("port") or call.variable("PORT"), options.last("host")
    if port is None:
        source = "https://github.com/http-party/http-server#available-options"
        facts["port"] = default(8080, call.place, "http-server", source)
    if (secure := options.flags.get("tls")) is not None:
        facts["tls"] = stated(True, secure)
    return Result(("http-server",), (facts | port_fact(port) | bind_fact(host),))


def _remix_serve(call: Call) -> Found:
    """https://reactrouter.com/start/framework/deploying: ``react-router-serve``."""
    facts = speaks("http", call.place, "node")
    port, host = call.variable("PORT"), call.variable("HOST")
    if port is None:
        source = "remix-run/react-router@7.9.0:packages/react-router-serve/cli.ts"
        facts["port"] = default(3000, call.place, "react-router-serve", source)
    return Result(("react-router-serve",), (facts | port_fact(port) | bind_fact(host),))


_WEBPACK = tuple(f"webpack.config.{kind}" for kind in ("js", "ts", "cjs", "mjs"))


def _gatsby(call: Call) -> Found:
    """https://www.gatsbyjs.com/docs/reference/gatsby-cli/"""
    words = [word.text for word in call.arguments]
    if "develop" not in words and "serve" not in words:
        return NOTHING
    return _Tool(
        "Gatsby",
        "https://www.gatsbyjs.com/docs/reference/gatsby-cli/",
        8000 if "develop" in words else 9000,
        "localhost",
        host_names="-H --host",
    )(call)


PROGRAMS: Mapping[str, Callable[[Call], Found]] = {
    "next": _next,
    "vite": _vite,
    "serve": _serve,
    "http-server": _http_server,
    "react-router-serve": _remix_serve,
    "remix-serve": _remix_serve,
    "nuxt": _Tool(
        "Nuxt",
        "https://nuxt.com/docs/api/commands/dev",
        3000,
        None,
        ("dev", "start", "preview"),
        host_names="-h --host",
        port_variables=("NUXT_PORT", "NITRO_PORT", "PORT"),
        host_variables=("NUXT_HOST", "NITRO_HOST", "HOST"),
        configured=("nuxt.config.ts", "nuxt.config.js"),
    ),
    "react-scripts": _Tool(
        "react-scripts",
        "https://create-react-app.dev/docs/advanced-configuration/",
        3000,
        ALL,
        ("start",),
        port_variables=("PORT",),
        host_variables=("HOST",),
    ),
    "ng": _Tool(
        "ng serve",
        "https://angular.dev/cli/serve",
        4200,
        "localhost",
        ("serve", "s"),
        port_names="--port",
        configured=("angular.json",),
    ),
    "vue-cli-service": _Tool(
        "vue-cli-service",
        "https://cli.vuejs.org/guide/cli-service.html",
        8080,
        ALL,
        ("serve",),
        port_names="--port",
        configured=("vue.config.js",),
    ),
    "gatsby": _gatsby,
    "docusaurus": _Tool(
        "Docusaurus",
        "https://docusaurus.io/docs/cli",
        3000,
        "localhost",
        ("start", "serve"),
    ),
    "webpack": _Tool(
        "webpack-dev-server",
        "https://webpack.js.org/configuration/dev-server/",
        8080,
        "localhost",
        ("serve",),
        configured=_WEBPACK,
    ),
    "webpack-dev-server": _Tool(
        "webpack-dev-server",
        "https://webpack.js.org/configuration/dev-server/",
        8080,
        "localhost",
        configured=_WEBPACK,
    ),
    "astro": _Tool(
        "Astro",
        "https://docs.astro.build/en/reference/cli-reference/",
        4321,
        "localhost",
        ("dev", "preview"),
        port_names="--port",
        configured=("astro.config.mjs", "astro.config.ts", "astro.config.js"),
    ),
}
