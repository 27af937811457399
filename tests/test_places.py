from __future__ import annotations

import pytest

from lint502.places import Place, SourceFile


@pytest.mark.parametrize(
    ("stretch", "expected"),
    [
        ("[a]", Place("x", 1, 1, 4, "[a]")),
        ("b = 'é'", Place("x", 2, 3, 10, "  b = 'é'")),
        ("end", Place("x", 4, 1, 4, "end")),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_stretch_is_in_its_line(stretch: str, expected: Place, line_end: str) -> None:
    text = line_end.join(("[a]", "  b = 'é'", "", "end"))
    start = text.index(stretch)
    assert SourceFile("x", text).place(start, start + len(stretch)) == expected


def test_an_empty_text_has_a_first_line() -> None:
    assert SourceFile("x", "").place(0, 0) == Place("x", 1, 1, 1, "")
