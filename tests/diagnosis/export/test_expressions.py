"""Expressions of Python in the words of RE2 and PCRE, and texts without words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lint502.diagnosis.export.expressions import beginning, names, portable, whole, without

WORDS = (", client: ", ", udp client: ")
PIECES = st.sampled_from(
    [*WORDS, ",", ", ", ", c", ", udp", "client: ", "u", "x", " ", ", udp client:"]
)


@given(st.lists(PIECES, max_size=8).map("".join))
def test_a_text_without_words(text: str) -> None:
    matched = re.fullmatch(without(WORDS), text) is not None
    assert matched == (not any(word in text for word in WORDS))


def test_as_short_as_can_be() -> None:
    found = re.match(without(WORDS) + ", request", "a, client, request, b, request")
    assert found is not None
    assert found[0] == "a, client, request"


@pytest.mark.parametrize("word", [", host: ", ", hos", ", upst", ",", ""])
def test_what_words_begin_with(word: str) -> None:
    pattern = beginning([", host: ", ", upstream: "])
    assert re.fullmatch(pattern, word)
    assert not re.fullmatch(pattern, f"{word}x")


@pytest.mark.parametrize(
    ("pattern", "group", "expected"),
    [
        (r"^a(b)\(c\)$", None, r"\Aa(?:b)\(c\)(?:\n?\z)"),
        (rb"[($^]\Z", None, r"[($^]\z"),
        (r"(?P<a>x|…) (?P<b>y)", "b", "(?:x) (y)"),
        (r"(?:a|…)?\$", None, r"(?:a)?\$"),
    ],
)
def test_portable(pattern: str | bytes, group: str | None, expected: str) -> None:
    assert portable(pattern, group) == expected


def test_names_and_whole() -> None:
    assert names(r"(?P<a>\(?P<no>)(?:b)(?P<_1>c)") == ("a", "_1")
    assert whole("a|b") == r"(?s)\A(?:a|b)\z"
