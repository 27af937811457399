"""The buffers that nginx refuses, in each place where it compares them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.nginx.buffers import refusals
from lint502.nginx.version import Version
from tests.support.buffers import random_buffers
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.real_nginx import HTTP, MAIN, check_all
from tests.support.sites import NEW, http, load

CONFIGURATIONS = [random_buffers(number) for number in range(120)]
"""About half of which nginx refuses."""


def refused(folder: Path, body: str) -> list[tuple[str, str]]:
    """What is refused about the inside of ``http {}``, and where."""
    tree = load(folder, {"nginx.conf": http(body)})
    found = refusals(tree.main, Version.parse(NEW))
    return [(" ".join((level.name, *level.args)), said) for level, _, said in found]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("proxy_busy_buffers_size 64k;", []),
        (
            "proxy_busy_buffers_size 64k; server { proxy_buffers 8 16k; }"
            "server { proxy_buffers 4 16k; }",
            [("server", "proxy_busy_buffers_size 64k: proxy_buffers without one are 48k")],
        ),
        ("proxy_buffers 2 4k; server { location / { proxy_busy_buffers_size 4k; } }",
            [("server", "proxy_busy_buffers_size 8k: proxy_buffers without one are 4k")]),
        ("server { uwsgi_buffers 1 64k; }", [("server", "less than 2 uwsgi_buffers")]),
        (
            "server { scgi_buffers 8 8k; location /a { scgi_busy_buffers_size 4k; } }",
            [("location /a", "scgi_busy_buffers_size below 8k")],
        ),
        (
            "fastcgi_temp_file_write_size 4k; server { fastcgi_buffer_size 8k; }",
            [("server", "fastcgi_temp_file_write_size below 8k")],
        ),
        (
            "server { location /a { location /a/b { proxy_max_temp_file_size 2k; } } }",
            [("location /a/b", "proxy_max_temp_file_size below 4k")],
        ),
        ("server { proxy_max_temp_file_size 0; grpc_buffer_size 1m; }", []),
        (
            "server { proxy_buffers 4 4k; fastcgi_buffers 3 4k; location / { include at*; } }",
            [],
        ),
    ],
)  # fmt: skip
def test_where_buffers_do_not_go_together(
    body: str, expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    assert refused(tmp_path, body) == expected


@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES)
def test_a_real_nginx_refuses_the_same(release: str, tmp_path: Path) -> None:
    mains = [f"{MAIN}http {{{HTTP}{body}}}\n".encode() for body in CONFIGURATIONS]
    verdicts = check_all(mains, nginx_of(release))
    assert [verdict.accepted for verdict in verdicts] == [
        not refused(tmp_path, body) for body in CONFIGURATIONS
    ]
    assert 30 < sum(verdict.accepted for verdict in verdicts) < 90
