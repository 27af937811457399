"""Tables: as TOML in the checkout, as JSON besides in a wheel."""

from __future__ import annotations

import json
import subprocess
import sys
import types
import zipfile
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path

import pytest
import tomli

from lint502.packaged import table_of

TOP = Path(__file__).parents[1]


def test_a_wheel_has_each_table_as_json_too(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        made = {
            name: json.loads(archive.read(name))
            for name in archive.namelist()
            if name.endswith(".json") and "/schema" not in name
        }
        tables = {
            name: tomli.loads(archive.read(name.replace(".json", ".toml")).decode())
            for name in made
        }
    assert made == tables
    read = ("directives", "directive_table", "error_log", "content_handlers", "derivatives")
    assert {f"lint502/nginx/{name}.json" for name in read} <= made.keys()
    assert "lint502/nginx/releases.json" not in made  # JSON has no dates
    assert not list((TOP / "lint502").glob("*/*.json"))


def test_json_comes_before_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = types.ModuleType("tables_of_a_test")
    package.__file__ = str(tmp_path / "__init__.py")
    loader = SourceFileLoader("tables_of_a_test", package.__file__)
    package.__spec__ = ModuleSpec("tables_of_a_test", loader)
    monkeypatch.setitem(sys.modules, "tables_of_a_test", package)
    (tmp_path / "some.toml").write_text('a = ["é"]\n')
    assert table_of("tables_of_a_test", "some.toml") == {"a": ["é"]}
    (tmp_path / "some.json").write_text('{"a": ["ü"]}')
    assert table_of("tables_of_a_test", "some.toml") == {"a": ["ü"]}
