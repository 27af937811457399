"""Texts split into words as Compose does it."""

from __future__ import annotations

import pytest

from lint502.deployment.compose.words import split


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bundle exec thin -p 3000", ("bundle", "exec", "thin", "-p", "3000")),
        ("", ()),
        ("  ", ()),
        ("''", ("",)),
        ("sh -c 'a && b; c'", ("sh", "-c", "a && b; c")),
        ('sh -c "echo \\"x\\""', ("sh", "-c", 'echo "x"')),
        ("a\\ b 'c\\d'", ("a b", "c\\d")),
        ("a=$(b)", None),
        ("npm install && npm start", ("npm", "install")),
        ("a > log", ("a",)),
        ("a\n  -b c\n", ("a", "-b", "c")),
        ("x --host='0.0.0.0'", ("x", "--host=0.0.0.0")),
        ("open 'quote", None),
        ("a # b", ("a", "#", "b")),
    ],
)
def test_split(text: str, expected: tuple[str, ...] | None) -> None:
    assert split(text) == expected
