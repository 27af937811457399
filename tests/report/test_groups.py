"""Findings of one cause, put together."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hypothesis import example, given
from hypothesis.strategies import lists, sampled_from

from lint502.report.groups import Names, without_names

_PARTS = sampled_from(
    ["api", "api.shop", "shop", "10.0.0.1", "[::1]", " ", ".", "-", ":", "é", "x"]
)


def as_one_expression(message: str, names: Iterable[str]) -> str:
    """The same with an expression that has all names, which takes long where there are many."""
    any_of_them = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.sub(rf"(?<![\w.-])(?:{any_of_them})(?![\w-])", "…", message) if names else message


@given(lists(_PARTS).map("".join), lists(lists(_PARTS, min_size=1, max_size=3).map("".join)))
@example("api at api.shop", ["api", "api.shop"])
def test_messages_without_names(message: str, names: list[str]) -> None:
    half = len(names) // 2
    found = without_names(message, [Names(names[:half]), Names(names[half:])])
    assert found == as_one_expression(message, set(names))
