"""The words of fixes, followed as they stand: where a line is named that is there already, it is
changed, and everything else is set in where the report points. nginx takes what comes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.real_nginx import HTTP, MAIN, check_all
from tests.support.sites import check

WEB = '[upstream.web]\nhosts = ["10.0.0.1"]\nport = 3000\nprotocol = "http"\n'
TLS = f"{WEB}[upstream.web.tls]\n"

CASES = {
    "response-header-buffer": (
        "proxy_buffers 4 8k;\nproxy_pass http://10.0.0.1:3000;\nproxy_busy_buffers_size 16k;\n",
        WEB + 'limits = { response_headers = "20k" }\n',
        "proxy_buffer_size 32k; proxy_buffers 8 32k; proxy_busy_buffers_size 64k; in the place of "
        "proxy_buffers (nginx.conf:7) and proxy_busy_buffers_size (nginx.conf:9)",
    ),
    "tls-version-mismatch": (
        "proxy_pass https://10.0.0.1:3000;\nproxy_ssl_ciphers HIGH;\nproxy_ssl_protocols TLSv1;\n",
        TLS + 'versions = ["TLSv1"]\n',
        "proxy_ssl_ciphers DEFAULT:@SECLEVEL=0; in the place of proxy_ssl_ciphers (nginx.conf:8)",
    ),
    "sni-missing": (
        "proxy_pass https://10.0.0.1:3000;\nproxy_ssl_name 10.0.0.1;\n",
        TLS + 'sni = "required"\nnames = ["web.example"]\n',
        "proxy_ssl_server_name on; proxy_ssl_name web.example; in the place of proxy_ssl_name "
        "(nginx.conf:8)",
    ),
    "retry-off": (
        "proxy_next_upstream_tries 1;\nproxy_next_upstream timeout;\nproxy_pass http://pair;\n",
        WEB,
        "proxy_next_upstream error timeout; proxy_next_upstream_tries 2; in the place of "
        "proxy_next_upstream_tries (nginx.conf:7)",
    ),
    "keepalive-unused": (
        "proxy_set_header Host $host;\nproxy_http_version 1.0;\nproxy_pass http://pool;\n",
        WEB,
        'proxy_http_version 1.1; proxy_set_header Connection ""; beside proxy_set_header '
        "(nginx.conf:7) in the place of proxy_http_version (nginx.conf:8)",
    ),
    "keepalive-unsupported": (
        'proxy_http_version 1.1;\nproxy_set_header Connection "";\nproxy_pass http://pool;\n',
        WEB + "keepalive = { max_requests = 10, announces_close = false }\n",
        "keepalive_requests 10; in the place of keepalive_requests (nginx.conf:3)",
    ),
}
"""The lines of a location from line 7 on, a spec, and what the fix says."""

BLOCKS = (
    "upstream pool { server 10.0.0.1:3000; keepalive 8;\nkeepalive_requests 99; }\n"
    "upstream pair { server 10.0.0.1:3000; server 10.0.0.2:3000; }\n"
)


def main(lines: str) -> str:
    """Line 3 ends the pool, line 6 opens the location."""
    return f"events {{}} http {{\n{BLOCKS}server {{\nlocation / {{\n{lines}}}\n}}\n}}\n"


def followed(text: str, line: int, description: str) -> str:
    """A configuration with the words of a fix carried out."""
    lines = text.split("\n")
    words, *places = re.split(r" (in the place of|beside) ", description)
    old: dict[str, int] = {}
    at = line
    for how, where in zip(places[::2], places[1::2], strict=True):
        found = {name: int(number) for name, number in re.findall(r"(\w+) \(.*?:(\d+)\)", where)}
        if how == "beside":
            at = next(iter(found.values()))
        else:
            old.update(found)
    new: list[str] = []
    for directive in re.findall(r"[^;]+;", words):
        name = directive.split()[0]
        there = line if f"{name} " in lines[line - 1] else old.get(name)
        if there is None:
            new.append(directive.strip())
        else:
            lines[there - 1] = re.sub(rf"\b{name} [^;]*;", directive.strip(), lines[there - 1])
    lines[at - 1] = " ".join((*new, lines[at - 1]))
    return "\n".join(lines)


@pytest.mark.parametrize("rule", CASES)
def test_what_a_fix_says(rule: str, tmp_path: Path) -> None:
    lines, spec, expected = CASES[rule]
    text = main(lines)
    report = check(tmp_path, {"nginx.conf": text, "upstreams.toml": spec})
    (finding,) = (one for one in report.findings if one.rule == rule)
    assert finding.fix is not None and finding.fix.description == expected
    after = followed(text, finding.place.line, expected)
    left = check(tmp_path, {"nginx.conf": after})
    assert (rule in {one.rule for one in left.findings}, left.problems) == (False, ())


@pytest.mark.slow
def test_nginx_takes_what_comes_of_it(tmp_path: Path) -> None:
    found = []
    for rule, (lines, spec, expected) in CASES.items():
        text = main(lines)
        report = check(tmp_path, {"nginx.conf": text, "upstreams.toml": spec})
        (finding,) = (one for one in report.findings if one.rule == rule)
        after = followed(text, finding.place.line, expected)
        found.append(after.replace("events {} http {", f"{MAIN}http {{{HTTP}").encode())
    assert [verdict for verdict in check_all(found) if not verdict.accepted] == []
