from __future__ import annotations

from pathlib import Path

import pytest

from lint502.options import Options
from tests.support.linting import Findings, Lint
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.pages import prove
from tests.support.sites import OLD, Found, examine, http

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


def alone(lint: Lint, line: str, directive: str, spec: str = "") -> list[Found]:
    body = f"\nserver {{ location / {{\n{line}\n{directive};\n}} }}"
    return [row for row in lint(body, spec) if row.rule == RULE]


@pytest.mark.parametrize("kind", ["proxy", "fastcgi", "uwsgi", "scgi"])
def test_large_buffers_for_the_body_alone(lint: Lint, kind: str) -> None:
    directive = f"{kind}_pass {'http://' if kind == 'proxy' else ''}10.0.0.1:9000"
    doubt = [Found(3, "warning", 502, "sometimes", RULE, None)]
    assert alone(lint, f"{kind}_buffers 16 16k;", directive) == doubt
    assert alone(lint, f"{kind}_buffers 8 256k;", directive) == doubt
    assert alone(lint, f"{kind}_buffers 256 8k;", directive) == []
    assert alone(lint, f"{kind}_buffers 16 16k; {kind}_buffer_size 4k;", directive) == []
    assert alone(lint, f"{kind}_buffers 16 16k; {kind}_buffer_size 16k;", directive) == []
    assert alone(lint, "gzip_buffers 16 16k;", directive) == []


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ("", ["warning"]),
        ('limits = { response_headers = "2k" }', []),
        ('limits = { response_headers = "12k" }', ["error"]),
    ],
)
def test_what_is_declared_decides(lint: Lint, facts: str, expected: list[str]) -> None:
    spec = f'[upstream.up]\nport = 9000\nprotocol = "fastcgi"\n{facts}'
    rows_here = alone(lint, "fastcgi_buffers 16 16k;", "fastcgi_pass up:9000", spec)
    assert [row.severity for row in rows_here] == expected


def test_what_it_says_of_buffers_for_the_body(findings: Findings) -> None:
    lines = "fastcgi_buffers 16 256k;\nserver { location / { fastcgi_pass 10.0.0.1:9000; } }"
    (finding,) = (one for one in findings(f"\n{lines}") if one.rule == RULE)
    assert finding.message == (
        "fastcgi_buffers of 256k are for the body; response headers above 4k, which is "
        "fastcgi_buffer_size by default, answer 502"
    )
    assert finding.fix is not None
    assert finding.fix.description.startswith("fastcgi_buffer_size 32k; fastcgi_buffers 16 256k;")
    assert not finding.fix.safe


@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("kind", ["proxy", "fastcgi", "uwsgi"])
def test_such_headers_answer_502(tmp_path: Path, release: str, kind: str) -> None:
    nginx = nginx_of(release)
    address = f"{'http://' if kind == 'proxy' else ''}10.0.0.1:9000"
    line = f"{kind}_buffers 16 16k; {kind}_pass {address};"
    (tmp_path / "nginx.conf").write_text(http(f"server {{ location / {{ {line} }} }}"))
    options = Options(tmp_path, (str(tmp_path / "nginx.conf"),), version=nginx.version)
    result = examine(options)
    (finding,) = (one for one in result.report.findings if one.rule == RULE)
    proof = prove(finding, result.sites, nginx)
    assert (proof.verdict, proof.why) == ("confirmed", "")
