"""Services that are commented out."""

from __future__ import annotations

from pathlib import Path

from tests.support.compose import project

TEXT = """\
# services:
#   above:
#     image: x
services:
  web:
    image: web
    # build:
    #   context: .
#  api:
#    image: api
#    ports: ['80']

  #db:
  #  restart: always
  #  build: .
  # note: this is no service
  # - and neither is
  #   this:
  # web:
  #   image: other
  #   deep:
  #     image: no
  # cache:  # the cache
  #   # image: old
  #   image: cache
networks:
  # front:
  #   image: x
  back: {}
"""


def test_absent(tmp_path: Path) -> None:
    found = project(tmp_path, TEXT).absent
    assert {name: (one.line, one.column, one.text) for name, one in found.items()} == {
        "api": (9, 4, "#  api:"),
        "db": (13, 4, "  #db:"),
        "cache": (23, 5, "  # cache:  # the cache"),
    }


def test_of_the_end_of_a_file(tmp_path: Path) -> None:
    text = "services:\n  web: {image: web}\n  # api:\n  #   build: ./api"
    assert {name: one.line for name, one in project(tmp_path, text).absent.items()} == {"api": 3}


def test_one_that_is_there_is_not_absent(tmp_path: Path) -> None:
    text = "include: [x.yml]\nservices:\n  web: {image: web}\n  # api:\n  #   build: ./api\n"
    found = project(tmp_path, text, {"x.yml": "services: {api: {image: api}}"})
    assert found.absent == {}
