"""Which addresses a probe asks, and which not."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.deployment.viewpoint import Viewpoint
from lint502.places import Place
from lint502.probing.elsewhere import command
from tests.support.probes import found
from tests.support.sites import write

CONF = """\
events {}
http {
    upstream pool { server 127.0.0.1:3000; server 127.0.0.1:3001; }
    server {
        location / { proxy_pass http://pool; }
        location /api/ { proxy_pass http://127.0.0.1:8000; }
        location /wrong/ { proxy_pass http://127.0.0.1:8001; }
        location /php/ { fastcgi_pass unix:/run/php.sock; }
        location /none/ { proxy_pass http://127.0.0.1:9999; }
    }
}
"""
SPEC = """\
[upstream.pool]
server = "node"
[upstream.api]
port = 8000
[upstream.php]
socket = "/run/php.sock"
[upstream.other]
hosts = ["10.0.0.1"]
port = 8080
[upstream.nothing]
[upstream.time]
port = 123
protocol = "udp"
[upstream.hosts]
hosts = ["10.0.1.1", "10.0.1.2", "10.0.1.3", "10.0.1.4", "10.0.1.5"]
port = 80
"""


def asked(folder: Path, *names: str, here: bool = False) -> list[tuple[str, str]]:
    subjects = found(folder, names, here=here).subjects
    return [(one.upstream, str(one.address)) for one in subjects if one.inside is None]


def test_what_is_claimed_and_no_more(tmp_path: Path) -> None:
    write(tmp_path, {"nginx.conf": CONF, "upstreams.toml": SPEC})
    assert asked(tmp_path) == [
        ("pool", "127.0.0.1:3000"),
        ("pool", "127.0.0.1:3001"),
        ("api", "127.0.0.1:8000"),
        ("php", "unix:/run/php.sock"),
        ("other", "10.0.0.1:8080"),
        ("hosts", "10.0.1.1:80"),
        ("hosts", "10.0.1.2:80"),
        ("hosts", "10.0.1.3:80"),
        ("hosts", "10.0.1.4:80"),
    ]
    assert found(tmp_path).left == (
        ("nothing", "nothing is claimed of it, and no hop leads to it"),
        ("time", "it speaks UDP, which answers only who knows it"),
        ("hosts", "10.0.1.5:80: only 4 addresses are asked"),
    )


def test_those_that_are_named(tmp_path: Path) -> None:
    write(tmp_path, {"nginx.conf": CONF, "upstreams.toml": SPEC})
    assert asked(tmp_path, "php", "api") == [
        ("api", "127.0.0.1:8000"),
        ("php", "unix:/run/php.sock"),
    ]


COMPOSE = """\
services:
  web:
    image: nginx:1.27
    volumes: ["./nginx.conf:/etc/nginx/nginx.conf:ro"]
  api:
    image: python:3.12
    command: gunicorn -b 0.0.0.0:8000 app:app
  public:
    image: python:3.12
    command: gunicorn -b 0.0.0.0:8100 app:app
    ports: ["18100:8100"]
  database:
    image: postgres:16
    ports: ["5432:5432"]
"""
IN_COMPOSE = """\
events {}
http {
    server {
        location / { proxy_pass http://api:8000; }
        location /public/ { proxy_pass http://public:8100; }
    }
}
"""


def test_a_network_of_containers_is_asked_from_there(tmp_path: Path) -> None:
    write(tmp_path, {"nginx.conf": IN_COMPOSE, "compose.yaml": COMPOSE})
    subjects = found(tmp_path).subjects
    assert [(one.upstream, str(one.address), one.published) for one in subjects] == [
        ("api", "api:8000", False),
        ("public", "127.0.0.1:18100", True),
    ]
    assert [one.inside and one.inside.nginx for one in subjects] == ["web", None]
    assert asked(tmp_path, here=True) == [("api", "api:8000"), ("public", "public:8100")]


WEB = "$(docker compose -f deploy/compose.yaml ps -q web)"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            "compose",
            f'docker run --rm --network "container:{WEB}" --volumes-from "{WEB}"'
            ' -v "$PWD:/site:ro" lint502 probe --here api',
        ),
        ("kubernetes", "kubectl debug -it POD_OF_WEB --image=lint502 -- probe --here api"),
    ],
)
def test_the_command_for_there(kind: str, expected: str) -> None:
    view = Viewpoint("deploy/compose.yaml", "web", Place("deploy/compose.yaml", 1, 1, 2))
    assert command(view, kind, ["api"]) == expected
