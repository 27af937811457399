"""What a service runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.deployment import compose
from lint502.deployment.containers import Image, Port, Program
from lint502.deployment.layers import Files
from lint502.deployment.repository import Repository
from lint502.deployment.texts import UNKNOWN, Text, Unread, Words
from lint502.places import Place
from tests.support.compose import Builds, project, service
from tests.support.sites import write

HERE = Place("Dockerfile", 1, 1, 2)
ENTRY, COMMAND = Words(("entry",), HERE), Words(("cmd", "-x"), HERE)


def run(folder: Path, text: str, image: Image | None = None) -> tuple[object, object]:
    """The words that are run, and those behind an entry point that is not known."""
    found = program(folder, text, image)
    return found.words and found.words.words, found.arguments and found.arguments.words


def program(folder: Path, text: str, image: Image | None = None) -> Program:
    write(folder, {"Dockerfile": "FROM scratch\n"})
    lines = "".join(f"    {line}\n" for line in text.strip("\n").split("\n"))
    base = "build: ." if image is not None else "image: x:1"
    return (
        project(folder, f"services:\n  web:\n    {base}\n{lines}", image=image)
        .containers[0]
        .program
    )


@pytest.mark.parametrize(
    ("text", "words", "arguments"),
    [
        ("restart: always", None, None),
        ("command: a b", None, ("a", "b")),
        ("command: [a, 'b c', 8000]", None, ("a", "b c", "8000")),
        ("command: []", None, ()),
        ("command:", None, None),
        ("entrypoint: e", ("e",), None),
        ("entrypoint: [e, f]\ncommand: a", ("e", "f", "a"), None),
        ("entrypoint: ''\ncommand: a", ("a",), None),
        ("entrypoint: []", (), None),
        ("command: $CMD", None, None),
        ("entrypoint: e\ncommand: $CMD", None, None),
        ("command: a -b :$PORT", None, ("a", "-b", f":{UNKNOWN}")),
        ("command: sh -c 'a $$PORT'", None, ("sh", "-c", "a $PORT")),
        ("command: >\n  a\n  b", None, ("a", "b")),
        ("command: a 'b", None, None),
    ],
)
def test_of_an_image(tmp_path: Path, text: str, words: object, arguments: object) -> None:
    assert run(tmp_path, text) == (words, arguments)


@pytest.mark.parametrize(
    ("entry", "command", "text", "words", "arguments"),
    [
        (ENTRY, COMMAND, "restart: always", ("entry", "cmd", "-x"), None),
        (ENTRY, None, "restart: always", ("entry",), None),
        (None, COMMAND, "restart: always", None, ("cmd", "-x")),
        (ENTRY, COMMAND, "command: own", ("entry", "own"), None),
        (ENTRY, COMMAND, "command: []", ("entry",), None),
        (ENTRY, COMMAND, "command: $CMD", None, None),
        (None, COMMAND, "command: own", None, ("own",)),
        (ENTRY, COMMAND, "entrypoint: own", ("own",), None),
        (ENTRY, COMMAND, "entrypoint: []", (), None),
        (ENTRY, COMMAND, "entrypoint: own\ncommand: a", ("own", "a"), None),
        (ENTRY, COMMAND, "entrypoint:", ("entry", "cmd", "-x"), None),
    ],
)
def test_of_a_build(
    tmp_path: Path, entry: Words, command: Words, text: str, words: object, arguments: object
) -> None:
    assert run(tmp_path, text, Image(None, entry, command)) == (words, arguments)


def test_the_words_have_a_place(tmp_path: Path) -> None:
    found = program(tmp_path, "command: gunicorn app").arguments
    line = "    command: gunicorn app"
    assert found == Words(("gunicorn", "app"), Place("compose.yaml", 4, 14, 26, line))
    assert program(tmp_path, "command: a\nentrypoint: $E").words is None


def test_an_image_with_all_that_it_sets(tmp_path: Path) -> None:
    image = Image(
        base=Text("python:3.12", HERE),
        entrypoint=Words((), HERE),
        command=COMMAND,
        environment={"A": Text("1", HERE), "B": Text("1", HERE), "C": Text("1", HERE)},
        unknown=frozenset(("D", "E")),
        ports=(Port(8000, HERE, "EXPOSE"),),
        layers=(Files("/app", "/x", HERE, merges=True),),
        workdir="/app",
        user=Text("app", HERE),
        unread=(Unread(HERE, "is odd"),),
    )
    text = """
services:
  web:
    image: named:1
    build: .
    expose: ['80']
    environment: {B: 2, C: $NOWHERE, D: 3}
    volumes: ['/v']
