"""Caddy, which serves with Go's net/http: with and without TLS."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.lab.bench import LOOPBACK
from tools.measure.servers.model import Endpoint, Family, Program, Room, binary, said_version

_CONFIGURATION = """\
{{
    admin off
    auto_https off
    default_sni localhost
}}
http://:{plain} {{
    bind {host}
    respond ok
}}
https://:{tls} {{
    bind {host}
    tls {certificate} {key}
    respond ok
}}
"""


def _caddy() -> str:
    return binary("caddy", "caddy")


def _programs(room: Room) -> Iterator[Program]:
    plain = Endpoint("caddy", "http", room.port())
    tls = Endpoint("caddy", "https", room.port())
    configuration = room.write(
        "Caddyfile",
        _CONFIGURATION.format(
            plain=plain.port,
            tls=tls.port,
            host=LOOPBACK,
            certificate=room.certificate.file,
            key=room.certificate.key,
        ),
    )
    home = str(room.folder)
    yield Program(
        (_caddy(), "run", "--config", configuration, "--adapter", "caddyfile"),
        (plain, tls),
        {"HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home},
    )


FAMILY = Family("caddy", lambda: said_version((_caddy(), "version")), _programs)
