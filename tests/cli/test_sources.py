"""What ``docs/sources.md`` says of where facts come from: its examples are run, and it names every
kind of source that there is."""

from __future__ import annotations

import inspect
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli

from lint502 import deployment
from lint502.declared import sources
from lint502.declared.sources.commands import registry
from lint502.deployment.compose.recognise import _SERVICE
from tests.support.cli import Run
from tests.support.sites import write

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs" / "sources.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\(\.\./(lint502/[^)]+)\)")


def examples() -> Iterator[tuple[dict[str, str], str, str]]:
    """The files of each example, the command, and what it writes."""
    files: dict[str, str] = {}
    for language, text in _BLOCK.findall(PAGE):
        if language:
            first = text.partition("\n")[0]
            files[first.removeprefix("# ")] = text
        else:
            command, _, output = text.removeprefix("$ lint502 ").partition("\n")
            yield files, command, output
            files = {}


def test_there_are_examples() -> None:
    assert [sorted(files) for files, _, _ in examples()] == [
        ["compose.yaml", "nginx/default.conf"]
    ] * 3


@pytest.mark.parametrize(("files", "command", "output"), list(examples()))
def test_examples(
    tmp_path: Path, run: Run, files: dict[str, str], command: str, output: str
) -> None:
    write(tmp_path, files)
    assert run(*shlex.split(command)).out == output


def test_every_kind_of_source_has_its_line() -> None:
    linked = [TOP / link for link in _LINK.findall(PAGE)]
    wanted = {Path(str(inspect.getfile(family))) for family in registry.FAMILIES}
    of_sources = Path(inspect.getfile(sources)).parent
    wanted |= {of_sources / "nginx_server.py", of_sources / "services.py"}
    wanted |= {path.parent for path in of_sources.glob("*/__init__.py")}
    wanted -= {of_sources / "commands", of_sources / "upstreams_toml"}
    wanted |= {
        path.parent
        for path in Path(inspect.getfile(deployment)).parent.glob("*/__init__.py")
        if path.parent.name != "shell"
    }
    assert wanted - set(linked) == set()


@pytest.mark.parametrize("family", registry.FAMILIES, ids=lambda family: family.__name__)
def test_the_programs_of_each_line_are_known_there(family: object) -> None:
    programs: dict[str, object] = family.PROGRAMS  # type: ignore[attr-defined]
    name = family.__name__.rpartition(".")[2]  # type: ignore[attr-defined]
    (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| [{name}]")]
    said = re.findall(r"`([^`]+)`", line.split("|")[2])
    named = [one for one in said if not re.search(r"\.(py|rb|xml|json|md)$|^-|^Procfile$", one)]
    assert [one for one in named if one not in (*programs, "manage.py")] == []
    assert named


def test_the_keys_of_compose_files_are_some() -> None:
    (line,) = re.findall(r"^Of \*\*Compose files\*\*: (.*?)\. A service", PAGE, re.M | re.S)
    named = set(re.findall(r"`([a-z_]+)`", re.sub(r"\([^)]*\)", "", line)))
    assert named - _SERVICE == {"include"}


def test_the_numbers() -> None:
    images = {
        name
        for path in (TOP / "lint502/deployment/images").glob("*.toml")
        for row in tomli.loads(path.read_text(encoding="utf-8"))["image"]
        for name in row["names"]
    }
    table = (TOP / "lint502/deployment/nginx_images.toml").read_text(encoding="utf-8")
    families = tomli.loads(table)["family"]
    assert f"of {len(images)} public images" in PAGE
    assert f"Of {len(families)} families of images and packages" in PAGE


SITE = {
    "compose.yaml": """\
services:
  nginx:
    image: nginx:1.26
    volumes: ["./nginx:/etc/nginx/conf.d"]
  web:
    image: python:3.13
    command: gunicorn --bind 0.0.0.0:8000 shop.wsgi
""",
    "compose.prod.yaml": """\
services:
  web:
    command: gunicorn --bind 0.0.0.0:8080 shop.wsgi
""",
    "nginx/default.conf": "server { location / { proxy_pass http://web:8080; } }\n",
}
BOTH = ["compose.yaml", "compose.yaml + compose.prod.yaml"]


@pytest.mark.parametrize(
    ("arguments", "settings", "deployments", "state"),
    [
        ((), "", BOTH, ["failed", "passed"]),
        (("nginx/default.conf",), "", BOTH, ["failed", "passed"]),
        (("--deployment", "compose.yaml"), "", BOTH[:1], ["failed"]),
        (("--deployment", "compose.prod.yaml"), "", BOTH[1:], ["passed"]),
        (("--deployment", BOTH[1]), "", BOTH[1:], ["passed"]),
        (("--no-derive",), "", [], ["undeclared"]),
        ((), "derive = false", [], ["undeclared"]),
        (("--derive",), "derive = false", BOTH, ["failed", "passed"]),
        (("--map", "/etc/nginx=nginx"), "", [], ["undeclared"]),
        ((), '[map]\n"/etc/nginx" = "nginx"', [], ["undeclared"]),
    ],
)
def test_which_deployments_count(
    tmp_path: Path,
    run: Run,
    arguments: tuple[str, ...],
    settings: str,
    deployments: list[str],
    state: list[str],
) -> None:
    write(tmp_path, {**SITE, "lint502.toml": f"{settings}\n"})
    report = json.loads(run("check", "--format", "json", *arguments).out)
    found = [one["name"] for one in report.get("deployments", [])]
    assert (sorted(found), sorted(hop["state"] for hop in report["hops"])) == (deployments, state)


def test_no_deployment_of_that_name(tmp_path: Path, run: Run) -> None:
    write(tmp_path, SITE)
    ran = run("check", "--deployment", "compose.test.yaml")
    assert ran.code == 2
    assert "no deployment is called compose.test.yaml; there are" in ran.err


@pytest.mark.parametrize(
    ("arguments", "settings", "code"),
    [((), "", 2), (("--allow-empty",), "", 0), ((), "allow_empty = true\n", 0)],
)
def test_no_hop_at_all(
    tmp_path: Path, run: Run, arguments: tuple[str, ...], settings: str, code: int
) -> None:
    nginx = {"nginx.conf": "events {}\nhttp { server { listen 80; } }\n"}
    write(tmp_path, {**nginx, "lint502.toml": settings})
    assert run("check", *arguments).code == code


def test_nothing_outside_of_the_checkout_is_read(tmp_path: Path, run: Run) -> None:
    """Neither what a mount, an env file nor an include of Compose leads to."""
    secret = tmp_path.parent / "secret"
    secret.write_text("server { location / { proxy_pass http://s3cr3t:1; } }\nPASSWORD=s3cr3t\n")
    (tmp_path / "nginx").mkdir()
    (tmp_path / "nginx/link.conf").symlink_to(secret)
    mounts = f'["./nginx:/etc/nginx/conf.d", "{secret}:/etc/nginx/conf.d/b.conf"]'
    compose = SITE["compose.yaml"].replace('["./nginx:/etc/nginx/conf.d"]', mounts)
    compose += f"    env_file: [../secret, {secret}]\ninclude: [../secret]\n"
    write(tmp_path, {**SITE, "compose.yaml": compose})
    ran = run("check", "--verbose", "--format", "json")
    assert "s3cr3t" not in ran.out + ran.err
    assert ran.code == 2
