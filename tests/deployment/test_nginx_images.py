from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import trustme

from lint502.declared import profiles
from lint502.deployment import nginx_images
from lint502.deployment.nginx_images import (
    Beside,
    NginxFamily,
    nginx_family,
    package_family,
    package_version,
    version_of,
)
from lint502.nginx import version
from lint502.nginx.derivatives import named
from tests.support.nginxes import nginx_of

_NEWEST = str(version.NEWEST)
_FAMILIES = [row["name"] for row in nginx_images._rows()]


@pytest.mark.parametrize(
    ("reference", "name", "expected"),
    [
        ("nginx", "nginx", (_NEWEST, True)),
        ("nginx:latest", "nginx", (_NEWEST, True)),
        ("nginx:1", "nginx", (_NEWEST, True)),
        ("nginx:alpine", "nginx", (_NEWEST, True)),
        ("nginx:mainline-alpine-slim", "nginx", (_NEWEST, True)),
        ("nginx:stable-alpine", "nginx", ("1.30", True)),
        ("nginx:1.27", "nginx", ("1.27", False)),
        ("nginx:1.27.2-alpine", "nginx", ("1.27.2", False)),
        ("docker.io/library/nginx:1.21@sha256:abc", "nginx", ("1.21", False)),
        ("registry.example/dockerhub/library/nginx:1.25.3", "nginx", ("1.25.3", False)),
        ("public.ecr.aws/nginx/nginx:1.25", "nginx", ("1.25", False)),
        ("nginx:$VERSION", "nginx", None),
        ("nginx@sha256:abc", "nginx", None),
        ("nginx:alpine3.17", "nginx", None),
        ("nginxinc/nginx-unprivileged:1.25-alpine", "nginx (unprivileged)", ("1.25", False)),
        (
            "openresty/openresty:1.25.3.1-2-alpine",
            "OpenResty",
            ("openresty/1.25.3.1", False),
        ),
        ("openresty/openresty:alpine", "OpenResty", ("openresty/1.29.2.4", True)),
        ("docker.angie.software/angie:1.10.1-minimal", "Angie", ("angie/1.10.1", False)),
        ("ghcr.io/alibaba/tengine:3.2.0-alpine", "Tengine", ("tengine/3.2.0", False)),
        ("ghcr.io/alibaba/tengine", "Tengine", ("tengine/3.2", True)),
        ("jonasal/nginx-certbot:5.0.1-nginx1.27.0-alpine", "nginx-certbot", ("1.27.0", False)),
        ("registry.access.redhat.com/ubi9/nginx-126:1", "ubi/nginx", ("1.26", False)),
        ("lscr.io/linuxserver/swag", "linuxserver/swag", ("1.28", True)),
        ("lscr.io/linuxserver/swag:2.11.0", "linuxserver/swag", None),
        ("owasp/modsecurity-crs:4-nginx-alpine-202401", "owasp/modsecurity-crs", None),
        ("jwilder/nginx-proxy:1.5", "a generated configuration", None),
    ],
)
def test_the_family_and_version_of_an_image(
    reference: str, name: str, expected: tuple[str, bool] | None
) -> None:
    family = nginx_family(reference)
    assert family is not None
    assert (family.name, version_of(family, reference)) == (name, expected)
    if expected is not None:
        named(expected[0])


@pytest.mark.parametrize(
    "reference",
    [
        "postgres:16",
        "somebody/nginx",
        "registry.example/nginx:1.25",
        "registry.example/team/nginx:1.25",
        "nginx/nginx-prometheus-exporter",
        "owasp/modsecurity-crs:apache",
        "serversideup/php:8.3-cli",
        "${IMAGE}",
        "",
    ],
)
def test_other_images_are_of_no_family(reference: str) -> None:
    assert nginx_family(reference) is None


@pytest.mark.parametrize(
    ("manager", "base", "expected"),
    [
        ("apt-get", "debian:12-slim", "1.22.1"),
        ("apt", "debian:12.5", "1.22.1"),
        ("apt-get", "python:3.12-slim-bookworm", "1.22.1"),
        ("apt-get", "ubuntu:22.04", "1.18.0"),
        ("apt-get", "python:3.12-slim", None),
        ("apt-get", "alpine:3.20", None),
        ("apk", "alpine:3.20.1", "1.26"),
        ("apk", "node:20-alpine3.19", "1.24.0"),
        ("apk", "alpine:3.2", None),
        ("apk", "alpine", None),
        ("dnf", "fedora:40", None),
    ],
)
def test_the_version_of_a_package(manager: str, base: str, expected: str | None) -> None:
    family = package_family(manager)
    assert family is not None
    assert package_version(family, base) == expected


def test_nothing_else_installs_nginx() -> None:
    assert package_family("pip") is None


