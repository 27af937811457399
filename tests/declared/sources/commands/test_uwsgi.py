"""uWSGI: its options, variables and ini files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.declared.sources.commands.starting import Said, listeners, ports, said, start

ALL = ("0.0.0.0",)


def uwsgi(protocol: str = "uwsgi", **facts: Any) -> dict[str, Any]:
    return {"server": "uwsgi", "protocol": protocol, "tls": False} | {
        key.replace("__", "."): value for key, value in facts.items()
    }


@pytest.mark.parametrize(
    ("command", "variables", "expected"),
    [
        ("uwsgi --socket :3031 --module a", {}, [uwsgi(port=3031, bind=ALL)]),
        ("uwsgi -s 127.0.0.1:3031", {}, [uwsgi(port=3031, bind=("127.0.0.1",))]),
        ("uwsgi --http :80 --master -p 4", {}, [uwsgi("http", port=80, bind=ALL)]),
        ("uwsgi --http-socket=0.0.0.0:80", {}, [uwsgi("http", port=80, bind=ALL)]),
        (
            "uwsgi --socket /run/u.sock --chmod-socket=660 --chown-socket app:www-data",
            {},
            [
                uwsgi(
                    socket="/run/u.sock",
                    socket__mode=0o660,
                    socket__owner="app",
                    socket__group="www-data",
                )
            ],
        ),
        (
            "uwsgi --socket u.sock --chmod-socket",
            {},
            [uwsgi(socket="/app/u.sock", socket__mode=0o666)],
        ),
        ("uwsgi --socket :1 --protocol=http", {}, [uwsgi("http", port=1, bind=ALL)]),
        ("uwsgi --fastcgi-socket :9000", {}, [uwsgi("fastcgi", port=9000, bind=ALL)]),
        (
            "uwsgi --socket :1 --buffer-size 32768 --harakiri 20 --limit-post 4096",
            {},
            [
                uwsgi(
                    port=1,
                    bind=ALL,
                    limits__request_headers=32_768,
                    limits__request_body=4_096,
                    timeouts__request=20_000,
                )
            ],
        ),
        (
            "uwsgi --socket :1 -b 32768",
            {},
            [uwsgi(port=1, bind=ALL, limits__request_headers=32_768)],
        ),
        # of the router's time and that of the worker the shorter one ends a request
        (
            "uwsgi --http :1 --harakiri 200 --http-timeout 30 --socket :2",
            {},
            [
                uwsgi("http", port=1, bind=ALL, timeouts__request=30_000),
                uwsgi(port=2, bind=ALL, timeouts__request=200_000),
            ],
        ),
        ("uwsgi", {"UWSGI_HTTP_SOCKET": ":81"}, [uwsgi("http", port=81, bind=ALL)]),
        ("uwsgi --version", {}, []),
    ],
)
def test_commands(
    command: str, variables: Mapping[str, str], expected: list[dict[str, Any]]
) -> None:
    found = start(command, variables)

    assert listeners(command, variables) == expected
    assert found.whole


INI = """\
[other]
socket = :1
[uwsgi]
; ours
base = /srv/shop
chdir = %(base)/app
socket = /run/%n.sock
http = 0.0.0.0:$(PORT)
buffer-size = 16384
# harakiri = 3
harakiri = 60
"""


class TestIni:
    @pytest.mark.parametrize(
        "command",
        [
            "uwsgi --ini shop.ini",
            "uwsgi shop.ini",
            "uwsgi --ini=shop.ini",
            "uwsgi --ini shop.ini:uwsgi",
        ],
    )
    def test_is_read(self, command: str) -> None:
        found = start(command, {"PORT": "82"}, {"shop.ini": INI})
        common = {
            "server": Said("uwsgi", "command"),
            "limits.request_headers": Said(16_384, "shop.ini:9"),
            "timeouts.request": Said(60_000, "shop.ini:11"),
        }

        assert said(found) == [
            common
            | {
                "protocol": Said("uwsgi", "command"),
                "socket": Said("/run/shop.sock", "shop.ini:7"),
                "tls": Said(False, "shop.ini:7"),
            },
            common
            | {
                "protocol": Said("http", "command"),
                "port": Said(82, "$PORT"),
                "bind": Said(ALL, "$PORT"),
                "tls": Said(False, "$PORT"),
            },
        ]
        assert found.whole

    def test_the_command_line_adds_to_it(self) -> None:
        found = listeners(
            "uwsgi --ini a.ini --harakiri 5", files={"a.ini": "[uwsgi]\nsocket=:1\nharakiri=9\n"}
        )

        assert found == [uwsgi(port=1, bind=ALL, timeouts__request=5_000)]

    def test_a_variable_without_value_is_no_port(self) -> None:
        assert ports("uwsgi --ini shop.ini", files={"shop.ini": INI})[1] is None

    @pytest.mark.parametrize(
        ("command", "files"),
        [
            ("uwsgi --ini gone.ini", {}),
            ("uwsgi --yaml u.yaml", {"u.yaml": "uwsgi:\n  socket: :1\n"}),
            ("uwsgi u.xml", {"u.xml": "<uwsgi/>"}),
            ("uwsgi --emperor /etc/vassals", {}),
            ("uwsgi $MORE", {}),
            ("uwsgi --ini u.ini", {"u.ini": "[uwsgi]\nif-env = X\nsocket = :1\nendif =\n"}),
            ("uwsgi --ini u.ini", {"u.ini": "[uwsgi]\nini = u.ini\n"}),
        ],
    )
    def test_what_cannot_be_followed_is_said(self, command: str, files: dict[str, str]) -> None:
        found = start(command, files=files)

        assert not found.whole
        assert found.unread
        assert all("server" not in facts for facts in found.listeners)
