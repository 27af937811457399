"""Servers from PyPI, each with its defaults and an application that reads the request's body."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from itertools import product
from types import MappingProxyType

from lint502.lab.bench import LOOPBACK, LabError
from tools.measure.servers.model import Endpoint, Family, Program, Room, Speaks

_APPLICATIONS = """\
def wsgi(environ, start_response):
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]


async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": kind + ".complete"})
            if kind == "lifespan.shutdown":
                return
    if scope["type"] != "http":
        return
    while True:
        event = await receive()
        if event["type"] == "http.disconnect" or not event.get("more_body"):
            break
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})
"""

_AIOHTTP = """\
import ssl
import sys
from aiohttp import web


async def answer(request):
    await request.read()
    return web.Response(text="ok")


port, certificate, key = int(sys.argv[1]), *sys.argv[2:4]
context = None
if certificate:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
application = web.Application()
application.router.add_route("*", "/{path:.*}", answer)
web.run_app(application, host="127.0.0.1", port=port, ssl_context=context, print=None)
"""

_TORNADO = """\
import asyncio
import sys
from tornado import httpserver, web


class Answer(web.RequestHandler):
    def get(self):
        self.finish("ok")

    post = get


async def main():
    port, certificate, key = int(sys.argv[1]), *sys.argv[2:4]
    options = {"certfile": certificate, "keyfile": key} if certificate else None
    application = web.Application([(".*", Answer)])
    httpserver.HTTPServer(application, ssl_options=options).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
"""

_GRPCIO = """\
import sys
from concurrent import futures
import grpc


class Answer(grpc.GenericRpcHandler):
    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda request, context: b"ok")


port, certificate, key = int(sys.argv[1]), *sys.argv[2:4]
server = grpc.server(futures.ThreadPoolExecutor(8))
server.add_generic_rpc_handlers((Answer(),))
if certificate:
    with open(key, "rb") as first, open(certificate, "rb") as second:
        credentials = grpc.ssl_server_credentials([(first.read(), second.read())])
    server.add_secure_port(f"127.0.0.1:{port}", credentials)
else:
    server.add_insecure_port(f"127.0.0.1:{port}")
server.start()
server.wait_for_termination()
"""

_WERKZEUG = """\
import sys
from applications import wsgi
from werkzeug.serving import run_simple

port, certificate, key = int(sys.argv[1]), *sys.argv[2:4]
context = (certificate, key) if certificate else None
run_simple("127.0.0.1", port, wsgi, threaded=True, ssl_context=context)
"""

_OPENSSL = ssl.OPENSSL_VERSION.split()[1]

_Command = Callable[[int, str, str], tuple[str, ...]]
"""The arguments after ``python`` for a port and, with TLS, for a certificate and a key."""


def _gunicorn(*options: str) -> _Command:
    def command(port: int, certificate: str, key: str) -> tuple[str, ...]:
        tls = ("--certfile", certificate, "--keyfile", key) if certificate else ()
        where = f"{LOOPBACK}:{port}"
        own = ("--bind", where, "--no-control-socket", *options, *tls)
        return ("-m", "gunicorn", *own, "applications:wsgi")

    return command


def _gunicorn_uvicorn(port: int, certificate: str, key: str) -> tuple[str, ...]:
    words = _gunicorn("--worker-class", "uvicorn_worker.UvicornWorker")(port, certificate, key)
    return (*words[:-1], "applications:asgi")


def _uvicorn(*options: str) -> _Command:
    def command(port: int, certificate: str, key: str) -> tuple[str, ...]:
        tls = ("--ssl-certfile", certificate, "--ssl-keyfile", key) if certificate else ()
        own = ("--host", LOOPBACK, "--port", str(port), *options, *tls)
        return ("-m", "uvicorn", *own, "applications:asgi")

    return command


def _hypercorn(port: int, certificate: str, key: str) -> tuple[str, ...]:
    tls = ("--certfile", certificate, "--keyfile", key) if certificate else ()
    return ("-m", "hypercorn", "--bind", f"{LOOPBACK}:{port}", *tls, "applications:asgi")


def _daphne(port: int, certificate: str, key: str) -> tuple[str, ...]:
    listens = f"tcp:port={port}:interface={LOOPBACK}"
    if certificate:
        listens = f"ssl:{port}:interface={LOOPBACK}:privateKey={key}:certKey={certificate}"
    return ("-m", "daphne", "--endpoint", listens, "applications:asgi")


def _granian(port: int, certificate: str, key: str) -> tuple[str, ...]:
    tls = ("--ssl-certificate", certificate, "--ssl-keyfile", key) if certificate else ()
    where = ("--host", LOOPBACK, "--port", str(port))
    return ("-m", "granian", "--interface", "asgi", *where, *tls, "applications:asgi")


def _waitress(port: int, certificate: str, key: str) -> tuple[str, ...]:
    return ("-m", "waitress", "--listen", f"{LOOPBACK}:{port}", "applications:wsgi")


def _script(port: int, certificate: str, key: str) -> tuple[str, ...]:
    return ("server.py", str(port), certificate, key)


def family(
    name: str,
    package: str,
    command: _Command,
    script: str = "",
    speaks: tuple[Speaks, ...] = ("http", "https"),
    variants: Mapping[str, _Command] = MappingProxyType({}),
    own_tls: bool = False,
) -> Family:
    """A server of PyPI's ``package``; ``command`` has what starts it, ``script`` the text of its
    ``server.py``."""

    def version() -> str:
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            raise LabError(f"{package} is missing: pip install -e '.[servers]'") from None

    def programs(room: Room) -> Iterator[Program]:
        version()
        room.write("applications.py", _APPLICATIONS)
        own = str(room.write("server.py", script)) if script else ""
        for spoken, (variant, words_for) in product(speaks, {"": command, **variants}.items()):
            port = room.port()
            files = ("", "")
            if spoken in ("https", "h2"):
                files = (str(room.certificate.file), str(room.certificate.key))
            words = words_for(port, *files)
            yield Program(
                (sys.executable, *(own if word == "server.py" else word for word in words)),
                (Endpoint(name, spoken, port, variant),),
                {"PYTHONPATH": str(room.folder), "PYTHONDONTWRITEBYTECODE": "1"},
            )

    return Family(name, version, programs, "" if own_tls else _OPENSSL)


_CHEROOT = """\
import sys
from applications import wsgi
from cheroot.wsgi import Server

