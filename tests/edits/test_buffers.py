"""The fix of a buffer: where it is written, what goes with it, and that nginx takes it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from lint502.fixing import fix
from lint502.nginx.version import Version
from lint502.options import Options
from lint502.run import Result
from tests.support.buffers import FAMILIES, random_buffers
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.real_nginx import HTTP, MAIN, check_all
from tests.support.sites import OLD, examine, http, write

LARGEST = ("6k", "12k", "20k", "50k")


def spec(largest: str, protocol: str = "http") -> str:
    return (
        f'[upstream.api]\nhosts = ["10.0.0.1"]\nport = 3000\nprotocol = "{protocol}"\n'
        f'limits = {{ response_headers = "{largest}" }}\n'
    )


def fixed(folder: Path, files: Mapping[str, str]) -> tuple[Result, dict[str, str]]:
    """What is found, and the texts that change, by name."""
    write(folder, files)
    options = Options(folder, ("nginx.conf",), version=Version.parse(OLD))
    first = examine(options)
    done = fix(first, lambda overlay: examine(replace(options, overlay=overlay)))
    return first, {Path(path).name: text for path, text in done.texts.items()}


def descriptions(result: Result) -> list[str]:
    return [finding.fix.description for finding in result.report.findings if finding.fix]


def test_settings_of_a_shared_file_change_there(tmp_path: Path) -> None:
    files = {
        "nginx.conf": http(
            "\nserver { location / { include proxy.conf; proxy_pass http://10.0.0.1:3000; } }\n"
            "server { listen 81; location /a { include proxy.conf;\n"
            "proxy_pass http://10.0.0.1:3000; } }\n"
        ),
        "proxy.conf": "proxy_http_version 1.1;\nproxy_buffers 32 4k;\n",
        "upstreams.toml": spec("20k"),
    }
    first, texts = fixed(tmp_path, files)
    (finding,) = first.report.findings
    assert (finding.place.file, finding.place.line, len(finding.hops)) == ("proxy.conf", 2, 2)
    assert descriptions(first) == [
        "proxy_buffer_size 32k; proxy_buffers 32 32k; proxy_busy_buffers_size 64k;"
    ]
    assert texts == {
        "proxy.conf": "proxy_http_version 1.1;\nproxy_buffer_size 32k;\n"
        "proxy_busy_buffers_size 64k;\nproxy_buffers 32 32k;\n"
    }


def test_lines_that_stand_elsewhere_are_named(tmp_path: Path) -> None:
    files = {
        "nginx.conf": http(
            "\nproxy_buffer_size 8k;\nproxy_max_temp_file_size 16k;\nserver {\nlocation / {\n"
            "proxy_buffers 8 8k;\nproxy_pass http://10.0.0.1:3000;\n}\n}\n"
        ),
        "upstreams.toml": spec("20k"),
    }
    first, texts = fixed(tmp_path, files)
    assert descriptions(first) == [
        "proxy_buffer_size 32k; proxy_buffers 8 32k; proxy_busy_buffers_size 64k; "
        "proxy_max_temp_file_size 64k; in the place of proxy_max_temp_file_size (nginx.conf:3) "
        "and also in the place of proxy_buffers (nginx.conf:6)"
    ]
    assert texts["nginx.conf"] == http(
        "\nproxy_buffers 8 32k;\nproxy_busy_buffers_size 64k;\nproxy_buffer_size 32k;\n"
        "proxy_max_temp_file_size 64k;\nserver {\nlocation / {\n"
        "proxy_buffers 8 32k;\nproxy_pass http://10.0.0.1:3000;\n}\n}\n"
    )


def test_at_the_hop_where_another_level_forbids_it_around(tmp_path: Path) -> None:
    files = {
        "nginx.conf": http(
            "\nproxy_busy_buffers_size 64k;\nserver {\nproxy_buffers 8 16k;\n"
            "proxy_buffer_size 16k;\nlocation / {\nproxy_pass http://10.0.0.1:3000;\n}\n"
            "location /files/ { proxy_temp_file_write_size 16k; }\n}\n"
        ),
        "upstreams.toml": spec("20k"),
    }
    first, texts = fixed(tmp_path, files)
    assert descriptions(first) == [
        "proxy_buffer_size 32k; proxy_buffers 8 32k; proxy_busy_buffers_size 64k; in location / "
        "(nginx.conf:6)"
    ]
    assert texts["nginx.conf"] == files["nginx.conf"].replace(
        "proxy_pass",
        "proxy_buffer_size 32k;\nproxy_buffers 8 32k;\nproxy_busy_buffers_size 64k;\nproxy_pass",
    )


TWO = (
    "\nserver { location / { include proxy.conf; proxy_pass http://10.0.0.1:3000; } }\n"
    "server { location / { include proxy.conf;\n%s\nproxy_pass http://10.0.0.2:3000; } }\n"
)


@pytest.mark.parametrize(
    ("own", "more", "shared", "changed"),
    [
        (
            "proxy_busy_buffers_size 16k;",
            " and also in the place of proxy_busy_buffers_size (nginx.conf:4)",
            "proxy_buffer_size 32k;\nproxy_buffers 8 32k;\n",
            (("busy_buffers_size 16k", "busy_buffers_size 64k"),),
        ),
        (
            "proxy_temp_file_write_size 16k;",
            " and also in the place of proxy_temp_file_write_size (nginx.conf:4)",
            "proxy_buffer_size 32k;\nproxy_busy_buffers_size 64k;\nproxy_buffers 8 32k;\n",
            (("write_size 16k", "write_size 64k"),),
        ),
        (
            "proxy_max_temp_file_size 0;",
            "",
            "proxy_buffer_size 32k;\nproxy_busy_buffers_size 64k;\nproxy_buffers 8 32k;\n",
            (),
        ),
        (
            "proxy_buffer_size 8k;",
            " with proxy_buffer_size beside proxy_pass",
            "proxy_busy_buffers_size 64k;\nproxy_buffers 8 32k;\n",
            (("proxy.conf; proxy_pass", "proxy.conf; proxy_buffer_size 32k; proxy_pass"),),
        ),
    ],
)
def test_another_place_of_a_shared_file_that_has_lines_of_its_own(
    own: str, more: str, shared: str, changed: tuple[tuple[str, str], ...], tmp_path: Path
) -> None:
    """They would stand twice, or be too small. The other upstream sends small headers."""
    other = '[upstream.other]\nhosts = ["10.0.0.2"]\nport = 3000\nprotocol = "http"\n'
    files = {
        "nginx.conf": http(TWO % own),
        "proxy.conf": "proxy_buffers 8 8k;\n",
        "upstreams.toml": spec("20k") + other,
    }
    first, texts = fixed(tmp_path, files)
    assert descriptions(first) == [
        f"proxy_buffer_size 32k; proxy_buffers 8 32k; proxy_busy_buffers_size 64k;{more}"
    ]
    nginx = files["nginx.conf"]
    for old, new in changed:
        nginx = nginx.replace(old, new)
    assert {**files, **texts} == {**files, "nginx.conf": nginx, "proxy.conf": shared}


@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES)
def test_a_real_nginx_takes_what_is_written(release: str, tmp_path: Path) -> None:
    """Wherever it takes what stands there before."""
    pairs = []
    for number in range(120):
        before = f"{MAIN}http {{{HTTP}{random_buffers(number)}}}\n"
        family = next(family for family in FAMILIES if f"{family}_pass" in before)
        protocol = "http" if family == "proxy" else family
        files = {"nginx.conf": before, "upstreams.toml": spec(LARGEST[number % 4], protocol)}
        _, texts = fixed(tmp_path, files)
        pairs += [(before, text) for text in texts.values()]
    olds = check_all([old.encode() for old, _ in pairs], nginx_of(release))
    news = check_all([new.encode() for _, new in pairs], nginx_of(release))
    kept = [new for old, new in zip(olds, news, strict=True) if old.accepted]
    assert len(kept) > 30
    assert [verdict for verdict in kept if not verdict.accepted] == []
