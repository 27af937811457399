"""A bare ``lint502 check`` in repositories that say how they are run, from the outside."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Run
from tests.support.sites import write

NGINX = """\
server {
    listen 80;
    location / { proxy_pass http://api:8000; }
    location /a/ { proxy_pass http://api:8001; }
    location /p/ { proxy_pass http://api:9000; }
    location /l/ { proxy_pass http://localhost:8000; }
    location /m/ { proxy_pass http://127.0.0.1:9000; }
    location /n/ { proxy_pass http://apy:8000; }
    location /d/ { proxy_pass http://db:5432; }
    location /s/ { proxy_pass http://api:8080; }
    location /o/ { proxy_pass http://old:8000; }
    location /x/ { proxy_pass http://hidden:8000; }
    location /e/ { proxy_pass http://shop.example.com; }
}
"""
COMPOSE = """\
services:
  web:
    image: nginx:1.27
    ports: ["8080:80"]
    volumes:
      - ./default.conf:/etc/nginx/conf.d/default.conf:ro
  api:
    image: python:3.12
    command: gunicorn -b 0.0.0.0:8000 app:app
    ports: ["9000:8000"]
  db:
    image: postgres:16
  hidden:
    image: python:3.12
    networks: [back]
#  old:
#    image: shop/old
networks:
  back: {}
"""
WHERE = "nginx connects to"


def found(run: Run, *arguments: str) -> list[tuple[str, int, str]]:
    report = report_of(run, *arguments)
    return [(one["rule"], one["line"], one["severity"]) for one in report["findings"]]


def report_of(run: Run, *arguments: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(run("check", "--format", "json", *arguments).out)
    return report


def test_what_compose_states(run: Run, tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": COMPOSE, "default.conf": NGINX})
    result = run("check", "--format", "concise")
    at = "default.conf:{}:{}:"
    own = "in its own container (web), where nothing listens on that port"
    assert result.out.splitlines() == [
        f"{at.format(4, 31)} error: {WHERE} api:8001, but api listens on port 8000 [port-mismatch]",
        f"{at.format(5, 31)} error: {WHERE} api:9000, but api listens on port 8000; 9000 is only "
        "published on its machine, for those who do not come from its own network [port-mismatch]",
        f"{at.format(6, 31)} error: {WHERE} localhost:8000, {own}; api does, in another container "
        "[loopback-in-container]",
        f"{at.format(7, 31)} error: {WHERE} 127.0.0.1:9000, {own}; it is published on the machine, "
        "for those outside: connect to api:8000 [loopback-in-container]",
        f"{at.format(8, 31)} error: nothing that web can reach in compose.yaml is called apy; api "
        "is; nginx does not start with such a name [unknown-host]",
        f"{at.format(9, 20)} warning: proxy_pass speaks HTTP, but db speaks a protocol of its own "
        "over TCP (the default of the image postgres) [protocol-mismatch]",
        f"{at.format(10, 31)} error: {WHERE} api:8080, but api listens on port 8000; 8080 is the "
        "port of the machine on which nginx itself is published [port-mismatch]",
        f"{at.format(11, 31)} error: nothing that web can reach in compose.yaml is called old: old "
        "is commented out (compose.yaml:16); nginx does not start with such a name [unknown-host]",
        f"{at.format(12, 31)} error: nothing that web can reach in compose.yaml is called hidden: "
        "hidden is on other networks than web (compose.yaml:13); nginx does not start with such a "
        "name [unknown-host]",
        f"{at.format(13, 31)} info: no upstream is declared for shop.example.com:80: what stands "
        "there was not compared with anything [undeclared-upstream]",
    ]
    assert (result.code, result.err) == (1, "")


def test_the_report_says_what_was_compared(run: Run, tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": COMPOSE, "default.conf": NGINX})
    report = report_of(run)
    assert report["nginx"] == {"version": "1.27", "from": "deployment"}
    assert report["deployments"] == [
        {"name": "compose.yaml", "kind": "compose", "nginx": "web", "roots": ["default.conf"]}
    ]
    assert report["hops"][0]["targets"] == [
        {"address": "api:8000", "upstream": "api", "compared_with": ["compose.yaml:9"]}
    ]
    assert report["summary"]["compared"] == 7
    standings = {(one["line"], one["standing"]) for one in report["findings"]}
    assert standings == {
        *((line, "stated") for line in (4, 5, 6, 7, 8, 10, 11, 12)), (9, "default"), (13, None),
    }  # fmt: skip
    last = run("check").out.splitlines()[-1]
    assert last == "11 hops: 7 compared with compose.yaml, 4 with nothing"


def test_the_fix_names_the_service_and_its_port(run: Run, tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": COMPOSE, "default.conf": NGINX})
    shown = [one for one in report_of(run)["findings"] if one["fix"] and not one["behind"]]
    fixes = {one["line"]: one["fix"]["description"] for one in shown}
    assert (fixes[6], fixes[7], fixes[8]) == (
        "proxy_pass http://api:8000;", "proxy_pass http://api:8000;", "proxy_pass http://api:8000;",
    )  # fmt: skip


def test_hints_make_no_error_and_agree_with_any(run: Run, tmp_path: Path) -> None:
    hops = "".join(f"location /{port} {{ proxy_pass http://api:{port}; }}" for port in (1, 2, 3))
    compose = COMPOSE.replace("command: gunicorn -b 0.0.0.0:8000 app:app", "expose: [1, '2']")
    write(tmp_path, {"compose.yaml": compose, "default.conf": f"server {{\n{hops}\n}}"})
    assert found(run) == [("port-mismatch", 2, "warning")]
    (one,) = report_of(run)["findings"]
    assert (one["standing"], one["fix"]) == ("hinted", None)


def test_not_alone_in_its_container(run: Run, tmp_path: Path) -> None:
    site = "server { location / { proxy_pass http://127.0.0.1:8000; } }"
    files = {
        "Dockerfile": "FROM nginx:1.27\nCOPY a.conf /etc/nginx/conf.d/\nCOPY start.sh /\n"
        "CMD /start.sh\n",
        "start.sh": "#!/bin/sh\n/srv/unknown &\nexec nginx -g 'daemon off;'\n",
        "a.conf": site,
        "compose.yaml": "services:\n  web: {build: .}\n  api: {image: python, expose: [8000]}\n",
    }
    write(tmp_path, files)
    assert found(run) == [("undeclared-upstream", 1, "info")]


def test_a_template_is_rendered_when_the_container_starts(run: Run, tmp_path: Path) -> None:
    command = "sh -c \"envsubst '$$API' < /tmp/a.tpl > /etc/nginx/conf.d/default.conf && nginx\""
    compose = COMPOSE.replace(
        "./default.conf:/etc/nginx/conf.d/default.conf:ro",
        f"./a.tpl:/tmp/a.tpl\n    command: {command}\n    environment: {{API: 'api:8001'}}",
    )
    write(
        tmp_path,
        {"compose.yaml": compose, "a.tpl": "server { location / { proxy_pass http://$API; } }"},
    )
    assert found(run) == [("port-mismatch", 1, "error")]
    assert report_of(run)["roots"] == ["a.tpl"]


def test_spec_files_count_first_and_drift_is_said(run: Run, tmp_path: Path) -> None:
    site = "server { location / { proxy_pass http://api:8001; } }"
    spec = "[upstream.api]\nport = 8001\n"
    write(tmp_path, {"compose.yaml": COMPOSE, "default.conf": site, "upstreams.toml": spec})
    report = report_of(run)
    assert [(one["rule"], one["file"], one["line"]) for one in report["findings"]] == [
        ("declaration-drift", "upstreams.toml", 2)
    ]
    assert [one["file"] for one in report["findings"][0]["related"]] == ["compose.yaml"]


def test_a_broken_compose_file_is_said(run: Run, tmp_path: Path) -> None:
    write(
        tmp_path,
        {"compose.yaml": "services:\n  web: [\n", "nginx.conf": f"events {{}}\nhttp {{ {NGINX} }}"},
    )
    result = run("check", "--format", "concise")
    assert result.code == 2
    assert "error: compose.yaml:3: this file is no YAML" in result.err


def test_nginx_on_the_machine(run: Run, tmp_path: Path) -> None:
    site = "\n".join(
        f"location /{at} {{ proxy_pass http://{address}; }}"
        for at, address in enumerate(
            ("127.0.0.1:9000", "127.0.0.1:8000", "10.1.2.3:9000", "172.20.0.5:9000")
        )
    )
    compose = COMPOSE.partition("  db:")[0].replace("./default.conf", "./none.conf")
    write(tmp_path, {"compose.yaml": compose, "site.conf": f"server {{\n{site}\n}}"})
    assert found(run, "site.conf") == [
        ("undeclared-upstream", 3, "info"), ("port-mismatch", 5, "warning"),
    ]  # fmt: skip
    upstreams = [hop["targets"][0]["upstream"] for hop in report_of(run, "site.conf")["hops"]]
    assert upstreams == ["api", None, "api", "api"]


def test_settings_of_a_server_that_nothing_starts(run: Run, tmp_path: Path) -> None:
    site = "server { location / { uwsgi_pass unix:/run/shop.sock; } }"
    write(tmp_path, {"uwsgi.ini": "[uwsgi]\nsocket = /run/shop.sock\n", "site.conf": site})
    (hop,) = report_of(run)["hops"]
    assert hop["targets"][0]["compared_with"] == ["uwsgi.ini:2", "uwsgi.ini:1"]


MANIFESTS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: proxy}
data:
  nginx.conf: |
    events {}
    http { server {
        location / { proxy_pass http://api:80; }
        location /b { proxy_pass http://api:8001; }
    } }
---
apiVersion: v1
kind: Pod
metadata: {name: proxy}
spec:
  containers:
    - name: nginx
      image: nginx:1.28
      volumeMounts: [{name: conf, mountPath: /etc/nginx/nginx.conf, subPath: nginx.conf}]
  volumes: [{name: conf, configMap: {name: proxy}}]
---
apiVersion: v1
kind: Service
metadata: {name: api}
spec: {selector: {app: api}, ports: [{port: 80, targetPort: 9000}]}
"""


def test_rendered_manifests(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(MANIFESTS.encode())))
    report = report_of(run, "-")
    places = [(one["rule"], one["file"], one["line"], one["column"]) for one in report["findings"]]
    assert places == [("port-mismatch", "<stdin>", 9, 34)]
    write(tmp_path, {"k8s/all.yaml": MANIFESTS})
    assert found(run) == [("port-mismatch", 9, "error")]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"apiVersion: v1\nkind: Pod\n")))
    result = run("check", "-")
    assert (result.code, "no pod of them runs an nginx" in result.err) == (2, True)


def test_without_deriving(run: Run, tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": COMPOSE, "default.conf": NGINX})
    report = report_of(run, "--no-derive")
    assert (report["deployments"], report["summary"]["compared"]) == ([], 0)
    result = run("check", "--deployment", "other.yaml")
    assert result.code == 2
    assert "no deployment is called other.yaml; there are compose.yaml" in result.err


def test_no_hop_at_all(run: Run, tmp_path: Path) -> None:
    write(tmp_path, {"nginx.conf": "events {}\nhttp { server { listen 80; } }\n"})
    result = run("check", "--format", "concise")
    assert (result.code, result.out) == (2, "")
    assert "there is no pass in this configuration" in result.err
    assert run("check", "--allow-empty", "--format", "concise").code == 0
    write(tmp_path, {"lint502.toml": "allow_empty = true\n"})
    assert run("check", "--format", "concise").code == 0


def test_nothing_but_nginx_in_the_deployment(run: Run, tmp_path: Path) -> None:
    site = "server { location / { proxy_pass http://127.0.0.1:8000; } }"
    compose = COMPOSE.partition("  api:")[0]
    write(tmp_path, {"compose.yaml": compose, "default.conf": site})
    (one,) = report_of(run)["findings"]
    assert (one["rule"], one["severity"], one["fix"]) == ("loopback-in-container", "error", None)
    assert one["message"] == (
        "nginx connects to 127.0.0.1:8000, in its own container (web), where nothing listens on "
        "that port"
    )


def test_files_that_nothing_includes_and_files_that_are_missing(run: Run, tmp_path: Path) -> None:
    mounts = """\
      - ./shop.conf:/etc/nginx/sites-enabled/shop.conf
      - ./none.conf:/etc/nginx/conf.d/none.conf
"""
    compose = COMPOSE.replace("  api:\n", f"{mounts}  api:\n", 1)
    site = "server { location / { proxy_pass http://api:8000; } }"
    write(tmp_path, {"compose.yaml": compose, "default.conf": site, "shop.conf": site})
    result = run("check", "--format", "concise")
    assert (result.code, result.out) == (2, "")
    assert result.err.splitlines() == [
        "note: shop.conf: stands at /etc/nginx/sites-enabled/shop.conf in web, where nothing "
        "includes it: it is not read",
        "error: nginx:1.27:/etc/nginx/nginx.conf:4: include /etc/nginx/conf.d/*.conf: none.conf is "
        "mounted there (compose.yaml:8), but there is no such file, and nginx would not start; if "
        "it exists only where nginx runs, name it in allow_missing",
    ]
