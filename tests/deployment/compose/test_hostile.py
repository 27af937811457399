"""Compose files of whoever means ill end in a message, soon."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lint502.deployment import compose
from lint502.deployment.repository import Repository
from tests.support.compose import Builds, projects


@pytest.fixture(autouse=True)
def soon() -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < 60


def said(folder: Path, files: dict[str, str], name: str = "compose.yaml") -> list[str]:
    found = projects(folder, files)[name]
    return [one.why for one in (*found.unread, *(u for c in found.containers for u in c.unread))]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("services: [", "is no YAML: did not find expected node content"),
        ("\x00", "has a NUL byte here: this is no text file"),
        ("services: " + "[" * 200, "is nested more than 100 deep; lint502 stops here"),
    ],
)  # fmt: skip
def test_what_is_no_compose_file(tmp_path: Path, text: str, why: str) -> None:
    assert said(tmp_path, {"compose.yaml": text}) == [why]


def test_aliases_that_explode(tmp_path: Path) -> None:
    lines = ["x0: &a0 {k: [x, x, x, x, x, x, x, x, x]}"]
    lines += [
        f"x{n}: &a{n} {{{', '.join(f'k{k}: *a{n - 1}' for k in range(9))}}}" for n in range(1, 9)
    ]
    text = "\n".join(lines) + "\nservices: {web: {image: web, deploy: *a8}}"
    assert said(tmp_path, {"compose.yaml": text}) == [
        "and what it shares with the other Compose files come to more than 1000000 values, once "
        "aliases, extends and include are followed; lint502 stops here"
    ]


def test_aliases_that_nest(tmp_path: Path) -> None:
    lines = ["x0: &a0 {k: x}"] + [f"x{n}: &a{n} {{k: *a{n - 1}}}" for n in range(1, 5000)]
    text = "\n".join(lines) + "\nservices: {web: {image: web, deploy: *a4999}}"
    assert said(tmp_path, {"compose.yaml": text}) == [
        "is nested more than 100 deep once aliases are followed; lint502 stops here"
    ]


def test_values_that_grow(tmp_path: Path) -> None:
    text = "services:\n" + "".join(
        f"  s{n}: {{image: s, environment: ['A={'$BIG' * 10}']}}\n" for n in range(2000)
    )
    (why,) = said(tmp_path, {"compose.yaml": text, ".env": "BIG=" + "x" * 60_000})
    assert "1000000 values" in why


def test_a_long_chain_of_services(tmp_path: Path) -> None:
    text = "services:\n  s0: {image: s}\n" + "".join(
        f"  s{n}: {{extends: s{n - 1}}}\n" for n in range(1, 3000)
    )
    found = projects(tmp_path, {"compose.yaml": text})["compose.yaml"]
    assert len(found.containers) == 3000
    image = found.containers[2999].program.image
    assert image is not None
    assert image.value == "s"


def test_a_long_chain_backwards(tmp_path: Path) -> None:
    text = "services:\n" + "".join(f"  s{n}: {{extends: s{n + 1}}}\n" for n in range(3000))
    assert set(said(tmp_path, {"compose.yaml": text + "  s3000: {image: s}\n"})) == {
        "extends a chain of more than 50 services; lint502 stops here",
        "needs services that it does not have: it is part of a project that is not known",
    }  # fmt: skip


def test_includes_that_double(tmp_path: Path) -> None:
    files = {
        f"c{n}.yaml": f"include: [c{n + 1}.yaml, ./c{n + 1}.yaml]\nservices: {{s{n}: {{image: s}}}}"
        for n in range(40)
    }
    found = projects(tmp_path, {**files, "c40.yaml": "services: {s: {image: s}}"})
    assert all("1000000 values" in one.unread[-1].why for one in found.values() if one.unread)


def test_a_large_list_in_many_services(tmp_path: Path) -> None:
    text = "x-a: &a [" + ", ".join(f"A{n}=1" for n in range(5000)) + "]\nservices:\n"
    text += "".join(f"  s{n}: {{image: s, environment: *a}}\n" for n in range(1000))
    (why,) = said(tmp_path, {"compose.yaml": text})
    assert "1000000 values" in why


def test_many_variables_for_many_services(tmp_path: Path) -> None:
    text = "services:\n" + "".join(
        f"  s{n}: {{image: s, env_file: [big.env, .env], environment: [A=1]}}\n"
        for n in range(3000)
    )
    big = "".join(f"A{n}=1\n" for n in range(20_000))
    found = projects(tmp_path, {"compose.yaml": text, "big.env": big, ".env": big})
    last = found["compose.yaml"].containers[-1]
    assert (set(last.program.environment), last.program.open) == ({"A"}, True)
    assert [one.why for one in last.unread] == [
        "names big.env, which cannot be read here: it may set more variables",
        "names .env, which cannot be read here: it may set more variables",
    ]


def test_many_files_that_are_missing(tmp_path: Path) -> None:
    text = "services:\n" + "".join(
        f"  s{n}: {{image: s, env_file: ["
        + ", ".join(f"{n}-{k}.env" for k in range(50)) + "]}\n"
        for n in range(1000)
    )  # fmt: skip
    found = projects(tmp_path, {"compose.yaml": text, ".env.example": "A=1"})["compose.yaml"]
    assert set(found.containers[0].program.environment) == {"A"}
    assert found.containers[-1].program.open is True


@pytest.mark.parametrize("kind", ["fifo", "device", "loop", "out", "folder"])
@pytest.mark.parametrize("named", [".env", "e.env", "x.yml", "Dockerfile", "compose.yaml"])
def test_files_that_are_none(tmp_path: Path, kind: str, named: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "secret").write_text("SECRET=hunter2\nservices: {hunter2: {image: x}}\n")
    path = folder / named
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        targets = {"device": "/dev/zero", "loop": named, "out": "../secret"}
        path.symlink_to(targets[kind])
    text = "include: [x.yml]\nservices:\n  web: {build: ., env_file: e.env, command: $SECRET}\n"
    text += "  api: {extends: {file: x.yml, service: hunter2}}\n"
    if named != "compose.yaml":
        (folder / "compose.yaml").write_text(text)
    repository = Repository(folder)
    found = compose.projects(repository, [str(folder / "compose.yaml")], Builds())
    assert len(found) == 1
    assert "hunter2" not in repr(found).replace("service: hunter2", "").replace(
        "extends hunter2", ""
    )


@pytest.mark.parametrize("where", ["../secret", "{top}/secret", "link/secret"])
@pytest.mark.parametrize(
    "text",
    [
        "services: {{web: {{image: web, env_file: '{path}'}}}}",
        "services: {{web: {{image: web, extends: {{file: '{path}', service: hunter2}}}}}}",
        "include: ['{path}']\nservices: {{web: {{image: web}}}}",
        "include: [{{path: x.yml, env_file: '{path}'}}]\nservices: {{web: {{image: $SECRET}}}}",
        "services: {{web: {{image: '$SECRET', configs: [c]}}}}\nconfigs: {{c: {{file: '{path}'}}}}",
    ],
)
def test_files_elsewhere_are_not_read(tmp_path: Path, text: str, where: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "link").symlink_to("..")
    (tmp_path / "secret").write_text("SECRET=hunter2\nservices: {hunter2: {image: hunter3}}\n")
    path = where.format(top=tmp_path)
    files = {"compose.yaml": text.format(path=path), "x.yml": "services: {x: {image: $SECRET}}"}
    found = projects(folder, files)["compose.yaml"]
    seen = [str(one.program) + str(one.ports) for one in found.containers]
    assert "hunter3" not in repr(found)
    assert not any("hunter2'" in one for one in seen)


def test_many_overlays(tmp_path: Path) -> None:
    files = {"compose.yaml": "services: {a: {image: a}}"}
    files |= {f"compose.{n}.yaml": "services: {a: {ports: ['80']}}" for n in range(500)}
    assert len(projects(tmp_path, files)) == 201


def test_names_for_a_terminal(tmp_path: Path) -> None:
    text = 'services: {web: {image: web, build: {context: "\\e[31m"}}}'
    (why,) = said(tmp_path, {"compose.yaml": text})
    assert why.isprintable()
