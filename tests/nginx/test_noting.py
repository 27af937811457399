"""A version that notes what it is compared with, and versions next to each other."""

from __future__ import annotations

import pytest

from lint502.nginx.directives import directive
from lint502.nginx.noting import NotingVersion
from lint502.nginx.version import NEWEST, OLDEST, Version

V = Version(1, 26, 3)


@pytest.mark.parametrize(
    ("other", "starts"),
    [
        (Version(1, 23, 4), {Version(1, 23, 4)}),
        (Version(1, 29, 7), {Version(1, 29, 7)}),
        (OLDEST, set()),
        (Version(1, 17, 0), set()),
    ],
)
def test_what_is_noted(other: Version, starts: set[Version]) -> None:
    """From both sides, with the result that any version gives."""
    noting = NotingVersion.of(V)
    assert (noting >= other, noting < other) == (other <= V, other > V)
    assert noting.starts == starts
    noting = NotingVersion.of(V)
    assert (other <= noting, other > noting) == (other <= V, other > V)
    assert noting.starts == starts


def test_what_is_different_from_the_next_version_on() -> None:
    noting = NotingVersion.of(V)
    other = Version(1, 23, 4)
    assert (noting > other, noting <= other, other < noting, other >= noting) == (
        True, False, True, False
    )  # fmt: skip
    assert noting.starts == {Version(1, 23, 5)}


def test_it_is_a_version_in_all_else() -> None:
    noting = NotingVersion.of(V)
    assert (str(noting), noting == V, hash(noting) == hash(V)) == ("1.26.3", True, True)
    assert noting.starts == set()


def test_defaults_are_compared() -> None:
    noting = NotingVersion.of(NEWEST)
    protocols, timeout = directive("http", "proxy_ssl_protocols"), directive("http", "proxy_bind")
    assert protocols is not None
    assert timeout is not None
    assert protocols.default(noting) == "TLSv1.2 TLSv1.3"
    assert noting.starts == {Version(1, 23, 4), Version(1, 27, 3)}
    noting.starts.clear()
    read = directive("http", "proxy_read_timeout")
    assert read is not None
    assert read.default(noting) == "60s"
    assert noting.starts == set()


@pytest.mark.parametrize(
    ("version", "before"),
    [("1.23.4", "1.23.3"), ("1.23.0", "1.22"), ("1.23.1", "1.23.0")],
)
def test_the_version_before(version: str, before: str) -> None:
    assert str(Version.parse(version).predecessor()) == before


def test_the_version_after() -> None:
    assert Version(1, 23, 3).successor() == Version(1, 23, 4)
