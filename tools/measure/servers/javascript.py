"""Servers from npm, each with its defaults, where ``LINT502_NODE_MODULES`` names the folder that
has them::

    npm install --prefix /tmp/servers express fastify koa hono @hono/node-server @hapi/hapi bun deno
    LINT502_NODE_MODULES=/tmp/servers/node_modules python -m tools.measure.profiles
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from lint502.lab.bench import LabError
from tools.measure.servers.model import Endpoint, Family, Program, Room, binary

_EXPRESS = """\
const application = require("express")();
application.use((request, response) => {
  request.resume();
  request.on("end", () => response.send("ok"));
});
application.listen(+process.argv[2], "127.0.0.1");
"""
_FASTIFY = """\
const application = require("fastify")();
application.addContentTypeParser("*", { parseAs: "buffer" }, (_, body, done) => done(null, body));
application.all("/", async () => "ok");
application.listen({ port: +process.argv[2], host: "127.0.0.1" });
"""
_KOA = """\
const Koa = require("koa");
new Koa().use((context) => { context.body = "ok"; }).listen(+process.argv[2], "127.0.0.1");
"""
_HAPI = """\
const server = require("@hapi/hapi").server({ port: +process.argv[2], host: "127.0.0.1" });
server.route({ method: "*", path: "/{path*}", handler: () => "ok" });
server.start();
"""
_BUN = """\
Bun.serve({ port: +process.argv[2], hostname: "127.0.0.1", async fetch(request) {
  await request.arrayBuffer();
  return new Response("ok");
} });
"""
_DENO = """\
Deno.serve({ port: +Deno.args[0], hostname: "127.0.0.1" }, async (request) => {
  await request.arrayBuffer();
  return new Response("ok");
});
"""


def _modules() -> Path:
    folder = os.environ.get("LINT502_NODE_MODULES")
    if not folder:
        raise LabError("LINT502_NODE_MODULES names no folder of npm's")
    return Path(folder)


def _family(name: str, package: str, script: str, program: tuple[str, ...] = ()) -> Family:
    def version() -> str:
        try:
            text = (_modules() / package / "package.json").read_text(encoding="utf-8")
        except OSError:
            raise LabError(f"{package} is not in {_modules()}") from None
        return str(json.loads(text)["version"])

    def programs(room: Room) -> Iterator[Program]:
        port = room.port()
        file = room.write("server.js", script)
        words = (str(_modules() / ".bin" / program[0]), *program[1:]) if program else (_node(),)
        modules = {"NODE_PATH": str(_modules())}
        yield Program((*words, file, str(port)), (Endpoint(name, "http", port),), modules)

    return Family(name, version, programs)


def _node() -> str:
    return binary("node", "nodejs")


FAMILIES = (
    _family("bun", "bun", _BUN, ("bun",)),
    _family("deno", "deno", _DENO, ("deno", "run", "--allow-net")),
    _family("express", "express", _EXPRESS),
    _family("fastify", "fastify", _FASTIFY),
    _family("hapi", "@hapi/hapi", _HAPI),
    _family("koa", "koa", _KOA),
)
