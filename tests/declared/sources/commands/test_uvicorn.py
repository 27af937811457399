"""ASGI servers, and that they really listen where their commands say."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.declared.sources.commands.starting import Said, listeners, said, start

ALL = ("0.0.0.0",)
LOCAL = ("127.0.0.1",)


def http(server: str, **facts: Any) -> dict[str, Any]:
    return {"server": server, "protocol": "http", "tls": False} | {
        key.replace("__", "."): value for key, value in facts.items()
    }


@pytest.mark.parametrize(
    ("command", "variables", "expected"),
    [
        ("uvicorn a:b", {}, [http("uvicorn", port=8000, bind=LOCAL)]),
        (
            "uvicorn a:b --host 0.0.0.0 --port=80 --timeout-keep-alive 75 --reload",
            {},
            [http("uvicorn", port=80, bind=ALL, keepalive__idle_timeout=75_000)],
        ),
        (
            "uvicorn a:b",
            {"UVICORN_PORT": "81", "UVICORN_HOST": "::"},
            [http("uvicorn", port=81, bind=("::",))],
        ),
        ("uvicorn a:b", {"PORT": "81"}, [http("uvicorn", port=8000, bind=LOCAL)]),
        ("uvicorn a:b --port $PORT", {}, [http("uvicorn", bind=LOCAL)]),
        (
            "uvicorn a:b --uds run/u.sock",
            {},
            [http("uvicorn", socket="/app/run/u.sock", socket__mode=0o666)],
        ),
        ("uvicorn a:b --fd 3", {}, [http("uvicorn")]),
        (
            "uvicorn a:b --ssl-keyfile k.pem --ssl-certfile c.pem",
            {},
            [http("uvicorn", port=8000, bind=LOCAL, tls=True)],
        ),
        ("python -m uvicorn a:b --port 82", {}, [http("uvicorn", port=82, bind=LOCAL)]),
        (
            "hypercorn a:b -b 0.0.0.0:80 --bind unix:/run/h.sock --keep-alive 9",
            {},
            [
                http("hypercorn", port=80, bind=ALL, keepalive__idle_timeout=9_000),
                http("hypercorn", socket="/run/h.sock", keepalive__idle_timeout=9_000),
            ],
        ),
        ("hypercorn a:b", {}, [http("hypercorn", port=8000, bind=LOCAL)]),
        (
            "hypercorn a:b -b :443 --insecure-bind :80 --certfile c --keyfile k",
            {},
            [
                http("hypercorn", port=443, bind=ALL, tls=True),
                http("hypercorn", port=80, bind=ALL),
            ],
        ),
        # nothing is insecure without a certificate
        (
            "hypercorn a:b -b :443 --insecure-bind :80",
            {},
            [http("hypercorn", port=443, bind=ALL)],
        ),
        ("daphne a:b", {}, [http("daphne", port=8000, bind=LOCAL)]),
        ("daphne -b 0.0.0.0 a:b", {}, [http("daphne", port=8000, bind=ALL)]),
        ("daphne -p 81 a:b", {}, [http("daphne", port=81, bind=LOCAL)]),
        (
            "daphne -u /run/d.sock -p 81 a:b",
            {},
            [http("daphne", socket="/run/d.sock"), http("daphne", port=81, bind=LOCAL)],
        ),
        (
            "daphne -e ssl:8443:interface=0.0.0.0:privateKey=k.pem:certKey=c.pem a:b",
            {},
            [http("daphne", port=8443, bind=ALL, tls=True)],
        ),
        ("daphne -e tcp:port=82 a:b", {}, [http("daphne", port=82, bind=ALL)]),
        (
            "granian --interface asgi a:b --host 0.0.0.0 --http 1 --http1-header-read-timeout 5000",
            {},
            [
                http(
                    "granian",
                    port=8000,
                    bind=ALL,
                    http_versions=("1.0", "1.1"),
                    keepalive__idle_timeout=5_000,
                )
            ],
        ),
        ("granian a:b", {"GRANIAN_PORT": "83"}, [http("granian", port=83, bind=LOCAL)]),
        (
            "granian a:b --uds /run/g.sock --uds-permissions 0660",
            {},
            [http("granian", socket="/run/g.sock", socket__mode=0o660)],
        ),
        # without a 0 before it, it is no octal number
        (
            "granian a:b --uds /run/g.sock --uds-permissions 660",
            {},
            [http("granian", socket="/run/g.sock", socket__mode=0o224)],
        ),
        (
            "fastapi run main.py --port 84",
            {},
            [{"server": "uvicorn", "protocol": "http", "port": 84, "bind": ALL}],
        ),
        (
            "fastapi dev",
            {},
            [{"server": "uvicorn", "protocol": "http", "port": 8000, "bind": LOCAL}],
        ),
        (
            "fastapi run",
            {"PORT": "85"},
            [{"server": "uvicorn", "protocol": "http", "port": 85, "bind": ALL}],
        ),
        ("fastapi --version", {}, []),
    ],
)
def test_commands(
    command: str, variables: Mapping[str, str], expected: list[dict[str, Any]]
) -> None:
    assert listeners(command, variables) == expected


def test_each_default_has_its_source() -> None:
    found = start("uvicorn a:b")

    assert said(found) == [
        {
            "server": Said("uvicorn", "command"),
            "protocol": Said("http", "command"),
            "tls": Said(False, "command"),
            "port": Said(8000, "default command"),
            "bind": Said(LOCAL, "default command"),
        }
    ]
    assert {fact.source for fact in found.listeners[0].values() if fact.source} == {
        "https://www.uvicorn.org/settings/"
    }
    assert (found.whole, found.programs) == (True, {"uvicorn"})


class TestHypercornsFile:
    def test_is_read(self) -> None:
        files = {"h.toml": '# ours\nbind = ["0.0.0.0:85"]\nkeep_alive_timeout = 9\n'}

        assert said(start("hypercorn -c h.toml a:b", files=files)) == [
            {
                "server": Said("hypercorn", "command"),
                "protocol": Said("http", "command"),
                "tls": Said(False, "command"),
                "port": Said(85, "h.toml:2"),
                "bind": Said(ALL, "h.toml:2"),
                "keepalive.idle_timeout": Said(9_000, "h.toml:3"),
            }
        ]

    @pytest.mark.parametrize("name", ["h.toml", "file:h.py", "python:h"])
    def test_that_cannot_be_read_is_said(self, name: str) -> None:
        found = start(f"hypercorn -c {name} a:b", files={"h.toml": "bind = ["})

        assert (found.listeners, found.whole) == (({},), False)
        assert len(found.unread) == 1


APP = """\
async def asgi(scope, receive, send):
    assert scope["type"] != "lifespan"
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        "uvicorn app:asgi --port {port}",
        "uvicorn app:asgi --uds {folder}/a.sock",
        "hypercorn app:asgi -b 127.0.0.1:{port}",
        "daphne app:asgi -p {port}",
        "daphne app:asgi -e tcp:{port}",
        "granian --interface asginl app:asgi --port {port}",
        "granian --interface asginl app:asgi --uds {folder}/a.sock --uds-permissions 0640",
        "granian --interface asginl app:asgi --uds {folder}/a.sock --uds-permissions 640",
        "waitress-serve --listen=127.0.0.1:{port} app:asgi",
        "waitress-serve --unix-socket={folder}/a.sock app:asgi",
        "gunicorn app:asgi -b 127.0.0.1:{port}",
        "gunicorn app:asgi -b unix:{folder}/a.sock -m 027",
        "gunicorn app:asgi -b unix:{folder}/a.sock",
    ],
)
def test_they_really_listen_there(command: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = command.format(port=port, folder=tmp_path)
    [facts] = listeners(command)
    name, *arguments = command.split()
    process = subprocess.Popen(
        [Path(sys.executable).with_name(name), *arguments],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)},
    )
    try:
        _connect(facts)
        if "socket.mode" in facts:
            assert Path(facts["socket"]).stat().st_mode & 0o777 == facts["socket.mode"]
    finally:
        process.kill()
        process.wait(20)


def _connect(facts: Mapping[str, Any]) -> None:
    """Connect to where something listens, as soon as it does."""
    deadline = time.monotonic() + 20
    while True:
        with socket.socket(socket.AF_UNIX if "socket" in facts else socket.AF_INET) as connection:
            address = facts.get("socket") or (facts["bind"][0], facts["port"])
            if connection.connect_ex(address) == 0:
                return
        assert time.monotonic() < deadline, "nothing listens there"
        time.sleep(0.1)
