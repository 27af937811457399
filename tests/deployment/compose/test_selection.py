"""Which projects several Compose files are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.compose import projects

APP = "services: {app: {image: app}, db: {image: db}}\n"
OVER = "services: {app: {ports: ['80']}}\n"

Named = dict[str, list[str]]


def named(folder: Path, files: dict[str, str]) -> Named:
    """The services of each project."""
    return {name: [c.name for c in one.containers] for name, one in projects(folder, files).items()}


def test_files_that_stand_alone_are_projects_of_their_own(tmp_path: Path) -> None:
    files = {"compose.yaml": APP, "compose.prod.yaml": "services: {app: {image: x}}",
             "a/compose.yaml": "services: {b: {build: .}}", "docker/default.yml": APP}  # fmt: skip
    assert named(tmp_path, files) == {
        "compose.yaml": ["app", "db"],
        "compose.prod.yaml": ["app"],
        "a/compose.yaml": ["b"],
        "docker/default.yml": ["app", "db"],
    }


@pytest.mark.parametrize(
    ("base", "over", "merged"),
    [
        ("compose.yaml", "compose.override.yaml", True),
        ("compose.yml", "compose.override.yml", True),
        ("docker-compose.yml", "docker-compose.override.yaml", True),
        ("compose.yaml", "docker-compose.override.yml", True),
        ("stack.yml", "stack.override.yml", False),
        ("compose.yaml", "a/compose.override.yaml", False),
    ],
)
def test_overrides(tmp_path: Path, base: str, over: str, merged: bool) -> None:
    found = projects(tmp_path, {base: APP, over: "services: {more: {image: x}}"})
    names = {name: one.files for name, one in found.items()}
    assert names == ({base: (base, over)} if merged else {base: (base,), over: (over,)})


def test_an_override_belongs_to_the_base_of_its_name(tmp_path: Path) -> None:
    files = {"compose.yaml": APP, "docker-compose.yml": APP, "docker-compose.override.yml": OVER}
    found = projects(tmp_path, files)
    assert {name: one.files for name, one in found.items()} == {
        "compose.yaml": ("compose.yaml",),
        "docker-compose.yml": ("docker-compose.yml", "docker-compose.override.yml"),
    }


@pytest.mark.parametrize(
    "over",
    [
        OVER,
        "services: {new: {image: new, networks: [n]}}",
        "services: {new: {image: new, depends_on: [db]}}",
        "services: {new: {image: new, depends_on: {db: {condition: service_started}}}}",
        "services: {new: {image: new, links: ['db:x']}}",
        "services: {new: {image: new, volumes: ['vol:/x']}}",
        "services: {new: {image: new, volumes: [{type: volume, source: vol, target: /x}]}}",
        "services: {new: {image: new, configs: [c], secrets: [{source: s}]}}",
    ],
)
@pytest.mark.parametrize("name", ["docker-compose.prod.yml", "docker-compose-prod.yml", "prod.yml"])
def test_overlays(tmp_path: Path, over: str, name: str) -> None:
    base = APP + "networks: {n: {}}\nvolumes: {vol: {}}\nconfigs: {c: {file: c}}\n"
    found = projects(tmp_path, {"docker-compose.yml": base, name: over})
    both = f"docker-compose.yml + {name}"
    assert {one: project.files for one, project in found.items()} == {
        "docker-compose.yml": ("docker-compose.yml",),
        both: ("docker-compose.yml", name),
    }
    services = {"app", "db"} if over is OVER else {"app", "db", "new"}
    assert {one.name for one in found[both].containers} == services


def test_an_overlay_of_the_folder_below(tmp_path: Path) -> None:
    files = {"compose.yaml": APP, "overrides/compose.x.yaml": OVER, "a/b/compose.y.yaml": OVER}
    assert list(named(tmp_path, files)) == [
        "compose.yaml",
        "compose.yaml + overrides/compose.x.yaml",
    ]


def test_the_base_whose_name_an_overlay_has_comes_first(tmp_path: Path) -> None:
    files = {"dev.yml": APP, "stack.yml": APP, "stack.ports.yml": OVER, "compose.yml": APP}
    assert list(named(tmp_path, files)) == [
        "dev.yml", "stack.yml", "stack.yml + stack.ports.yml", "compose.yml",
    ]  # fmt: skip


def test_an_overlay_without_a_base_is_no_project(tmp_path: Path) -> None:
    assert named(
        tmp_path, {"docker-compose.prod.yml": OVER, "a.yml": "services: {x: {image: x}}"}
    ) == {"a.yml": ["x"]}


def test_a_part_of_a_project_is_said_to_be_one(tmp_path: Path) -> None:
    found = projects(tmp_path, {"x.yml": "services: {new: {image: new, depends_on: [db]}, y: {}}"})
    project = found["x.yml"]
    assert project.external == {"default"}
    assert [one.why for one in project.unread] == [
        "needs services that it does not have: it is part of a project that is not known"
    ]


def test_what_is_included_is_no_project(tmp_path: Path) -> None:
    files = {
        "compose.yaml": "include: [{path: [a.yml, b.yml]}]\n" + APP,
        "a.yml": "services: {a: {image: a}}",
        "b.yml": "services: {b: {image: b}}",
    }
    assert named(tmp_path, files) == {"compose.yaml": ["a", "b", "app", "db"]}


def test_what_is_extended_is_a_project_where_it_can_be(tmp_path: Path) -> None:
    files = {"compose.yaml": "services: {a: {extends: {file: x.yml, service: x}}}",
             "x.yml": "services: {x: {image: x}}"}  # fmt: skip
    assert named(tmp_path, files) == {"compose.yaml": ["a"], "x.yml": ["x"]}


def test_what_is_extended_and_lacks_something_is_none(tmp_path: Path) -> None:
    files = {
        "compose.yaml": "services: {a: {extends: {file: x.yml, service: x}}, db: {image: db}}",
        "x.yml": "services: {x: {image: x, depends_on: [db]}}",
    }
    assert named(tmp_path, files) == {"compose.yaml": ["a", "db"]}


def test_the_files_that_env_names_are_one_project(tmp_path: Path) -> None:
    files = {"compose.yaml": APP, "x.yml": OVER, "y.yml": APP, "z.yml": "services: {z: {image: z}}",
             ".env": "COMPOSE_FILE=compose.yaml:./x.yml:z.yml"}  # fmt: skip
    assert named(tmp_path, files) == {
        "compose.yaml + x.yml + z.yml": ["app", "db", "z"],
        "y.yml": ["app", "db"],
    }


def test_files_that_env_names_but_are_not_there(tmp_path: Path) -> None:
    files = {"compose.yaml": APP, ".env": "COMPOSE_FILE=compose.yaml:x.yml"}
    assert list(named(tmp_path, files)) == ["compose.yaml"]
