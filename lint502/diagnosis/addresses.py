"""What stands after ``upstream:`` in a line, and how commands write it.

Lines come from whoever asks nginx for something: what is not an address, or the path of a file,
never gets into a command.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from shlex import quote

from lint502.patterns import regex

_PLACE = regex(
    r"(?:[a-z0-9]+://)?(?:"
    r"unix:(?P<socket>/[^:\s]{1,107})(?::.*)?"
    r"|(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9][A-Za-z0-9._-]{0,252})(?::(?P<port>\d{1,5}))?"
    r"(?:[/?].*)?)",
    re.DOTALL,
)

_BLANKS: Mapping[str, str] = {
    "address": "ADDRESS:PORT",
    "host": "HOST",
    "port": "PORT",
    "socket": "SOCKET",
    "listen": "-ltnp 'sport = :PORT'",
    "curl": "http://ADDRESS:PORT/",
    "curls": "https://ADDRESS:PORT/",
    "connect": "-connect ADDRESS:PORT",
    "name": "NAME",
    "family": "proxy",
}
"""What stands in a command for what the line does not say."""

_FAMILIES: Mapping[str, str] = {
    **{name: name for name in ("fastcgi", "grpc", "memcached", "scgi", "uwsgi")},
    "grpcs": "grpc",
    "suwsgi": "uwsgi",
}
"""What directives of a pass begin with, by the scheme of its upstream, if not with ``proxy``."""

_HOLE = regex(r"\{([a-z]+)\}")


def filled(text: str, upstream: str | None, name: str | None = None) -> str:
    """A text or command of ``causes.toml`` for an upstream as nginx writes it (``http://127.0.0.1:80/a``)
    and its name in ``upstreams.toml``; capitals stand for what is not known."""
    words = {**_BLANKS, **_words(upstream)}
    scheme, there, _ = (upstream or "").partition("://")
    if there and scheme in _FAMILIES:
        words["family"] = _FAMILIES[scheme]
    if name is not None and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        words["name"] = name
    return _HOLE.sub(lambda hole: words.get(hole[1], hole[0]), text)


def _words(upstream: str | None) -> Mapping[str, str]:
    place = _PLACE.fullmatch(upstream or "")
    if place is None:
        return {}
    socket, host, port = place["socket"], place["host"], place["port"]
    if socket is not None:
        return _of_socket(quote(socket)) if socket.isprintable() else {}
    bare = host.strip("[]")
    if port is None:
        return {"host": bare}
    address = f"{host}:{port}"
    return {
        "address": address,
        "host": bare,
        "port": port,
        "listen": f"-ltnp 'sport = :{port}'",
        "curl": f"http://{address}/",
        "curls": f"https://{address}/",
        "connect": f"-connect {address}",
    }


def _of_socket(path: str) -> Mapping[str, str]:
    return {
        "address": f"unix:{path}",
        "socket": path,
        "listen": f"-lxp | grep -F {path}",
        "curl": f"--unix-socket {path} http://localhost/",
        "curls": f"--unix-socket {path} https://localhost/",
        "connect": f"-unix {path}",
    }
