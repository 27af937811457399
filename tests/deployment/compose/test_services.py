"""What services of a project have of each other and of the project."""

from __future__ import annotations

from pathlib import Path

from lint502.deployment.containers import Image
from lint502.deployment.texts import Text, Words
from lint502.places import Place
from tests.support.compose import project, service

HERE = Place("Dockerfile", 1, 1, 2)


def test_a_service_of_the_image_that_another_one_builds(tmp_path: Path) -> None:
    image = Image(Text("python:3", HERE), Words((), HERE), Words(("web",), HERE))
    text = """
services:
  worker: {image: shop, command: worker}
  web: {image: shop, build: .}
  other: {image: other}
"""
    found = {one.name: one.program for one in project(tmp_path, text, image=image).containers}
    worker, other = found["worker"], found["other"]
    assert (worker.built, worker.image, worker.folder) == (True, image.base, str(tmp_path))
    assert worker.words is not None
    assert worker.words.words == ("worker",)
    assert (other.built, other.image and other.image.value) == (False, "other")


def test_the_name_of_the_project_is_a_variable(tmp_path: Path) -> None:
    text = "name: shop\nservices: {web: {image: web, container_name: '${COMPOSE_PROJECT_NAME}-w'}}"
    assert project(tmp_path, text).containers[0].names == ("web", "shop-w")
    text = text.replace("name: shop", "name: $X")
    assert project(tmp_path, text).containers[0].names == ("web",)


def test_name_servers_of_its_own(tmp_path: Path) -> None:
    assert service(tmp_path, "restart: always").open_names is False
    assert service(tmp_path, "dns: 8.8.8.8").open_names is True
    assert service(tmp_path, "dns_search: [example.com]").open_names is True


def test_an_env_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    text = "services: {web: {image: 'web:$TAG'}}"
    found = project(tmp_path, text, {".env": "<<<\nTAG=1\n"})
    assert [(one.place.file, one.place.line, one.why) for one in found.unread] == [
        (".env", 1, "is no NAME=VALUE")
    ]
    assert found.containers[0].program.image is not None
    assert found.containers[0].program.image.value == "web:1"
    found = project(tmp_path, text, {".env": "TAG=\0"})
    assert [(one.place.file, one.why) for one in found.unread] == [
        (".env", "has a NUL byte here: this is no text file")
    ]
    (tmp_path / ".env").unlink()
    (tmp_path / ".env").mkdir()
    assert project(tmp_path, text).unread == ()
