"""What is made from nginx in a deployment: its configuration, and the nginx that it counts as."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import Run

NGINX = "events {} http { server { listen 80; location / { proxy_pass http://app:3000; } } }"
COMPOSE = "services: { web: { build: . }, app: { image: 'node:22', command: node x.js } }"


@pytest.mark.parametrize(
    ("dockerfile", "version", "origin"),
    [
        ("FROM ghcr.io/alibaba/tengine:3.0.0\nCOPY a.conf /etc/tengine/tengine.conf\n",
         "1.24.0", "deployment"),
        ("FROM docker.angie.software/angie:1.10.1\nCOPY a.conf /etc/angie/angie.conf\n",
         "1.27.5", "deployment"),
        # not the version of the nginx that this release of Alpine has
        ("FROM alpine:3.21\nRUN apk add angie\nCOPY a.conf /etc/angie/angie.conf\n"
         'CMD ["angie", "-g", "daemon off;"]\n', "1.31.6", "newest"),
        ("FROM alpine:3.21\nRUN apk add nginx\nCOPY a.conf /etc/nginx/nginx.conf\n"
         'CMD ["nginx", "-g", "daemon off;"]\n', "1.26.3", "deployment"),
        ("FROM nginx:1.99.1-alpine\nCOPY a.conf /etc/nginx/nginx.conf\n", "1.99.1", "deployment"),
    ],
)  # fmt: skip
def test_its_files_and_its_version(
    run: Run, tmp_path: Path, dockerfile: str, version: str, origin: str
) -> None:
    (tmp_path / "Dockerfile").write_text(dockerfile)
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    (tmp_path / "a.conf").write_text(NGINX)
    result = run("check", "--format", "json")
    report = json.loads(result.out)
    known = {"known_up_to": "1.31.6"} if version == "1.99.1" else {}
    assert report["nginx"] == {"version": version, "from": origin, **known}
    assert [(one["nginx"], one["roots"]) for one in report["deployments"]] == [("web", ["a.conf"])]
    said = "note: lint502 knows nginx up to 1.31.6 (2026-09-15); it takes 1.99.1 for that\n"
    assert (said in result.err) is bool(known)
