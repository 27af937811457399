"""Which deployments a repository has."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.deployment.discovery import discover
from lint502.deployment.files import files_of
from lint502.deployment.repository import Repository
from tests.support.sites import write

BASE = """\
services:
  nginx:
    image: nginx:1.26
    volumes: ["./nginx:/etc/nginx/conf.d"]
  web:
    image: python:3.13
"""


@pytest.mark.parametrize(
    "overlay",
    [
        "services:\n  web:\n    command: uvicorn a:app --port 8000\n",
        'services: {"web": {ports: ["8000:8000"]}}\n',
        "\"services\":\n  web:\n    environment: {PORT: '8000'}\n",
    ],
)
def test_an_overlay_without_any_image_is_found(tmp_path: Path, overlay: str) -> None:
    write(tmp_path, {"compose.yaml": BASE, "compose.prod.yaml": overlay, "nginx/a.conf": "\n"})
    repository = Repository(tmp_path)
    found = discover(repository, files_of(repository))
    names = sorted(one.nginx.project.name for one in found.deployed)
    assert names == ["compose.yaml", "compose.yaml + compose.prod.yaml"]


def test_services_of_something_else_are_no_deployment(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": "services:\n  - name: web\n", "b.yaml": "services:\n  web: [x]\n"})
    repository = Repository(tmp_path)
    assert discover(repository, files_of(repository)).projects == ()
