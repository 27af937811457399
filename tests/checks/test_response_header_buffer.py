from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import OLD, Found

RULE = "response-header-buffer"
OTHERS = ("buffer-directive-family",)


def rows(lint: Lint, directive: str, settings: str, largest: str, protocol: str) -> list[Found]:
    body = f"\nserver {{ location / {{\n{settings}\n{directive};\n}} }}"
    spec = (
        f'[upstream.up]\nport = 1\nprotocol = "{protocol}"\n'
        f'[upstream.up.limits]\nresponse_headers = "{largest}"\n'
    )
    return lint(body, spec, ignore=OTHERS)


@pytest.mark.parametrize(
    ("settings", "largest", "line"),
    [
        # 4k by default: the page size
        ("", "4095", None),
        ("", "8k", 4),
        ("proxy_buffering off;", "4k", None),
        ("proxy_buffering off;", "4097", 4),
        ("proxy_buffer_size 16k;", "12k", None),
        ("proxy_buffer_size 16k;", "24k", 3),
        ("proxy_buffer_size 1m;", "24k", None),
        # other buffers do nothing for the header
        ("proxy_buffers 8 32k;", "24k", 4),
        ("proxy_busy_buffers_size 64k;", "24k", 4),
        ("fastcgi_buffer_size 32k;", "24k", 4),
        ("# proxy_buffer_size 32k;", "24k", 4),
        # the cache's own header takes a part
        ("proxy_buffer_size 16k; proxy_cache z;", "16000", None),
        ("proxy_buffer_size 16k; proxy_cache z;", "16100", 3),
        ("proxy_buffer_size 16k; proxy_cache off;", "16100", None),
        ("proxy_buffer_size 16k; fastcgi_cache z;", "16100", None),
    ],
)
def test_proxy(lint: Lint, settings: str, largest: str, line: int | None) -> None:
    assert rows(lint, "proxy_pass http://up:1", settings, largest, "http") == (
        [] if line is None else [Found(line, "error", 502, "sometimes", RULE, "up")]
    )


@pytest.mark.parametrize(
    ("settings", "line"), [("", 4), ("proxy_buffer_size 4k;", 3), ("proxy_buffering off;", None)]
)
def test_one_that_fills_the_buffer_leaves_no_room_for_the_body(
    lint: Lint, settings: str, line: int | None
) -> None:
    """The client gets the status, and no body."""
    assert rows(lint, "proxy_pass http://up:1", settings, "4k", "http") == (
        [] if line is None else [Found(line, "error", 200, "sometimes", RULE, "up")]
    )


@pytest.mark.parametrize("kind", ["fastcgi", "uwsgi", "scgi"])
def test_each_family_has_buffers_of_its_own(lint: Lint, kind: str) -> None:
    def lines(settings: str) -> list[int]:
        found = rows(lint, f"{kind}_pass up:1", settings, "8k", kind)
        assert {row.rule for row in found} <= {RULE}
        return [row.line for row in found]

    assert lines("") == [4]
    assert lines("proxy_buffer_size 32k; proxy_buffers 8 32k;") == [4]
    assert lines(f"{kind}_buffer_size 8k;") == [3]
    assert lines(f"{kind}_buffer_size 16k;") == []


@pytest.mark.parametrize(
    ("settings", "largest", "version", "line", "severity"),
    [
        # HPACK may shorten what is declared by three eighths
        ("", "4k", OLD, None, None),
        ("", "6k", OLD, 4, "warning"),
        ("", "7k", OLD, 4, "error"),
        ("grpc_buffer_size 8k;", "12k", OLD, 3, "warning"),
        ("grpc_buffer_size 8k;", "16k", OLD, 3, "error"),
        ("proxy_buffer_size 64k;", "16k", OLD, 4, "error"),
        # from 1.31.3 on names and values count, what Huffman's code makes of them by eight fifths
        ("", "3k", "1.31.3", None, None),
        ("", "4000", "1.31.3", 4, "warning"),
        ("", "5k", "1.31.3", 4, "error"),
        ("", "5k", "1.31.2", 4, "warning"),
    ],
)
def test_grpc(
    lint: Lint, settings: str, largest: str, version: str, line: int | None, severity: str | None
) -> None:
    body = f"\nserver {{ location / {{\n{settings}\ngrpc_pass up:1;\n}} }}"
    spec = (
        '[upstream.up]\nport = 1\nprotocol = "grpc"\n'
        f'[upstream.up.limits]\nresponse_headers = "{largest}"\n'
    )
    assert lint(body, spec, version=version, ignore=OTHERS) == (
        [Found(line, severity, 502, "sometimes", RULE, "up")] if line and severity else []
    )


def test_memcached_has_no_header(lint: Lint) -> None:
    assert rows(lint, "memcached_pass up:1", "", "64k", "memcached") == []


def test_the_line_that_sets_it_may_be_further_out(lint: Lint) -> None:
    body = "\nproxy_buffer_size 8k;\nserver { location / { proxy_pass http://up:1; } }"
    spec = '[upstream.up]\nport = 1\nlimits = { response_headers = "9k" }\n'
    assert lint(body, spec) == [Found(2, "error", 502, "sometimes", RULE, "up")]


@pytest.mark.parametrize(
    ("settings", "severity"),
    [
        ("", "error"),
        ("proxy_next_upstream error timeout invalid_header;", "error"),  # of a POST
        ("proxy_next_upstream error invalid_header non_idempotent;", "warning"),
    ],
)
def test_where_another_server_has_smaller_headers(lint: Lint, settings: str, severity: str) -> None:
    body = f"""
        upstream up {{ server 127.0.0.1:1; server 127.0.0.1:2; }} {settings}
        server {{ location / {{
            proxy_pass http://up; }} }}"""
    spec = (
        '[[upstream.up]]\nport = 1\nlimits = { response_headers = "8k" }\n'
        '[[upstream.up]]\nport = 2\nlimits = { response_headers = "1k" }\n'
    )
    assert lint(body, spec) == [Found(4, severity, 502, "sometimes", RULE, "up")]


@pytest.mark.parametrize(
    ("largest", "size"), [("4k", "8k"), ("8k", "16k"), ("12k", "16k"), ("16200", "32k")]
)
def test_the_fix_moves_three_settings_together(findings: Findings, largest: str, size: str) -> None:
    spec = f'[upstream.up]\nport = 1\nlimits = {{ response_headers = "{largest}" }}\n'
    (finding,) = findings("server { location / { proxy_pass http://up:1; } }", spec)
    busy = f"{2 * int(size[:-1])}k"
    assert finding.fix is not None
    assert finding.fix.description == (
        f"proxy_buffer_size {size}; proxy_buffers 8 {size}; proxy_busy_buffers_size {busy};"
    )
