"""uWSGI with a socket for each protocol that it speaks."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.lab.bench import LOOPBACK
from tools.measure.servers.model import (
    Endpoint,
    Family,
    Program,
    Room,
    Speaks,
    binary,
    said_version,
)

_APPLICATION = """\
def application(environ, start_response):
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
"""
_SOCKETS: dict[Speaks, str] = {
    "http": "http-socket",
    "https": "https-socket",
    "uwsgi": "uwsgi-socket",
    "suwsgi": "suwsgi-socket",
    "fastcgi": "fastcgi-socket",
    "scgi": "scgi-socket",
}


def _uwsgi() -> str:
    return binary("uwsgi", "uwsgi-core, uwsgi-plugin-python3")


def _programs(room: Room) -> Iterator[Program]:
    application = room.write("application.py", _APPLICATION)
    for speaks, option in _SOCKETS.items():
        endpoint = Endpoint("uwsgi", speaks, room.port())
        where = f"{LOOPBACK}:{endpoint.port}"
        if speaks in ("https", "suwsgi"):
            where += f",{room.certificate.file},{room.certificate.key}"
        # a thread serves one connection at a time, and waits for what it sends
        threads = ("--plugin", "python3", "--threads", "8")
        own = (f"--{option}", where, "--wsgi-file", application)
        yield Program(
            (_uwsgi(), "--master", "--die-on-term", *threads, *own),
            (endpoint,),
            {"PYTHONDONTWRITEBYTECODE": "1"},
        )


FAMILY = Family("uwsgi", lambda: said_version((_uwsgi(), "--version")), _programs)
