"""Files of variables, as compose-go's dotenv has them."""

from __future__ import annotations

import time

import pytest

from lint502.deployment import dotenv
from lint502.deployment.dotenv import EnvFile
from lint502.deployment.interpolation import Variables
from lint502.deployment.texts import Text, Unread
from lint502.places import Place, SourceFile


def read(text: str, outer: Variables | None = None, *, raw: bool = False) -> EnvFile:
    return dotenv.read(SourceFile(".env", text), outer, raw=raw)


def values(text: str, outer: Variables | None = None, *, raw: bool = False) -> dict[str, str]:
    return {name: one.value for name, one in read(text, outer, raw=raw).variables.known.items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=1", {"A": "1"}),
        ("A = 1 \nB:2\nC: 3", {"A": "1", "B": "2", "C": "3"}),
        ("export A=1\nexport  B = 2", {"A": "1", "B": "2"}),
        ("# A=1\n  # B=2\n\n\tC=3", {"C": "3"}),
        ("A=", {"A": ""}),
        ("A=\nB=1", {"A": "", "B": "1"}),
        ("A='x'\nB=\"y\"\nC='it''s'", {"A": "x", "B": "y", "C": "it"}),
        ("A=x # comment\nB=x# none\nC=\"x # in\" # out", {"A": "x", "B": "x# none", "C": "x # in"}),
        ("A='$B'\nC='${B}'", {"A": "$B", "C": "${B}"}),
        (r"A='Let\'s go!'", {"A": "Let's go!"}),
        (r'A="{\"hello\": \"json\"}"', {"A": '{"hello": "json"}'}),
        (r'A="some\tvalue"' "\n" r"B='some\tvalue'" "\n" r"C=some\tvalue",
         {"A": "some\tvalue", "B": r"some\tvalue", "C": r"some\tvalue"}),
        (r'A="\$FOO \\ \n"', {"A": "$FOO \\ \n"}),
        (r'A="\0123"', {"A": "S"}),
        ('A="one\ntwo"\nB=1', {"A": "one\ntwo", "B": "1"}),
        ("A=1\nB=$A\nC=${A}0\nD=${X:-9}", {"A": "1", "B": "1", "C": "10", "D": "9"}),
        ('A=1\nB="$A$A"', {"A": "1", "B": "11"}),
        ("A=1\nA=2", {"A": "2"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("a.b-c[0]=1", {"a.b-c[0]": "1"}),
        ("A=1=2", {"A": "1=2"}),
        ("A\nB=1", {"B": "1"}),
    ],
)  # fmt: skip
def test_values(text: str, expected: dict[str, str]) -> None:
    assert values(text) == expected


def test_places_and_what_is_not_known() -> None:
    text = 'A=1\nURL = "http://${HOST}" # x\nB=2\n'
    found = read(text)
    line = "B=2"
    assert found.alone is False
    assert found.variables.known["B"] == Text("2", Place(".env", 3, 3, 4, line))
    assert (set(found.variables.known), found.variables.unknown) == ({"A", "B"}, {"URL"})


def test_a_later_known_value_ends_an_unknown_one() -> None:
    found = read("A=$X\nA=1\nB=1\nB=$X").variables
    assert ({"A"}, {"B"}) == (set(found.known), found.unknown)


@pytest.mark.parametrize(
    ("text", "alone"),
    [("A=1\nB='$C'\n# D", True), ("A=$$", False), ('A="$B"', False), ("A\n", False)],
)
def test_what_is_the_same_whatever_is_set(text: str, alone: bool) -> None:
    assert read(text).alone is alone


def test_raw_values_are_as_they_stand() -> None:
    assert values("A='x' # y\nB=$C\n", raw=True) == {"A": "'x' # y", "B": "$C"}


def test_what_is_set_already_counts_first() -> None:
    outer = Variables({"A": Text("out", Place("x", 1, 1, 2))})
    assert values("A=in\nB=$A\nA2", outer) == {"A": "in", "B": "out"}
    assert values("A", outer) == {"A": "out"}


def test_an_example_is_marked() -> None:
    found = dotenv.read(SourceFile(".env.example", "A=1"), example=True).variables.known
    assert found == {"A": Text("1", Place(".env.example", 1, 3, 4, "A=1"), True)}


def test_lines_that_say_nothing() -> None:
    found = read("<<<<<<< HEAD\nA=1\nB='open\nC=2")
    assert {name: one.value for name, one in found.variables.known.items()} == {"A": "1", "C": "2"}
    assert found.unread == (
        Unread(Place(".env", 1, 1, 13, "<<<<<<< HEAD"), "is no NAME=VALUE"),
        Unread(Place(".env", 3, 3, 8, "B='open"), "has a quote that is not closed"),
    )


def test_values_that_grow_are_bounded() -> None:
    begun = time.monotonic()
    chain = "A0=xxxxxxxxxx\n" + "".join(f"A{n + 1}=$A{n}$A{n}\n" for n in range(60))
    found = read(chain).variables
    assert "A10" in found.known
    assert "A60" in found.unknown
    assert set(read("A='\nB=\"\n" * 100_000).variables.known) == {"A", "B"}
    assert time.monotonic() - begun < 5
