"""docs/coverage.md says what is so: its rules and keys exist, its cases are found as it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
import tomli
from pydantic import BaseModel

from lint502.declared.sources.upstreams_toml.form import FrontTable, ListenerTable, SpecFile
from lint502.rule_names import RULES
from tests.support.sites import OLD, check

TEXT = (Path(__file__).parents[1] / "docs" / "coverage.md").read_text(encoding="utf-8")
CASES = tomli.loads(Path(__file__).with_name("coverage.toml").read_text(encoding="utf-8"))["case"]
SAYS_NOTHING = ("undeclared-upstream", "unused-upstream")


class Row(NamedTuple):
    """A line of a table of cases; ``rules`` and ``keys`` are empty where none finds it."""

    url: str
    rules: tuple[str, ...]
    keys: tuple[str, ...]


def _rows() -> Iterator[Row]:
    for line in TEXT.splitlines():
        if line.startswith("| ["):
            case, _, *more = (cell.strip() for cell in line.strip("|").split(" | "))
            link = re.fullmatch(r"\[[^]]+\]\((\S+)\)", case)
            assert link is not None and len(more) in (0, 2), line
            rules, keys = (tuple(re.findall(r"`([^`]+)`", cell)) for cell in more or ("", ""))
            assert bool(rules) == bool(more), line
            yield Row(link[1], rules, keys)


ROWS = tuple(_rows())
CAUGHT = {row.url: row for row in ROWS if row.rules}


def _tables(annotation: object) -> Iterator[type[BaseModel]]:
    """The tables that a key can have as its value."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _tables(inner)


def _exists(path: list[str], tables: list[type[BaseModel]]) -> bool:
    name, *rest = path
    fields = [table.model_fields[name] for table in tables if name in table.model_fields]
    inner = [table for field in fields for table in _tables(field.annotation)]
    return bool(fields) and (not rest or _exists(rest, inner))


def test_the_numbers_at_the_top_are_those_of_the_lines() -> None:
    urls = [row.url for row in ROWS]
    assert len(urls) == len(set(urls)) == 260
    assert [int(number) for number in re.findall(r"\*\*(\d+) of 260\*\*", TEXT)] == [
        len(CAUGHT),
        260 - len(CAUGHT),
    ]


def test_every_rule_that_it_names_is_one() -> None:
    named = {rule for row in ROWS for rule in row.rules}
    after = TEXT.partition("## The usual causes")[2]
    named |= set(re.findall(r"`([a-z0-9]+(?:-[a-z0-9]+)+)`", after))
    assert named <= set(RULES)


@pytest.mark.parametrize("key", sorted({key for row in ROWS for key in row.keys}))
def test_every_key_that_it_names_is_one(key: str) -> None:
    path = key.split(".")
    if path[0] == "front":
        assert _exists(path[1:], [FrontTable])
    else:
        assert _exists(path, [ListenerTable]) or _exists(path, [SpecFile])


def test_a_key_that_is_none_would_be_seen() -> None:
    for path in (["prot"], ["tls", "name"], ["port", "sni"], ["keepalive", "idle_timeout", "x"]):
        assert not _exists(path, [ListenerTable])


def test_each_case_that_is_caught_is_there() -> None:
    configured = {url: case["rule"] for case in CASES for url in case["of"]}
    assert {url: row.rules[0] for url, row in CAUGHT.items()} == {
        url: rule for url, rule in configured.items() if rule
    }
    assert set(configured) <= {row.url for row in ROWS}


def _declared(path: list[str], value: object) -> bool:
    """Whether a spec has a key, in one of its upstreams or fronts."""
    if not path:
        return True
    if isinstance(value, list):
        return any(_declared(path, entry) for entry in value)
    if not isinstance(value, dict):
        return False
    return path[0] in value and _declared(path[1:], value[path[0]])


@pytest.mark.parametrize("url", sorted(CAUGHT))
def test_its_keys_are_what_is_declared(url: str) -> None:
    (spec,) = (tomli.loads(case["upstreams"]) for case in CASES if url in case["of"])
    listeners = list(spec.get("upstream", {}).values())
    for key in CAUGHT[url].keys:
        path = key.split(".")
        if path[0] == "front":
            assert _declared(path[1:], list(spec["front"].values())), key
        else:
            by_profile = _declared(["server"], listeners)
            assert by_profile or _declared(path, listeners) or key in spec, key


def _name(case: dict[str, Any]) -> str:
    return str(case["of"][0].removeprefix("https://github.com/"))


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_it_is_found_as_it_says(tmp_path: Path, case: dict[str, Any]) -> None:
    user = f"user {case['user']}; " if "user" in case else ""
    files = {
        "nginx.conf": f"{user}events {{}} http {{{case['nginx']}}}\n",
        "upstreams.toml": case["upstreams"],
    }
    report = check(tmp_path, files, version=case.get("version", OLD))
    assert report.problems == ()
    found = {finding.rule for finding in report.findings}
    if case["rule"]:
        assert {rule for url in case["of"] for rule in CAUGHT[url].rules} <= found
    else:
        assert found <= set(SAYS_NOTHING)
