"""PHP-FPM's pools, the built-in server and Laravel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from lint502.deployment.layers import Layer, Removed, Unseen, Volume
from lint502.places import Place
from tests.declared.sources.commands.starting import Said, listeners, ports, said, start

FPM = {"server": Said("php-fpm", "command"), "protocol": Said("fastcgi", "command")}
D = "/usr/local/etc/php-fpm.d"
OFFICIAL = "php:8.3-fpm-alpine"


@pytest.mark.parametrize(
    ("command", "image", "files", "expected"),
    [
        ("php-fpm", OFFICIAL, {}, [FPM | {"port": Said(9000, "default command")}]),
        (
            "docker-php-entrypoint php-fpm -F",
            OFFICIAL,
            {},
            [FPM | {"port": Said(9000, "default command")}],
        ),
        ("php-fpm8.2 -F", "debian:12", {}, [FPM]),
        # the image has a file that comes after this one
        (
            "php-fpm",
            OFFICIAL,
            {f"{D}/www.conf": "[www]\nlisten = /run/x.sock\nrequest_terminate_timeout = 20\n"},
            [
                FPM
                | {
                    "port": Said(9000, "default command"),
                    "timeouts.request": Said(20_000, f"{D[1:]}/www.conf:3"),
                }
            ],
        ),
        (
            "php-fpm",
            OFFICIAL,
            {
                f"{D}/zzz.conf": "[www]\nlisten = 127.0.0.1:9001 ; ours\n"
                "listen.allowed_clients = 127.0.0.1, ::1\n"
            },
            [
                FPM
                | {
                    "port": Said(9001, f"{D[1:]}/zzz.conf:2"),
                    "bind": Said(("127.0.0.1",), f"{D[1:]}/zzz.conf:2"),
                    "allowed_clients": Said(("127.0.0.1", "::1"), f"{D[1:]}/zzz.conf:3"),
                }
            ],
        ),
        (
            "php-fpm",
            OFFICIAL,
            {
                f"{D}/www.conf": "[www]\nlisten = 9001\nlisten.mode = 0600\n",
                f"{D}/zz-docker.conf": "[global]\ndaemonize = no\n[www]\n"
                "listen = /var/run/php.sock\n"
                "listen.mode = 0660\nlisten.owner = www-data\nlisten.group = nginx\n"
                "request_terminate_timeout = 2m\n",
            },
            [
                FPM
                | {
                    "socket": Said("/var/run/php.sock", f"{D[1:]}/zz-docker.conf:4"),
                    "socket.mode": Said(0o660, f"{D[1:]}/zz-docker.conf:5"),
                    "socket.owner": Said("www-data", f"{D[1:]}/zz-docker.conf:6"),
                    "socket.group": Said("nginx", f"{D[1:]}/zz-docker.conf:7"),
                    "timeouts.request": Said(120_000, f"{D[1:]}/zz-docker.conf:8"),
                }
            ],
        ),
        (
            "php-fpm8.2",
            "debian:12",
            {
                "/etc/php/8.2/fpm/pool.d/www.conf": "[www]\nlisten = 9000\n"
                "[api]\nlisten = [::]:9001\n"
            },
            [
                FPM | {"port": Said(9000, "etc/php/8.2/fpm/pool.d/www.conf:2")},
                FPM
                | {
                    "port": Said(9001, "etc/php/8.2/fpm/pool.d/www.conf:4"),
                    "bind": Said(("::",), "etc/php/8.2/fpm/pool.d/www.conf:4"),
                },
            ],
        ),
    ],
)
def test_pools(
    command: str, image: str, files: Mapping[str, str], expected: list[dict[str, Said]]
) -> None:
    found = start(command.split(), files=files, image=image)

    assert said(found) == expected
    assert found.programs == {"php-fpm"}


PLACE = Place("Dockerfile", 3, 1, 2)


@pytest.mark.parametrize(
    ("layer", "port"),
    [
        # of a command that may do anything nobody expects that
        (Unseen("/", PLACE), 9000),
        (Unseen(f"{D}/zz-docker.conf", PLACE), None),
        (Removed(f"{D}/zz-docker.conf", PLACE), None),
        (Volume("/var/www", PLACE, keeps=True), 9000),
    ],
)
def test_what_may_have_changed_the_file_of_the_image(layer: Layer, port: int | None) -> None:
    assert ports("php-fpm", image=OFFICIAL, more=[layer]) == [port]


def test_variables_in_a_pool() -> None:
    files = {f"{D}/zz-docker.conf": "[www]\nlisten = ${FPM_PORT}\n"}

    assert ports("php-fpm", {"FPM_PORT": "9005"}, files, image=OFFICIAL) == [9005]
    assert ports("php-fpm", {}, files, image=OFFICIAL) == [None]


@pytest.mark.parametrize("option", ["-t", "-v", "--test"])
def test_a_test_listens_at_nothing(option: str) -> None:
    assert start(["php-fpm", option], image=OFFICIAL).programs == frozenset()


@pytest.mark.parametrize(
    ("command", "variables", "expected"),
    [
        (
            "php -S 0.0.0.0:80 -t public",
            {},
            [{"protocol": "http", "tls": False, "port": 80, "bind": ("0.0.0.0",)}],
        ),
        (
            "php artisan serve",
            {},
            [{"protocol": "http", "port": 8000, "bind": ("127.0.0.1",)}],
        ),
        (
            "php artisan serve --host=0.0.0.0 --port=81",
            {},
            [{"protocol": "http", "port": 81, "bind": ("0.0.0.0",)}],
        ),
        (
            "php artisan serve",
            {"SERVER_PORT": "82"},
            [{"protocol": "http", "port": 82, "bind": ("127.0.0.1",)}],
        ),
        (
            "php artisan octane:start --host=0.0.0.0 --server=swoole",
            {},
            [{"protocol": "http", "port": 8000, "bind": ("0.0.0.0",)}],
        ),
        (
            "php artisan reverb:start",
            {},
            [{"protocol": "http", "port": 8080, "bind": ("0.0.0.0",)}],
        ),
        ("php artisan queue:work", {}, []),
        ("php artisan migrate --force", {}, []),
    ],
)
def test_php(command: str, variables: Mapping[str, str], expected: list[dict[str, Any]]) -> None:
    found = start(command, variables)

    assert listeners(command, variables) == expected
    assert found.whole