def test_a_family_whole() -> None:
    family = nginx_family("nginxinc/nginx-unprivileged")
    assert family is not None
    assert sorted(family.stock) == ["/etc/nginx/conf.d/default.conf", "/etc/nginx/nginx.conf"]
    assert (family.main, family.ports) == ("/etc/nginx/nginx.conf", (8080,))
    assert dict(family.templates) == {"/etc/nginx/templates": "/etc/nginx/conf.d"}
    assert not family.generated
    trafex = nginx_family("trafex/php-nginx")
    assert trafex is not None
    assert trafex.beside == (Beside("unix:/run/php-fpm.sock", "fastcgi", "php-fpm"),)
    proxy = nginx_family("nginxproxy/nginx-proxy")
    assert proxy is not None
    assert (proxy.generated, proxy.main) == (True, None)


@pytest.mark.parametrize(
    ("reference", "environment", "expected"),
    [
        ("nginx", {}, {"/etc/nginx/templates": "/etc/nginx/conf.d"}),
        (
            "nginx",
            {"NGINX_ENVSUBST_TEMPLATE_DIR": "/t", "NGINX_ENVSUBST_OUTPUT_DIR": "/etc/nginx"},
            {"/t": "/etc/nginx"},
        ),
        (
            "nginx",
            {"NGINX_ENVSUBST_OUTPUT_DIR": ""},
            {"/etc/nginx/templates": "/etc/nginx/conf.d"},
        ),
        ("owasp/modsecurity-crs:nginx", {}, {"/etc/nginx/templates": "/etc/nginx"}),
        ("openresty/openresty", {"NGINX_ENVSUBST_TEMPLATE_DIR": "/t"}, {}),
    ],
)
def test_variables_move_the_templates(
    reference: str, environment: dict[str, str], expected: dict[str, str]
) -> None:
    family = nginx_family(reference)
    assert family is not None
    assert dict(family.template_folders(environment)) == expected


@pytest.mark.parametrize("name", _FAMILIES)
def test_what_is_written_of_a_family(name: str) -> None:
    family = nginx_images._family(name)
    assert family.source
    for beside in family.beside:
        assert beside.server in profiles.names()
    for path in (*family.stock, *family.templates, *family.unseen):
        assert path.startswith("/")
    if not family.generated:
        templates = {f"{family.main}.template"} if family.templates else set()
        folder = next(iter(family.templates), "")
        inside = {path.replace(folder, "/etc/nginx", 1) for path in family.stock if folder}
        assert family.main in family.stock or templates & inside


@pytest.mark.slow
@pytest.mark.parametrize("name", _FAMILIES)
def test_nginx_takes_the_files_of_a_family(name: str, tmp_path: Path) -> None:
    family = nginx_images._family(name)
    if family.main is None:
        return
    main = _written(family, tmp_path)
    nginx = nginx_of("sid")
    done = subprocess.run(
        [*nginx.command, "-t", "-q", "-p", f"{main.parent}/", "-c", str(main)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        env={**os.environ, **nginx.environment},
    )
    assert (done.returncode, done.stderr) == (0, "")


def _written(family: NginxFamily, folder: Path) -> Path:
    """The files of a family below a folder, with its templates rendered; ports 20,000 higher."""
    assert family.main is not None
    certificate = trustme.CA().issue_cert("localhost")
    certificate.cert_chain_pems[0].write_to_path(folder / "certificate")
    certificate.private_key_pem.write_to_path(folder / "key")
    for path, text in family.stock.items():
        for templates, rendered in family.templates.items():
            if path.startswith(f"{templates}/"):
                path = rendered + path.removeprefix(templates).removesuffix(".template")
                text = re.sub(r"\$\{(\w+)\}", lambda found: family.variables[found[1]], text)
        text = re.sub(r"(listen (?:\[::\]:)?)(\d+)", lambda m: f"{m[1]}{20000 + int(m[2])}", text)
        text = re.sub(r"(ssl_certificate) .*;", rf"\1 {folder}/certificate;", text)
        text = re.sub(r"(ssl_certificate_key) .*;", rf"\1 {folder}/key;", text)
        text = re.sub(r'(include "?)/', rf"\g<1>{folder}/", text)
        file = folder / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        if path == family.main:
            text = f"pid {folder}/pid; error_log stderr;\n" + text.replace(
                "http {",
                "http { access_log off; client_body_temp_path body; proxy_temp_path proxy; "
                "fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;",
            )
        file.write_text(text)
    main = folder / family.main[1:]
    for path in family.unseen:
        if "*" not in path:
            (folder / path[1:]).parent.mkdir(parents=True, exist_ok=True)
            (folder / path[1:]).touch()
    (main.parent / "fastcgi.conf").touch()
    return main
