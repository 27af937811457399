"""Variables in Compose's values, as compose-go's template_test.go has them."""

from __future__ import annotations

import time

import pytest

from lint502.deployment.interpolation import Interpolated, Variables, interpolate
from lint502.deployment.texts import UNKNOWN, Text
from lint502.places import Place

HERE = Place(".env", 1, 1, 2)


def variables(**known: str) -> Variables:
    return Variables({name: Text(value, HERE) for name, value in known.items()})


SET = variables(FOO="first", BAR="", JSON='{"json":2}')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("foo", "foo"),
        ("$${foo}", "${foo}"),
        ("$$FOO$$", "$FOO$"),
        ("a $ string", "a $ string"),
        ("^REGEX$", "^REGEX$"),
        ("$}", "$}"),
        ("$FOO-bar", "first-bar"),
        ("${FOO}:80", "first:80"),
        ("$FOO$FOO", "firstfirst"),
        ("This ${BAR} var", "This  var"),
        ("${UNSET:-def}", "def"),
        ("${UNSET-def}", "def"),
        ("${UNSET:-}", ""),
        ("${BAR:-def}", "def"),
        ("${BAR-def}", ""),
        ("${FOO:-def}", "first"),
        ("${UNSET:+there}", ""),
        ("${UNSET+there}", ""),
        ("${FOO:+there}", "there"),
        ("${BAR+there}", "there"),
        ("${BAR:+there}", ""),
        ("${BAR:-/non:-alphanumeric}", "/non:-alphanumeric"),
        (":+ok ${BAR-default}", ":+ok "),
        ("${UNSET-$FOO}", "first"),
        ("${UNSET-${FOO} ${FOO}}", "first first"),
        ("${UNSET:-${BAR:-${FOO}}}", "first"),
        ("${BAR+$FOO ${FOO:+second}}", "first second"),
        ('${UNSET:-{"a":{"b":1}}}', '{"a":{"b":1}}'),
        ("${JSON}", '{"json":2}'),
        ("${FOO?err}", "first"),
        ("${BAR?err}", ""),
        ("${FOO:?err}", "first"),
        ("${A:+${A},}B", "B"),
    ],
)
def test_known(text: str, expected: str) -> None:
    assert interpolate(text, SET) == Interpolated(expected)


@pytest.mark.parametrize(
    ("text", "expected", "missing"),
    [
        ("${PORT}", UNKNOWN, ("PORT",)),
        ("127.0.0.1:$PORT:80", f"127.0.0.1:{UNKNOWN}:80", ("PORT",)),
        ("${A}/${B:-b}/${C}", f"{UNKNOWN}/b/{UNKNOWN}", ("A", "C")),
        ("${A:-${B}}", UNKNOWN, ("B",)),
        ("${A:?must}", UNKNOWN, ("A",)),
        ("${BAR:?must}", UNKNOWN, ("BAR",)),
        ("${", UNKNOWN, ()),
        ("${}", UNKNOWN, ()),
        ("x ${ FOO}", UNKNOWN, ()),
        ("x ${FOO!}", UNKNOWN, ()),
        ("x ${FOO:-y", UNKNOWN, ()),
    ],
)
def test_without_a_value_it_is_not_empty(
    text: str, expected: str, missing: tuple[str, ...]
) -> None:
    assert interpolate(text, SET) == Interpolated(expected, missing=missing)


def test_a_variable_that_is_set_to_something_unknown_has_no_default() -> None:
    known = Variables(unknown=frozenset(("A",)))
    assert interpolate("${A:-80}", known) == Interpolated(UNKNOWN, missing=("A",))
    assert interpolate("${A:+80}", known) == Interpolated(UNKNOWN, missing=("A",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$PORT", Interpolated("8000", True)),
        ("${PORT:?err}", Interpolated("8000", True)),
        ("${PORT:-8000}", Interpolated("8000")),
        ("${PORT:-9000}", Interpolated("9000", True)),
        ("${PORT:-}", Interpolated("8000", True)),
        ("${PORT:-$OTHER}", Interpolated("8000", True)),
        ("${PORT:+a}", Interpolated("a", True)),
        ("${EMPTY:-a}", Interpolated("a")),
        ("${FOO:-a}", Interpolated("first")),
    ],
)
def test_an_example_is_a_hint(text: str, expected: Interpolated) -> None:
    examples = {"PORT": Text("8000", HERE, True), "EMPTY": Text("", HERE, True)}
    assert interpolate(text, Variables(SET.known, examples=examples)) == expected


def test_hostile_texts_end_as_unknown() -> None:
    begun = time.monotonic()
    assert interpolate("${A:-" * 1_000_000, SET) == Interpolated(UNKNOWN)
    assert interpolate("${A:-" * 60 + "}" * 60, SET) == Interpolated(UNKNOWN)
    assert interpolate("$A" * 100_000, variables(A="x" * 60_000)) == Interpolated(UNKNOWN)
    assert interpolate("${A:-{" + "{" * 500_000, SET) == Interpolated(UNKNOWN)
    assert time.monotonic() - begun < 5
