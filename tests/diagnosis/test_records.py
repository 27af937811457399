"""Logs read from where they are."""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from lint502.diagnosis import records, sources
from lint502.diagnosis.follow import followed
from lint502.diagnosis.records import tally
from lint502.diagnosis.since import since
from lint502.diagnosis.sources import UnreadableLogError
from tests.diagnosis.test_reader import LINE, about_upstreams


def lines(start: datetime, count: int) -> bytes:
    stamps = ((start + timedelta(seconds=n)).strftime("%Y/%m/%d %H:%M:%S") for n in range(count))
    return b"".join(
        stamp.encode() + LINE[19:].replace(b"/a?b", b"/%d?b" % number) + b"\n"
        for number, stamp in enumerate(stamps)
    )


START = datetime(2026, 7, 20, 8)


def count(*paths: str | Path, **options: object) -> int:
    found = tally([str(path) for path in paths], about_upstreams, **options)  # type: ignore[arg-type]
    assert found.problems == []
    return sum(one.count for one in found.tallies.values())


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "error.log").write_bytes(lines(START, 1))
    (tmp_path / "error.log.1").write_bytes(lines(START, 2))
    (tmp_path / "error.log.2.gz").write_bytes(gzip.compress(lines(START, 4)))
    (tmp_path / "shop_error.log").write_bytes(lines(START, 8))
    (tmp_path / "access.log").write_bytes(lines(START, 16))
    (tmp_path / "error.log.d").mkdir()
    names = [Path(one).name for one in sources.found([str(tmp_path)])]
    assert names == ["error.log.2.gz", "error.log.1", "error.log", "shop_error.log"]
    assert count(tmp_path) == 15
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableLogError, match="no file that looks like an error log"):
        sources.found([str(tmp_path / "empty")])


def test_zstandard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    log = tmp_path / "error.log.zst"
    log.write_bytes(zstd.compress(lines(START, 5)))
    assert count(log) == 5
    log.write_bytes(log.read_bytes()[:-9])
    assert "is broken" in tally([str(log)], about_upstreams).problems[0]
    module = "compression" if sys.version_info >= (3, 14) else "backports"
    monkeypatch.setitem(sys.modules, module, None)
    (problem,) = tally([str(log)], about_upstreams).problems
    assert "pip install 'lint502[logs]'" in problem


def test_a_broken_archive_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    log = tmp_path / "error.log.gz"
    data = gzip.compress(lines(START, 20_000), 1)
    log.write_bytes(data[: len(data) // 2])
    found = tally([str(log), str(tmp_path / "none"), "/dev/null"], about_upstreams)
    assert 1000 < sum(one.count for one in found.tallies.values()) < 20_000
    assert ["is broken" in found.problems[0], "No such file" in found.problems[1]] == [True, True]
    assert found.problems[2:] == ["/dev/null is no file"]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines(START, 3))))
    assert count("-") == 3


def test_since_is_found_by_halving(tmp_path: Path) -> None:
    log = tmp_path / "error.log"
    log.write_bytes(lines(START, 50_000))
    bound = START + timedelta(seconds=49_000)
    size = log.stat().st_size
    with log.open("rb") as file:
        start = sources.start_of(file, size, bound)
        file.seek(start)
        first = file.readline()[:19].decode()
    assert 0.7 < start / size < 0.9
    assert (
        timedelta(0)
        <= bound - timedelta(hours=2) - datetime.strptime(first, "%Y/%m/%d %H:%M:%S")
        < timedelta(hours=1)
    )
    assert count(log, since=bound) == 1000


def test_a_clock_that_goes_back_an_hour_hides_nothing(tmp_path: Path) -> None:
    log = tmp_path / "error.log"
    log.write_bytes(lines(START, 9_000) + lines(START + timedelta(seconds=5_400), 9_000))
    assert count(log, since=START + timedelta(seconds=8_000)) == 1_000 + 6_400


def test_several_processes_count_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_SMALLEST_PART", 200_000)
    log, other = tmp_path / "error.log", tmp_path / "error.log.gz"
    php = LINE.replace(b"connect()", b'FastCGI sent in stderr: "PHP\nPHP: " while reading upstream')
    log.write_bytes(b"".join(one + b"\n" + php + b"\n" for one in lines(START, 2_000).split(b"\n")))
    other.write_bytes(gzip.compress(lines(START, 10)))
    logs = [str(log), str(other)]
    assert tally(logs, about_upstreams, jobs=2) == tally(logs, about_upstreams)


def test_a_line_without_an_end(tmp_path: Path) -> None:
    log = tmp_path / "error.log"
    with log.open("wb") as file:
        file.write(lines(START, 1))
        for _ in range(12):
            file.write(b"x" * (1 << 20))
        file.write(b"\n" + lines(START, 1))
    found = tally([str(log)], about_upstreams)
    assert {kind: one.count for kind, one in found.unread.items()} == {"long": 1}
    assert sum(one.count for one in found.tallies.values()) == 2


def test_following(tmp_path: Path) -> None:
    log = tmp_path / "error.log"
    log.write_bytes(b"one\ntw")
    steps: Iterator[None] = happenings(log)
    blocks = followed(str(log), pause=lambda seconds: next(steps))
    found = []
    with pytest.raises((StopIteration, RuntimeError)):
        found.extend(block for block in iter(lambda: next(blocks), None) if take(found, block))
    assert b"".join(found).split() == [b"one", b"two", b"three", b"four", b"five", b"six"]


def take(found: list[bytes], block: bytes) -> bool:
    found.append(block)
    return False


def happenings(log: Path) -> Iterator[None]:
    with log.open("ab") as file:
        file.write(b"o\n")
        file.flush()
        yield
        log.rename(log.with_name("error.log.1"))
        yield
        file.write(b"three\n")
    log.write_bytes(b"four\nfive\n")
    yield
    yield
    log.write_bytes(b"six\n")
    yield
    yield


def test_following_ends_with_what_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "error.log"
    log.write_bytes(lines(START, 3))

    def interrupted(path: str, start: int) -> Iterator[bytes]:
        yield log.read_bytes()
        raise KeyboardInterrupt

    monkeypatch.setattr(records, "followed", interrupted)
    found = tally([str(log)], about_upstreams, follow=True)
    assert found.stopped
    assert [one.count for one in found.tallies.values()] == [3]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2h", datetime(2026, 7, 20, 6)),
        ("1h30m", datetime(2026, 7, 20, 6, 30)),
        ("2026-07-20T07:00", datetime(2026, 7, 20, 7)),
        ("2026/07/20 07:00:01", datetime(2026, 7, 20, 7, 0, 1)),
        ("2026-07-20", datetime(2026, 7, 20)),
        ("9999999w", datetime.min),
    ],
)
def test_since_in_words(text: str, wanted: datetime) -> None:
    assert since(text, START) == wanted


@pytest.mark.parametrize("text", ["", "yesterday", "2x", "h", "2026-13-01", "9" * 5000])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is no time: say how long ago"):
        since(text)
