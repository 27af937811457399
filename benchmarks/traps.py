"""Inputs that are long in one way, each checked at a size, at twice and at four times of it.

    python benchmarks/traps.py [--times N] [NAME...]

Printed are the CPU seconds, user and system, of a whole ``lint502 check`` less those of a check of
next to nothing, the ratio of the last doubling with its exponent (2.00 and 1.0 are linear), and the
peak memory above that of next to nothing, per MB of nginx files. ``--times`` makes all of them so
many times as large; ``--write FOLDER`` only writes them.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SIZES = (1, 2, 4)
NOTHING = "events {}\nhttp { server { location / { proxy_pass http://127.0.0.1:3000; } } }\n"
NODE = """[upstream.app]
hosts = ["127.0.0.1"]
port = 3000
server = "node"
websocket = ["/live", "/ws/"]
limits = { request_body = "10m" }
timeouts = { request = "30s" }
[front.edge]
kind = "aws-alb"
proxy_protocol = false
"""

Texts = Iterable[str]


@dataclass(frozen=True)
class Trap:
    """``write`` puts an input of ``size`` into a folder; the roots are those that it returns, or
    ``nginx.conf``."""

    name: str
    size: int
    write: Callable[[Path, int], list[str] | None]


TRAPS: list[Trap] = []


def trap(size: int) -> Callable[[Callable[[int], Texts]], Callable[[int], Texts]]:
    """A trap that is what stands in ``http {}``, beside a spec of one server."""

    def add(make: Callable[[int], Texts]) -> Callable[[int], Texts]:
        def write(folder: Path, n: int) -> None:
            _write(folder / "nginx.conf", ("events {}\nhttp {\n", *make(n), "}\n"))
            _write(folder / "upstreams.toml", (NODE,))

        TRAPS.append(Trap(make.__name__.replace("_", "-"), size, write))
        return make

    return add


def folders(size: int) -> Callable[[Callable[[Path, int], list[str] | None]], None]:
    """A trap that writes its files itself."""

    def add(write: Callable[[Path, int], list[str] | None]) -> None:
        TRAPS.append(Trap(write.__name__.replace("_", "-"), size, write))

    return add


def _write(path: Path, texts: Texts) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        file.writelines(texts)


def _each(n: int, line: str) -> Iterator[str]:
    return (line.format(n=at, next=(at + 1) % n, port=10_000 + at % 50_000) for at in range(n))


def _server(*inside: Texts) -> Iterator[str]:
    yield "server {\n    listen 80;\n    server_name shop.example.com;\n"
    for texts in inside:
        yield from texts
    yield "}\n"


PASS = ("location / { proxy_pass http://127.0.0.1:3000; }\n",)


@trap(2000)
def prefix_locations(n: int) -> Texts:
    return _server(_each(n, "location /p{n}/ {{ proxy_pass http://127.0.0.1:3000; }}\n"))


@trap(2000)
def regex_locations(n: int) -> Texts:
    return _server(_each(n, "location ~ ^/p{n}/ {{ proxy_pass http://127.0.0.1:3000; }}\n"))


@trap(1000)
def prefix_and_regex_locations(n: int) -> Texts:
    return _server(
        _each(
            n,
            "location /p{n}/ {{ error_page 502 /p{n}/x; proxy_pass http://127.0.0.1:80; }}\n"
            "location ~ ^/r{n}/.*x {{ proxy_pass http://127.0.0.1:4000; }}\n",
        ),
    )


@trap(2000)
def exact_locations(n: int) -> Texts:
    return _server(PASS, _each(n, "location = /p{n} {{ proxy_pass http://127.0.0.1:3000/x; }}\n"))


@trap(1000)
def nested_locations(n: int) -> Texts:
    return _server(
        _each(
            n,
            "location /p{n}/ {{ proxy_pass http://127.0.0.1:3000;\n"
            "    location /p{n}/a/ {{ proxy_pass http://127.0.0.1:3000; }}\n"
            "    location ~ \\.php$ {{ proxy_pass http://127.0.0.1:3000; }} }}\n",
        )
    )


@trap(1000)
def named_locations(n: int) -> Texts:
    return _server(
        _each(
            n,
            "location /p{n}/ {{ try_files $uri @n{n}; }}\n"
            "location @n{n} {{ proxy_pass http://127.0.0.1:3000; }}\n",
        )
    )


@trap(1000)
def rewrites(n: int) -> Texts:
    return _server(_each(n, "rewrite ^/old{n}/(.*)$ /new{n}/$1 last;\n"), PASS)


@trap(1000)
def rewrites_in_locations(n: int) -> Texts:
    return _server(
        _each(n, "location /old{n}/ {{ rewrite ^/old{n}/(.*)$ /new{n}/$1 last; }}\n"),
        _each(n, "location /new{n}/ {{ proxy_pass http://127.0.0.1:3000; }}\n"),
    )


@trap(1000)
def error_pages(n: int) -> Texts:
    return _server(_each(n, "error_page 502 /e{n}.html;\n"), PASS)


@trap(1000)
def error_pages_of_locations(n: int) -> Texts:
    return _server(
        _each(
            n,
            "location /p{n}/ {{ error_page 502 /e{n}.html; proxy_intercept_errors on;\n"
            "    proxy_pass http://127.0.0.1:3000; }}\n"
            "location /e{n}.html {{ proxy_pass http://127.0.0.1:3001; }}\n",
        )
    )


@trap(1000)
def chained_error_pages(n: int) -> Texts:
    return _server(
        _each(
            n,
            "location @e{n} {{ error_page 502 = @e{next};\n"
            "    proxy_pass http://127.0.0.1:3001; }}\n",
        ),
        ("location / { error_page 502 = @e0; proxy_pass http://127.0.0.1:3000; }\n",),
    )


@trap(1000)
def ignores(n: int) -> Texts:
    return _server(
        _each(
            n,
            "location /p{n}/ {{\n"
            "    proxy_pass http://127.0.0.1:4000; # lint502: ignore[port-mismatch] old\n}}\n",
        )
    )


@trap(1000)
def unused_ignores(n: int) -> Texts:
    return _server(PASS, _each(n, "deny 10.0.0.1; # lint502: ignore[tls-mismatch] old\n"))


@trap(1000)
def findings(n: int) -> Texts:
    return _server(_each(n, "location /p{n}/ {{ proxy_pass http://127.0.0.1:4000; }}\n"))


@trap(500)
def minified(n: int) -> Texts:
    found = _each(n, "location /p{n}/ {{ proxy_pass http://127.0.0.1:{port}; }} ")
    return (text.replace("\n", " ") for text in _server(found))


@trap(500)
def minified_of_one_file_a_site(n: int) -> Texts:
    found = _each(n, "server {{ server_name s{n}; location / {{ proxy_pass http://[::1]:1; }} }} ")
    return (text.replace("\n", " ") for text in found)


@folders(50)
def fronts_and_servers(folder: Path, n: int) -> None:
    servers = _each(
        n * 20,
        "server {{ server_name s{n}.example.com;\n"
        "    location / {{ proxy_pass http://127.0.0.1:3000; }} }}\n",
    )
    _write(folder / "nginx.conf", ("events {}\nhttp {\n", *servers, "}\n"))
    fronts = _each(n, '[front.f{n}]\nkind = "aws-alb"\nservers = ["s{n}.example.com"]\n')
    _write(folder / "upstreams.toml", (NODE, *fronts))


@folders(10)
def fronts_before_all_servers(folder: Path, n: int) -> None:
    servers = _each(
        n * 20,
        "server {{ server_name s{n}.example.com;\n"
        "    location / {{ proxy_pass http://127.0.0.1:3000; }} }}\n",
    )
    _write(folder / "nginx.conf", ("events {}\nhttp {\n", *servers, "}\n"))
    _write(folder / "upstreams.toml", (NODE, *_each(n, '[front.f{n}]\nkind = "aws-alb"\n')))


@trap(1000)
def servers_in_a_circle(n: int) -> Texts:
    return _each(
        n,
        "server {{ listen 127.0.0.1:{port}; location / {{\n"
        "    proxy_pass http://127.0.0.1:1{next}; }} }}\n",
    )


@trap(1000)
def servers_in_a_chain(n: int) -> Texts:
    return (
        f"server {{ listen 127.0.0.1:{10_000 + at}; location / {{\n"
        f"    proxy_pass http://127.0.0.1:{10_001 + at}; }} }}\n"
        for at in range(n)
    )


@trap(1000)
def servers_by_name_in_a_chain(n: int) -> Texts:
    return _each(
        n,
        "server {{ listen 80; server_name s{n}; location / {{\n"
        "    proxy_set_header Host s{next}; proxy_pass http://127.0.0.1; }} }}\n",
    )


@trap(1000)
def servers_that_pass_to_one(n: int) -> Texts:
    yield "server { listen 8080; location / { proxy_pass http://127.0.0.1:3000; } }\n"
    yield from _each(
        n,
        "server {{ listen 80; server_name s{n}; location / {{\n"
        "    proxy_set_header Host $host; proxy_pass http://127.0.0.1:8080; }} }}\n",
    )


@folders(250)
def twenty_roots(folder: Path, n: int) -> list[str]:
    for at in range(n):
        _write(
            folder / "conf.d" / f"s{at:05}.conf",
            (
                f"upstream app{at} {{ server 127.0.0.1:{10_000 + at}; keepalive 16; }}\n"
                f"server {{ server_name s{at}.example.com;\n"
                f"    location / {{ proxy_pass http://app{at}; proxy_set_header Connection ''; }}\n"
                f"    location ~ \\.php$ {{ fastcgi_pass unix:/run/php/s{at}.sock; }}\n}}\n",
            ),
        )
    spec = (f'[upstream.app{at}]\nport = {10_000 + at}\nserver = "node"\n' for at in range(n))
    _write(folder / "upstreams.toml", spec)
    roots = [f"r{number}.conf" for number in range(20)]
    for root in roots:
        _write(folder / root, ("events {}\nhttp { include conf.d/*.conf; }\n",))
    return roots


@folders(5)
def roots_over_the_same_sites(folder: Path, n: int) -> list[str]:
    twenty_roots_of(folder, 200)
    roots = [f"r{number}.conf" for number in range(n)]
    for root in roots:
        _write(folder / root, ("events {}\nhttp { include conf.d/*.conf; }\n",))
    return roots


def twenty_roots_of(folder: Path, n: int) -> None:
    next(one for one in TRAPS if one.name == "twenty-roots").write(folder, n)


@trap(250)
def map_of_n_in_n_servers(n: int) -> Texts:
    yield "map $cookie_tenant $app {\n"
    yield from _each(n, "    t{n} 127.0.0.1:{port};\n")
    yield "}\n"
    yield from _each(n, "server {{ server_name s{n}; location / {{ proxy_pass http://$app; }} }}\n")


@trap(250)
def map_of_hosts_in_n_servers(n: int) -> Texts:
    yield "map $host $app {\n"
    yield from _each(n, "    s{n}.example.com 127.0.0.1:{port};\n")
    yield "}\n"
    yield from _each(
        n, "server {{ server_name s{n}.example.com; location / {{ proxy_pass http://$app; }} }}\n"
    )


@trap(250)
def map_in_n_servers_of_their_own(n: int) -> Texts:
    yield "map $cookie_tenant $app {\n"
    yield from _each(n, "    t{n} 127.0.0.1:{port};\n")
    yield "}\n"
    yield from _each(
        n,
        "server {{ server_name s{n}; proxy_read_timeout {n}s;\n"
        "    location / {{ proxy_pass http://$app; }} }}\n",
    )


@trap(1000)
def chained_maps(n: int) -> Texts:
    yield "map $host $m0 { default 127.0.0.1:3000; }\n"
    yield from (f"map $m{at} $m{at + 1} {{ default $m{at}; }}\n" for at in range(n))
    yield from _server((f"location / {{ proxy_pass http://$m{n}; }}\n",))


@trap(1000)
def maps(n: int) -> Texts:
    yield from _each(n, "map $host $m{n} {{ default 127.0.0.1:3000; a 127.0.0.1:{port}; }}\n")
    yield from _server(_each(n, "location /p{n}/ {{ proxy_pass http://$m{n}; }}\n"))


@trap(20_000)
def map_of_n_values(n: int) -> Texts:
    yield "map $cookie_tenant $app {\n"
    yield from _each(n, "    t{n} 127.0.0.1:{port};\n")
    yield "}\n"
    yield from _server(("location / { proxy_pass http://$app; }\n",))


@trap(20_000)
def map_that_no_hop_needs(n: int) -> Texts:
    yield "map $request_uri $redirect {\n"
    yield from _each(n, "    /old/{n} /new/{n};\n")
    yield "}\n"
    yield from _server(("if ($redirect) { return 301 $redirect; }\n",), PASS)


@trap(250)
def block_of_n_with_n_hops(n: int) -> Texts:
    yield "upstream app {\n"
    yield from _each(n, "    server 127.0.0.1:{port};\n")
    yield "}\n"
    yield from _server(_each(n, "location /p{n}/ {{ proxy_pass http://app; }}\n"))


@trap(2000)
def block_of_n(n: int) -> Texts:
    yield "upstream app {\n"
    yield from _each(n, "    server 10.0.0.1:{port};\n")
    yield "}\n"
    yield from _server(("location / { proxy_pass http://app; }\n",))


@trap(1000)
def blocks(n: int) -> Texts:
    yield from _each(n, "upstream app{n} {{ server 127.0.0.1:{port}; keepalive 8; }}\n")
    yield from _server(_each(n, "location /p{n}/ {{ proxy_pass http://app{n}; }}\n"))


@trap(2000)
def blocks_without_a_hop(n: int) -> Texts:
    yield from _each(n, "upstream app{n} {{ server 127.0.0.1:{port}; }}\n")
    yield from _server(PASS)


@trap(1000)
def undeclared_hosts(n: int) -> Texts:
    return _server(
        PASS, _each(n, "location /p{n}/ {{ proxy_pass http://h{n}.internal:{port}; }}\n")
    )


@folders(1000)
def declared_upstreams(folder: Path, n: int) -> None:
    hops = _server(_each(n, "location /p{n}/ {{ proxy_pass http://127.0.0.1:9{n}; }}\n"))
    _write(folder / "nginx.conf", ("events {}\nhttp {\n", *hops, "}\n"))
    spec = _each(n, '[upstream.u{n}]\nhosts = ["127.0.0.1"]\nport = {port}\nserver = "node"\n')
    _write(folder / "upstreams.toml", spec)


@folders(500)
def snippets_in_n_servers(folder: Path, n: int) -> None:
    servers = _each(n, "server {{ server_name s{n}; include snippet.conf; }}\n")
    _write(folder / "nginx.conf", ("events {}\nhttp {\n", *servers, "}\n"))
    _write(folder / "upstreams.toml", (NODE,))
    _write(
        folder / "snippet.conf",
        (
            *_each(20, "proxy_set_header X-{n} $host;\n"),
            "location / { proxy_pass http://127.0.0.1:3000; }\n",
            "location /api/ { proxy_pass http://127.0.0.1:4000; }\n",
        ),
    )


@folders(1000)
def sites(folder: Path, n: int) -> None:
    for at in range(n):
        _write(
            folder / "conf.d" / f"s{at:05}.conf",
            (
                f"server {{ server_name s{at}.example.com;\n"
                f"    location / {{ proxy_pass http://127.0.0.1:{10_000 + at}; }}\n"
                f"    location ~ \\.php$ {{ fastcgi_pass unix:/run/php/s{at}.sock; }}\n}}\n",
            ),
        )
    _write(folder / "nginx.conf", ("events {}\nhttp { include conf.d/*.conf; }\n",))
    spec = (f'[upstream.app{at}]\nport = {10_000 + at}\nserver = "node"\n' for at in range(n))
    _write(folder / "upstreams.toml", spec)


@folders(500)
def includes_of_one_file_each(folder: Path, n: int) -> None:
    servers = _each(
        n, "server {{ server_name s{n}; location / {{ include up{n}.conf; include p.conf; }} }}\n"
    )
    _write(folder / "nginx.conf", ("events {}\nhttp {\n", *servers, "}\n"))
    _write(folder / "p.conf", ("proxy_pass http://127.0.0.1:3000;\n",))
    for at in range(n):
        _write(folder / f"up{at}.conf", ("proxy_read_timeout 5s;\n",))


@trap(1000)
def missing_includes(n: int) -> Texts:
    return _server(_each(n, "include missing{n}.conf;\n"), PASS)


@trap(10_000)
def split_clients(n: int) -> Texts:
    yield "split_clients $remote_addr $app {\n"
    yield from _each(n, "    0.0001% 127.0.0.1:{port};\n")
    yield "    * 127.0.0.1:3000;\n}\n"
    yield from _server(("location / { proxy_pass http://$app; }\n",))


@trap(75_000)
def geo(n: int) -> Texts:
    yield "geo $country {\n    default ZZ;\n"
    for at in range(n):
        yield f"    10.{at >> 16 & 255}.{at >> 8 & 255}.{at & 255}/32 C{at % 200};\n"
    yield "}\n"
    yield from _server(("if ($country = C1) { return 403; }\n",), PASS)


@trap(20_000)
def geo_of_targets(n: int) -> Texts:
    yield "geo $app {\n    default 127.0.0.1:3000;\n"
    for at in range(n):
        yield f"    10.{at >> 16 & 255}.{at >> 8 & 255}.{at & 255}/32 127.0.0.1:{3000 + at % 50};\n"
    yield "}\n"
    yield from _server(("location / { proxy_pass http://$app; }\n",))


@trap(2000)
def denies(n: int) -> Texts:
    return _server(_each(n, "deny 10.0.0.{n};\n"), PASS)


@trap(1000)
def sets(n: int) -> Texts:
    return _server(
        _each(n, "set $v{n} 127.0.0.1:3000;\n"), ("location / { proxy_pass http://$v0; }\n",)
    )


@trap(1000)
def sets_of_one(n: int) -> Texts:
    return _server(
        _each(n, "set $v 127.0.0.1:{port};\n"), ("location / { proxy_pass http://$v; }\n",)
    )


@trap(500)
def sets_in_locations(n: int) -> Texts:
    return _server(
        _each(n, "location /p{n}/ {{ set $v{n} 127.0.0.1:{port}; proxy_pass http://$v{n}; }}\n")
    )


@trap(500)
def sets_of_one_in_locations(n: int) -> Texts:
    return _server(
        _each(n, "location /p{n}/ {{ set $v 127.0.0.1:{port}; proxy_pass http://$v; }}\n")
    )


@trap(500)
def ifs(n: int) -> Texts:
    return _server(
        ("location / {\n",),
        _each(n, "if ($arg_a = {n}) {{ proxy_pass http://127.0.0.1:3000; }}\n"),
        ("proxy_pass http://127.0.0.1:3000; }\n",),
    )


@trap(1000)
def ifs_with_sets(n: int) -> Texts:
    return _server(
        ("set $app 127.0.0.1:3000;\n",),
        _each(n, "if ($arg_a = {n}) {{ set $app 127.0.0.1:{port}; }}\n"),
        ("location / { proxy_pass http://$app; }\n",),
    )


@trap(1000)
def listens(n: int) -> Texts:
    yield "server {\n"
    yield from _each(n, "listen {port};\n")
    yield from PASS
    yield "}\n"


@trap(50)
def listens_of_servers(n: int) -> Texts:
    for at in range(n):
        yield f"server {{ server_name s{at};\n"
        yield from _each(20, "listen {port};\n")
        yield from PASS
        yield "}\n"


@trap(500)
def port_ranges(n: int) -> Texts:
    for at in range(n):
        yield f"server {{ listen 127.0.0.1:{10_000 + at * 10}-{10_005 + at * 10};\n"
        yield f"location / {{ proxy_pass http://127.0.0.1:{10_012 + at * 10}; }} }}\n"


@trap(2000)
def server_names(n: int) -> Texts:
    yield "server { server_name\n"
    yield from _each(n, "s{n}.example.com\n")
    yield ";\n"
    yield from PASS
    yield "}\n"


@trap(500)
def wildcard_server_names(n: int) -> Texts:
    return _each(
        n,
        "server {{ server_name *.s{n}.example.com s{n}.*;\n"
        "    location / {{ proxy_pass http://127.0.0.1:3000; }} }}\n",
    )


@trap(500)
def regex_server_names(n: int) -> Texts:
    return _each(
        n,
        "server {{ server_name ~^s{n}\\.example\\.com$;\n"
        "    location / {{ proxy_set_header Host s{n}.example.com;\n"
        "        proxy_pass http://127.0.0.1:80; }} }}\n",
    )


@trap(1000)
def hops_to_n_upstreams(n: int) -> Texts:
    return _server(_each(n, "location /p{n}/ {{ proxy_pass http://127.0.0.1:{port}; }}\n"))


@folders(1000)
def streams(folder: Path, n: int) -> None:
    servers = _each(n, "server {{ listen {port}; proxy_pass 127.0.0.1:3000; }}\n")
    _write(folder / "nginx.conf", ("events {}\nstream {\n", *servers, "}\n"))
    _write(folder / "upstreams.toml", (NODE,))


@folders(1000)
def streams_in_a_chain(folder: Path, n: int) -> None:
    servers = (
        f"server {{ listen {10_000 + at}; proxy_pass 127.0.0.1:{10_001 + at}; }}\n"
        for at in range(n)
    )
    _write(folder / "nginx.conf", ("events {}\nstream {\n", *servers, "}\n"))
    _write(folder / "upstreams.toml", (NODE,))


@trap(40)
def deep_nesting(n: int) -> Texts:
    path = ""
    yield from ("server {\n",)
    for at in range(n):
        path += f"/a{at}"
        yield f"location {path}/ {{ proxy_pass http://127.0.0.1:3000;\n"
    yield "}\n" * n
    yield "}\n"


@trap(50)
def deep_nesting_many_times(n: int) -> Texts:
    for at in range(n):
        yield f"server {{ server_name s{at};\n"
        for level in range(20):
            yield "location /" + "a/" * (level + 1) + " { proxy_pass http://127.0.0.1:3000;\n"
        yield "}\n" * 20
        yield "}\n"


@trap(2000)
def log_format(n: int) -> Texts:
    yield "log_format long\n"
    yield from _each(n, "    '$remote_addr $upstream_addr field{n} '\n")
    yield ";\n"
    yield from _server(PASS)


@trap(500)
def long_strings(n: int) -> Texts:
    value = "x" * 4000
    return _server(_each(n, f'add_header X-{{n}} "{value}";\n'), PASS)


@trap(500)
def multiline_strings(n: int) -> Texts:
    value = "x\n" * 1900
    return _server(_each(n, f'add_header X-{{n}} "{value}";\n'), PASS)


@trap(20_000)
def comments(n: int) -> Texts:
    return _server(_each(n, "# a comment {n}\n"), PASS)


@trap(20_000)
def empty_lines(n: int) -> Texts:
    return _server(("\n" * n * 10,), PASS)


@trap(2000)
def headers(n: int) -> Texts:
    return _server(_each(n, "proxy_set_header X-{n} $host;\n"), PASS)


@trap(500)
def headers_and_hops(n: int) -> Texts:
    return _server(
        _each(n, "proxy_set_header X-{n} $host;\n"),
        _each(n, "location /p{n}/ {{ proxy_pass http://127.0.0.1:3000; }}\n"),
    )


@trap(1000)
def mirrors_and_auth_requests(n: int) -> Texts:
    return _server(
        _each(
            n,
            "location /p{n}/ {{ mirror /m{n}; auth_request /a{n};\n"
            "    proxy_pass http://127.0.0.1:3000; }}\n"
            "location = /m{n} {{ internal; proxy_pass http://127.0.0.1:3001; }}\n"
            "location = /a{n} {{ internal; proxy_pass http://127.0.0.1:3002; }}\n",
        )
    )


@trap(2000)
def closed_blocks(n: int) -> Texts:
    yield "types {\n"
    yield from _each(n, "    text/x{n} x{n};\n")
    yield "}\n"
    yield from _server(PASS)


@trap(500)
def buffers(n: int) -> Texts:
    return _server(
        _each(
            n,
            "location /p{n}/ {{ proxy_buffer_size 16k; proxy_buffers 8 4k;\n"
            "    fastcgi_buffer_size 8k; proxy_pass http://127.0.0.1:3000; }}\n",
        )
    )


@trap(500)
def caches(n: int) -> Texts:
    yield from _each(n, "proxy_cache_path /c{n} keys_zone=z{n}:1m;\n")
    yield from _server(
        _each(
            n,
            "location /p{n}/ {{ proxy_cache z{n}; proxy_cache_valid any 1m;\n"
            "    proxy_pass http://127.0.0.1:3000; }}\n",
        )
    )


@trap(500)
def headers_of_http_and_servers(n: int) -> Texts:
    yield from _each(n, "proxy_set_header X-{n} $host;\n")
    yield from _each(
        n, "server {{ server_name s{n}; location / {{ proxy_pass http://127.0.0.1:3000; }} }}\n"
    )


@trap(500)
def one_header_again_and_again(n: int) -> Texts:
    return _server(
        _each(n, "proxy_set_header Connection upgrade;\n"),
        _each(n, "location /p{n}/ {{ proxy_pass http://127.0.0.1:3000; }}\n"),
    )


@trap(1000)
def headers_of_grpc(n: int) -> Texts:
    return _server(
        _each(n, "grpc_set_header X-{n} $host;\n"),
        _each(n, "location /p{n}/ {{ grpc_pass 127.0.0.1:3000; }}\n"),
    )


@trap(1000)
def error_pages_of_http(n: int) -> Texts:
    yield from _each(n, "error_page 502 503 504 /e{n}.html;\n")
    yield from _server(_each(n, "location /p{n}/ {{ proxy_pass http://127.0.0.1:3000; }}\n"))


@trap(1000)
def cache_times(n: int) -> Texts:
    return _server(
        ("proxy_cache z;\n",),
        _each(n, "proxy_cache_valid 200 1m;\n"),
        _each(n, "location /p{n}/ {{ proxy_pass http://127.0.0.1:3000; }}\n"),
    )


@trap(1000)
def passes_of_one_location(n: int) -> Texts:
    return _server(("location / {\n",), _each(n, "proxy_pass http://127.0.0.1:{port};\n"), ("}\n",))


@trap(1000)
def regex_locations_without_a_start(n: int) -> Texts:
    return _server(
        _each(n, "location /p{n}/ {{ error_page 502 /e{n}/x; proxy_pass http://127.0.0.1:80; }}\n"),
        _each(n, "location ~ [ab]/r{n}/ {{ proxy_pass http://127.0.0.1:3000; }}\n"),
    )


@trap(1000)
def names_of_a_server_and_variables(n: int) -> Texts:
    yield "server { server_name\n"
    yield from _each(n, "s{n}.example.com\n")
    yield ";\n"
    yield from _each(n, "location /p{n}/ {{ proxy_pass http://127.0.0.1:3000/x$is_args$args; }}\n")
    yield "}\n"


@trap(1000)
def names_of_a_server_that_passes_back(n: int) -> Texts:
    yield "server { listen 8080; location / { proxy_pass http://127.0.0.1:3000; } }\n"
    yield "server { server_name\n"
    yield from _each(n, "s{n}.example.com\n")
    yield ";\n"
    yield from _each(
        n,
        "location /p{n}/ {{ proxy_set_header Host $host; proxy_pass http://127.0.0.1:8080; }}\n",
    )
    yield "}\n"


@trap(1000)
def listens_and_names(n: int) -> Texts:
    yield "server {\n"
    yield from _each(n, "listen {port}; server_name s{n}.example.com;\n")
    yield from PASS
    yield "}\n"


@trap(500)
def listens_and_hops(n: int) -> Texts:
    yield "server {\n"
    yield from _each(n, "listen {port};\n")
    yield from _each(n, "location /p{n}/ {{ proxy_pass $scheme://127.0.0.1:3000; }}\n")
    yield "}\n"


@trap(250)
def map_of_variables(n: int) -> Texts:
    yield "map $cookie_tenant $app {\n"
    yield from _each(n, "    t{n} $v{n};\n")
    yield "}\n"
    yield from _server(
        _each(n, "set $v{n} 127.0.0.1:{port};\n"),
        _each(n, "location /p{n}/ {{ proxy_pass http://$app; }}\n"),
    )


@trap(1000)
def map_of_few_and_hops(n: int) -> Texts:
    yield "map $cookie_tenant $app {\n"
    yield from (f"    t{at} 127.0.0.1:{3000 + at % 5};\n" for at in range(n))
    yield "}\n"
    yield from _server(_each(n, "location /p{n}/ {{ proxy_pass http://$app; }}\n"))


@trap(1000)
def resolver_of_n(n: int) -> Texts:
    yield "resolver\n"
    yield from _each(n, "10.0.0.{n}\n")
    yield ";\n"
    yield from _server(
        _each(n, "location /p{n}/ {{ set $u h{n}.internal; proxy_pass http://$u:3000; }}\n")
    )


@trap(8000)
def variables_in_one_line(n: int) -> Texts:
    yield "log_format long"
    yield from _each(n, " $arg_{n}")
    yield ";\n"
    yield from _server(PASS)


@folders(500)
def streams_behind_a_front(folder: Path, n: int) -> None:
    streams_of = next(one for one in TRAPS if one.name == "streams")
    streams_of.write(folder, n)
    with (folder / "upstreams.toml").open("a") as spec:
        spec.write('[front.balancer]\nkind = "aws-nlb"\nproxy_protocol = true\n')


def _spec_and_blocks(folder: Path, n: int, spec: str) -> None:
    blocks = _each(n, "upstream b{n} {{ server 127.0.0.1:3000; }}\n")
    hops = _server(_each(n, "location /p{n}/ {{ proxy_pass http://b{n}; }}\n"))
    _write(folder / "nginx.conf", ("events {}\nhttp {\n", *blocks, *hops, "}\n"))
    _write(folder / "upstreams.toml", _each(n, spec))


@folders(500)
def upstreams_at_one_address(folder: Path, n: int) -> None:
    _spec_and_blocks(folder, n, '[upstream.u{n}]\nhosts = ["127.0.0.1"]\nport = 3000\n')


@folders(500)
def upstreams_elsewhere(folder: Path, n: int) -> None:
    _spec_and_blocks(folder, n, "[upstream.u{n}]\nport = 3000\nsame_host = false\n")


@folders(500)
def upstreams_at_other_hosts(folder: Path, n: int) -> None:
    _spec_and_blocks(folder, n, '[upstream.u{n}]\nport = 3000\nhosts = ["h{n}.internal"]\n')


@folders(1000)
def addresses_that_one_binds(folder: Path, n: int) -> None:
    hops = _server(_each(n, "location /p{n}/ {{ proxy_pass http://api:3000; }}\n"))
    _write(folder / "nginx.conf", ("events {}\nhttp {\n", *hops, "}\n"))
    bound = (f'"10.{at >> 16 & 255}.{at >> 8 & 255}.{at & 255}",\n' for at in range(n))
    _write(folder / "upstreams.toml", ("[upstream.api]\nport = 3000\nbind = [\n", *bound, "]\n"))


@folders(500)
def names_of_a_certificate(folder: Path, n: int) -> None:
    hops = _each(
        n,
        "location /p{n}/ {{ proxy_ssl_verify on; proxy_ssl_name w{n}.example.com;\n"
        "    proxy_pass https://api:3000; }}\n",
    )
    _write(folder / "nginx.conf", ("events {}\nhttp {\n", *_server(hops), "}\n"))
    names = _each(n, '"v{n}.example.com",\n')
    spec = ("[upstream.api]\nport = 3000\n[upstream.api.tls]\nnames = [\n", *names, "]\n")
    _write(folder / "upstreams.toml", spec)


@dataclass(frozen=True)
class Figures:
    """CPU seconds, user and system, and kilobytes of memory."""

    cpu: float
    memory: int


def measured(folder: Path, roots: Iterable[str], python: str) -> Figures:
    """What one check of a folder takes."""
    command = [python, "-m", "lint502", "check", *roots, "--format", "text", "--all"]
    process = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1, 2):
        raise SystemExit(f"{command} ended with {process.returncode}: {said.decode()}")
    return Figures(used.ru_utime + used.ru_stime, used.ru_maxrss)


def best(folder: Path, roots: Iterable[str], python: str, times: int) -> Figures:
    """The least of several checks."""
    each = [measured(folder, roots, python) for _ in range(times)]
    return Figures(min(one.cpu for one in each), min(one.memory for one in each))


def megabytes(folder: Path) -> float:
    """The size of the nginx files of a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*.conf")) / 1e6


