"""The releases that are known, and which versions are newer."""

from __future__ import annotations

from datetime import date

import pytest

from lint502.nginx.releases import Release, newest_before, releases
from lint502.nginx.version import NEWEST, OLDEST, Version


def test_the_table_begins_and_ends_with_what_the_directives_are_known_of() -> None:
    known = list(releases())
    assert (known[0], known[-1]) == (OLDEST, NEWEST)
    assert known == sorted(known)
    assert releases()[NEWEST] == Release(NEWEST, date(2026, 9, 15))


@pytest.mark.parametrize(
    ("version", "newest"),
    [
        ("1.10.3", None),
        ("1.18.0", None),
        ("1.22", None),
        ("1.22.1", None),
        ("1.22.9", "1.22.1"),
        ("1.30.6", None),
        ("1.30.7", "1.30.6"),
        ("1.31", None),
        ("1.31.6", None),
        ("1.31.7", "1.31.6"),
        ("1.32", "1.31.6"),
        ("2.0.0", "1.31.6"),
    ],
)
def test_the_newest_release_before_one_that_is_not_known(version: str, newest: str | None) -> None:
    found = newest_before(Version.parse(version))
    assert (None if found is None else str(found.version)) == newest
