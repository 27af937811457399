"""What ``ignore_in`` ignores for nothing is said, as of a comment."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.workspace import CheckRequest, Workspace

NGINX = "events {}\nhttp { server { location / { proxy_pass http://127.0.0.1:3000; } } }\n"
SPEC = "[upstream.api]\nport = 3000\nprotocol = 'fastcgi'\n"


def unused(folder: Path, settings: str, *roots: str) -> list[tuple[int, str]]:
    (folder / ".git").mkdir(exist_ok=True)
    (folder / "nginx.conf").write_text(NGINX)
    (folder / "upstreams.toml").write_text(SPEC)
    (folder / "lint502.toml").write_text(settings)
    report = Workspace.at(folder).job(CheckRequest(roots=roots)).run().report
    assert report.problems == ()
    found = [one for one in report.findings if one.rule == "unused-ignore"]
    assert {one.place.file for one in found} <= {"lint502.toml"}
    return [(one.place.line, one.message) for one in found]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ('[ignore_in]\n"*.conf" = ["protocol-mismatch"]\n', []),
        (
            '[ignore_in]\n"*.conf" = ["protocol-mismatch", "port-mismatch"]\n',
            [(2, 'port-mismatch finds nothing in the files that "*.conf" fits')],
        ),
        (
            '[ignore_in]\n"legacy/*" = ["port-mismatch"]\n',
            [(2, '"legacy/*" fits no file that was read, so that port-mismatch is not ignored')],
        ),
        ('ignore = ["port-mismatch"]\n[ignore_in]\n"legacy/*" = ["port-mismatch"]\n', []),
        ('ignore = ["unused-ignore"]\n[ignore_in]\n"legacy/*" = ["port-mismatch"]\n', []),
        (
            '[ignore_in]\n"*.conf" = ["protocol-mismatch"]\n"nginx.*" = ["protocol-mismatch"]\n',
            [],
        ),
    ],
)
def test_patterns(tmp_path: Path, settings: str, expected: list[tuple[int, str]]) -> None:
    assert unused(tmp_path, settings) == expected


def test_with_named_roots_a_pattern_may_be_about_others(tmp_path: Path) -> None:
    settings = '[ignore_in]\n"legacy/*" = ["port-mismatch"]\n"*.conf" = ["tls-mismatch"]\n'
    assert unused(tmp_path, settings, "nginx.conf") == [
        (3, 'tls-mismatch finds nothing in the files that "*.conf" fits')
    ]
