from __future__ import annotations

import pytest

from lint502.deployment.image_ports import OpenPort, OpenPorts, SetBy, open_ports
from lint502.deployment.images import known
from lint502.deployment.texts import Text, Words
from lint502.places import Place

_PLACE = Place("compose.yaml", 7, 9, 20)
_COMMAND = Place("compose.yaml", 9, 9, 20)


def _opened(
    reference: str, environment: dict[str, str], command: str = "", unknown: tuple[str, ...] = ()
) -> OpenPorts:
    image = known(reference)
    assert image is not None
    given = {name: Text(value, _PLACE) for name, value in environment.items()}
    words = Words(tuple(command.split()), _COMMAND) if command else None
    return open_ports(image, given, frozenset(unknown), words)


def _shown(found: OpenPorts) -> list[str]:
    """``"https 8443 on localhost, by KC_HTTPS_PORT"`` for each port, "?" at last where there may be
    more."""
    return [_one(port) for port in found.ports] + ([] if found.whole else ["?"])


def _one(open_port: OpenPort) -> str:
    secure = {True: "s", False: "", None: "?"}[open_port.port.tls]
    text = f"{open_port.port.protocol}{secure} {open_port.port.number}"
    if open_port.bind is not None:
        text += f" on {open_port.bind}"
    names = dict.fromkeys(by.name for by in (open_port.number_by, open_port.tls_by) if by)
    return text + "".join(f", by {name}" for name in names)


@pytest.mark.parametrize(
    ("reference", "environment", "command", "expected"),
    [
        ("grafana/grafana", {}, "", ["http 3000"]),
        ("grafana/grafana", {"GF_SERVER_HTTP_PORT": ""}, "", ["http 3000"]),
        (
            "grafana/grafana",
            {"GF_SERVER_HTTP_PORT": "8000", "GF_SERVER_PROTOCOL": "https"},
            "",
            ["https 8000, by GF_SERVER_HTTP_PORT, by GF_SERVER_PROTOCOL"],
        ),
        ("grafana/grafana", {"GF_SERVER_PROTOCOL": "socket"}, "", ["?"]),
        ("grafana/grafana", {"GF_SERVER_HTTP_PORT": "99999"}, "", ["?"]),
        ("grafana/grafana", {"GF_SERVER_HTTP_PORT": "tcp://10.0.0.1:80"}, "", ["?"]),
        (
            "mcr.microsoft.com/dotnet/aspnet:8.0",
            {"ASPNETCORE_HTTP_PORTS": "80;8081", "ASPNETCORE_HTTPS_PORTS": "443"},
            "",
            [
                "http 80, by ASPNETCORE_HTTP_PORTS",
                "http 8081, by ASPNETCORE_HTTP_PORTS",
                "https 443, by ASPNETCORE_HTTPS_PORTS",
            ],
        ),
        (
            "mcr.microsoft.com/dotnet/aspnet:8.0",
            {"ASPNETCORE_HTTP_PORTS": "8080", "ASPNETCORE_URLS": "http://+:5000;https://*:5001"},
            "",
            ["http 5000, by ASPNETCORE_URLS", "https 5001, by ASPNETCORE_URLS"],
        ),
        (
            "mcr.microsoft.com/dotnet/aspnet:6.0",
            {"ASPNETCORE_URLS": "http://localhost:5000"},
            "",
            ["http 5000 on localhost, by ASPNETCORE_URLS"],
        ),
        (
            "mcr.microsoft.com/dotnet/aspnet:6.0",
            {"ASPNETCORE_URLS": "https://+"},
            "",
            ["https 443, by ASPNETCORE_URLS"],
        ),
        (
            "mcr.microsoft.com/dotnet/aspnet:6.0",
            {"ASPNETCORE_HTTP_PORTS": "5000"},
            "dotnet Shop.dll --urls http://[::]:9000",
            ["http 9000, by --urls"],
        ),
        (
            "quay.io/keycloak/keycloak:26.0",
            {"KC_HTTP_PORT": "8180", "KC_HTTP_ENABLED": "true"},
            "start --https-port=9443",
            ["http 8180, by KC_HTTP_PORT", "https 9443, by --https-port", "http? 9000"],
        ),
        (
            "quay.io/keycloak/keycloak:26.0",
            {"KC_HTTP_PORT": "8180"},
            "start --http-enabled false --http-port 8280",
            ["https 8443", "http? 9000"],
        ),
        (
            "quay.io/keycloak/keycloak:15.0.2",
            {"KC_HTTP_PORT": "8180"},
            "",
            ["http 8080", "https 8443", "http? 9990"],
        ),
        (
            "prom/prometheus",
            {},
            "--web.listen-address=:9091",
            ["http 9091, by --web.listen-address"],
        ),
        (
            "prom/prometheus",
            {},
            "--web.listen-address=127.0.0.1:9091 --web.config.file=/web.yml",
            ["https 9091 on 127.0.0.1, by --web.listen-address, by --web.config.file"],
        ),
        (
            "authelia/authelia",
            {"AUTHELIA_SERVER_ADDRESS": "tcp://:9092/"},
            "",
            ["http? 9092, by AUTHELIA_SERVER_ADDRESS"],
        ),
        ("authelia/authelia", {"AUTHELIA_SERVER_ADDRESS": "unix:///run/a.sock"}, "", ["?"]),
        ("vaultwarden/server", {"ROCKET_TLS": "{certs=…}"}, "", ["https 80, by ROCKET_TLS"]),
        (
            "kong:3.7",
            {"KONG_ADMIN_LISTEN": "off"},
            "",
            ["http 8000", "https 8443", "http 8002", "?"],
        ),
        ("redis:7", {}, "redis-server --port 6380 --save 60 1", ["tcp 6380, by --port"]),
        ("redis:7", {}, "redis-server --port", ["?"]),
    ],
)  # fmt: skip
def test_what_listens(
    reference: str, environment: dict[str, str], command: str, expected: list[str]
) -> None:
    assert _shown(_opened(reference, environment, command)) == expected


def test_a_variable_of_unknown_value_hides_its_port() -> None:
    found = _opened("quay.io/keycloak/keycloak:26.0", {}, unknown=("KC_HTTP_PORT", "KC_DB"))
    assert _shown(found) == ["https 8443", "http? 9000", "?"]
    given = _opened(
        "quay.io/keycloak/keycloak:26.0", {}, "start --http-port=8180", ("KC_HTTP_PORT",)
    )
    assert _shown(given) == ["http 8180, by --http-port", "https 8443", "http? 9000"]


def test_where_it_is_said() -> None:
    (port,) = _opened("grafana/grafana", {"GF_SERVER_HTTP_PORT": "8000"}).ports
    assert (port.number_by, port.tls_by) == (SetBy("GF_SERVER_HTTP_PORT", _PLACE), None)
    (port,) = _opened("redis", {}, "redis-server --port 6380").ports
    assert port.number_by == SetBy("--port", _COMMAND)
