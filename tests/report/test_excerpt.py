from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lint502.places import Place
from lint502.reading import shown
from lint502.report.cells import cells, shortened, wrap
from lint502.report.excerpt import excerpt


def plain(text: str) -> str:
    return text


def show(text: str, column: int, end: int, note: str = "", width: int | None = None) -> str:
    place = Place("nginx.conf", 7, column, end, text, note)
    return "\n".join(excerpt(place, 1, width, plain, plain))


def test_carets_below_the_stretch() -> None:
    assert show("listen 80;", 8, 10, "here") == (
        "    7 │ listen 80;\n"  #
        "      │        ^^ here"
    )


def test_without_a_note() -> None:
    assert show("listen 80;", 8, 10) == "    7 │ listen 80;\n      │        ^^"


def test_without_the_text() -> None:
    assert show("", 1, 1, "the default") == "      │ the default"
    assert show("", 1, 1) == ""


@pytest.mark.parametrize(("column", "end"), [(11, 11), (11, 40), (300, 400), (0, 0), (3, 2)])
def test_a_stretch_beyond_the_line_still_has_a_caret(column: int, end: int) -> None:
    assert show("listen 80;", column, end).count("^") == 1


def test_tabs_and_wide_characters() -> None:
    assert show("\tset\t$a 接続;", 9, 11, "two") == (
        "    7 │         set     $a 接続;\n"  #
        "      │                    ^^^^ two"
    )


def test_a_long_line_is_cut_around_the_stretch() -> None:
    text = "a" * 2000 + "CULPRIT" + "b" * 2000
    assert show(text, 2001, 2008, "here", 40) == (
        "    7 │ …aaaaaaaaCULPRITbbbbbbbbbbbbbbb…\n      │          ^^^^^^^ here"
    )


def test_a_long_stretch_is_cut_at_its_end() -> None:
    assert show("x " + "a" * 2000, 3, 2003, "here", 40) == (
        "    7 │ …aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…\n"
        "      │  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "      │  here"
    )


def test_a_long_note_goes_below() -> None:
    assert show("proxy_pass http://api;", 12, 22, "nginx connects to a port", 40) == (
        "    7 │ proxy_pass http://api;\n"
        "      │            ^^^^^^^^^^\n"
        "      │         nginx connects to a port"
    )


def test_a_line_of_megabytes_takes_no_time() -> None:
    text = "a" * 8_000_000 + "CULPRIT" + "b" * 8_000_000
    started = time.process_time()
    assert "…" + "a" * 20 + "CULPRIT" + "b" * 20 in show(text, 8_000_001, 8_000_008)
    assert time.process_time() - started < 1


@given(
    text=st.text(max_size=300),
    column=st.integers(0, 310),
    length=st.integers(0, 310),
    width=st.integers(40, 120),
)
def test_any_line_fits_into_the_terminal(text: str, column: int, length: int, width: int) -> None:
    lines = excerpt(Place("f", 7, column, column + length, text), 1, width, plain, plain)
    assert all(character.isprintable() for line in lines for character in line)
    assert all(cells(line) <= width for line in lines[:1])
    assert len(lines) == (2 if text.strip() else 0)


def test_cells() -> None:
    assert cells("abc") == 3
    assert cells("接続") == 4
    assert cells(unicodedata.normalize("NFD", "é")) == 1


def test_wrap() -> None:
    assert wrap("one two three", None) == ["one two three"]
    assert wrap("one two three", 8) == ["one two", "three"]
    assert wrap("one incomprehensibilities three", 8) == [
        "one",
        "incompre",
        "hensibil",
        "ities",
        "three",
    ]
    assert wrap("at proxy_pass http://api/v1/users/all", 16) == [
        "at proxy_pass",
        "http://api/v1/",
        "users/all",
    ]
    assert wrap("shop / (line 11)", 12) == ["shop /", "(line 11)"]
    assert wrap("\x1b[1mone\x1b[0m two", 7) == ["\x1b[1mone\x1b[0m two"]
    assert wrap("接続接続", 5) == ["接続", "接続"]
    assert wrap("", 8) == [""]


def test_shortened() -> None:
    assert shortened("nginx/conf.d/shop.conf:12", None) == "nginx/conf.d/shop.conf:12"
    assert shortened("nginx/conf.d/shop.conf:12", 25) == "nginx/conf.d/shop.conf:12"
    assert shortened("nginx/conf.d/shop.conf:12", 24) == "nginx/conf…/shop.conf:12"
    assert shortened("nginx/conf.d/shop.conf:12", 14) == "…/shop.conf:12"
    assert shortened("nginx/conf.d/shop.conf:12", 10) == "ngi…onf:12"


@given(text=st.text(max_size=200), width=st.integers(4, 80))
def test_whatever_is_shortened_or_wrapped_fits(text: str, width: int) -> None:
    plain_text = shown(text)
    assert cells(shortened(plain_text, width)) <= width
    assert all(cells(line) <= width for line in wrap(plain_text, width))
    assert "".join(wrap(plain_text, width)).replace(" ", "") == "".join(plain_text.split())
