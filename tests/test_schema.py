"""``lint502 schema``: valid, and of the same mind as what checks the files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from lint502.nginx.values import SIZE_PATTERN, TIME_PATTERN, parse_size, parse_time
from lint502.schema import FILES, schema

SAMPLES = Path(__file__).parents[1] / "sample_configs"


def wrong(file: str, text: str) -> list[str]:
    """Where a text is not what the schema says."""
    errors = Draft202012Validator(schema(file)).iter_errors(tomli.loads(text))
    return sorted(".".join(map(str, error.absolute_path)) for error in errors)


@pytest.mark.parametrize("file", FILES)
def test_it_is_a_schema(file: str) -> None:
    Draft202012Validator.check_schema(schema(file))
    assert "null" not in json.dumps(schema(file))


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*/upstreams.toml")), ids=str)
def test_the_samples_are_right(path: Path) -> None:
    assert wrong("upstreams.toml", path.read_text()) == []


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*/lint502.toml")), ids=str)
def test_the_samples_settings_are_right(path: Path) -> None:
    assert wrong("lint502.toml", path.read_text()) == []


@pytest.mark.parametrize(
    ("file", "text", "places"),
    [
        ("upstreams.toml", '[upstream.a]\nport = 1\ntls = true\nsocket = "/a"\n', []),
        ("upstreams.toml", "[[upstream.a]]\nport = 1\n[[upstream.a]]\nport = 2\n", []),
        ("upstreams.toml", "[upstream.a]\nprot = 1\n", ["upstream.a"]),
        ("upstreams.toml", '[upstream.a]\nport = "1"\n', ["upstream.a.port"]),
        ("upstreams.toml", "[upstream.a]\nport = 70000\n", ["upstream.a.port"]),
        ("upstreams.toml", '[upstream.a]\nserver = "nod"\n', ["upstream.a.server"]),
        ("upstreams.toml", '[front.a]\nkind = "x"\n', ["front.a.kind"]),
        (
            "upstreams.toml",
            "[[upstream.a]]\nport = 1\n[[upstream.a]]\nprot = 1\n",
            ["upstream.a.1"],
        ),
        ("upstreams.toml", "[upstream]\na = []\n", ["upstream.a"]),
        ("upstreams.toml", "[upstream]\na = 3000\n", ["upstream.a"]),
        ("upstreams.toml", '[upstream.a]\nport = 1\ntls = "yes"\n', ["upstream.a.tls"]),
        ("upstreams.toml", "[upstream.a]\nsocket = { mode = '0660' }\n", ["upstream.a.socket"]),
        ("upstreams.toml", '[upstream.a]\nsocket = "run/a"\n', ["upstream.a.socket"]),
        ("upstreams.toml", "upstreams = 1\n", [""]),
        ("lint502.toml", 'select = ["port-mismtch"]\n', ["select.0"]),
        ("lint502.toml", "nginx_version = 1.26\n", ["nginx_version"]),
        ("lint502.toml", 'nginx_version = "latest"\n', ["nginx_version"]),
        ("lint502.toml", 'roots = ["a"]\n[rules.keepalive-race]\nmargin = "1s"\n', []),
        ("lint502.toml", '[[root]]\npath = "a"\n[root.map]\na = "b"\n', []),
        ("lint502.toml", "[[root]]\nspecs = []\n", ["root.0"]),
        ("lint502.toml", "[rules.keepalive-race]\nmargn = 1\n", ["rules.keepalive-race"]),
        ("lint502.toml", 'fail_on = "eror"\n', ["fail_on"]),
    ],
)
def test_it_finds_what_the_models_find(file: str, text: str, places: list[str]) -> None:
    assert wrong(file, text) == places


TIMES = ("30s", "1m30s", "500ms", "1d 2h", "90", "1w2d3h4m5s6ms", "30 ", "s5")


@pytest.mark.parametrize(
    "value", [*TIMES, "1h 30m", "1M", "1y", "5 sec", "30S", "1s1m", "-1", "1.5s", "x"]
)
def test_times(value: str) -> None:
    try:
        parse_time(value)
    except ValueError:
        assert value not in TIMES
        assert re.search(TIME_PATTERN, value) is None
    else:
        assert re.search(TIME_PATTERN, value)


@given(st.text("0123456789Mwdhms ", max_size=12))
def test_no_time_is_refused_that_lint502_takes(value: str) -> None:
    try:
        parse_time(value)
    except ValueError:
        return
    assert re.search(TIME_PATTERN, value)


@given(st.text("0123456789kKmMgGx ", max_size=6))
def test_sizes(value: str) -> None:
    try:
        parse_size(value, offset=True)
    except ValueError:
        assert re.search(SIZE_PATTERN, value) is None
    else:
        assert re.search(SIZE_PATTERN, value)


def test_no_table_has_a_choice_of_tables() -> None:
    """Of which an editor says that nothing fits, and names no key."""
    for file in FILES:
        text = json.dumps(schema(file))
        assert "oneOf" not in text
        assert text.count("anyOf") == 2 * (file == "upstreams.toml")  # a server with its version


def test_every_key_says_what_it_is() -> None:
    for file in FILES:
        whole = schema(file)
        tables = [whole, *whole.get("$defs", {}).values()]
        keys = [(name, key) for table in tables for name, key in _keys(table)]
        assert [name for name, key in keys if "description" not in key and "$ref" not in key] == []


def _keys(table: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (name, key)
        for name, key in table.get("properties", {}).items()
        if table.get("description") != "The ``[rules.NAME]`` tables."
    ]
