"""crossplane's parser, and the other packages that answer to its name."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import crossplane
import pytest
from crossplane import parser as crossplane_parser

from lint502.nginx import parser
from lint502.nginx.parse import parse_file
from lint502.places import SourceFile
from tests.support.nginxes import lacks

SAMPLES = Path(__file__).parents[2] / "sample_configs"


@pytest.fixture(autouse=True)
def forget_crossplane() -> Iterator[None]:
    parser._module.cache_clear()
    yield
    parser._module.cache_clear()


def names(text: str) -> list[str]:
    return [directive.name for directive in parse_file(SourceFile("nginx.conf", text)).directives]


def test_crossplane_is_not_changed(tmp_path: Path) -> None:
    """For whoever else uses it in this process, its lexer is still its own."""
    file = tmp_path / "nginx.conf"
    file.write_text("http { server { a ${b} c; } # d\n }")
    before = dict(vars(crossplane_parser))
    parsed = crossplane.parse(str(file), comments=True)
    assert names(file.read_text()) == ["http"]
    assert crossplane.parse(str(file), comments=True) == parsed
    assert "'${b} c'" in repr(parsed)
    assert vars(crossplane_parser) == before


def built_differently() -> types.ModuleType:
    """The parser as a fork could have it: its ``parse`` calls another function of the module."""
    fork = types.ModuleType("crossplane.parser")
    fork.__dict__.update(__package__="crossplane", __file__="/fork/crossplane/parser.py")
    text = Path(crossplane_parser.__file__).read_text()
    text = text.replace("def parse(", "def _parse_all(")
    text += "\ndef parse(filename, **options):\n    return _parse_all(filename, **options)\n"
    exec(text, fork.__dict__)
    return fork


def test_a_fork_that_parses_alike_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "http { server { if ($a = '}') { return 1; } a ${b} c; } }"
    source = SourceFile("nginx.conf", text)
    genuine = repr(parse_file(source).directives)
    parser._module.cache_clear()
    monkeypatch.setitem(sys.modules, "crossplane.parser", built_differently())
    assert repr(parse_file(source).directives) == genuine
    assert parser._module().__file__ == "/fork/crossplane/parser.py"


@pytest.mark.slow
def test_beside_gixy_ng(tmp_path: Path) -> None:
    """With the files of ngxparse in the place of crossplane's, every sample's report is the same,
    byte by byte."""
    command = ("-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path))
    done = subprocess.run(
        [sys.executable, *command, "ngxparse>=0.5.16"], capture_output=True, text=True
    )
    if done.returncode:
        lacks(f"ngxparse cannot be had: {done.stderr}")
    (found,) = metadata.distributions(path=[str(tmp_path)])
    assert found.name == "ngxparse"
    roots = sorted(str(path) for path in SAMPLES.glob("*/*/nginx.conf"))
    said = []
    for path in ("", str(tmp_path)):
        environment = {**os.environ, "PYTHONPATH": path}
        check = (sys.executable, "-m", "lint502", "check", "--format", "json", *roots)
        where = (sys.executable, "-c", "import crossplane; print(crossplane.__file__)")
        report = subprocess.run(check, env=environment, cwd=SAMPLES, capture_output=True)
        place = subprocess.run(where, env=environment, cwd=SAMPLES, capture_output=True, text=True)
        said.append((place.stdout, report))
    (genuine_place, genuine), (fork_place, fork) = said
    assert fork_place == f"{tmp_path}/crossplane/__init__.py\n" != genuine_place
    assert (genuine.returncode, len(genuine.stdout) > 1000) == (1, True)
    assert (fork.returncode, fork.stdout, fork.stderr) == (1, genuine.stdout, genuine.stderr)