"""
    (found,) = project(tmp_path, text, image=image).containers
    values = {name: one.value for name, one in found.program.environment.items()}
    assert found.program.image == image.base
    assert found.program.words == COMMAND
    assert (values, set(found.program.unknown)) == ({"A": "1", "B": "2", "D": "3"}, {"C", "E"})
    assert (found.program.workdir, found.program.user) == ("/app", image.user)
    assert (found.program.built, found.program.folder) == (True, str(tmp_path))
    assert [(port.number, port.what) for port in found.ports] == [(80, "expose"), (8000, "EXPOSE")]
    assert [layer.target for layer in found.layers] == ["/app", "/v"]
    assert found.unread == image.unread


def test_what_the_service_sets_counts(tmp_path: Path) -> None:
    image = Image(None, ENTRY, COMMAND, workdir="/app", user=Text("app", HERE))
    found = program(tmp_path, "working_dir: /srv\nuser: '1000'", image)
    assert (found.workdir, found.user and found.user.value) == ("/srv", "1000")
    assert program(tmp_path, "user: $ID", image).user is None


@pytest.mark.parametrize(
    ("image", "value", "example"),
    [
        ("nginx:1.27", "nginx:1.27", False),
        ("'${IMAGE:-nginx}:${TAG:-1}'", "nginx:1", False),
        ("nginx:$TAG", "nginx:${TAG}", False),
        ("'quay.io:443/a/nginx:1-$TAG'", "quay.io:443/a/nginx:1-${TAG}", False),
        ("$NAME:1", None, False),
        ("$NAME", None, False),
        ("'quay.io:443/$NAME'", None, False),
        ("'nginx@sha256:$DIGEST'", None, False),
        ("'nginx:${TAG:?must}'", "nginx:${TAG}", False),
        ("'nginx:${'", None, False),
        ("nginx:$SHOWN", "nginx:1.26", True),
    ],
)
def test_the_image(tmp_path: Path, image: str, value: str | None, example: bool) -> None:
    files = {".env.example": "SHOWN=1.26\n"}
    found = project(tmp_path, f"services: {{web: {{image: {image}}}}}", files).containers[0]
    said = found.program.image
    assert (said and said.value) == value
    assert said is None or said.example is example
    assert found.program.built is False


def builds(folder: Path, text: str, files: dict[str, str] | None = None) -> tuple[Builds, Program]:
    write(folder, {"compose.yaml": f"services:\n  web:\n    build: {text}\n", "app/a": ""})
    write(folder, files or {})
    builder = Builds(Image(Text("base", HERE)))
    found = compose.projects(Repository(folder), [str(folder / "compose.yaml")], builder)
    return builder, found[0].containers[0].program


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (".", {}),
        ("./app", {"context": "app", "dockerfile": "app/Dockerfile"}),
        ("{context: app}", {"context": "app", "dockerfile": "app/Dockerfile"}),
        ("{dockerfile: app/x.Dockerfile}", {"dockerfile": "app/x.Dockerfile"}),
        ("{context: app, dockerfile: ../Dockerfile}", {"context": "app"}),
        ("{context: ., target: web}", {"target": "web"}),
        ("{context: ., args: {A: 1, B: $NOWHERE, C: , D: , E: }}",
         {"args": {"A": "1", "B": None, "D": "4", "E": "5"}}),
        ("{context: ., args: [A=1, B=$NOWHERE, C, D, E]}",
         {"args": {"A": "1", "B": None, "D": "4", "E": "5"}}),
        ("{context: ., additional_contexts: {x: ./app, y: 'docker-image://a:1', z: 'service:b'}}",
         {"contexts": {"x": "app", "y": "docker-image://a:1", "z": "service:b"}}),
        ("{context: ., additional_contexts: [x=app]}", {"contexts": {"x": "app"}}),
        ("{context: ., dockerfile_inline: 'FROM x'}", {"dockerfile": "\n\nFROM x"}),
    ],
)  # fmt: skip
def test_builds(tmp_path: Path, text: str, expected: dict[str, object]) -> None:
    files = {".env": "D=4\n", ".env.example": "E=5\n"}
    builder, found = builds(tmp_path, text, files)
    usual: dict[str, object] = {
        "dockerfile": "Dockerfile", "context": ".", "target": None, "args": {}, "contexts": {},
    }  # fmt: skip
    assert builder.asked == [{**usual, **expected}]
    assert found.image == Text("base", HERE)


def test_an_inline_dockerfile_keeps_its_lines(tmp_path: Path) -> None:
    builder, _ = builds(tmp_path, "\n      dockerfile_inline: |\n        FROM x\n        RUN y")
    assert builder.asked[0]["dockerfile"] == "\n" * 4 + "FROM x\nRUN y\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("https://github.com/a/b.git",
         "builds from another repository, which lint502 does not fetch"),
        ("git@github.com:a/b", "builds from another repository, which lint502 does not fetch"),
        ("./nowhere", "builds from nowhere, which is no folder of this repository"),
        ("$DIR", "builds from a folder that a variable without a value names"),
        ("../..", "builds from {top}, which is no folder of this repository"),
        ("{context: ., dockerfile: $FILE}",
         "builds from a Dockerfile or a stage that a variable without a value names"),
        ("{context: ., target: $STAGE}",
         "builds from a Dockerfile or a stage that a variable without a value names"),
    ],
)  # fmt: skip
def test_builds_that_cannot_be_followed(tmp_path: Path, text: str, why: str) -> None:
    folder = tmp_path / "a" / "b"
    builder, found = builds(folder, text)
    assert builder.asked == []
    assert (found.image, found.built, found.words) == (None, True, None)
    top = str(tmp_path)
    said = service(folder, f"build: {text}").unread
    assert [one.why for one in said] == [why.replace("{top}", top)]


def test_a_dockerfile_that_cannot_be_read(tmp_path: Path) -> None:
    def builder(repository: Repository, dockerfile: str, context: str, **_: object) -> Image:
        repository.source(dockerfile)
        raise AssertionError

    write(tmp_path, {"compose.yaml": "services: {web: {build: .}}"})
    paths = [str(tmp_path / "compose.yaml")]
    found = compose.projects(Repository(tmp_path), paths, builder)  # type: ignore[arg-type]
    said = found[0].containers[0].unread
    assert [one.why for one in said] == ["builds from Dockerfile, but there is no such file"]
