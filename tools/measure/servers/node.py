"""Node.js: its HTTP/1.1 and HTTP/2 servers, with and without TLS."""

from __future__ import annotations

from collections.abc import Iterator

from tools.measure.servers.model import (
    Endpoint,
    Family,
    Program,
    Room,
    Speaks,
    binary,
    said_version,
)

_SCRIPT = """\
const fs = require("fs");
const [certificate, key, http, https, h2c, h2] = process.argv.slice(2);
const tls = { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) };
const answer = (request, response) => {
  request.resume();
  request.on("end", () => response.end("ok"));
};
require("http").createServer(answer).listen(+http, "127.0.0.1");
require("https").createServer(tls, answer).listen(+https, "127.0.0.1");
require("http2").createServer(answer).listen(+h2c, "127.0.0.1");
require("http2").createSecureServer(tls, answer).listen(+h2, "127.0.0.1");
"""
_SPEAKS: tuple[Speaks, ...] = ("http", "https", "h2c", "h2")


def _node() -> str:
    return binary("node", "nodejs")


def _programs(room: Room) -> Iterator[Program]:
    script = room.write("server.js", _SCRIPT)
    endpoints = tuple(Endpoint("node", speaks, room.port()) for speaks in _SPEAKS)
    ports = (str(endpoint.port) for endpoint in endpoints)
    yield Program((_node(), script, room.certificate.file, room.certificate.key, *ports), endpoints)


FAMILY = Family("node", lambda: said_version((_node(), "--version")), _programs)
