"""HAProxy and Varnish, which answer themselves: nothing is behind them."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.lab.bench import LOOPBACK
from tools.measure.servers.model import Endpoint, Family, Program, Room, binary, said_version

# No timeout of HAProxy's has a default.
_HAPROXY = """\
defaults
    mode http
    timeout client 1h
    timeout connect 5s
    timeout server 1h
frontend all
    bind {host}:{port}
    http-request return status 200 content-type text/plain string ok
"""

_VARNISH = """\
vcl 4.1;
backend default none;
sub vcl_recv { return (synth(200)); }
"""


def _haproxy() -> str:
    return binary("haproxy", "haproxy")


def _varnish() -> str:
    return binary("varnishd", "varnish")


def _haproxy_programs(room: Room) -> Iterator[Program]:
    port = room.port()
    settings = room.write("haproxy.cfg", _HAPROXY.format(host=LOOPBACK, port=port))
    yield Program((_haproxy(), "-db", "-f", settings), (Endpoint("haproxy", "http", port),))


def _varnish_programs(room: Room) -> Iterator[Program]:
    port = room.port()
    settings = room.write("default.vcl", _VARNISH)
    where = ("-a", f"{LOOPBACK}:{port}", "-n", str(room.folder / "varnish"))
    words = (_varnish(), "-F", *where, "-f", str(settings), "-s", "default,8m")
    yield Program(words, (Endpoint("varnish", "http", port),))


FAMILIES = (
    Family("haproxy", lambda: said_version((_haproxy(), "-v")), _haproxy_programs),
    Family("varnish", lambda: said_version((_varnish(), "-V")), _varnish_programs),
)
