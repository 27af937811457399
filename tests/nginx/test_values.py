"""nginx's times, sizes and flags: by example, as properties, and against a real nginx."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lint502.nginx.values import format_size, format_time, parse_flag, parse_size, parse_time
from tests.support.real_nginx import MAIN, check_all

LARGEST = 2**63 - 1


def parsed(parse: Callable[[str], int], text: str) -> int | None:
    try:
        return parse(text)
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("0", 0),
        ("90", 90_000),
        ("30s", 30_000),
        ("500ms", 500),
        ("1m30s", 90_000),
        ("1m30", 90_000),
        ("1m 30s", 90_000),
        ("1h 30m", 5_400_000),
        ("1d", 86_400_000),
        ("1w2d3h4m5s6ms", 788_645_006),
        ("007s", 7_000),
        ("1s500ms", 1_500),
        # what its parser also takes
        ("m1", 1_000),
        ("ms5s", None),
        ("5 6", 11_000),
        (" 5", 5_000),
        ("1 ", 1_000),
        ("1h ", 3_600_000),
        ("1s5", 6_000),
        ("1ms5", 5_001),
        ("s", None),
        ("1 500ms", None),
        ("5 6 ", None),
        (" 5s", None),
        ("", None),
        (" ", None),
        ("1.5s", None),
        ("-1", None),
        ("+1s", None),
        ("1S", None),
        ("1s1m", None),
        ("1s1s", None),
        ("1s ", 1_000),
        ("1y", None),
        ("1M", None),
        ("1\u0663s", None),
        ("1\n", None),
        ("9223372036854775", 9_223_372_036_854_775_000),
        ("9223372036854776", None),
        ("9223372036854775807ms", LARGEST),
        ("9223372036854775808ms", None),
    ],
)
def test_times(text: str, milliseconds: int | None) -> None:
    if milliseconds is None:
        with pytest.raises(ValueError, match="is not a time"):
            parse_time(text)
    else:
        assert parse_time(text) == milliseconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10", 10),
        ("1y", 31_536_000),
        ("1M", 2_592_000),
        ("1y2M3w4d5h6m7s", 31_536_000 + 2 * 2_592_000 + 3 * 604_800 + 4 * 86_400 + 18_367),
        ("500ms", None),
        ("1ms", None),
        ("1M1y", None),
        ("9223372036854775807", LARGEST),
        ("9223372036854775808", None),
        ("153722867280912930m", 153_722_867_280_912_930 * 60),
        ("153722867280912931m", None),
        ("9223372036854775807s1", None),
    ],
)
def test_times_in_seconds(text: str, seconds: int | None) -> None:
    if seconds is None:
        with pytest.raises(ValueError, match="is not a time"):
            parse_time(text, seconds_only=True)
    else:
        assert parse_time(text, seconds_only=True) == seconds * 1000


@pytest.mark.parametrize(
    ("text", "size", "offset"),
    [
        ("0", 0, 0),
        ("4096", 4096, 4096),
        ("4k", 4096, 4096),
        ("4K", 4096, 4096),
        ("10m", 10_485_760, 10_485_760),
        ("10M", 10_485_760, 10_485_760),
        ("1g", None, 1_073_741_824),
        ("1G", None, 1_073_741_824),
        ("", None, None),
        ("k", None, None),
        ("4kk", None, None),
        ("4 k", None, None),
        ("-1", None, None),
        ("4k\n", None, None),
        ("\u0664", None, None),
        ("9223372036854775807", LARGEST, LARGEST),
        ("9223372036854775808", None, None),
        ("9007199254740991k", 9_223_372_036_854_774_784, 9_223_372_036_854_774_784),
        ("9007199254740992k", None, None),
        ("8589934591g", None, 9_223_372_035_781_033_984),
        ("8589934592g", None, None),
    ],
)
def test_sizes(text: str, size: int | None, offset: int | None) -> None:
    for expected, as_offset in ((size, False), (offset, True)):
        if expected is None:
            with pytest.raises(ValueError, match="is not a size"):
                parse_size(text, offset=as_offset)
        else:
            assert parse_size(text, offset=as_offset) == expected


def test_flags() -> None:
    assert [parse_flag(text) for text in ("on", "off", "ON", "Off")] == [True, False, True, False]
    for text in ("", "yes", "1", "on "):
        with pytest.raises(ValueError, match="neither"):
            parse_flag(text)


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0s"),
        (1, "1ms"),
        (1_000, "1s"),
        (1_500, "1500ms"),
        (60_000, "60s"),
        (90_000, "90s"),
        (300_000, "5m"),
        (3_600_000, "1h"),
        (5_400_000, "90m"),
        (86_400_000, "1d"),
        (172_800_000, "2d"),
    ],
)
def test_times_as_nginx_writes_them(milliseconds: int, text: str) -> None:
    assert format_time(milliseconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0"), (1, "1"), (1023, "1023"), (4096, "4k"), (1_048_576, "1m"), (1_049_600, "1025k")],
)
def test_sizes_as_nginx_writes_them(size: int, text: str) -> None:
    assert format_size(size) == text


@given(st.integers(0, 10**12))
@example(120_000)
def test_a_written_time_reads_back(milliseconds: int) -> None:
    assert parse_time(format_time(milliseconds)) == milliseconds


@given(st.integers(0, 2**50))
def test_a_written_size_reads_back(size: int) -> None:
    assert parse_size(format_size(size)) == size
    assert parse_size(format_size(size), offset=True) == size


@given(st.text("0123456789yMwdhms kKmgG\u0661.-", max_size=10))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (
        parse_time,
        parse_size,
        lambda t: parse_time(t, seconds_only=True),
        lambda t: parse_size(t, offset=True),
    ):
        assert parsed(parse, text) is None or 0 <= parse(text) <= LARGEST * 1000


# --- against a real nginx ---


def random_values(chance: random.Random, units: list[str], count: int) -> list[str]:
    numbers = ["", "0", "1", "7", "30", "007", str(LARGEST), str(LARGEST + 1)]
    numbers += ["153722867280912930", "153722867280912931", "106751991167", "8589934592"]
    numbers += ["9007199254740991", "9007199254740992", "9223372036854775", "9223372036854776"]
    values = []
    for _ in range(count):
        parts = chance.choices([1, 2, 3, 4], [9, 4, 2, 1])[0]
        values.append(
            "".join(
                chance.choice(numbers[:6] if parts > 2 else numbers) + chance.choice(units)
                for _ in range(parts)
            )
        )
    return values


TIME_UNITS = ["", " ", "  ", "ms", "s", "m", "h", "d", "w", "M", "y", "s ", "m ", "h ", "x", "."]
SIZE_UNITS = ["", "", "k", "K", "m", "M", "g", "G", " ", "b"]


@pytest.mark.parametrize(
    ("template", "parse", "units"),
    [
        ("proxy_read_timeout '%s';", parse_time, TIME_UNITS),
        ("keepalive_timeout '%s';", parse_time, TIME_UNITS),
        (
            "upstream u { server 127.0.0.1 'fail_timeout=%s'; }",
            lambda text: parse_time(text, seconds_only=True),
            TIME_UNITS,
        ),
        ("proxy_buffer_size '%s';", parse_size, SIZE_UNITS),
        ("client_max_body_size '%s';", lambda text: parse_size(text, offset=True), SIZE_UNITS),
    ],
    ids=["milliseconds", "milliseconds, its own handler", "seconds", "size", "offset"],
)
@pytest.mark.slow
def test_nginx_takes_the_same_values(
    template: str, parse: Callable[[str], int], units: list[str]
) -> None:
    chance = random.Random(502)
    values = ["", " ", "s", *random_values(chance, units, 160)]
    verdicts = check_all([f"{MAIN}http {{ {template % value} }}".encode() for value in values])
    ours = [parsed(parse, value) is not None for value in values]
    differing = [
        (value, verdict)
        for value, accepted, verdict in zip(values, ours, verdicts, strict=True)
        if accepted != verdict.accepted
    ]
    assert not differing
    assert 25 < sum(ours) < 130
