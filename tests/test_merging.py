"""Findings that say the same at several hops become one."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from msgspec.structs import replace

from lint502.findings import Edit, Finding, Fix, Severity
from lint502.merging import merged, of_one_cause, taken_apart
from lint502.places import Place

FINDING = Finding(
    "a-rule", Severity.ERROR, 502, "always", "it fails", Place("nginx.conf", 3, 1, 9),
    hops=("a",), roots=("nginx.conf",),
)  # fmt: skip


def at(hop: str, **changes: Any) -> Finding:
    return replace(FINDING, hops=(hop,), **changes)


def fix(*edits: Edit) -> Fix:
    return Fix("proxy_pass http://a;", safe=True, edits=edits)


ONE, OTHER = Edit("nginx.conf", 3, 1, 9, "x"), Edit("more.conf", 4, 1, 9, "y")


@pytest.mark.parametrize(
    ("frequencies", "expected"),
    [
        (("always", "sometimes"), "always"),
        (("sometimes", "always"), "always"),
        (("sometimes", "sometimes", "always"), "always"),
        (("sometimes", "always", "sometimes"), "always"),
        (("always", "sometimes", "sometimes"), "always"),
        (("sometimes", "sometimes"), "sometimes"),
        (("always", "always"), "always"),
        ((None, None), None),
    ],
)
def test_what_always_happens_at_one_of_them_is_not_called_sometimes(
    frequencies: tuple[Any, ...], expected: str | None
) -> None:
    hops = ("a", "b", "c")[: len(frequencies)]
    same = [at(hop, frequency=often) for hop, often in zip(hops, frequencies, strict=True)]
    assert merged(same) == [replace(FINDING, hops=hops, frequency=expected)]


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        (((ONE,), (OTHER,)), (ONE, OTHER)),
        (((ONE,), (ONE,)), (ONE,)),
        (((ONE, OTHER), (OTHER,)), (ONE, OTHER)),
        # those of the others would not end it where there are none
        (((ONE,), ()), ()),
        (((), (ONE,)), ()),
        (((ONE,), (OTHER,), ()), ()),
        (((), ()), ()),
    ],
)
def test_all_edits_or_none(edits: tuple[tuple[Edit, ...], ...], expected: tuple[Edit, ...]) -> None:
    hops = ("a", "b", "c")[: len(edits)]
    same = [at(hop, fix=fix(*its)) for hop, its in zip(hops, edits, strict=True)]
    assert merged(same) == [replace(FINDING, hops=hops, fix=fix(*expected))]


@pytest.mark.parametrize(
    "change",
    [
        {"message": "it fails in another way"},
        {"status": 504},
        {"severity": Severity.WARNING},
        {"place": Place("nginx.conf", 4, 1, 9)},
        {"rule": "another-rule"},
        {"upstream": "up"},
        {"fix": fix(ONE)},
        {"related": (Place("upstreams.toml", 1, 1, 2),)},
    ],
)
def test_what_differs_stays_two(change: dict[str, Any]) -> None:
    same = [FINDING, at("b", **change)]
    assert merged(same) == same


def test_one_alone_stays_as_it_is() -> None:
    assert merged([FINDING]) == [FINDING]
    assert merged([at("a", frequency="sometimes", fix=fix(ONE))]) == [
        at("a", frequency="sometimes", fix=fix(ONE))
    ]
    assert merged([]) == []


def test_hops_and_roots_in_their_order_each_once() -> None:
    same = [
        replace(FINDING, hops=("b", "a"), roots=("two.conf",)),
        replace(FINDING, hops=("a", "c"), roots=("one.conf", "two.conf")),
    ]
    assert merged(same) == [replace(FINDING, hops=("b", "a", "c"), roots=("two.conf", "one.conf"))]


def test_what_is_hidden_stays_apart_from_what_shows() -> None:
    shows, hidden = at("a"), at("b", behind=("1",))
    for found in permutations((shows, hidden, at("c", behind=("2", "1")))):
        assert {(one.hops, one.behind) for one in merged(found)} in (
            {(("a",), ()), (("b", "c"), ("1", "2"))},
            {(("a",), ()), (("c", "b"), ("2", "1"))},
        )


def about(upstream: str, hop: str, **changes: Any) -> Finding:
    return at(hop, upstream=upstream, message=f"{upstream} wants more", **changes)


def test_one_line_that_fails_for_several_upstreams() -> None:
    declared = [Place("upstreams.toml", number, 1, 2) for number in range(9)]
    apart = [
        about(f"u{number}", f"h{number}", related=(declared[number],), demand=number % 7)
        for number in range(9)
    ]
    (one,) = of_one_cause(apart)
    assert one == replace(
        apart[0],
        message="u6 wants more; likewise for u0, u1, u2 and 5 more",
        hops=tuple(f"h{number}" for number in range(9)),
        pairs=tuple((f"h{number}", f"u{number}") for number in range(9)),
        related=(declared[6], *declared[:3]),
    )
    assert (one.upstream, one.demand) == ("u0", 6)
    assert one.fingerprints == tuple(finding.fingerprint for finding in apart)
    assert one.fingerprint == apart[0].fingerprint
    assert taken_apart([FINDING, one], [FINDING, *apart]) == [FINDING, *apart]
    assert taken_apart([one.only(one.pairs[3:4])], apart) == [apart[3]]


def test_names_of_two_and_of_three() -> None:
    names = ("a", "b", "c")
    for count, expected in ((2, "likewise for b"), (3, "likewise for b and c")):
        (one,) = of_one_cause([about(name, name) for name in names[:count]])
        assert one.message == f"a wants more; {expected}"


def test_several_upstreams_at_one_hop() -> None:
    (one,) = of_one_cause([about("a", "h"), about("b", "h"), about("b", "i")])
    assert (one.hops, one.pairs) == (("h", "i"), (("h", "a"), ("h", "b"), ("i", "b")))
    left = one.only([("h", "b"), ("i", "b")])
    assert (left.hops, left.upstream, left.subjects) == (
        ("h", "i"), "b", (("h", "b"), ("i", "b"))
    )  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"status": 504},
        {"severity": Severity.WARNING},
        {"frequency": "sometimes"},
        {"place": Place("nginx.conf", 4, 1, 9)},
        {"rule": "another-rule"},
        {"fix": fix(ONE)},
        {"aside": "another server stands in"},
        {"behind": ("1",)},
        {"log": "another line"},
        {"upstream": None},
    ],
)
def test_what_another_change_ends_or_what_fails_otherwise_stays_two(change: dict[str, Any]) -> None:
    same = [about("a", "h"), replace(about("b", "i"), **change)]
    assert of_one_cause(same) == same
