"""What people see who write ``upstreams.toml`` and ``lint502.toml`` in an editor with Taplo, which
is also what Even Better TOML has in it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from lint502.schema import FILES, schema
from tests.support.nginxes import lacks

TOP = Path(__file__).parents[1]
DOCUMENTED = re.findall(
    r"^```toml\n(.*?)^```", (TOP / "docs/upstreams.md").read_text(), re.MULTILINE | re.DOTALL
)


class Said(NamedTuple):
    """What is said of a file: whether it is right, the errors, and the texts that they mark."""

    right: bool
    errors: set[str]
    marked: set[str]


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("schemas")
    for file in FILES:
        (folder / f"{file}.json").write_text(json.dumps(schema(file)))
    return folder


def checked(schemas: Path, file: str, *paths: Path) -> Said:
    taplo = shutil.which("taplo", path=str(Path(sys.executable).parent)) or shutil.which("taplo")
    if taplo is None:
        lacks("there is no Taplo for this machine")
    command = [taplo, "lint", "--no-auto-config", "--colors", "never"]
    command += ["--schema", f"file://{schemas}/{file}.json", *map(str, paths)]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=schemas)
    errors = {line[7:] for line in ran.stderr.splitlines() if line.startswith("error: ")}
    marked = set()
    lines = ran.stderr.splitlines()
    for above, below in pairwise(lines):
        found = re.match(r"  │ ( *)(\^+) ", below)
        if found is not None:
            start = len(re.match(r"\d+ │ ", above)[0]) + len(found[1])  # type: ignore[index]
            marked.add(above[start : start + len(found[2])])
    assert ran.returncode == int(bool(errors)), ran.stderr
    return Said(ran.returncode == 0, errors, marked)


def written(schemas: Path, file: str, text: str) -> Said:
    path = schemas / file
    path.write_text(text)
    return checked(schemas, file, path)


UNEXPECTED = "Additional properties are not allowed ('{}' was unexpected)"


@pytest.mark.parametrize(
    ("file", "text", "key"),
    [
        ("upstreams.toml", "[upstream.a]\nprt = 3000\n", "prt"),
        ("upstreams.toml", "[[upstream.a]]\nport = 1\n[[upstream.a]]\nprt = 1\n", "prt"),
        ("upstreams.toml", '[upstream.a.timeouts]\nrequst = "1s"\n', "requst"),
        ("upstreams.toml", '[upstream.a.tls]\nsnii = "required"\n', "snii"),
        ("upstreams.toml", '[upstream.a]\nkeepalive = { idle = "1s" }\n', "idle"),
        ("upstreams.toml", '[upstream.a]\nsocket = { path = "/a", usr = "x" }\n', "usr"),
        ("upstreams.toml", "[front.a]\nkin = 1\n", "kin"),
        ("upstreams.toml", "upstrem = 1\n", "upstrem"),
        ("lint502.toml", "rots = []\n", "rots"),
        ("lint502.toml", '[rules.keepalive-race]\nmargn = "1s"\n', "margn"),
        ("lint502.toml", "[rules.keepalive-rce]\n", "keepalive-rce"),
        ("lint502.toml", '[[root]]\npath = "a"\nspec = []\n', "spec"),
    ],
)
def test_a_key_that_is_not_known_is_named(schemas: Path, file: str, text: str, key: str) -> None:
    said = written(schemas, file, text)
    assert said.errors == {UNEXPECTED.format(key)}
    assert key in said.marked


@pytest.mark.parametrize(
    ("file", "text", "value", "error"),
    [
        ("upstreams.toml", '[upstream.a]\nport = "x"\n', '"x"', "is not of type"),
        ("upstreams.toml", "[upstream.a]\nport = 70000\n", "70000", "greater than"),
        ("upstreams.toml", '[upstream.a]\nprotocol = "htp"\n', '"htp"', '"http"'),
        ("upstreams.toml", '[upstream.a]\nkeepalive = "yes"\n', '"yes"', "is not of types"),
        ("upstreams.toml", '[upstream.a]\nserver = "nod"\n', '"nod"', "is not valid"),
        ("upstreams.toml", "[[upstream.a]]\nhosts = [1]\n", "1", "is not of type"),
        ("upstreams.toml", '[upstream.a.timeouts]\nrequest = "5 sec"\n', '"5 sec"', "match"),
        ("upstreams.toml", '[upstream.a.limits]\nrequest_body = "9x"\n', '"9x"', "match"),
        ("upstreams.toml", '[front.a]\nkind = "elb"\n', '"elb"', '"aws-alb"'),
        ("lint502.toml", 'fail_on = "eror"\n', '"eror"', '"error"'),
        ("lint502.toml", 'select = ["port-mismtch"]\n', '"port-mismtch"', '"port-mismatch"'),
        ("lint502.toml", "nginx_version = 1.26\n", "1.26", "is not of type"),
        ("lint502.toml", '[rules.keepalive-race]\nmargin = "x"\n', '"x"', "match"),
        ("lint502.toml", 'roots = "a"\n', '"a"', "is not of type"),
    ],
)
def test_a_value_that_is_wrong_is_marked(
    schemas: Path, file: str, text: str, value: str, error: str
) -> None:
    said = written(schemas, file, text)
    assert len(said.errors) == 1
    assert error in next(iter(said.errors))
    assert said.marked == {value}


def test_what_is_right_is_right(schemas: Path) -> None:
    for number, text in enumerate(DOCUMENTED):
        (schemas / f"{number}.toml").write_text(text)
    specs = [*TOP.glob("sample_configs/**/upstreams.toml"), *schemas.glob("[0-9]*.toml")]
    settings = list(TOP.glob("sample_configs/**/lint502.toml"))
    assert len(specs) > 10
    assert settings
    assert checked(schemas, "upstreams.toml", *specs) == (True, set(), set())
    assert checked(schemas, "lint502.toml", *settings) == (True, set(), set())