Server(("127.0.0.1", int(sys.argv[1])), wsgi).start()
"""

_SANIC = """\
import sys
from sanic import Sanic, text

application = Sanic("server")


@application.route("/", methods=["GET", "POST"])
async def answer(request):
    return text("ok")


if __name__ == "__main__":
    application.run("127.0.0.1", int(sys.argv[1]), single_process=True, motd=False)
"""

FAMILIES = (
    family("aiohttp", "aiohttp", _script, _AIOHTTP),
    family("daphne", "daphne", _daphne),
    family("granian", "granian", _granian, own_tls=True),
    # a worker serves one connection at a time, and waits for what it sends
    family("gunicorn", "gunicorn", _gunicorn("--workers", "8")),
    family("gunicorn-gthread", "gunicorn", _gunicorn("--threads", "8")),
    family("grpcio", "grpcio", _script, _GRPCIO, speaks=("h2c", "h2"), own_tls=True),
    family("hypercorn", "hypercorn", _hypercorn),
    family("tornado", "tornado", _script, _TORNADO),
    family(
        "uvicorn",
        "uvicorn",
        _uvicorn("--loop", "uvloop", "--http", "httptools"),  # as uvicorn[standard] has it
        variants={"plain": _uvicorn("--loop", "asyncio", "--http", "h11")},
    ),
    family("waitress", "waitress", _waitress, speaks=("http",)),
    family("werkzeug", "werkzeug", _script, _WERKZEUG),
)

_CHERRYPY = """\
import sys
import cherrypy


class Answer:
    @cherrypy.expose
    def default(self, *path, **query):
        cherrypy.request.body.fp.read()
        return "ok"

    index = default


cherrypy.config.update({"server.socket_port": int(sys.argv[1])})
cherrypy.quickstart(Answer())
"""

_ROBYN = """\
import sys
from robyn import Robyn

application = Robyn(__file__)


@application.get("/")
def get(request):
    return "ok"


@application.post("/")
def post(request):
    return "ok"


port = int(sys.argv.pop(1))
application.start(port=port)
"""

_TWISTED = """\
import sys
from twisted.internet import reactor
from twisted.web import resource, server


class Answer(resource.Resource):
    isLeaf = True

    def render_GET(self, request):
        return b"ok"

    render_POST = render_GET


reactor.listenTCP(int(sys.argv[1]), server.Site(Answer()), interface="127.0.0.1")
reactor.run()
"""

MEASURED = (
    family("cheroot", "cheroot", _script, _CHEROOT, speaks=("http",)),
    family(
        "gunicorn-uvicorn",
        "gunicorn",
        _gunicorn_uvicorn,
        speaks=("http",),
    ),
    family("sanic", "sanic", _script, _SANIC, speaks=("http",)),
    family("twisted", "twisted", _script, _TWISTED, speaks=("http",)),
)
"""Those of which only the profile is compared."""

INSTALLED = (
    family("cherrypy", "cherrypy", _script, _CHERRYPY, speaks=("http",)),
    family("robyn", "robyn", _script, _ROBYN, speaks=("http",)),
)
"""Those that the tests do not have: ``pip install cherrypy robyn``."""
