"""Regular expressions of which the first that matches counts."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis.strategies import lists, sampled_from
from pytest import MonkeyPatch

from lint502.nginx import expressions
from lint502.nginx.expressions import Prefixes, matches

_PARTS = sampled_from(
    ["^", "/a", "b", r"\.", ".", "|", "*", "?", "(c)", "(?:b)", "$", "A", "[ab]", "-", "{2}", r"\d"]
)
_REGEXES = lists(lists(_PARTS, max_size=5).map("".join), max_size=6)


@given(_REGEXES, lists(sampled_from(["/a", "b", ".", "A", "c", "-", "é", "ſ"])).map("".join))
@example(["^/ab*"], "/a")
@example(["^/a|b"], "b")
@example(["^/A"], "/a")
@example(["^b-?c"], "bc")
@example(["^s"], "ſ")
@example(["^/b(?=x)"], "/a")
@example(["b(c)?"], "b")
@example(["/a(?:c|-)b?"], "/a-")
@example(["/ab*"], "/a")
@example(["[ab]{2}"], "A-bb")
def test_those_left_out_do_not_match(regexes: list[str], text: str) -> None:
    for many in (0, expressions._MANY):
        with MonkeyPatch.context() as patch:
            patch.setattr(expressions, "_MANY", many)
            left = list(Prefixes(regexes).of(text))
        assert left == sorted(set(left))
        for case in (True, False):
            results = [matches(regex, text, case=case) for regex in regexes]
            assert all(results[index] is False for index in set(range(len(regexes))) - set(left))


def test_those_with_another_start_are_left_out() -> None:
    prefixes = Prefixes(["^/b/", r"\.php$", r"^/a\.b", "^/B", "^/a/(b|c)"])
    assert list(prefixes.of("/b/x")) == [0, 1, 3, 4]
    assert list(prefixes.of("/A.B")) == [1, 2, 4]


def test_of_very_many_those_are_left_out_that_want_something_else() -> None:
    some = [rf"[ab]/e{number}/" for number in range(60)]
    assert list(Prefixes([*some, r"\.php$", "(x|y)"]).of("/b/E12/c.PHP")) == [12, 60, 61]
