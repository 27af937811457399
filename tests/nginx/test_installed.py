"""The nginx on the PATH, and what is made from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.nginx.derivatives import Named
from lint502.nginx.installed import installed_version
from lint502.nginx.version import Version


def binary(folder: Path, name: str, said: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\nprintf '{said}' >&2\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("name", "said", "expected"),
    [
        ("nginx", r"nginx version: nginx/1.26.3\n", Named(Version(1, 26, 3))),
        ("nginx", r"Angie version: Angie/1.10.1\n", Named(Version(1, 27, 5), "Angie/1.10.1")),
        ("angie", r"Angie version: Angie/1.10.1\n", Named(Version(1, 27, 5), "Angie/1.10.1")),
        (
            "nginx",
            r"nginx version: openresty/1.27.1.2\n",
            Named(Version(1, 27, 1), "openresty/1.27.1.2"),
        ),
        ("nginx", r"nginx version: Tengine/3.1.0\n", Named(Version(1, 24, 0), "Tengine/3.1.0")),
        ("nginx", r"nothing of the kind\n", None),
        ("other", r"nginx version: nginx/1.26.3\n", None),
    ],
)
def test_what_it_says(
    name: str, said: str, expected: Named | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary(tmp_path, name, said)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert installed_version() == expected


def test_nginx_itself_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary(tmp_path, "angie", r"Angie version: Angie/1.10.1\n")
    binary(tmp_path, "nginx", r"nginx version: nginx/1.18.0\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert installed_version() == Named(Version(1, 18, 0))
