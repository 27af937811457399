"""What a Dockerfile says of its image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lint502.deployment.containers import Image
from lint502.deployment.dockerfile import build
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Text
from lint502.places import Place
from lint502.reading import UnreadableError
from tests.support.sites import write

PLACE = Place("compose.yaml", 1, 1, 2)


def built(folder: Path, text: str, **options: Any) -> Image:
    write(folder, {"Dockerfile": text})
    if "args" in options:
        options["args"] = {
            name: None if value is None else Text(value, PLACE)
            for name, value in options["args"].items()
        }
    return build(Repository(folder), str(folder / "Dockerfile"), str(folder), **options)


def value(text: Text | None) -> str | None:
    return None if text is None else text.value


def ports(image: Image) -> list[tuple[int, str, str]]:
    return [(one.number, one.protocol, one.what) for one in image.ports]


def words(image: Image) -> tuple[object, object]:
    return (
        image.entrypoint and image.entrypoint.words,
        image.command and image.command.words,
    )


@pytest.mark.parametrize(
    ("text", "args", "base"),
    [
        ("FROM nginx:1.27", {}, "nginx:1.27"),
        ("FROM a AS b\nFROM B", {}, "a"),
        ("FROM a AS b\nFROM c AS d\nFROM b", {}, "a"),
        ("FROM a AS a\nFROM a", {}, "a"),
        ("FROM a AS a", {}, "a"),
        ("ARG V=1.27\nFROM nginx:$V", {}, "nginx:1.27"),
        ("ARG V=1.27\nFROM nginx:$V", {"V": "1.25"}, "nginx:1.25"),
        ("ARG V=1.27\nFROM nginx:$V", {"V": None}, None),
        ("ARG V\nFROM nginx:$V", {}, None),
        ("ARG V\nFROM nginx:${V:-1.27}-alpine", {}, "nginx:1.27-alpine"),
        ("ARG G\nFROM q-${G:+gpu-}${G:-cpu}", {}, "q-cpu"),
        ("ARG G\nFROM q-${G:+gpu-}$G", {}, None),
        ("ARG G\nFROM q-${G:+gpu-}${G:-cpu}", {"G": "x"}, "q-gpu-x"),
        ("ARG G\nFROM q-${G:+gpu-}", {"G": None}, None),
        ("FROM ${REGISTRY}nginx", {}, "nginx"),
        ("FROM ${REGISTRY:+$REGISTRY/}nginx", {}, "nginx"),
        ("FROM ${REGISTRY:-docker.io}/nginx", {}, "docker.io/nginx"),
        ("ARG A=x B=${A}y\nFROM $B", {}, "xy"),
        ("ARG F=1.2.3\nFROM nginx:${F%.*}", {}, "nginx:1.2"),
        ("FROM --platform=$BUILDPLATFORM node:20", {}, "node:20"),
        ("FROM x-$TARGETARCH", {}, None),
        ("FROM scratch", {}, "scratch"),
        ("FROM nginx@sha256:0123", {}, "nginx@sha256:0123"),
    ],
)
def test_base(tmp_path: Path, text: str, args: dict[str, str | None], base: str | None) -> None:
    assert value(built(tmp_path, text, args=args).base) == base


def test_a_stage_has_all_of_the_one_that_it_is_built_on(tmp_path: Path) -> None:
    text = (
        "FROM php:8.3-fpm AS base\nARG P=9000\nENV A=1 P=$P\nWORKDIR /srv\nWORKDIR app\n"
        "USER www\nEXPOSE 9000\n"
        "RUN apt-get install -y nginx=1.22 -o a=b && pip install gunicorn~=22.0\n"
        'ENTRYPOINT ["/e"]\nCMD ["f"]\nFROM base AS dev\nENV A=2\nEXPOSE 80 9000\nCMD g\n'
        "FROM base AS prod\nENTRYPOINT h $P\n"
    )
    dev, prod = built(tmp_path, text, target="dev"), built(tmp_path, text)
    assert (value(dev.base), dev.workdir, value(dev.user)) == ("php:8.3-fpm", "/srv/app", "www")
    assert {name: one.value for name, one in dev.environment.items()} == {"A": "2", "P": "9000"}
    assert ports(dev) == [(9000, "tcp", "EXPOSE"), (80, "tcp", "EXPOSE")]
    assert words(dev) == (("/e",), ("/bin/sh", "-c", "g"))
    assert dev.installed == {"nginx", "gunicorn"}
    assert words(prod) == (("/bin/sh", "-c", "h $P"), ())
    assert prod.environment["A"].place.line == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a", (None, None)),
        ("FROM a\nCMD []", (None, ())),
        ("FROM a\nENTRYPOINT []\nCMD [\"x\"]", ((), ("x",))),
        ("FROM a\nCMD [\"x\"]\nENTRYPOINT [\"y\"]", (("y",), ("x",))),
        ("FROM a AS b\nCMD [\"x\"]\nFROM b\nENTRYPOINT [\"y\"]", (("y",), ())),
        ("FROM a AS b\nENTRYPOINT [\"y\"]\nFROM b\nCMD [\"x\"]", (("y",), ("x",))),
        ("FROM a\nSHELL [\"/bin/bash\", \"-ec\"]\nCMD x $Y", (None, ("/bin/bash", "-ec", "x $Y"))),
        ("FROM a\nONBUILD CMD [\"x\"]", (None, None)),
    ],
)  # fmt: skip
def test_what_is_run(tmp_path: Path, text: str, expected: tuple[object, object]) -> None:
    assert words(built(tmp_path, text)) == expected


@pytest.mark.parametrize(
    ("text", "args", "values", "unknown"),
    [
        ("ENV A=1 B=$A", {}, {"A": "1"}, {"B"}),
        ("ENV A=1\nENV B=${A}2 C='$A' D=\"$A $A\" E=\\$A", {},
         {"A": "1", "B": "12", "C": "$A", "D": "1 1", "E": "$A"}, set()),
        ("ENV A 1 $X", {}, {}, {"A"}),
        ("ENV PATH=/x:$PATH", {}, {}, {"PATH"}),
        ("ENV A=${B:-c} D=${E:+f}", {}, {"A": "c"}, {"D"}),
        ("ARG A=1\nENV A=$A", {}, {"A": "1"}, set()),
        ("ARG A=1\nENV A=$A", {"A": "2"}, {"A": "2"}, set()),
        ("ARG A=1\nENV A=$A", {"A": None}, {}, {"A"}),
        ("ARG A\nENV B=$A", {}, {}, {"B"}),
        ("ARG A\nENV B=${A:-3}", {}, {"B": "3"}, set()),
        ("ARG A\nENV B=x${A:+3} C=${Z:+3}", {}, {"B": "x"}, {"C"}),
        ("ARG A\nENV B=$A", {"A": "2"}, {"B": "2"}, set()),
        ("ARG G\nENV B=$G", {}, {"B": "top"}, set()),
        ("ENV B=$G", {}, {}, {"B"}),
        ("ARG TARGETARCH\nENV B=$TARGETARCH", {}, {}, {"B"}),
        ("ENV A=1.2.3\nENV B=${A%.*} C=${A%%.*} D=${A#*.} E=${A##*.} F=${A/./-} G=${A//./}", {},
         {"A": "1.2.3", "B": "1.2", "C": "1", "D": "2.3", "E": "3", "F": "1-2.3", "G": "123"},
         set()),
        ("ENV A=$(id) B=a\\ b", {}, {"A": "$(id)", "B": "a b"}, set()),
        ("ENV A=", {}, {"A": ""}, set()),
    ],
)  # fmt: skip
def test_variables(
    tmp_path: Path, text: str, args: dict[str, str | None], values: object, unknown: object
) -> None:
    image = built(tmp_path, f"ARG G=top\nFROM a\n{text}\n", args=args)
    assert {name: one.value for name, one in image.environment.items()} == values
    assert image.unknown == unknown


def test_a_variable_of_the_base_that_is_added_to_needs_no_words(tmp_path: Path) -> None:
    image = built(tmp_path, "FROM a\nENV PATH=/x:$PATH LD=${LD:+$LD:}/y\nENV A=$B\n")
    assert image.unknown == {"PATH", "LD", "A"}
    assert [one.why for one in image.unread] == ["the value of A is not known"]


def test_where_nothing_is_below_all_variables_are_known(tmp_path: Path) -> None:
    image = built(tmp_path, "FROM scratch\nENV A=x$B C=${D:+e}\n")
    assert {name: one.value for name, one in image.environment.items()} == {"A": "x", "C": ""}


@pytest.mark.parametrize(
    ("text", "expected", "unread"),
    [
        ("EXPOSE 80 443/tcp 53/udp 53/TCP",
         [(80, "tcp"), (443, "tcp"), (53, "udp"), (53, "tcp")], []),
        ("EXPOSE 8000-8002", [(8000, "tcp"), (8001, "tcp"), (8002, "tcp")], []),
        ("ENV P='80 81'\nEXPOSE $P", [(80, "tcp"), (81, "tcp")], []),
        ("EXPOSE ${P:-5000}", [(5000, "tcp")], []),
        ("EXPOSE $P", [], ["nothing says which port $P is"]),
        ("EXPOSE http 0 70000 9-8 1-65535", [], ["http is no port", "0 is no port",
         "70000 is no port", "9-8 is no port", "1-65535 is no port"]),
        ("RUN <<E\nEXPOSE 1\nE", [], []),
        ("# EXPOSE 1\nONBUILD EXPOSE 2", [], []),
    ],
)  # fmt: skip
def test_ports(tmp_path: Path, text: str, expected: object, unread: object) -> None:
    image = built(tmp_path, f"FROM a\n{text}\n")
    assert [(one.number, one.protocol) for one in image.ports] == expected
    assert [one.why for one in image.unread] == unread


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CMD curl -f http://localhost:3000/health || exit 1", [3000]),
        ('CMD ["curl", "http://127.0.0.1:3000"]', [3000]),
        ("CMD wget -q --spider 'http://[::1]:81/' && nc -z localhost 82", [81, 82]),
        ("--interval=5s CMD curl https://localhost/", [443]),
        ("CMD curl http://localhost:${P}/ http://0.0.0.0:${Q:-9}/", [8, 9]),
        ("CMD curl http://db:3000/ http://localhost.example:1/", []),
        ("CMD node -e \"require('http').get('http://localhost:4000/')\"", [4000]),
        ("CMD curl http://localhost:$UNKNOWN/", []),
        ("CMD curl http://localhost:99999/ http://localhost:0808080/", []),
        ("CMD curl -f localhost:3001/health", [3001]),
        ("CMD wget -q -O- 127.0.0.1/ || exit 1", [80]),
        ("CMD echo localhost:3001", []),
        ("CMD bash -c 'exec 3<>/dev/tcp/127.0.0.1/5432'", [5432]),
        ("CMD < /dev/tcp/localhost/5433", [5433]),
        ("NONE", []),
        ("CMD curl 'http://localhost", []),
    ],
)
def test_health_checks(tmp_path: Path, text: str, expected: list[int]) -> None:
    image = built(
        tmp_path, f"FROM a\nENV P=8\nHEALTHCHECK CMD curl localhost\nHEALTHCHECK {text}\n"
    )
    assert [(one.number, one.what) for one in image.ports] == [(n, "HEALTHCHECK") for n in expected]


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("apt-get update && apt-get install -y --no-install-recommends nginx supervisor=4.2 \\\n x",
         {"nginx", "supervisor", "x"}),
        ("apk add --no-cache --virtual .deps gcc php83-fpm~8 'nginx>1.2'",
         {"gcc", "php83-fpm", "nginx"}),
        ("yum -y install nginx", {"nginx"}),
        ("pip install -r requirements.txt 'uvicorn[standard]==0.30' ./pkg", {"uvicorn"}),
        ("python3 -m pip install -U gunicorn", {"gunicorn"}),
        ("npm ci; npm install express; npm i -g serve@14 @a/b@1", {"serve", "@a/b"}),
        ("set -ex; for p in a b; do apt-get install $p; done", set()),
        ("bash -c 'apk add nginx'", {"nginx"}),
        ("if true; then apk add nginx; fi", {"nginx"}),
        ("echo apt-get install nginx", set()),
        ("apt-get -y remove nginx", set()),
        ("DEBIAN_FRONTEND=x sudo -E apt-get -qq install nginx", {"nginx"}),
        ("<<E\napk add nginx\nE", {"nginx"}),
        ("<<E\n#!/usr/bin/python\napk add nginx\nE", set()),
        ('["apk", "add", "nginx"]', {"nginx"}),
    ],
)  # fmt: skip
def test_installed(tmp_path: Path, command: str, names: set[str]) -> None:
    assert built(tmp_path, f"FROM a\nRUN {command}\n").installed == names


@pytest.mark.parametrize(
    ("text", "options", "why"),
    [
        ("RUN a", {}, "has RUN before any FROM"),
        ("ARG A", {}, "has no FROM: it builds no image"),
        ("FROM a b", {}, "has a FROM that is not followed by IMAGE or IMAGE AS NAME"),
        ("FROM a AS 1b", {}, "has 1b as the name of a stage"),
        ("FROM a\nSOME thing", {}, "has SOME where an instruction belongs"),
        ("FROM {{ base }}\n{% if x %}\n", {},
         "is a template, of which only its tool makes a Dockerfile"),
        ("FROM node:%%NODE%%", {}, "is a template, of which only its tool makes a Dockerfile"),
        ("FROM a\nENV V {{ x }}\nENV A={{ .x.y }}", {},
         "is a template, of which only its tool makes a Dockerfile"),
        ("%%X%%\nFROM a", {}, "is a template, of which only its tool makes a Dockerfile"),
        ("FROM a", {"target": "b"}, "has no stage b"),
        ("FROM a AS b\nCOPY --from=c x y\nFROM a AS c\nCOPY --from=b x y\n", {},
         "has stages that need each other in a circle"),
        ("FROM a AS b\nCOPY --from=b x y", {}, "has stages that need each other in a circle"),
        ("FROM a\n" * 501, {}, "has more than 500 stages"),
    ],
)  # fmt: skip
def test_what_builds_no_image(tmp_path: Path, text: str, options: dict[str, Any], why: str) -> None:
    with pytest.raises(UnreadableError) as error:
        built(tmp_path, text, **options)
    assert str(error.value) == why


def test_files_that_say_it(tmp_path: Path) -> None:
    write(tmp_path, {".dockerignore": "a", "Dockerfile.dockerignore": "b"})
    image = built(tmp_path, "FROM a\n")
    assert image.files == ("Dockerfile", "Dockerfile.dockerignore")
