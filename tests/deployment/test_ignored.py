"""The patterns of a .dockerignore."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lint502.deployment.ignored import below, ignored, matches, patterns


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        ("a.conf", "*.conf", True), ("a.conf", "a.conf", True), ("a.conf", "?.conf", True),
        ("ab.conf", "?.conf", False), ("a", "[a-c]", True), ("d", "[a-c]", False),
        ("d", "[^a-c]", True), ("a", "[^a-c]", False), ("*", "\\*", True), ("a", "\\*", False),
        ("-", "[a\\-]", True), ("abc", "a*c", True), ("ab", "a*c", False), ("", "*", True),
        (".a", "*", True), ("a", "", False), ("[", "[", True),
    ],
)  # fmt: skip
def test_names(name: str, pattern: str, expected: bool) -> None:
    assert matches(name, pattern) is expected


def test_patterns_of_a_file() -> None:
    text = "# a\n\n  b/ \n/c\n./d/../e\n!f\n! g\r\n.\n"
    assert patterns(text) == ("b", "c", "e", "!f", "!g")


@pytest.mark.parametrize(
    ("path", "wanted", "expected"),
    [
        ("a", ["a"], True), ("a/b", ["a"], True), ("b/a", ["a"], False), ("b/a", ["*/a"], True),
        ("c/b/a", ["**/a"], True), ("a", ["**/a"], True), ("a/b/c", ["a/**/c"], True),
        ("a/c", ["a/**/c"], True), ("a/c", ["a/**"], True), ("a/c", ["**"], True),
        ("a/b.md", ["*.md"], False), ("b.md", ["*.md", "!b.md"], False),
        ("b.md", ["!b.md", "*.md"], True), ("a/b", ["a", "!a/b"], False),
        ("a/c", ["a", "!a/b"], True),
    ],
)  # fmt: skip
def test_paths(path: str, wanted: list[str], expected: bool) -> None:
    assert ignored(path, wanted) is expected


@pytest.mark.parametrize(
    ("folder", "wanted", "expected"),
    [
        ("a", ("a/*.conf", "b", "!a/x.conf"), ("*.conf", "!x.conf")),
        ("a", ("a",), ("**",)),
        ("a/b", ("a",), ("**",)),
        ("a/b", ("*/c", "*/b/d"), ("d",)),
        ("", ("a",), ("a",)),
    ],
)
def test_from_a_folder_below(
    folder: str, wanted: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert below(folder, wanted) == expected


PARTS = st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=4)
WANTED = st.lists(
    st.tuples(
        st.sampled_from(["", "!"]),
        st.lists(st.sampled_from(["a", "b", "*", "?", "**", "a*"]), min_size=1, max_size=4),
    ).map(lambda one: one[0] + "/".join(one[1])),
    max_size=4,
)


@given(PARTS, PARTS, WANTED)
def test_what_is_left_out_is_the_same_from_below(
    folder: list[str], inner: list[str], wanted: list[str]
) -> None:
    from_below = below("/".join(folder), wanted)
    assert ignored("/".join(inner), from_below) == ignored("/".join([*folder, *inner]), wanted)


def test_no_pattern_takes_long() -> None:
    start = time.monotonic()
    assert not matches("a" * 250, "*a" * 100 + "b")
    assert not ignored("/".join("a" * 60), ["/".join(["**", "a"] * 30 + ["b"])] * 50)
    below("/".join("a" * 60), ["/".join(["**", "a"] * 30 + ["b"])] * 50)
    assert time.monotonic() - start < 5
