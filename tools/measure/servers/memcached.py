"""memcached, with one value under the key ``lab``."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.lab.bench import LOOPBACK
from lint502.lab.client import exchange
from tools.measure.servers.model import Endpoint, Family, Program, Room, binary, said_version, user

KEY = "lab"


def _memcached() -> str:
    return binary("memcached", "memcached")


def _programs(room: Room) -> Iterator[Program]:
    endpoint = Endpoint("memcached", "memcached", room.port())
    name = user()
    as_user = () if name is None else ("-u", name)
    yield Program(
        (_memcached(), *as_user, "-l", LOOPBACK, "-p", str(endpoint.port), "-m", "8"),
        (endpoint,),
        prepare=lambda: exchange(endpoint.port, f"set {KEY} 0 0 2\r\nok\r\nquit\r\n".encode()),
    )


FAMILY = Family("memcached", lambda: said_version((_memcached(), "-V")), _programs)
