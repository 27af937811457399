from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found

RULE = "buffer-directive-family"
SPEC = '[upstream.php]\nport = 9000\nserver = "php-fpm"\n'
WARNING = Found(3, "warning", 502, "sometimes", RULE, None)
INFO = Found(3, "info", None, None, RULE, None)


def location(settings: str, directive: str = "fastcgi_pass 127.0.0.1:9000") -> str:
    return f"\nserver {{ location / {{\n{settings}\n{directive};\n}} }}"


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ("proxy_buffer_size 32k;", WARNING),
        ("uwsgi_buffer_size 32k;", WARNING),
        # less than there is anyway
        ("proxy_buffer_size 2k;", INFO),
        ("proxy_buffer_size 4k;", None),
        ("proxy_buffers 8 32k;", INFO),
        ("proxy_read_timeout 300s;", INFO),
        ("proxy_read_timeout 60s;", None),
        ("proxy_buffering off;", INFO),
        ("fastcgi_buffer_size 32k;", None),
        # the family that is used is tuned, too
        ("proxy_buffer_size 32k; fastcgi_buffer_size 16k;", None),
        ("proxy_read_timeout 300s; fastcgi_read_timeout 300s;", None),
        # what this is about is no buffer
        ("proxy_set_header Host $host;", None),
    ],
)
def test_a_location(lint: Lint, settings: str, found: Found | None) -> None:
    assert lint(location(settings), SPEC) == ([] if found is None else [found])


@pytest.mark.parametrize(
    ("directive", "settings", "found"),
    [
        ("uwsgi_pass h:1", "proxy_buffer_size 32k;", WARNING),
        ("scgi_pass h:1", "proxy_buffer_size 32k;", WARNING),
        ("grpc_pass h:1", "proxy_buffer_size 32k;", WARNING),
        ("proxy_pass http://h:1", "fastcgi_buffer_size 32k;", WARNING),
        # it has no such buffers
        ("grpc_pass h:1", "proxy_buffers 8 32k;", None),
        ("memcached_pass h:1", "proxy_buffer_size 32k;", INFO),
    ],
)
def test_each_directive(lint: Lint, directive: str, settings: str, found: Found | None) -> None:
    rows = [row for row in lint(location(settings, directive)) if row.rule == RULE]
    assert rows == ([] if found is None else [found])


@pytest.mark.parametrize(
    ("headers", "rules"),
    [("3k", {("info", RULE)}), ("8k", {("info", RULE), ("error", "response-header-buffer")})],
)
def test_where_the_headers_are_declared_another_rule_says_more(
    lint: Lint, headers: str, rules: set[tuple[str, str]]
) -> None:
    spec = f'{SPEC}[upstream.php.limits]\nresponse_headers = "{headers}"\n'
    found = lint(location("proxy_buffer_size 32k;"), spec)
    assert {(row.severity, row.rule) for row in found} == rules


def test_what_serves_another_hop_is_no_mistake(lint: Lint) -> None:
    body = """
        proxy_read_timeout 300s;
        server {
            proxy_buffer_size 32k;
            location / { proxy_pass http://h:1; }
            location ~ \\.php$ { fastcgi_pass 127.0.0.1:9000; }
            location /x {
                proxy_buffering off;
                fastcgi_pass 127.0.0.1:9000;
                location /x/y { proxy_pass http://h:1; }
            }
        }"""
    assert {row.rule for row in lint(body, SPEC)} == {"undeclared-upstream"}


def test_a_server_without_such_a_hop(lint: Lint) -> None:
    body = """
        server {
            proxy_buffer_size 32k;
            location / { fastcgi_pass 127.0.0.1:9000; }
        }
        server { location / { proxy_pass http://h:1; } }"""
    assert WARNING in lint(body, SPEC)


def test_a_snippet_that_serves_one_server_serves(lint: Lint) -> None:
    files = {"buffers.conf": "proxy_buffer_size 32k;\n"}
    body = """
        server { include buffers.conf; location / { fastcgi_pass 127.0.0.1:9000; } }
        server { listen 81; include buffers.conf;
            location / { proxy_pass http://127.0.0.1:9001; } }"""
    spec = SPEC + "[upstream.b]\nport = 9001\n"
    assert lint(body, spec, files=files) == []


def test_what_was_not_seen_may_use_it(lint: Lint) -> None:
    body = """
        proxy_buffer_size 32k;
        server { include missing/b.conf; location / { fastcgi_pass 127.0.0.1:9000; } }"""
    rows = lint(body, SPEC, files={"x": ""})
    assert RULE not in {row.rule for row in rows}


def test_many_hops_make_one_finding(findings: Findings) -> None:
    locations = "".join(f"location /{i} {{ fastcgi_pass 127.0.0.1:9000; }}" for i in range(30))
    body = f"server {{ proxy_buffer_size 32k; {locations} }}"
    (finding,) = findings(body, SPEC)
    assert len(finding.hops) == 30


def test_the_words(findings: Findings) -> None:
    settings = "proxy_read_timeout 5m;\nproxy_buffers 8 32k;\nproxy_buffer_size 32k;"
    (finding,) = findings(location(settings), SPEC)
    assert finding.place.line == 5
    assert [place.line for place in finding.related] == [4, 3]
    assert finding.message == (
        "proxy_buffer_size, proxy_buffers and proxy_read_timeout do nothing for fastcgi_pass: "
        "response headers above 4k, which is fastcgi_buffer_size by default, answer 502, although "
        "32k was meant"
    )
    assert finding.fix is not None
    assert finding.fix.description == (
        "fastcgi_buffer_size 32k; fastcgi_buffers 8 32k; fastcgi_read_timeout 5m;"
    )


@pytest.mark.parametrize(
    ("around", "settings", "description"),
    [
        ("", "fastcgi_buffers 8 16k;", "proxy_buffers 8 16k;"),
        (
            "proxy_busy_buffers_size 8k;",
            "fastcgi_buffers 8 16k;",
            "proxy_buffer_size 16k; proxy_buffers 8 16k; proxy_busy_buffers_size 32k;",
        ),
        (
            "proxy_busy_buffers_size 8k; fastcgi_buffers 8 16k;",
            "",
            "proxy_buffer_size 16k; proxy_buffers 8 16k; proxy_busy_buffers_size 32k; beside "
            "proxy_pass",
        ),
    ],
)
def test_the_fix_is_what_nginx_takes(
    findings: Findings, around: str, settings: str, description: str
) -> None:
    body = f"{around} server {{ location / {{ {settings} proxy_pass http://127.0.0.1:1; }} }}"
    (finding,) = (one for one in findings(body) if one.rule == RULE)
    assert finding.fix is not None
    assert (finding.fix.description, finding.fix.safe) == (description, False)
