from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

import lint502
from lint502 import patterns
from lint502.patterns import regex

MODULES = [
    one.name
    for one in pkgutil.walk_packages(lint502.__path__, "lint502.")
    if not one.name.endswith("__main__")
]


def test_every_expression_is_one() -> None:
    found = [
        value
        for name in MODULES
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, patterns._Pattern)
    ]
    assert len(found) > 300
    for one in found:
        assert isinstance(one.pattern, (str, bytes))


def test_it_is_as_one_that_is_compiled() -> None:
    lazy, compiled = regex(r"(a+)(?P<rest>.*)", re.IGNORECASE), re.compile("(a+)(?P<rest>.*)", re.I)
    assert lazy.sub("-", "xAab") == compiled.sub("-", "xAab") == "x-"
    assert lazy.match("Ab") and lazy.groupindex == compiled.groupindex
    assert [match["rest"] for match in lazy.finditer("aab")] == ["b"]


def test_a_mistake_shows_when_it_is_used() -> None:
    wrong = regex("(")
    with pytest.raises(re.error):
        wrong.match("")
