from __future__ import annotations

import pytest

from lint502.nginx.regexes import Search, search


@pytest.mark.parametrize(
    ("regex", "text", "expected"),
    [
        (r"\.php$", "/a.php", Search(True, (".php",))),
        (r"\.php$", "/a.PHP", Search(False)),
        (r"^/(\w+)/(.*)$", "/a/b/c", Search(True, ("/a/b/c", "a", "b/c"))),
        (r"^/(?<name>x)?y", "/y", Search(True, ("/y", ""))),
        (r"(?i)^/A", "/a", Search(True, ("/a",))),
        (r"^/(?!api)x", "/x", Search(True, ("/x",))),
        (r"^/\x61", "/a", Search(None)),
        (r"(a+)+$", "/aaaa", Search(None)),
        (r"^/api/(a+)+$", "/other", Search(False)),
        (r"[", "/a", Search(None)),
    ],
)
def test_a_text_that_is_known(regex: str, text: str, expected: Search) -> None:
    assert search(regex, text) == expected


@pytest.mark.parametrize(
    ("regex", "expected"),
    [
        (r"^/api/", True),
        (r"^/other/", False),
        (r"^/api/v1/x/y", None),
        (r"\.php$", None),
        (r"^/api/v1/$", None),
        (r"^/other|x$", None),
    ],
)
def test_a_text_of_which_the_start_is_known(regex: str, expected: bool | None) -> None:
    assert search(regex, "/api/v1/", whole=False).matches is expected


def test_captures_of_a_text_that_may_go_on_are_not_known() -> None:
    found = search("^/(.*)", "/a", whole=False)
    assert (found.matches, found.group(1), found.group(2)) == (True, None, "")


def test_case_counts_unless_it_does_not() -> None:
    assert search("^/IMG/", "/img/", case=False).matches is True
    assert search("^/IMG/(a+)+", "/other/", case=False).matches is False


def test_a_long_text_is_left_open_where_it_would_take_long() -> None:
    text = "/" + "a" * 4000
    assert search("a.*b.*c.*d", text).matches is None
    assert search(r"\.php$", text).matches is False
