from __future__ import annotations

import re
from typing import get_args

import pytest

from lint502.declared import profiles
from lint502.deployment import images
from lint502.deployment.image_ports import open_ports
from lint502.deployment.images import (
    Form,
    ImagePort,
    ImageSetting,
    Protocol,
    Reference,
    known,
    names,
    parse_reference,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgres", Reference("docker.io", "postgres")),
        ("docker.io/library/postgres:16", Reference("docker.io", "postgres", "16")),
        ("registry.hub.docker.com/grafana/grafana", Reference("docker.io", "grafana/grafana")),
        ("ghcr.io/x/y@sha256:abc", Reference("ghcr.io", "x/y", "", "sha256:abc")),
        ("nginx:1.27@sha256:abc", Reference("docker.io", "nginx", "1.27", "sha256:abc")),
        ("localhost/x/y", Reference("localhost", "x/y")),
        ("a.example:5000/m/x/y:1.2", Reference("a.example:5000", "m/x/y", "1.2")),
        ("a.example:5000/x", Reference("a.example:5000", "x")),
        ("${REGISTRY:-a.example/m}/x/y:1", Reference("$", "x/y", "1")),
        ("postgres:${VERSION:-16}", Reference("docker.io", "postgres", "")),
        ("postgres:16-$SUFFIX", Reference("docker.io", "postgres", "")),
        (" redis:7 ", Reference("docker.io", "redis", "7")),
    ],
)
def test_a_reference_is_taken_apart(text: str, expected: Reference) -> None:
    assert parse_reference(text) == expected


@pytest.mark.parametrize(
    "text", ["", "Postgres", "${IMAGE}", "${REGISTRY}postgres", "a:b:c", "a//b", "/a", "x" * 2000]
)
def test_what_is_no_reference_is_none(text: str) -> None:
    assert parse_reference(text) is None
    assert known(text) is None


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("postgres:16", "postgres"),
        ("public.ecr.aws/docker/library/postgres:16", "postgres"),
        ("registry.example/mirror/grafana/grafana:11", "grafana/grafana"),
        ("${MIRROR}/grafana/grafana", "grafana/grafana"),
        ("quay.io/keycloak/keycloak:26.0", "quay.io/keycloak/keycloak"),
        ("registry.example/keycloak/keycloak:26.0", "keycloak/keycloak"),
        ("registry.example/m/dotnet/aspnet:8.0", "mcr.microsoft.com/dotnet/aspnet"),
        ("lscr.io/linuxserver/mariadb", "linuxserver/mariadb"),
    ],
)
def test_a_name_of_two_parts_is_known_in_any_registry(reference: str, name: str) -> None:
    found = known(reference)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "reference",
    [
        "registry.example/postgres",
        "registry.example/team/postgres",
        "somebody/grafana",
        "dotnet/aspnet",
        "grafana",
        "registry.example/library/grafana",
    ],
)
def test_a_bare_name_elsewhere_is_another_image(reference: str) -> None:
    assert known(reference) is None


def _ports(reference: str) -> list[tuple[int, str, bool | None]]:
    found = known(reference)
    assert found is not None
    return [(port.number, port.protocol, port.tls) for port in found.ports]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("mcr.microsoft.com/dotnet/aspnet:7.0-alpine", [(80, "http", False)]),
        ("mcr.microsoft.com/dotnet/aspnet:8.0", [(8080, "http", False)]),
        ("mcr.microsoft.com/dotnet/aspnet:10.0-noble", [(8080, "http", False)]),
        ("mcr.microsoft.com/dotnet/aspnet:latest", [(8080, "http", False)]),
        ("mcr.microsoft.com/dotnet/aspnet:$TAG", [(8080, "http", False), (80, "http", False)]),
    ],
)
def test_the_version_in_the_tag_decides(
    reference: str, expected: list[tuple[int, str, bool | None]]
) -> None:
    assert _ports(reference) == expected


def test_a_tag_says_what_an_image_runs() -> None:
    fpm, apache, cli = known("php:8.2-fpm-alpine"), known("php:8.2-apache"), known("php:8.2")
    assert fpm is not None and apache is not None and cli is not None
    assert (fpm.server, fpm.speaks_http, fpm.runs) == ("php-fpm/8.2", False, True)
    assert (apache.server, apache.speaks_http, apache.runs) == ("apache", True, True)
    assert (cli.server, cli.ports, cli.runs) == (None, (), False)
    assert known("php@sha256:abc") is None
    assert _ports("wordpress:6.5-php8.2-fpm") == [(9000, "fastcgi", False)]
    assert _ports("wordpress:6.5") == [(80, "http", False)]
    assert _ports("wordpress:cli-2.10") == []
    assert _ports("serversideup/php:8.3-fpm-nginx") == [(8080, "http", False), (8443, "http", True)]
    assert _ports("serversideup/php:8.3-fpm") == [(9000, "fastcgi", False)]


