"""Files merged as Compose merges them: by an override, by ``extends``, by ``include``."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.deployment.containers import Container, Project
from lint502.deployment.layers import Files, Volume
from lint502.deployment.texts import Unread
from tests.support.compose import projects

BASE = """
services:
  web:
    image: base
    command: [base]
    entrypoint: [base-entry]
    ports: ['80:80', '443:443']
    expose: ['1']
    volumes: ['./a:/a', './b:/b']
    environment: {A: base, B: base}
    networks: [front]
    healthcheck: {test: curl http://localhost:80/, interval: 5s}
networks: {front: {}, back: {}}
"""


def merged(folder: Path, over: str, base: str = BASE) -> Container:
    files = {"compose.yaml": base, "compose.override.yaml": over}
    (found,) = projects(folder, files)["compose.yaml"].containers
    return found


def web(text: str) -> str:
    return f"services:\n  web: {text}\n"


def numbers(container: Container) -> list[tuple[int, str]]:
    return [(port.number, port.what) for port in container.ports]


def test_nothing_over_it(tmp_path: Path) -> None:
    found = merged(tmp_path, web("{restart: always}"))
    assert found.program.image is not None
    assert found.program.image.value == "base"
    assert found.program.words is not None
    assert found.program.words.words == ("base-entry", "base")
    assert numbers(found) == [(80, "ports"), (443, "ports"), (1, "expose"), (80, "healthcheck")]


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ("{command: [over]}", ("base-entry", "over")),
        ("{command: over x}", ("base-entry", "over", "x")),
        ("{command: []}", ("base-entry",)),
        ("{entrypoint: over}", ("over", "base")),
        ("{entrypoint: !reset null}", None),
    ],
)
def test_what_is_run_is_replaced(tmp_path: Path, over: str, words: tuple[str, ...] | None) -> None:
    found = merged(tmp_path, web(over)).program.words
    assert (found and found.words) == words


def test_sequences_are_appended(tmp_path: Path) -> None:
    found = merged(tmp_path, web("{ports: ['81:81', '80:80'], expose: ['2']}"))
    assert numbers(found) == [
        (80, "ports"), (443, "ports"), (81, "ports"), (1, "expose"), (2, "expose"),
        (80, "healthcheck"),
    ]  # fmt: skip


def test_volumes_are_merged_by_their_target(tmp_path: Path) -> None:
    found = merged(tmp_path, web("{volumes: ['./over:/a/', {type: tmpfs, target: /c}]}"))
    assert [(one.target, type(one)) for one in found.layers] == [
        ("/a", Files), ("/b", Files), ("/c", Volume),
    ]  # fmt: skip
    assert isinstance(found.layers[0], Files)
    assert found.layers[0].source == str(tmp_path / "over")


@pytest.mark.parametrize("over", ["{environment: {A: over}}", "{environment: [A=over]}"])
def test_variables_are_merged_by_their_name(tmp_path: Path, over: str) -> None:
    found = merged(tmp_path, web(over)).program.environment
    assert {name: one.value for name, one in found.items()} == {"A": "over", "B": "base"}


def test_a_variable_without_a_value_hides_one(tmp_path: Path) -> None:
    found = merged(tmp_path, web("{environment: [A]}")).program
    assert (set(found.environment), set(found.unknown)) == ({"B"}, {"A"})


def test_networks_are_merged_by_their_name(tmp_path: Path) -> None:
    found = merged(tmp_path, web("{networks: {back: {aliases: [other]}}}"))
    assert found.networks == {"front", "back"}
    assert "other" in found.aliases["back"]
    assert "other" not in found.aliases["front"]


def test_reset_and_override(tmp_path: Path) -> None:
    over = web("{ports: !override ['8080:80'], expose: !reset [], environment: {A: !reset null}}")
    found = merged(tmp_path, over)
    assert numbers(found) == [(80, "ports"), (80, "healthcheck")]
    assert found.ports[0].published == 8080
    assert set(found.program.environment) == {"B"}


def test_null_changes_nothing(tmp_path: Path) -> None:
    found = merged(tmp_path, "services:\n  web:\n    ports:\n    image:\n")
    assert (numbers(found)[:2], found.program.image and found.program.image.value) == (
        [(80, "ports"), (443, "ports")],
        "base",
    )


def test_a_service_of_the_override_alone(tmp_path: Path) -> None:
    files = {"compose.yaml": BASE, "compose.override.yaml": "services: {db: {image: db}}"}
    found = projects(tmp_path, files)
    assert [one.name for one in found["compose.yaml"].containers] == ["web", "db"]
    assert found["compose.yaml"].files == ("compose.yaml", "compose.override.yaml")


def only(found: dict[str, Project], name: str = "compose.yaml") -> dict[str, Container]:
    return {one.name: one for one in found[name].containers}


def test_extends(tmp_path: Path) -> None:
    text = """
services:
  base: {image: base, environment: [A=base, B=base], ports: ['80']}
  middle: {extends: {service: base}, environment: [B=middle]}
  web: {extends: middle, image: web, ports: ['81']}
"""
    found = only(projects(tmp_path, {"compose.yaml": text}))["web"]
    assert {name: one.value for name, one in found.program.environment.items()} == {
        "A": "base",
        "B": "middle",
    }
    assert found.program.image is not None
    assert (found.program.image.value, numbers(found)) == ("web", [(80, "ports"), (81, "ports")])


def test_extends_of_another_file_has_its_own_paths(tmp_path: Path) -> None:
    files = {
        "compose.yaml": "services: {web: {extends: {file: common/x.yml, service: base}}}",
        "common/x.yml": "services: {base: {extends: root, volumes: ['./a:/a']},"
        " root: {image: root, env_file: e.env}}",
        "common/e.env": "PORT=1\n",
    }
    found = projects(tmp_path, files)
    container = only(found)["web"]
    assert isinstance(container.layers[0], Files)
    assert container.layers[0].source == str(tmp_path / "common/a")
    assert container.program.environment["PORT"].value == "1"
    assert found["compose.yaml"].files == ("compose.yaml", "common/x.yml")


@pytest.mark.parametrize(
    ("files", "line", "why"),
    [
        ({"compose.yaml": "services:\n  a: {image: a, extends: b}\n  b: {image: b, extends: a}"},
         2, "extends itself"),
        ({"compose.yaml": "services:\n  a: {image: a, extends: {service: x}}"},
         2, "extends x, which is not there"),
        ({"compose.yaml": "services:\n  a: {image: a, extends: {file: no.yml, service: x}}"},
         2, "names no.yml, which is no file of this repository"),
        ({"compose.yaml": "services:\n  a: {image: a, extends: {file: x.txt, service: x}}",
          "x.txt": "a: [b"},
         2, "names a file that is no YAML: did not find expected ',' or ']'"),
        ({"compose.yaml": "include:\n- compose.yaml\nservices:\n  a: {image: a}"},
         2, "includes itself"),
        ({"compose.yaml": "include:\n- no.yml\nservices:\n  a: {image: a}"},
         2, "names no.yml, which is no file of this repository"),
        ({"compose.yaml": "include:\n- oci://x/y\nservices:\n  a: {image: a}"},
         2, "names a file of another machine, which lint502 does not fetch"),
        ({"compose.yaml": "include:\n- $DIR/x.yml\nservices:\n  a: {image: a}"},
         2, "names a file by $DIR, which has no value"),
        ({"compose.yaml": "include:\n- ../x.yml\nservices:\n  a: {image: a}"},
         2, "names ../x.yml, which is no file of this repository"),
    ],
)  # fmt: skip
def test_what_leads_nowhere_is_said(
    tmp_path: Path, files: dict[str, str], line: int, why: str
) -> None:
    found = projects(tmp_path / "in", files)["compose.yaml"]
    said = [(one.place.line, one.why.replace(f"{tmp_path}", "..")) for one in found.unread]
    assert said == [(line, why)]
    assert "a" in only({"compose.yaml": found})


def test_include(tmp_path: Path) -> None:
    files = {
        "compose.yaml": "include:\n- api/compose.yaml\n- {path: [b.yml, b2.yml],"
        " project_directory: sub, env_file: e.env}\nservices:\n  web: {image: web, links: [api]}",
        ".env": "TAG=outer\n",
        "api/compose.yaml": "services: {api: {image: 'api:$TAG', volumes: ['./x:/x'],"
        " expose: ['$PORT'], networks: [n]}}\nnetworks: {n: {external: true}}",
        "api/.env": "TAG=inner\nPORT=8000\n",
        "b.yml": "services: {b: {image: 'b:$V', volumes: ['./x:/x']}}",
        "b2.yml": "services: {b: {expose: ['1']}}",
        "e.env": "V=5\n",
    }
    found = projects(tmp_path, files)
    assert list(found) == ["compose.yaml"]
    containers = only(found)
    values = {name: one.program.image for name, one in containers.items()}
    assert {name: one and one.value for name, one in values.items()} == {
        "api": "api:outer", "b": "b:5", "web": "web",
    }  # fmt: skip
    assert numbers(containers["api"]) == [(8000, "expose")]
    layers = {name: one.layers for name, one in containers.items() if one.layers}
    assert {name: getattr(one[0], "source", "") for name, one in layers.items()} == {
        "api": str(tmp_path / "api/x"),
        "b": str(tmp_path / "sub/x"),
    }
    assert numbers(containers["b"]) == [(1, "expose")]
    assert found["compose.yaml"].external == {"n"}


def test_what_includes_overrides_what_is_included(tmp_path: Path) -> None:
    files = {
        "compose.yaml": "include: [x.yml]\nservices: {api: {image: outer}}",
        "x.yml": "services: {api: {image: inner, expose: ['1']}}",
    }
    api = only(projects(tmp_path, files))["api"]
    assert api.program.image is not None
    assert (api.program.image.value, numbers(api)) == ("outer", [(1, "expose")])


def test_the_old_form(tmp_path: Path) -> None:
    text = (
        "web:\n  image: web\n  links: ['app:backend', db]\n  ports: ['80:80']\napp:\n  build: .\n"
    )
    found = projects(tmp_path, {"compose.yaml": text})["compose.yaml"]
    web_ = only({"compose.yaml": found})["web"]
    assert (web_.names, set(web_.networks), web_.aliases) == ((), {"bridge"}, {"bridge": ()})
    assert {name: one.value for name, one in web_.hosts.items()} == {"backend": "app", "db": "db"}
    assert (set(found.external), numbers(web_)) == ({"bridge"}, [(80, "ports")])


def test_what_is_no_service(tmp_path: Path) -> None:
    found = projects(tmp_path, {"compose.yaml": "services:\n  a: {image: a}\n  b:\n  c: x\n"})
    assert [one.name for one in found["compose.yaml"].containers] == ["a"]
    places = [one.place for one in found["compose.yaml"].unread]
    why = "is no service: it has no image and no build"
    assert found["compose.yaml"].unread == tuple(Unread(place, why) for place in places)
    assert [place.line for place in places] == [3, 4]
