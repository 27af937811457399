"""The environment of a service."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.deployment.compose.env_files import example_names
from tests.support.compose import service

Shown = tuple[dict[str, str], set[str], bool]


def shown(folder: Path, text: str, files: dict[str, str] | None = None) -> Shown:
    """Known variables, those of an example with "~" behind; unknown ones; whether it is open."""
    found = service(folder, text, files).program
    known = {name: one.value + "~" * one.example for name, one in found.environment.items()}
    return known, set(found.unknown), found.open


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("environment: {A: 1, B: 'two', C: 8025:25}", {"A": "1", "B": "two", "C": "8025:25"}),
        ("environment: [A=1, 'B=x=y', C=]", {"A": "1", "B": "x=y", "C": ""}),
        ("environment: {A: '${V:-v}', B: $$V}", {"A": "v", "B": "$V"}),
    ],
)
def test_environment(tmp_path: Path, text: str, expected: dict[str, str]) -> None:
    assert shown(tmp_path, text) == (expected, set(), False)


@pytest.mark.parametrize("text", ["environment: [A, B, C, D=$E]",
                                  "environment: {A: , B: null, C: ~, D: '${E}'}"])  # fmt: skip
def test_what_has_no_value_has_that_of_env(tmp_path: Path, text: str) -> None:
    files = {".env": "A=1\n", ".env.example": "A=9\nB=2\n"}
    assert shown(tmp_path, text, files) == ({"A": "1", "B": "2~"}, {"C", "D"}, False)


def test_env_files(tmp_path: Path) -> None:
    files = {
        "a.env": "A=a\nB=a\nC=a\n",
        "b.env": "B=b\nU=$NOWHERE\nV=$TOP\nW=$C",
        "raw.env": "R='$TOP'\n",
        ".env": "TOP=top\nC=c\n",
    }
    text = """
env_file:
- a.env
- {path: ./b.env}
- {path: raw.env, format: raw}
environment: {A: own}
"""
    known = {"A": "own", "B": "b", "C": "a", "V": "top", "W": "c", "R": "'$TOP'"}
    assert shown(tmp_path, text, files) == (known, {"U"}, False)


def test_one_env_file_as_a_text(tmp_path: Path) -> None:
    assert shown(tmp_path, "env_file: a.env", {"a.env": "A=1"}) == ({"A": "1"}, set(), False)


def test_the_environment_is_known_to_env_files(tmp_path: Path) -> None:
    found = shown(tmp_path, "env_file: a.env\nenvironment: [H=x]", {"a.env": "URL=http://$H"})
    assert found == ({"H": "x", "URL": "http://x"}, set(), False)


@pytest.mark.parametrize(
    ("name", "example"),
    [(".env", ".env.example"), (".env", "example.env"), (".env", "env.sample"),
     (".env", ".env.dist"), ("api.env", "api.env.example"), ("api.env", "api.example.env"),
     (".env.prod", ".env.example"), ("env_file_app", "env_file_app_template"),
     ("conf/.env", "conf/.env.template")],
)  # fmt: skip
def test_a_file_that_is_not_there_may_say_anything(tmp_path: Path, name: str, example: str) -> None:
    found = shown(tmp_path, f"env_file: {name}\nenvironment: [B=2]", {example: "A=1\nB=1\n"})
    assert found == ({"A": "1~", "B": "2"}, set(), True)


def test_a_file_that_need_not_be_there(tmp_path: Path) -> None:
    assert shown(tmp_path, "env_file: [{path: no.env, required: false}]") == ({}, set(), True)
    assert shown(tmp_path, "env_file: [$FILE]") == ({}, set(), True)


def test_missing_files_are_said(tmp_path: Path) -> None:
    for text in ("../../no.env", "${DIR}/no.env"):
        (said,) = service(tmp_path, f"env_file: {text}").unread
        why = f"names {text}, which cannot be read here: it may set more variables"
        assert (said.place.line, said.why) == (4, why)


def test_names_of_examples() -> None:
    names = example_names("api.env")
    assert names.index("api.env.example") < names.index(".env.example")
    assert ".env" not in names