@pytest.mark.parametrize(
    ("reference", "server"),
    [
        ("minio/minio", "minio"),
        ("quay.io/keycloak/keycloak:16.1", "keycloak/16.1"),
        ("grafana/grafana:11.2", "grafana"),
        ("jboss/keycloak:16.1.1", "wildfly"),
        ("sonarqube", None),
    ],
)
def test_a_product_has_a_profile_of_its_own(reference: str, server: str | None) -> None:
    found = known(reference)
    assert found is not None
    assert found.server == server


def test_a_whole_image() -> None:
    found = known("prom/prometheus:v2.53.0")
    source = "prometheus/prometheus@d15adb9ad7:cmd/prometheus/main.go (web.listen-address)"
    assert found == images.KnownImage(
        "prom/prometheus",
        (ImagePort(9090, "http", False, (), "", source),),
        "prometheus",
        (),
        (
            ImageSetting("--web.listen-address", "address", (9090,), source),
            ImageSetting("--web.config.file", "tls", (9090,), source),
        ),
        True,
    )
    assert found.speaks_http


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("postgres:16", True),
        ("node:20", True),
        ("traefik:v3", False),
        ("sonatype/nexus3", False),
    ],
)
def test_whether_more_ports_may_be_open(reference: str, expected: bool) -> None:
    found = known(reference)
    assert found is not None
    assert found.whole is expected
    assert open_ports(found, {}).whole is expected


def test_what_may_change_the_ports_of_an_image() -> None:
    caddy, aspnet = known("caddy:2"), known("mcr.microsoft.com/dotnet/aspnet:8.0")
    assert caddy is not None and aspnet is not None
    assert caddy.is_configured_at("/etc/caddy/Caddyfile")
    assert caddy.is_configured_at("/etc/caddy/")
    assert caddy.is_configured_at("/etc")
    assert not caddy.is_configured_at("/data")
    assert not caddy.is_configured_at("/etc/cad")
    assert aspnet.runs_as("/usr/bin/dotnet")
    assert aspnet.runs_as("/app/Shop.dll")
    assert not aspnet.runs_as("nginx")


_KEYS = {
    "image": {
        *("names", "tags", "source", "server", "versioned", "runs", "ports", "variables"),
        "unprofiled",
        *("arguments", "programs", "configuration", "whole"),
    },
    "port": {
        *("number", "protocol", "tls", "http_versions", "what", "since", "before", "source"),
        "proxy_protocol",
    },
    "setting": {"name", "form", "of", "since", "before", "source"},
}


@pytest.mark.parametrize("name", names())
def test_the_rows_of_an_image_say_what_they_may(name: str) -> None:
    for row in images._table()[name]:
        assert set(row) <= _KEYS["image"]
        assert re.search(r"^https://|^[\w.-]+/[\w.-]+[@#:]", row["source"])
        assert row.get("server") in (None, *profiles.names())
        ports = row.get("ports", [])
        numbers = [port["number"] for port in ports]
        for port in ports:
            assert set(port) <= _KEYS["port"]
            assert 0 < port["number"] < 65536
            assert port["protocol"] in get_args(Protocol)
        for setting in (*row.get("variables", ()), *row.get("arguments", ())):
            assert set(setting) <= _KEYS["setting"]
            assert setting["form"] in get_args(Form)
            assert numbers
            assert set(setting.get("of", ())) <= set(numbers)
        speaks_http = any(port["protocol"] in ("http", "grpc") for port in ports)
        needed = row.get("runs", True) and (speaks_http or not ports)
        said = [key for key in ("server", "unprofiled") if key in row]
        assert len(said) == 1 if needed else "unprofiled" not in said, row
    tagged = [row for row in images._table()[name] if "tags" not in row]
    assert len(tagged) <= 1


def test_a_language_has_no_ports_and_a_database_speaks_no_http() -> None:
    for name in ("node:20", "python:3.12-slim", "golang:1.22", "ruby:3.3", "eclipse-temurin:21"):
        language = known(name)
        assert language is not None
        assert (language.runs, language.ports) == (False, ())
    for name in ("postgres", "mysql:8", "redis:7", "mongo", "mariadb:11"):
        database = known(name)
        assert database is not None
        assert (database.runs, database.speaks_http) == (True, False)
