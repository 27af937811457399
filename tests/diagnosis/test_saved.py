from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from lint502.diagnosis.diagnosis import Unread
from lint502.diagnosis.saved import NoDiagnosisError, read, together
from lint502.report import Style
from lint502.report.diagnosis import renderer
from tests.support.diagnoses import ALONE, DIAGNOSIS, DOWN, NOTHING, REFUSED


def saved(diagnosis: Any, path: Path) -> str:
    path.write_text(renderer("json")(diagnosis, Style()), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("diagnosis", [DIAGNOSIS, ALONE, NOTHING])
def test_what_is_saved_is_read_back(tmp_path: Path, diagnosis: Any) -> None:
    assert read(saved(diagnosis, tmp_path / "a.json")) == diagnosis


def test_two_in_one() -> None:
    twice = together([DIAGNOSIS, replace(ALONE, groups=(DIAGNOSIS.groups[0],))])
    first = twice.groups[0]
    assert first.tally.count == 2 * REFUSED.tally.count
    assert first.tally.paths == Counter(
        {path: 2 * count for path, count in REFUSED.tally.paths.items()}
    )
    assert first.tally.first == REFUSED.tally.first
    assert first.took == (0.0, 0.002)
    assert first.answers == Counter({"502": 2400, "200 after a retry": 68})
    assert twice.groups[1:] == DIAGNOSIS.groups[1:]
    other = replace(DIAGNOSIS, unread=(Unread("x", 1, "x"), Unread("Traceback", 1, "Trace: b")))
    both = together([twice, other])
    assert (both.other, both.access_lines) == (34, 4)
    assert both.unread == (
        Unread("Traceback", 4, "Traceback (most recent call last):"),
        Unread("x", 1, "x"),
    )
    assert twice.logs == ("error.log", "-")
    assert twice.access == DIAGNOSIS.access


def test_the_order_is_that_of_all() -> None:
    many = replace(DOWN, tally=replace(DOWN.tally, count=700))
    both = together([DIAGNOSIS, replace(DIAGNOSIS, groups=(many,)), replace(NOTHING)])
    assert [one.tally.count for one in both.groups] == [1234, 701, 12, 2, 40]
    assert together([DIAGNOSIS]) == DIAGNOSIS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "is not what lint502 diagnose --format json writes"),
        ('{"groups": [], "totals": {}}', "is of a version of lint502 whose form is not known"),
        (
            '{"schema_version": 1, "groups": [{"cause": 1}], "totals": {}}',
            "is not what lint502 diagnose --format json writes",
        ),
    ],
)
def test_what_is_none(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NoDiagnosisError) as raised:
        read(str(path))
    assert str(raised.value) == f"{path} {said}"


def test_each_value_is_of_its_type(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    value = json.loads(renderer("json")(DIAGNOSIS, Style()))
    for key in value["groups"][0]:
        broken = json.loads(json.dumps(value))
        broken["groups"][0][key] = {"x": "y"} if key != "failure" else []
        path.write_text(json.dumps(broken), encoding="utf-8")
        if key == "failure":
            continue
        with pytest.raises(NoDiagnosisError):
            read(str(path))
    with pytest.raises(NoDiagnosisError, match="there is no such file"):
        read(str(tmp_path / "b.json"))
