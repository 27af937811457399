"""The ports that a service suggests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.compose import service

Found = list[tuple[int, str, int | None, str | None, str]]


def ports(folder: Path, text: str, files: dict[str, str] | None = None) -> Found:
    return [
        (one.number, one.what, one.published, one.address, one.protocol)
        for one in service(folder, text, files).ports
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("3000", [(3000, None, None, "tcp")]),
        ("8025:25", [(25, 8025, None, "tcp")]),
        ('"80:8080/tcp"', [(8080, 80, None, "tcp")]),
        ('"6060:6060/udp"', [(6060, 6060, None, "udp")]),
        ('"127.0.0.1:8001:8001"', [(8001, 8001, "127.0.0.1", "tcp")]),
        ('"0.0.0.0:80:8080"', [(8080, 80, None, "tcp")]),
        ('"127.0.0.1::5000"', [(5000, None, "127.0.0.1", "tcp")]),
        ('"[::1]:6001:6000"', [(6000, 6001, "::1", "tcp")]),
        ('"3000-3002"', [(3000, None, None, "tcp"), (3001, None, None, "tcp"),
                         (3002, None, None, "tcp")]),
        ('"9090-9091:8080-8081"', [(8080, 9090, None, "tcp"), (8081, 9091, None, "tcp")]),
        ('"8000-9000:80"', [(80, None, None, "tcp")]),
        ('"${HOST_PORT}:8000"', [(8000, None, None, "tcp")]),
        ('"${BIND}:${HOST_PORT}:8000"', [(8000, None, None, "tcp")]),
        ('"${HOST_PORT:-80}:8000"', [(8000, 80, None, "tcp")]),
        ('"8000:${PORT}"', []),
        ('"$PORT"', []),
        ('"80:http"', []),
        ('"80:0"', []),
        ('"80:70000"', []),
        ('"1-65535"', []),
        ('"80:80/sctp"', []),
        ("{target: 80, published: '8080', host_ip: 127.0.0.1, protocol: tcp, mode: host}",
         [(80, 8080, "127.0.0.1", "tcp")]),
        ("{target: 53, protocol: udp}", [(53, None, None, "udp")]),
        ("{published: 80}", []),
    ],
)  # fmt: skip
def test_published(
    tmp_path: Path, written: str, expected: list[tuple[int, int | None, str | None, str]]
) -> None:
    found = ports(tmp_path, f"ports:\n  - {written}")
    assert found == [(one[0], "ports", *one[1:]) for one in expected]


def test_the_name_of_a_port_and_its_place(tmp_path: Path) -> None:
    (port,) = service(tmp_path, "ports:\n- {name: web, target: 80}").ports
    assert (port.name, port.place.file, port.place.line) == ("web", "compose.yaml", 5)


@pytest.mark.parametrize(
    "text",
    [
        "ports: ['$P:80']",
        "ports: ['80:$P']",
        "ports: [{target: 80, published: $P}]",
        "ports: [{target: $P}]",
        "expose: [$P]",
    ],
)
def test_what_an_example_says_is_marked(tmp_path: Path, text: str) -> None:
    (port,) = service(tmp_path, text, {".env.example": "P=8000"}).ports
    assert (port.example, 8000 in (port.number, port.published)) == (True, True)
    (port,) = service(tmp_path, text, {".env": "P=8000"}).ports
    assert port.example is False


def test_exposed(tmp_path: Path) -> None:
    assert ports(tmp_path, "expose: ['3000', 8000-8001/tcp, '53/udp', '$X']") == [
        (3000, "expose", None, None, "tcp"),
        (8000, "expose", None, None, "tcp"),
        (8001, "expose", None, None, "tcp"),
        (53, "expose", None, None, "udp"),
    ]


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("curl -f http://localhost:8000/health || exit 1", [8000]),
        ('["CMD", "wget", "-qO-", "http://127.0.0.1:3000/"]', [3000]),
        ('["CMD-SHELL", "curl http://0.0.0.0:80 && curl http://[::1]:81"]', [80, 81]),
        ("curl http://localhost/", [80]),
        ("curl -k https://localhost", [443]),
        ("nc -z localhost:5432", [5432]),
        ("nc -z localhost 8001 || exit 1", [8001]),
        ('["CMD", "nc", "-z", "-w", "5", "127.0.0.1", "8001"]', [8001]),
        ("nc -z db 8001", []),
        ("bash -c ':> /dev/tcp/127.0.0.1/8080'", [8080]),
        ("redis-cli -h localhost 5", []),
        ("curl http://localhost:${PORT}/", []),
        ("curl http://localhost:$${PORT}/", []),
        ("curl http://db:5432/", []),
        ("curl http://notlocalhost:5432/", []),
        ('["NONE", "http://localhost:80"]', []),
        ("pg_isready -h localhost", []),
    ],
)
def test_checked(tmp_path: Path, test: str, expected: list[int]) -> None:
    found = ports(tmp_path, f"healthcheck:\n  test: {test}")
    assert found == [(number, "healthcheck", None, None, "tcp") for number in expected]


def test_a_health_check_that_is_off(tmp_path: Path) -> None:
    text = "healthcheck: {test: 'curl http://localhost:80/', disable: true}"
    assert ports(tmp_path, text) == []


def test_a_port_that_is_said_twice_is_one(tmp_path: Path) -> None:
    text = "a: &a {x: 1}\nexpose: ['80']\nports: ['80']"
    assert ports(tmp_path, text) == [
        (80, "ports", None, None, "tcp"),
        (80, "expose", None, None, "tcp"),
    ]
