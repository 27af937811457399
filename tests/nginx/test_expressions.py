"""Regular expressions of which the first that matches counts."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis.strategies import lists, sampled_from

from lint502.nginx.expressions import Prefixes, matches

_PARTS = sampled_from(
    ["^", "/a", "b", r"\.", ".", "|", "*", "?", "(c)", "$", "A", "[ab]", "-", "{2}"]
)
_REGEXES = lists(lists(_PARTS, max_size=5).map("".join), max_size=6)


@given(_REGEXES, lists(sampled_from(["/a", "b", ".", "A", "c", "-", "é", "ſ"])).map("".join))
@example(["^/ab*"], "/a")
@example(["^/a|b"], "b")
@example(["^/A"], "/a")
@example(["^b-?c"], "bc")
@example(["^s"], "ſ")
@example(["^/b(?=x)"], "/a")
def test_those_left_out_do_not_match(regexes: list[str], text: str) -> None:
    left = list(Prefixes(regexes).of(text))
    assert left == sorted(set(left))
    for case in (True, False):
        results = [matches(regex, text, case=case) for regex in regexes]
        assert all(results[index] is False for index in set(range(len(regexes))) - set(left))


def test_those_with_another_start_are_left_out() -> None:
    prefixes = Prefixes(["^/b/", r"\.php$", r"^/a\.b", "^/B", "^/a/(b|c)"])
    assert list(prefixes.of("/b/x")) == [0, 1, 3, 4]
    assert list(prefixes.of("/A.B")) == [1, 2, 4]
