"""Programs that run another one, and files that list several."""

from __future__ import annotations

import pytest

from tests.declared.sources.commands.starting import Said, listeners, ports, said, start

SERVER = "gunicorn -b :1 a"


@pytest.mark.parametrize(
    "before",
    [
        "exec",
        "env",
        "env A=b C=d",
        "env -u X -i",
        "tini --",
        "/sbin/tini -g -s --",
        "dumb-init",
        "dumb-init --",
        "su-exec app",
        "gosu app:app",
        "sudo -E -u app",
        "runuser -u app --",
        "chpst -u app",
        "s6-setuidgid app",
        "setpriv --reuid=app --clear-groups",
        "nice -n 5",
        "timeout 30",
        "timeout -s KILL 30",
        "nohup",
        "stdbuf -oL",
        "poetry run",
        "pipenv run",
        "uv run",
        "uv run --no-dev --frozen",
        "uv run --with x --",
        "pdm run",
        "conda run -n app --no-capture-output",
        "ddtrace-run",
        "newrelic-admin run-program",
        "opentelemetry-instrument --traces_exporter console",
        "python -m",
        "python3 -u -m",
        "./wait-for-it.sh db:5432 -t 30 --",
        "wait-for db:5432 --",
        "dockerize -wait tcp://db:5432 -timeout 60s",
        "dockerize --wait tcp://db:5432",
        "watchmedo auto-restart -d . -p '*.py' --",
        "watchmedo auto-restart --directory=. --recursive",
        "tini -- su-exec app ./wait-for-it.sh db:1 -- poetry run",
        "doppler run --",
        "nodemon --exec",
    ],
)
def test_what_they_run_counts(before: str) -> None:
    quoted = f"'{SERVER}'" if before.endswith("--exec") else SERVER
    found = start(f"{before} {quoted}")

    assert ports(f"{before} {quoted}") == [1]
    assert (found.whole, found.programs) == (True, {"gunicorn"})


@pytest.mark.parametrize(
    "command", [f"su -c '{SERVER}' app", f"sh -c 'bash -c \"{SERVER}\"'", f"env -S '{SERVER}'"]
)
def test_a_text_for_a_shell(command: str) -> None:
    assert ports(command) == [1]


def test_env_sets_what_they_see() -> None:
    assert ports("env PORT=81 gunicorn a", {"PORT": "1"}) == [81]
    assert ports("env -u PORT gunicorn a", {"PORT": "1"}) == [8000]
    assert ports("env -i gunicorn a", {"PORT": "1"}) == [8000]


@pytest.mark.parametrize(
    "command", ["poetry install", "uv sync", "conda env list", "tini", "wait-for-it.sh db:1", "env"]
)
def test_alone_they_listen_at_nothing(command: str) -> None:
    found = start(command)

    assert (found.listeners, found.whole) == ((), True)


@pytest.mark.parametrize(
    ("command", "files", "expected"),
    [
        ("honcho start", {"Procfile": "# x\nweb: gunicorn -b :1 a\nworker: celery worker\n"}, [1]),
        ("honcho start web", {"Procfile": "web: gunicorn -b :1 a\nother: gunicorn -b :2 a\n"}, [1]),
        ("foreman start -f P.dev", {"P.dev": "web: gunicorn -b :1 a\n"}, [1]),
        ("foreman start -p 81", {"Procfile": "web: gunicorn a\n"}, [81]),
        ("foreman start", {"Procfile": "web: gunicorn a\n"}, [None]),
        (
            "make run",
            {"Makefile": "P := 1\nall:\n\techo\nrun: x\n\t@gunicorn -b :$(P) a\nx:\n\ttrue\n"},
            [1],
        ),
        ("make", {"Makefile": ".PHONY: run\nrun:\n\tgunicorn \\\n\t  -b :1 a\n"}, [1]),
        ("make -C sub run P=2", {"sub/Makefile": "P ?= 1\nrun:\n\tgunicorn -b :${P} a\n"}, [2]),
        ("make run", {"Makefile": "run:\n\tgunicorn -b :$${PORT:-3} a\n"}, [3]),
        ("make run", {"Makefile": "run:\n\tgunicorn -b :$(P) a\n"}, [None]),
    ],
)
def test_procfiles_and_makefiles(
    command: str, files: dict[str, str], expected: list[int | None]
) -> None:
    assert ports(command, files=files) == expected


SUPERVISED = """\
[supervisord]
nodaemon=true

[program:nginx]
command=nginx -g "daemon off;" ; in front
[program:api]
directory=/srv/api
environment=PORT="81",A=b
command=sh -c "exec gunicorn -b unix:%(program_name)s.sock a"
[program:web]
environment=PORT=82
command=gunicorn a
    --timeout 9
[program:off]
autostart=false
command=gunicorn -b :9 a
[include]
files = conf.d/*.conf
"""


class TestSupervisord:
    def test_all_programs_are_started(self) -> None:
        files = {
            "/etc/supervisor/supervisord.conf": SUPERVISED,
            "/etc/supervisor/conf.d/x.conf": "[program:x]\ncommand=uvicorn a:b --port %(ENV_XP)s\n",
            "/etc/supervisor/conf.d/x.txt": "[program:y]\ncommand=uvicorn a:b --port 1\n",
        }
        command = "/usr/bin/supervisord -n -c /etc/supervisor/supervisord.conf"
        found = start(command, {"XP": "83"}, files)

        assert ports(command, {"XP": "83"}, files) == ["/srv/api/api.sock", 82, 83]
        assert found.programs == {"supervisord", "nginx", "gunicorn", "uvicorn"}
        assert found.whole
        assert said(found)[1]["port"] == Said(82, "etc/supervisor/supervisord.conf:11")

    def test_what_it_listens_at_itself(self) -> None:
        text = (
            "[inet_http_server]\nport = *:9001\n"
            "[unix_http_server]\nfile = /run/s.sock\n"
            "[fcgi-program:php]\nsocket = tcp://127.0.0.1:9000\ncommand = php-cgi\n"
            "[fcgi-program:two]\nsocket = unix:///run/two.sock\nsocket_mode = 0660\n"
        )

        assert listeners("supervisord", files={"supervisord.conf": text}) == [
            {"protocol": "http", "port": 9001, "bind": ("*",)},
            {"protocol": "http", "socket": "/run/s.sock"},
            {"protocol": "fastcgi", "port": 9000, "bind": ("127.0.0.1",)},
            {"protocol": "fastcgi", "socket": "/run/two.sock", "socket.mode": 0o660},
        ]

    def test_its_usual_file(self) -> None:
        files = {"/etc/supervisord.conf": "[program:a]\ncommand=gunicorn -b :1 a\n"}

        assert ports("supervisord", files=files) == [1]

    @pytest.mark.parametrize(
        "text", ["[program:a]\ncommand=./unknown\n", "[program:a]\ncommand='x\n", None]
    )
    def test_what_cannot_be_followed_may_listen(self, text: str | None) -> None:
        found = start("supervisord", files={} if text is None else {"supervisord.conf": text})

        assert not found.whole
        assert len(found.unread) == 1
