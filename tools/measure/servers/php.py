"""PHP-FPM on a port, and the server that PHP's command has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lint502 import programs
from lint502.lab.bench import LOOPBACK, LabError
from tools.measure.servers.model import Endpoint, Family, Program, Room, binary, said_version, user

_CONFIGURATION = """\
[global]
error_log = /proc/self/fd/2
daemonize = no
[www]
{user}listen = {address}
pm = static
pm.max_children = 8
"""


def _fpm() -> str:
    """Debian's command carries PHP's version in its name; the newest is taken."""
    folders = (Path("/usr/sbin"), Path("/usr/local/sbin"))
    found = sorted(str(file) for folder in folders for file in folder.glob("php-fpm*"))
    command = found[-1] if found else programs.found("php-fpm")
    if command is None:
        raise LabError("there is no php-fpm; install it (Debian: php-fpm)")
    return command


def _programs(room: Room) -> Iterator[Program]:
    endpoint = Endpoint("php-fpm", "fastcgi", room.port())
    name = user()
    configuration = room.write(
        "fpm.conf",
        _CONFIGURATION.format(
            user="" if name is None else f"user = {name}\n", address=f"{LOOPBACK}:{endpoint.port}"
        ),
    )
    room.write("index.php", "<?php echo 'ok';\n")
    yield Program((_fpm(), "--nodaemonize", "-n", "-y", configuration), (endpoint,))


def _php() -> str:
    return binary("php", "php-cli")


def _built_in_programs(room: Room) -> Iterator[Program]:
    endpoint = Endpoint("php-cli-server", "http", room.port())
    room.write("index.php", "<?php file_get_contents('php://input'); echo 'ok';\n")
    where = ("-S", f"{LOOPBACK}:{endpoint.port}", "-t", str(room.folder))
    yield Program((_php(), "-n", *where), (endpoint,))


BUILT_IN = Family(
    "php-cli-server", lambda: said_version((_php(), "-n", "--version")), _built_in_programs
)

FAMILY = Family("php-fpm", lambda: said_version((_fpm(), "-n", "--version")), _programs)
