"""lighttpd with one file."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.lab.bench import LOOPBACK
from tools.measure.servers.model import Endpoint, Family, Program, Room, binary, said_version

_SETTINGS = """\
server.document-root = "{room.folder}/files"
server.bind = "{host}"
server.port = {port}
index-file.names = ("index.html")
mimetype.assign = (".html" => "text/html")
"""


def _lighttpd() -> str:
    return binary("lighttpd", "lighttpd")


def _programs(room: Room) -> Iterator[Program]:
    port = room.port()
    room.write("files/index.html", "ok")
    settings = room.write("lighttpd.conf", _SETTINGS.format(room=room, host=LOOPBACK, port=port))
    yield Program((_lighttpd(), "-D", "-f", settings), (Endpoint("lighttpd", "http", port),))


FAMILY = Family("lighttpd", lambda: said_version((_lighttpd(), "-v")), _programs)