def main() -> None:
    """Print the table, or write the inputs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--times", type=float, default=1.0, metavar="N")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--write", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    chosen = [one for one in TRAPS if not arguments.names or one.name in arguments.names]
    if arguments.write is not None:
        for one in chosen:
            folder = arguments.write / one.name
            roots = one.write(folder, max(1, int(one.size * arguments.times))) or ["nginx.conf"]
            _write(folder / "roots", (f"{root}\n" for root in roots))
        return
    with tempfile.TemporaryDirectory() as name:
        nothing = Path(name, "nothing")
        _write(nothing / "nginx.conf", (NOTHING,))
        _write(nothing / "upstreams.toml", (NODE,))
        base = best(nothing, ["nginx.conf"], arguments.python, 7)
        print(f"next to nothing: {base.cpu:.2f} s, {base.memory // 1000} MB")
        for one in chosen:
            figures = []
            for size in SIZES:
                n = max(1, int(one.size * size * arguments.times))
                folder = Path(name, one.name, str(size))
                roots = one.write(folder, n) or ["nginx.conf"]
                figures.append(best(folder, roots, arguments.python, arguments.rounds))
            print(_line(one, figures, base, megabytes(folder), arguments.times), flush=True)


def _line(one: Trap, figures: list[Figures], base: Figures, size: float, times: float) -> str:
    seconds = [max(figure.cpu - base.cpu, 0.001) for figure in figures]
    ratio = seconds[-1] / seconds[-2]
    each = "  ".join(f"{second:6.2f}" for second in seconds)
    memory = (figures[-1].memory - base.memory) / 1000
    n = int(one.size * SIZES[-1] * times)
    return (
        f"{one.name:30} {n:8} {each} s  × {ratio:4.2f}  ^{math.log2(ratio):5.2f}"
        f"  {memory:5.0f} MB, {memory / size:5.0f} a MB"
    )


if __name__ == "__main__":
    main()
