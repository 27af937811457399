"""``--env-file`` and ``--env``: what docker takes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.settings.environment import EnvironmentFileError, given, quoted, read


def values(folder: Path, data: bytes) -> dict[str, str]:
    (folder / "a.env").write_bytes(data)
    return read(str(folder / "a.env"))


def test_as_docker_reads_it(tmp_path: Path) -> None:
    data = (
        b"\xef\xbb\xbfFIRST=1\n# a comment\n\n \t # another\n  INDENTED= both ends \n"
        b"QUOTED=\"a b\"\nSINGLE='x'\nHASH=a # no comment\nEQUALS=a=b=$FIRST\nEMPTY=\n"
        b"WINDOWS=c\r\nALONE\nODD.name=1\nFIRST=2\nLAST=\xc3\xa9"
    )
    assert values(tmp_path, data) == {
        "FIRST": "2",
        "INDENTED": " both ends ",
        "QUOTED": '"a b"',
        "SINGLE": "'x'",
        "HASH": "a # no comment",
        "EQUALS": "a=b=$FIRST",
        "EMPTY": "",
        "WINDOWS": "c",
        "ODD.name": "1",
        "LAST": "é",
    }


def test_a_name_alone_is_not_taken_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "s3cret")
    assert values(tmp_path, b"SECRET\n") == {}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"A=1\n=2\n", ":2 has no name before the ="),
        (b"export A=1\n", ":1 has a blank in its name; write NAME=VALUE, without export and "
         "without blanks around the ="),
        (b"A =1\n", ":1 has a blank in its name; write NAME=VALUE, without export and without "
         "blanks around the ="),
        (b"\nA=\xff\n", ":2 is not UTF-8"),
        (b"A=" + b"x" * 65_534, ":1 is longer than the 64 KiB that docker takes"),
    ],
)  # fmt: skip
def test_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(EnvironmentFileError) as caught:
        values(tmp_path, data)
    assert str(caught.value) == message


def test_the_longest_line(tmp_path: Path) -> None:
    assert values(tmp_path, b"A=" + b"x" * 65_533) == {"A": "x" * 65_533}


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFileError) as caught:
        read(str(tmp_path / "gone"))
    assert str(caught.value) == ": there is no such file"
    with pytest.raises(EnvironmentFileError) as caught:
        read(str(tmp_path))
    assert str(caught.value) == ": is a directory, not a file"


def test_quotes() -> None:
    values = {"A": '"a"', "B": "'b'", "C": "\"c'", "D": '"', "E": 'e"', "F": '""'}
    assert list(quoted(values)) == ["A", "B", "F"]


def test_given() -> None:
    here = {"HERE": "a b"}
    assert [given(text, here) for text in ("A=1", "_b2=", "HERE", "C=d=e")] == [
        ("A", "1"),
        ("_b2", ""),
        ("HERE", "a b"),
        ("C", "d=e"),
    ]
    with pytest.raises(ValueError, match=r"^the environment has no GONE; write --env GONE=VALUE$"):
        given("GONE", here)


@pytest.mark.parametrize("text", ["", "=1", "1A=1", "A-B=1", "A B=1", "É=1"])
def test_no_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no name that envsubst takes: letters, digits and _"):
        given(text, {})
