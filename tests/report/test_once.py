from __future__ import annotations

import pytest

from lint502.places import Place
from lint502.report.once import said_once


def said(message: str, *notes: str, text: str = "server 127.0.0.1:3001;") -> tuple[str | None, ...]:
    left, places = said_once(message, [Place("f", 1, 1, 2, text, note) for note in notes])
    return (left, *(place.note for place in places))


PORTS = ("nginx connects to 127.0.0.1:3001", "api listens on port 3000")


@pytest.mark.parametrize(
    ("message", "notes", "left"),
    [
        (f"{PORTS[0]}, but {PORTS[1]}", PORTS, (None, *PORTS)),
        (f"{PORTS[0]}, but {PORTS[1]}; a typo?", PORTS, (..., "", "")),
        ("nginx waits 60s", ("nginx waits 60s", "api takes 3m"), (None, ..., ...)),
        ("then it takes 3m", ("nginx waits 60s", "takes 3m"), (..., ..., "")),
        ("nginx waits 60s", ("nginx waits 61s",), (..., ...)),
        ("nothing else", (), (...,)),
        ("server 127.0.0.1:3001", ("",), (..., "")),
    ],
)
def test_each_fact_is_said_once(
    message: str, notes: tuple[str, ...], left: tuple[object, ...]
) -> None:
    """``...``: as it was."""
    expected = tuple(
        was if one is ... else one for one, was in zip(left, (message, *notes), strict=True)
    )
    assert said(message, *notes) == expected


def test_what_the_line_itself_shows_counts() -> None:
    notes = ("nginx speaks HTTP", "php speaks FastCGI")
    message = "proxy_pass speaks HTTP, but php speaks FastCGI"
    assert said(message, *notes, text="proxy_pass http://php:9000;") == (None, *notes)


def test_a_note_without_a_line_stays() -> None:
    assert said("as api listens on port 3000, 3001 fails", PORTS[1], text="") == (
        "as api listens on port 3000, 3001 fails",
        PORTS[1],
    )
