"""Whatever the arguments of a directive are, no rule falls over them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from lint502.nginx.directive_syntax import syntaxes
from lint502.nginx.directive_table import names
from tests.support.sites import NEW, check

ODD = (
    '""', "$x", "${x}", "$", "0", "-1", "00", "1", "99999999999999999999", "1.5", "on", "off",
    "=", ":", "::", "[", "]", "[::1", "[::1]:", "/", "//", "~", "~*", "@", "*", ".", "..", "%",
    "\\\\", "(", ")", "?", "http://", "https://$x", "http://[", "http://:80", "http://a:b/",
    "unix:", "unix:/", "unix:/a:", "unix:a:/b", "1s", "1sm", "9999999999h", "1k", "k", "-", "a=",
    "=a", "a=b", "weight=x", "max_fails=-1", "fail_timeout=", "127.0.0.1:0", "127.0.0.1:99999",
    "1.2.3", "TLSv1.9", "error", "=200", "=x", "502", "999", "²", "٣", "\u0130", "a\u2028b",
    '"a b"', '"a\nb"', '"\\t"', "a" * 300, "(((((((", "(?<x>a|b)", "~(?<x>", "~^(a+)+$",
)  # fmt: skip

MOST = 2

PACKAGE = Path(__file__).parents[2] / "lint502"

PLACES = {
    "http": "{} upstream u {{ server 127.0.0.1:1; }} "
    "server {{ location / {{ proxy_pass http://u; }} }}",
    "http.server": "server {{ {} location / {{ proxy_pass http://127.0.0.1:1; }} }}",
    "http.location": "upstream u {{ server 127.0.0.1:1; server 127.0.0.1:2; }} "
    "server {{ listen 80; location / {{ proxy_pass http://u; {} }} }}",
    "http.upstream": "upstream u {{ server 127.0.0.1:1; {} }} "
    "server {{ location / {{ proxy_pass https://u; }} }}",
    "http.location.if": "server {{ location / {{ set $x a; if ($x) {{ {} "
    "fastcgi_pass 127.0.0.1:1; }} }} }}",
    "http.server.if": "server {{ if ($x) {{ {} }} location / {{ grpc_pass grpcs://a:1; }} }}",
    "http.limit_except": "server {{ location / {{ limit_except GET {{ {} "
    "proxy_pass http://127.0.0.1:1; }} }} }}",
    "stream": "{} server {{ listen 1; proxy_pass 127.0.0.1:1; }}",
    "stream.server": "server {{ listen 1; proxy_pass 127.0.0.1:1; {} }}",
    "stream.upstream": "upstream u {{ server 127.0.0.1:1; {} }} "
    "server {{ listen 1; proxy_pass u; }}",
}

SPEC = """
[upstream.u]
hosts = ["127.0.0.1", "a"]
port = 1
server = "node"
http_versions = ["1.1"]
websocket = ["/"]
unknown_host = "close"
[upstream.u.tls]
versions = ["TLSv1.3"]
names = ["a"]
sni = "required"
client_certificate = "required"
chain_depth = 2
[upstream.u.timeouts]
request = "90s"
response = "90s"
[upstream.u.limits]
request_headers = "1k"
request_body = "1k"
response_headers = "90k"
[upstream.f]
socket = { path = "/run/f", owner = "f", group = "f", mode = "0600" }
server = "php-fpm"
[front.edge]
kind = "aws-alb"
proxy_protocol = true
"""


def written(name: str, context: str) -> Iterator[str]:
    """The directive with each odd argument in each place of those that nginx takes there."""
    for syntax in syntaxes(name):
        if context not in syntax.contexts:
            continue
        least = min(syntax.numbers, default=syntax.least or 0)
        most = MOST if syntax.least is not None else min(max(syntax.numbers), MOST)
        end = " { a b; }" if syntax.block else ";"
        for count in range(least, most + 1):
            if count == 0:
                yield f"{name}{end}"
            for index in range(count):
                for odd in ODD:
                    others = ["a"] * count
                    others[index] = odd
                    yield f"{name} {' '.join(others)}{end}"


def bearing() -> Sequence[str]:
    """The directives that the code knows by name: no rule looks at another."""
    files = [path for path in PACKAGE.rglob("*.*") if path.suffix in (".py", ".toml")]
    texts = (path.read_text() for path in files if path.name != "directive_table.toml")
    words = {word for text in texts for word in re.findall(r"\w+", text)}
    return [name for name in names() if name in words]


def configuration(place: str, lines: Sequence[str]) -> str:
    """Each line in a server or a block of its own; all in one where they stand outside of both."""
    outer = place.partition(".")[0]
    body = PLACES[place]
    if place == outer:
        return f"events {{}} {outer} {{ {body.format(' '.join(lines))} }}\n"
    own = (re.sub(r"(upstream |//|pass )u\b", rf"\g<1>u{n}", body) for n in range(len(lines)))
    inside = " ".join(one.format(line) for one, line in zip(own, lines, strict=True))
    return f"events {{}} {outer} {{ {inside} }}\n"


@pytest.mark.parametrize("place", PLACES)
def test_no_rule_falls_over_an_odd_argument(tmp_path: Path, place: str) -> None:
    for name in bearing():
        lines = list(written(name, place))
        if lines:
            files = {"nginx.conf": configuration(place, lines), "upstreams.toml": SPEC}
            report = check(tmp_path, files, version=NEW)
            assert report.hops, name
