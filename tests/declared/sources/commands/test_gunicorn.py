"""gunicorn: its options, GUNICORN_CMD_ARGS, and the file with its settings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.declared.sources.commands.starting import Said, listeners, said, start

PLAIN = {
    "server": Said("gunicorn", "command"),
    "protocol": Said("http", "command"),
    "tls": Said(False, "command"),
}
ALL = ("0.0.0.0",)
LOCAL = ("127.0.0.1",)


@pytest.mark.parametrize(
    ("command", "variables", "expected"),
    [
        (
            "gunicorn app",
            {},
            [
                PLAIN
                | {"port": Said(8000, "default command"), "bind": Said(LOCAL, "default command")}
            ],
        ),
        (
            "gunicorn app -w 3 -t 60 -b 0.0.0.0:9000",
            {},
            [
                PLAIN
                | {
                    "port": Said(9000, "command"),
                    "bind": Said(ALL, "command"),
                    "timeouts.request": Said(60_000, "command"),
                }
            ],
        ),
        (
            "gunicorn -b:9000 app",
            {},
            [PLAIN | {"port": Said(9000, "command"), "bind": Said(ALL, "command")}],
        ),
        (
            "gunicorn app --bind=[::]:9000 --bind 127.0.0.1",
            {},
            [
                PLAIN | {"port": Said(9000, "command"), "bind": Said(("::",), "command")},
                PLAIN | {"port": Said(8000, "command"), "bind": Said(LOCAL, "command")},
            ],
        ),
        # its own default reads PORT
        (
            "gunicorn app",
            {"PORT": "80"},
            [PLAIN | {"port": Said(80, "$PORT"), "bind": Said(ALL, "$PORT")}],
        ),
        (
            "gunicorn app -b :9000",
            {"PORT": "80"},
            [PLAIN | {"port": Said(9000, "command"), "bind": Said(ALL, "command")}],
        ),
        (
            "gunicorn -b 0.0.0.0:${PORT:-9000} app",
            {"PORT": "80"},
            [PLAIN | {"port": Said(80, "$PORT"), "bind": Said(ALL, "$PORT")}],
        ),
        (
            "gunicorn -b 0.0.0.0:${PORT:-9000} app",
            {},
            [PLAIN | {"port": Said(9000, "command"), "bind": Said(ALL, "command")}],
        ),
        # the command line counts more than the variable
        (
            "gunicorn app -t 30",
            {"GUNICORN_CMD_ARGS": "--bind=0.0.0.0:7000 --timeout=90"},
            [
                PLAIN
                | {
                    "port": Said(7000, "$GUNICORN_CMD_ARGS"),
                    "bind": Said(ALL, "$GUNICORN_CMD_ARGS"),
                    "timeouts.request": Said(30_000, "command"),
                }
            ],
        ),
        # the umask that it makes sockets with is 0 by default
        (
            "gunicorn app -b unix:/run/app.sock",
            {},
            [
                PLAIN
                | {
                    "socket": Said("/run/app.sock", "command"),
                    "socket.mode": Said(0o777, "default command"),
                }
            ],
        ),
        (
            "gunicorn app -b unix:app.sock -m 007 -u app -g www-data",
            {},
            [
                PLAIN
                | {
                    "socket": Said("/app/app.sock", "command"),
                    "socket.mode": Said(0o770, "command"),
                    "socket.owner": Said("app", "command"),
                    "socket.group": Said("www-data", "command"),
                }
            ],
        ),
        (
            "gunicorn app -b :443 --certfile a.pem --keyfile a.key",
            {},
            [
                PLAIN
                | {
                    "port": Said(443, "command"),
                    "bind": Said(ALL, "command"),
                    "tls": Said(True, "command"),
                }
            ],
        ),
        (
            "gunicorn app -b :9000 --protocol uwsgi",
            {},
            [
                PLAIN
                | {
                    "port": Said(9000, "command"),
                    "bind": Said(ALL, "command"),
                    "protocol": Said("uwsgi", "command"),
                }
            ],
        ),
    ],
)
def test_a_command(
    command: str, variables: Mapping[str, str], expected: list[dict[str, Said]]
) -> None:
    found = start(command, variables)

    assert said(found) == expected
    assert (found.whole, found.programs) == (True, {"gunicorn"})


@pytest.mark.parametrize(
    ("options", "server", "more"),
    [
        ("", "gunicorn", {}),
        ("-k sync -t 40", "gunicorn", {"timeouts.request": 40_000}),
        # its heartbeat does not wait for requests
        ("-k gthread -t 40", "gunicorn-gthread", {}),
        ("--threads 4 --keep-alive 20", "gunicorn-gthread", {"keepalive.idle_timeout": 20_000}),
        ("--threads 1 --keep-alive 20", "gunicorn", {}),
        ("-k gevent --keep-alive 0", "gunicorn-gthread", {"keepalive": False}),
        ("-k uvicorn.workers.UvicornWorker", "gunicorn-uvicorn", {}),
        ("--worker-class=uvicorn_worker.UvicornWorker", "gunicorn-uvicorn", {}),
        ("-k aiohttp.GunicornWebWorker -t 5", None, {}),
        ("-k $WORKER", None, {}),
        ("--threads $THREADS", None, {}),
    ],
)
def test_workers_decide_what_is_kept(
    options: str, server: str | None, more: dict[str, Any]
) -> None:
    expected = {"port": 80, "bind": ALL, "protocol": "http", "tls": False, **more}
    if server is not None:
        expected["server"] = server

    assert listeners(f"gunicorn app -b :80 {options}") == [expected]


SETTINGS = """\
import os, multiprocessing
workers = multiprocessing.cpu_count() * 2 + 1
port = os.getenv("APP_PORT", "8000")
bind = [f"0.0.0.0:{port}"]
worker_class = "gthread"
keepalive = int(os.environ.get("KEEP", 65))
"""


class TestSettings:
    @pytest.mark.parametrize(
        "command",
        [
            "gunicorn app",
            "gunicorn -c gunicorn.conf.py app",
            "gunicorn -c file:gunicorn.conf.py app",
        ],
    )
    def test_are_read_where_gunicorn_reads_them(self, command: str) -> None:
        found = start(command, files={"gunicorn.conf.py": SETTINGS})

        assert said(found) == [
            {
                "server": Said("gunicorn-gthread", "gunicorn.conf.py:5"),
                "protocol": Said("http", "command"),
                "tls": Said(False, "command"),
                "port": Said(8000, "gunicorn.conf.py:4"),
                "bind": Said(ALL, "gunicorn.conf.py:4"),
                "keepalive.idle_timeout": Said(65_000, "gunicorn.conf.py:6"),
            }
        ]
        assert found.whole

    def test_of_a_module(self) -> None:
        files = {"config/gunicorn.py": "bind = ':7000'\n"}

        assert listeners("gunicorn -c python:config.gunicorn app", files=files)[0]["port"] == 7000

    def test_take_variables(self) -> None:
        found = start("gunicorn app", {"APP_PORT": "81"}, {"gunicorn.conf.py": SETTINGS})

        assert said(found)[0]["port"] == Said(81, "$APP_PORT")

    def test_count_less_than_the_command_line(self) -> None:
        found = listeners("gunicorn app -b :82 -k sync", files={"gunicorn.conf.py": SETTINGS})

        assert found == [
            {"server": "gunicorn", "protocol": "http", "tls": False, "port": 82, "bind": ALL}
        ]

    def test_that_are_not_there_leave_the_port_alone_that_is_given(self) -> None:
        found = start("gunicorn -c /etc/g.py -b :82 app")

        assert said(found) == [
            {
                "protocol": Said("http", "command"),
                "port": Said(82, "command"),
                "bind": Said(ALL, "command"),
            }
        ]
        assert [one.why for one in found.unread] == [
            "gunicorn's settings are in a file that cannot be read"
        ]

    @pytest.mark.parametrize(
        "text",
        [
            "from base import *\n",
            "for k, v in os.environ.items():\n    locals()[k] = v\n",
            "exec(open('x').read())\n",
            "bind = (",
        ],
    )
    def test_that_may_set_anything_leave_all_unknown(self, text: str) -> None:
        found = start("gunicorn app", files={"gunicorn.conf.py": text})

        assert (said(found), found.whole) == ([{}], False)

    @pytest.mark.parametrize(
        "bind",
        [
            "bind = address()",
            "bind = os.environ['ADDRESS']",
            "bind = '0.0.0.0:%s' % port",
            "if x:\n    bind = ':1'\nelse:\n    bind = ':2'",
            "try:\n    bind = ':1'\nexcept OSError:\n    pass",
        ],
    )
    def test_of_unknown_value_are_no_port(self, bind: str) -> None:
        found = start("gunicorn app", {"PORT": "80"}, {"gunicorn.conf.py": f"import os\n{bind}\n"})

        assert [one.get("port") for one in said(found)] == [None]
        assert not found.whole

    @pytest.mark.parametrize(
        ("pinned", "server"),
        [
            ("gunicorn==20.1.0", "gunicorn/20.1.0"),
            ("gunicorn[gevent]==21.2  # why", "gunicorn/21.2"),
            ("gunicorn>=20", "gunicorn"),
            ("xgunicorn==20.1.0", "gunicorn"),
        ],
    )
    def test_requirements_pin_the_version(self, pinned: str, server: str) -> None:
        found = listeners("gunicorn app", files={"requirements.txt": f"a==1\n{pinned}\nb==2\n"})

        assert found[0]["server"] == server


@pytest.mark.parametrize("option", ["--version", "--check-config", "--print-config"])
def test_what_only_says_something_listens_at_nothing(option: str) -> None:
    found = start(f"gunicorn {option} app")

    assert (found.listeners, found.whole, found.programs) == ((), True, frozenset())


ARGUMENTS = [
    ["-b", "0.0.0.0:9000", "-t", "90"],
    ["--bind=:9000", "--keep-alive", "7", "-k", "gthread"],
    ["-b", "unix:/run/a.sock", "-m", "007"],
    ["-c", "settings.py"],
    [],
]


@pytest.mark.slow
@pytest.mark.parametrize("arguments", ARGUMENTS, ids=" ".join)
def test_gunicorn_itself_sees_the_same(arguments: list[str], tmp_path: Path) -> None:
    """``--print-config`` shows the settings that a start has."""
    (tmp_path / "settings.py").write_text("bind = '127.0.0.1:7000'\ntimeout = 77\n")
    (tmp_path / "app.py").write_text("app = None\n")
    shown = subprocess.run(
        [Path(sys.executable).with_name("gunicorn"), "--print-config", *arguments, "app:app"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    ).stdout
    real = dict(line.split(" = ", 1) for line in shown.splitlines() if " = " in line)
    real = {name.strip(): value.strip() for name, value in real.items()}

    found = listeners(
        ["gunicorn", *arguments, "app:app"],
        files={"settings.py": (tmp_path / "settings.py").read_text()},
    )[0]

    address = (
        f"unix:{found['socket']}" if "socket" in found else f"{found['bind'][0]}:{found['port']}"
    )
    assert real["bind"].strip("[]'").replace("':", "'0.0.0.0:") in (
        address,
        address.replace("0.0.0.0", ""),
    )
    if "timeouts.request" in found:
        assert int(real["timeout"]) * 1000 == found["timeouts.request"]
    if "keepalive.idle_timeout" in found:
        assert int(real["keepalive"]) * 1000 == found["keepalive.idle_timeout"]
