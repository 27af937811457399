"""Lines of ``proxy_set_header`` that a hop gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.edits.headers import with_headers
from tests.support.sites import hop_of, http


def edits(folder: Path, outer: str, inner: str = "") -> list[str]:
    body = f"server {{ {outer} location / {{ {inner} proxy_pass http://h; }} }}"
    return [edit.text for edit in with_headers(hop_of(folder, http(body)), {"Connection": '""'})]


def test_what_is_inherited_is_written_anew(tmp_path: Path) -> None:
    outer = "proxy_set_header Host a; proxy_set_header connection close;"
    assert edits(tmp_path, outer) == [
        'proxy_set_header Host a; proxy_set_header Connection ""; ',
    ]


def test_what_is_written_here_gets_another_value(tmp_path: Path) -> None:
    inner = "proxy_set_header Host a; proxy_set_header connection close;"
    assert edits(tmp_path, "", inner) == ['Connection ""']


@pytest.mark.parametrize(("number", "written"), [(100, 1), (101, 0)])
def test_very_many_are_not_written_anew(tmp_path: Path, number: int, written: int) -> None:
    outer = " ".join(f"proxy_set_header X-{at} a;" for at in range(number))
    assert len(edits(tmp_path, outer)) == written
