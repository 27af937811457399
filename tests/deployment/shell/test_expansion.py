"""Variables put into words."""

from __future__ import annotations

import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lint502.deployment.shell import UNKNOWN, commands, expand, fields
from lint502.deployment.shell.words import Word

KNOWN = {"A": "x.tar.gz", "E": "", "S": "a  b ", "U": None}


def word(text: str) -> Word:
    (command,) = commands(f"run {text}")
    return command.words[1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$A", "x.tar.gz"), ("${A}s", "x.tar.gzs"), ("'$A'", "$A"), ("\\$A", "$A"), ("$", "$"),
        ("$NO", UNKNOWN), ("h:$U", "h:" + UNKNOWN), ("$(id)", UNKNOWN), ("`id`:1", UNKNOWN + ":1"),
        ("${NO:-8000}", "8000"), ("${NO-8000}", "8000"), ("${NO:=8}", "8"), ("${U:-8000}", UNKNOWN),
        ("${E:-d}", "d"), ("${E-d}", ""), ("${A:+r}", "r"), ("${E:+r}", ""), ("${E+r}", "r"),
        ("${NO:+r}", UNKNOWN), ("${A:?no}", "x.tar.gz"), ("${NO:?no}", UNKNOWN),
        ("${NO:-${A}:${NO2:-1}}", "x.tar.gz:1"), ("${NO:-$(id)}", UNKNOWN),
        ("${A%.*}", "x.tar"), ("${A%%.*}", "x"), ("${A#*.}", "tar.gz"), ("${A##*.}", "gz"),
        ("${A/.tar/-}", "x-.gz"), ("${A//./_}", "x_tar_gz"), ("${A/.}", "xtar.gz"),
        ("${A#y}", "x.tar.gz"), ("${A%[a-z]}", UNKNOWN), ("${#A}", UNKNOWN), ("${!A}", UNKNOWN),
        ("${A:1:2}", UNKNOWN), ("${A^^}", UNKNOWN), ('"${NO:-a b}"', "a b"), ("$1", UNKNOWN),
    ],
)  # fmt: skip
def test_variables(text: str, expected: str) -> None:
    assert expand(word(text), KNOWN) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$S", ("a", "b")), ('"$S"', ("a  b ",)), ("x$S", ("xa", "b")), ("$S.y", ("a", "b", ".y")),
        ("$E", ()), ('"$E"', ("",)), ("$E$E", ()), ('"$@"', ("1 2", "3")), ("$@", ("1", "2", "3")),
        ('x"$@"y', ("x1 2", "3y")), ("$2", ("3",)), ("$#", ("2",)), ("$3", ()),
        ("$*", ("1", "2", "3")),
        ("${1:-d}", ("1", "2")), ('"${3:-d}"', ("d",)),
    ],
)  # fmt: skip
def test_fields(text: str, expected: tuple[str, ...]) -> None:
    assert fields(word(text), KNOWN, ("1 2", "3")) == expected


@given(
    st.text(alphabet="ab./", max_size=12),
    st.sampled_from(["#", "##", "%", "%%"]),
    st.text(alphabet="ab./*?", min_size=1, max_size=6),
)
def test_patterns_are_those_of_a_real_shell(value: str, operator: str, pattern: str) -> None:
    text = f'"${{A{operator}{pattern}}}"'
    if pattern.startswith(operator[0]):
        return
    real = subprocess.run(
        ["sh", "-c", f"A='{value}'; printf %s {text}"], capture_output=True, text=True, timeout=10
    )
    assert expand(word(text), {"A": value}) == real.stdout


def test_no_pattern_takes_long() -> None:
    start = time.monotonic()
    expand(word("${A//" + "*a" * 100 + "b/x}"), {"A": "a" * 500})
    assert expand(word("${A%%" + "*a" * 250 + "}"), {"A": "a" * 500}) == ""
    assert expand(word("${A%%" + "*a" * 300 + "}"), {"A": "a" * 500}) == UNKNOWN
    assert time.monotonic() - start < 5


def test_what_grows_is_bounded() -> None:
    assert expand(word("$A" * 100), {"A": "x" * 1000}) == UNKNOWN
