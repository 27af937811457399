"""Django, Flask, Waitress, modules of Python, and scripts that start a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.declared.sources.commands.starting import Said, listeners, said, start

ALL = ("0.0.0.0",)
LOCAL = ("127.0.0.1",)
HTTP = {"protocol": "http", "tls": False}
FLASK = {"server": "werkzeug", **HTTP}
WAITRESS = {"server": "waitress", **HTTP}


@pytest.mark.parametrize(
    ("command", "variables", "expected"),
    [
        ("python manage.py runserver", {}, [{**HTTP, "port": 8000, "bind": LOCAL}]),
        ("python3.12 manage.py runserver 8001", {}, [{**HTTP, "port": 8001, "bind": LOCAL}]),
        (
            "./manage.py runserver 0.0.0.0:80 --settings=a.b",
            {},
            [{**HTTP, "port": 80, "bind": ALL}],
        ),
        ("python manage.py runserver 0:80", {}, [{**HTTP, "port": 80, "bind": ALL}]),
        ("python -u manage.py runserver [::]:80", {}, [{**HTTP, "port": 80, "bind": ("::",)}]),
        ("python manage.py runserver -6", {}, [{**HTTP, "port": 8000, "bind": ("::1",)}]),
        ("python manage.py runserver $ADDRESS", {}, [{"protocol": "http"}]),
        ("python manage.py migrate", {}, []),
        ("flask run", {}, [{**FLASK, "port": 5000, "bind": LOCAL}]),
        (
            "python -m flask --app a run -h 0.0.0.0 -p 80",
            {},
            [{**FLASK, "port": 80, "bind": ALL}],
        ),
        (
            "flask run --host=0.0.0.0",
            {"FLASK_RUN_PORT": "81", "FLASK_RUN_HOST": "::1"},
            [{**FLASK, "port": 81, "bind": ALL}],
        ),
        ("flask run", {"PORT": "81"}, [{**FLASK, "port": 5000, "bind": LOCAL}]),
        (
            "flask run --cert=adhoc",
            {},
            [{**FLASK, "port": 5000, "bind": LOCAL, "tls": True}],
        ),
        ("flask run -p $PORT", {}, [{**FLASK, "bind": LOCAL}]),
        ("flask db upgrade", {}, []),
        ("waitress-serve a:b", {}, [{**WAITRESS, "port": 8080, "bind": ALL}]),
        (
            "waitress-serve --port=80 --channel-timeout=10 --max-request-body-size=5 --call a:b",
            {},
            [
                {
                    **WAITRESS,
                    "port": 80,
                    "bind": ALL,
                    "keepalive.idle_timeout": 10_000,
                    "limits.request_body": 5,
                }
            ],
        ),
        (
            "waitress-serve --listen=*:80 --listen=127.0.0.1:81 a:b",
            {},
            [{**WAITRESS, "port": 80, "bind": ("*",)}, {**WAITRESS, "port": 81, "bind": LOCAL}],
        ),
        (
            "waitress-serve --unix-socket=/run/w.sock --unix-socket-perms=666 a:b",
            {},
            [{**WAITRESS, "socket": "/run/w.sock", "socket.mode": 0o666}],
        ),
        ("python -m http.server", {}, [{"protocol": "http", "port": 8000}]),
        (
            "python3 -m http.server -b 127.0.0.1 80",
            {},
            [{"protocol": "http", "port": 80, "bind": LOCAL}],
        ),
        ("celery -A a worker", {}, []),
        ("celery -A a flower --port=5556", {}, [{"protocol": "http", "port": 5556}]),
    ],
)
def test_commands(
    command: str, variables: Mapping[str, str], expected: list[dict[str, Any]]
) -> None:
    assert listeners(command, variables) == expected


def test_each_default_has_its_source() -> None:
    for command in ("python manage.py runserver", "flask run", "waitress-serve a:b"):
        [facts] = said(start(command))

        assert facts["port"].where == facts["bind"].where == "default command"


def test_flask_takes_variables_from_files() -> None:
    files = {".flaskenv": "# x\nFLASK_RUN_PORT=80\nFLASK_RUN_HOST='0.0.0.0'\n"}

    assert said(start("flask run", files=files))[0]["port"] == Said(80, ".flaskenv:2")
    assert listeners("flask run", {"FLASK_RUN_PORT": "81"}, files) == [
        {**FLASK, "port": 81, "bind": ALL}
    ]


def test_a_manage_py_of_something_else_is_not_djangos() -> None:
    files = {"manage.py": "from flask_script import Manager\n"}
    found = start("python manage.py runserver", files=files)

    assert (found.listeners, found.whole) == ((), False)


FLASK_APP = "from flask import Flask\napp = Flask(__name__)\n"


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        (f"{FLASK_APP}app.run()", {}, (5000, LOCAL)),
        (f"{FLASK_APP}app.run('0.0.0.0', 80)", {}, (80, ALL)),
        (
            f"import os\n{FLASK_APP}port = int(os.environ.get('PORT', 81))\n"
            "if __name__ == '__main__':\n    app.run(host='0.0.0.0', port=port)",
            {},
            (81, ALL),
        ),
        (
            f"import os\n{FLASK_APP}app.run(port=int(os.environ.get('PORT', 81)))",
            {"PORT": "82"},
            (82, LOCAL),
        ),
        ("import uvicorn\nuvicorn.run('a:b', host='0.0.0.0')", {}, (8000, ALL)),
        ("import uvicorn\nuvicorn.run('a:b', port=83, **more)", {}, (83, None)),
        ("from waitress import serve\nserve(app, port=84)", {}, (84, ALL)),
        ("from aiohttp import web\nweb.run_app(app)", {}, (8080, ALL)),
        ("socketio.run(app, host='0.0.0.0')", {}, (5000, ALL)),
        ("import gradio\ndemo.launch()", {}, (7860, LOCAL)),
        ("import gradio\ndemo.launch(server_name='0.0.0.0', server_port=85)", {}, (85, ALL)),
        (
            "import gradio\ndemo.launch()",
            {"GRADIO_SERVER_NAME": "0.0.0.0", "GRADIO_SERVER_PORT": "86"},
            (86, ALL),
        ),
        ("app = create_app()\napp.run(port=87)", {}, (87, None)),
    ],
)
def test_a_script_that_starts_a_server(
    text: str, variables: Mapping[str, str], expected: tuple[int, tuple[str, ...] | None]
) -> None:
    [facts] = listeners("python app.py", variables, {"app.py": text})

    assert (facts["port"], facts.get("bind")) == expected
    assert facts["protocol"] == "http"


@pytest.mark.parametrize(
    "text",
    [
        f"{FLASK_APP}app.run(port=1)\napp.run(port=2)",
        f"{FLASK_APP}app.run(port=1)\nother.serve_forever()",
        "job.run(port=80)",
        "app.run()",
        f"{FLASK_APP}def",
        "asyncio.run(main())",
    ],
)
def test_a_script_that_is_not_understood_listens_nobody_knows_where(text: str) -> None:
    found = start("python app.py", {}, {"app.py": text})

    assert (found.listeners, found.whole) == ((), False)


def test_a_port_that_a_script_computes_is_unknown() -> None:
    text = f"{FLASK_APP}app.run(port=find())"

    assert said(start("python app.py", {}, {"app.py": text})) == [
        {
            "server": Said("werkzeug", "app.py:3"),
            "protocol": Said("http", "app.py:3"),
            "bind": Said(LOCAL, "default app.py:3"),
        }
    ]
