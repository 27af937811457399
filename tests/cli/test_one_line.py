"""One line that many hops share is one finding, in reports, baselines and fixes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import Run

NUMBERS = range(1, 7)


@pytest.fixture
def fleet(run: Run) -> Path:
    """Six servers with upstreams of their own and one shared file."""
    here = Path.cwd()
    servers = "".join(
        f"server {{ server_name s{number}; location / {{ include proxy.conf;\n"
        f"proxy_pass http://app{number}:3000; }} }}\n"
        for number in NUMBERS
    )
    (here / "nginx.conf").write_text(f"events {{}} http {{\n{servers}}}\n")
    (here / "proxy.conf").write_text("proxy_buffers 32 4k;\nproxy_read_timeout 60s;\n")
    (here / "upstreams.toml").write_text(
        "".join(
            f'[upstream.app{number}]\nport = 3000\nprotocol = "http"\n'
            f'limits.response_headers = "{number * 10}k"\n'
            f'timeouts = {{ request = "20s", response = "{number * 30}s" }}\n'
            for number in NUMBERS
        )
    )
    return here


def test_each_line_once(run: Run, fleet: Path) -> None:
    code, out, _ = run("check", "--format", "json", "--nginx-version", "1.26.3")
    found = json.loads(out)["findings"]
    rows = [
        (one["rule"], one["file"], one["line"], len(one["hops"]), one["fix"]["description"])
        for one in found
    ]
    assert (code, rows) == (
        1,
        [
            (
                "response-header-buffer",
                "proxy.conf",
                1,
                6,
                "proxy_buffer_size 64k; proxy_buffers 32 64k; proxy_busy_buffers_size 128k;",
            ),
            (
                "request-timeout",
                "proxy.conf",
                2,
                6,
                "lower proxy_read_timeout below 20s, or let the upstream work for longer than 60s",
            ),
        ],
    )
    assert found[0]["message"].startswith("app6 sends response headers of up to 60k")
    assert found[0]["message"].endswith("likewise for app1, app2, app3 and 2 more")
    assert [pair["upstream"] for pair in found[0]["pairs"]] == [f"app{one}" for one in NUMBERS]
    assert [pair["hop"] for pair in found[0]["pairs"]] == found[0]["hops"]
    assert found[0]["pairs"][0]["fingerprint"] == found[0]["fingerprint"]


def test_a_hop_that_joins_is_new(run: Run, fleet: Path) -> None:
    nginx = (fleet / "nginx.conf").read_text()
    (fleet / "nginx.conf").write_text(nginx.replace("app3:3000", "app2:3000"))
    run("check", "--write-baseline", "known.json")
    (fleet / "nginx.conf").write_text(nginx)
    _, out, _ = run("check", "--baseline", "known.json", "--select", "request-timeout")
    assert "app6 gives" not in out
    _, out, _ = run("check", "--baseline", "known.json", "--format", "json")
    new = json.loads(out)["findings"]
    assert [(one["rule"], one["upstream"], len(one["hops"])) for one in new] == [
        ("response-header-buffer", "app3", 1),
        ("request-timeout", "app3", 1),
    ]


def test_fixed_at_once(run: Run, fleet: Path) -> None:
    _, _, err = run("check", "--fix", "--nginx-version", "1.26.3")
    assert err == "fixed 1 finding in 1 file\n"
    assert (fleet / "proxy.conf").read_text() == (
        "proxy_buffer_size 64k;\nproxy_busy_buffers_size 128k;\nproxy_buffers 32 64k;\n"
        "proxy_read_timeout 60s;\n"
    )


def test_all_that_stands_in_the_way_is_named_at_once(run: Run, fleet: Path) -> None:
    """Hops whose upstreams nobody declares, and a level at which nginx would not start."""
    nginx = (fleet / "nginx.conf").read_text()
    more = "".join(
        f"server {{ server_name o{number}; location / {{ include proxy.conf;\n"
        f"proxy_pass http://old{number}:3000; }} }}\n"
        for number in (1, 2)
    )
    more += "server { location / { include proxy.conf; fastcgi_pass 10.9.9.9:9000;\n"
    more += "location /in/ { proxy_max_temp_file_size 4k; root /srv; } } }\n"
    (fleet / "nginx.conf").write_text(nginx.replace("}\n}\n", f"}}\n{more}}}\n"))
    (fleet / "upstreams.toml").write_text(
        (fleet / "upstreams.toml").read_text().replace('request = "20s", ', "")
    )
    before = (fleet / "proxy.conf").read_text()
    _, _, err = run("check", "--fix", "--nginx-version", "1.26.3")
    unknown = (
        "it also bears on proxy_pass http://old1:3000 (nginx.conf:15), proxy_pass "
        "http://old2:3000 (nginx.conf:17) and fastcgi_pass 10.9.9.9:9000 (nginx.conf:18), of "
        "whose upstreams nothing is known"
    )
    assert err.splitlines() == [
        "not fixed: proxy.conf:1: response-header-buffer: "
        + unknown
        + "; nginx would refuse proxy_max_temp_file_size below 64k in location /in/ "
        "(nginx.conf:19)",
        f"not fixed: proxy.conf:2: read-timeout: {unknown}",
        "fixed 0 findings in 0 files",
    ]
    assert (fleet / "proxy.conf").read_text() == before
