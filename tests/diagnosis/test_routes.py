"""Which hop a record is of, by what it says."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from lint502.diagnosis.routes import Routes
from lint502.diagnosis.statements import Place, Statement
from lint502.nginx.version import Version
from lint502.options import Options
from lint502.run import Result
from tests.support.sites import OLD, examine, http, stream, write

CLOSED = "upstream prematurely closed connection while reading response header from upstream"


def result_of(folder: Path, text: str) -> Result:
    write(folder, {"nginx.conf": text})
    root = str(folder / "nginx.conf")
    return examine(
        Options(
            working_directory=folder,
            roots=(root,),
            version=Version.parse(OLD),
            version_origin="option",
        )
    )


class Site:
    """A configuration; its hops are known by the lines of their passes."""

    def __init__(self, folder: Path, text: str) -> None:
        result = result_of(folder, text)
        self.lines = {hop.id: hop.place.line for hop in result.report.hops}
        self.routes = Routes(result)

    def place(
        self,
        server: str | None,
        request: str | None,
        upstream: str | None = None,
        *,
        host: str | None = None,
        subrequest: str | None = None,
        message: str = CLOSED,
        cut: bool = False,
    ) -> int | list[int]:
        """The line of the pass, or those that it may be."""
        found = self.routes.place(
            Statement("error", message, server, request, subrequest, upstream, host, cut)
        )
        if found.hop is not None:
            return self.lines[found.hop]
        return [self.lines[hop] for hop in found.hops]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(
        tmp_path,
        http(
            """
server { listen 80; server_name shop.example;
location / {
proxy_pass http://127.0.0.1:1000;
}
location ~ \\.php$ {
fastcgi_pass 127.0.0.1:1000;
}
location = /exact {
proxy_pass http://127.0.0.1:1000/other;
}
location /old/ {
rewrite ^/old/(.*)$ /new/$1 last;
}
location /new/ {
error_page 502 = @again;
proxy_pass http://127.0.0.1:1000;
}
location @again {
proxy_pass http://127.0.0.1:2000;
}
location /files/ {
internal;
proxy_pass http://127.0.0.1:3000;
}
location /named/ {
proxy_pass http://app:8080;
}
location /two {
proxy_pass http://127.0.0.1:1000;
error_page 502 = @same;
}
location @same {
proxy_pass http://127.0.0.1:1000;
}
}
server { listen 8080; server_name shop.example;
location / {
proxy_pass http://127.0.0.1:1000;
}
}
server { listen 80; server_name .dotted.example;
location / {
auth_request /auth;
proxy_pass http://127.0.0.1:1000;
}
location = /auth {
proxy_pass http://127.0.0.1:1000/check;
}
}
"""
        ),
    )


SHOP = "shop.example"
A = "http://127.0.0.1:1000"


@pytest.mark.parametrize(
    ("request_line", "upstream", "line"),
    [
        ("GET /a HTTP/1.1", f"{A}/a", 4),
        ("GET /a%2F?x=1 HTTP/1.1", f"{A}/a%2F?x=1", 4),
        ("GET /x.php HTTP/1.1", "fastcgi://127.0.0.1:1000", 7),
        ("GET //x.%70hp?q HTTP/1.0", "fastcgi://127.0.0.1:1000", 7),
        ("GET /exact HTTP/1.1", f"{A}/other", 10),
        ("GET /a/../exact?a HTTP/2.0", f"{A}/other?a", 10),
        ("GET http://shop.example/exact HTTP/1.1", f"{A}/other", 10),
        ("GET /old/x HTTP/1.1", f"{A}/new/x", 17),
        ("GET /old/x HTTP/1.1", "http://127.0.0.1:2000/new/x", 20),
        ("GET /a HTTP/1.1", "http://127.0.0.1:3000/files/a.bin", 24),
        ("GET /named/x HTTP/1.1", "http://172.18.0.3:8080/named/x", 27),
        ("GET /two HTTP/1.1", f"{A}/two", [30, 34]),
        ("GET /a HTTP/1.1", "http://127.0.0.1:9999/a", []),
        ("GET /a HTTP/1.1", "https://127.0.0.1:1000/a", []),
        ("GET /../a HTTP/1.1", f"{A}/a", []),
    ],
)
def test_the_hop_by_request_and_upstream(
    site: Site, request_line: str, upstream: str, line: int | list[int]
) -> None:
    assert site.place(SHOP, request_line, upstream, host="shop.example:80") == line


def test_the_port_of_the_host_tells_servers_of_one_name_apart(site: Site) -> None:
    request, upstream = "GET /a HTTP/1.1", f"{A}/a"
    assert site.place(SHOP, request, upstream, host="shop.example:8080") == 39
    assert site.place(SHOP, request, upstream, host="shop.example:80") == 4
    assert site.place(SHOP, request, upstream, host="shop.example") == [4, 39]


def test_a_subrequest_is_of_the_hop_that_is_asked_beside(site: Site) -> None:
    request = "GET /a HTTP/1.1"
    asked = site.place("dotted.example", request, f"{A}/check", subrequest="/auth", host="x")
    assert asked == 48
    assert site.place("dotted.example", request, f"{A}/a", host="dotted.example") == 45


def test_a_record_that_is_cut_is_found_by_what_is_left(site: Site) -> None:
    long = "x" * 1900
    assert site.place("dotted.example", f"GET /{long}", cut=True) == [45, 48]
    assert site.place(SHOP, f"GET /named/{long}", cut=True) == [7, 27, 39]
    assert site.place(SHOP, f"GET /named/?{long}", cut=True) == [27, 39]
    assert site.place(None, None, cut=True) == []


MADE = """
server { listen 80; server_name shop.example;
location /break/ {
rewrite ^/break/(.*)$ /broken/$1 break;
proxy_pass http://127.0.0.1:1000;
}
location / {
proxy_pass http://127.0.0.1:1000;
}
location /given/ {
proxy_pass http://127.0.0.1:1000/broken/;
}
location ~ ^/user/(\\d+)$ {
proxy_pass http://127.0.0.1:1000/u?id=$1;
}
location /invalid/ {
set $where 127.0.0.1:http;
proxy_pass http://$where;
}
location /inside/ {
internal;
proxy_pass http://127.0.0.1:1000/kept/;
}
location /sends/ {
proxy_pass http://127.0.0.1:2000;
}
}
"""


def test_a_uri_that_is_cut_is_only_how_the_uri_starts(tmp_path: Path) -> None:
    site = Site(tmp_path, http(MADE))
    long = "l" * 300
    found = [
        site.place("shop.example", f"GET {path}{long} HTTP/1.1", f"{to}{long[:20]}", cut=True)
        for path, to in (
            ("/break/", "http://127.0.0.1:1000/broken/"),
            ("/given/", "http://127.0.0.1:1000/broken/"),
            ("/other/", "http://127.0.0.1:1000/other/"),
        )
    ]
    assert found == [5, 11, 8]
    escaped = "http://127.0.0.1:1000/broken/%2"
    assert site.place("shop.example", "GET /given/%20a HTTP/1.1", escaped, cut=True) == 11
    whole = "http://127.0.0.1:1000/broken/lll"
    request = f"GET /break/{long} HTTP/1.1"
    assert site.place("shop.example", request, whole, host="shop.example", cut=True) != 5


def test_no_redirect_leads_to_a_pass_that_asks_for_another_uri(tmp_path: Path) -> None:
    site = Site(tmp_path, http(MADE))
    upstream = "http://127.0.0.1:1000/kept/file"
    assert site.place("shop.example", "GET /sends/a HTTP/1.1", upstream) == [8, 22]
    upstream = "http://127.0.0.1:1000/u?id=7"
    assert site.place("shop.example", "GET /user/7 HTTP/1.1", upstream) == 14


def test_the_address_in_the_message_counts_where_the_upstream_is_cut(site: Site) -> None:
    message = "connect() to 127.0.0.1:2000 failed (101: Network is unreachable) while connecting"
    line = f"GET /new/?{'x' * 1900}"
    assert site.place(SHOP, line, message=message, cut=True) == 20
    assert site.place(SHOP, line, cut=True) == [17, 20, 39]


def test_a_name_that_is_not_resolved_tells_the_hop(tmp_path: Path) -> None:
    body = """
resolver 127.0.0.53; server { server_name a;
set $one one.example; set $two two.example;
location / {
error_page 502 = @two;
proxy_pass http://$one:80;
}
location @two {
proxy_pass http://$two:80;
}
}
"""
    site = Site(tmp_path, http(body))
    said = "{} could not be resolved (3: Host not found)"
    found = [
        site.place("a", "GET /x HTTP/1.1", message=said.format(name), host="a")
        for name in ("one.example", "two.example")
    ]
    assert found == [6, 9]


def test_no_live_upstreams_names_the_block(tmp_path: Path) -> None:
    body = """
upstream App { server 127.0.0.1:1; server 127.0.0.1:2; }
server { server_name a;
location / {
error_page 502 = @b;
proxy_pass http://App;
}
location @b {
proxy_pass http://127.0.0.1:3;
}
}
"""
    site = Site(tmp_path, http(body))
    message = "no live upstreams while connecting to upstream"
    assert site.place("a", "GET /x HTTP/1.1", "http://App/x", message=message) == 6


def test_stream_goes_by_the_listening_port(tmp_path: Path) -> None:
    text = stream(
        """
server { listen 443;
proxy_pass 127.0.0.1:1;
}
server { listen 127.0.0.1:444;
proxy_pass 127.0.0.1:1;
}
server { listen [::]:445;
proxy_pass 127.0.0.1:1;
}
"""
    )
    site = Site(tmp_path, text)
    names = ("0.0.0.0:443", "127.0.0.1:444", "[::]:445", "0.0.0.0:446")
    assert [site.place(name, None, "127.0.0.1:1") for name in names] == [3, 6, 9, []]
    assert site.place("0.0.0.0:443", None, "127.0.0.1:2") == []


def test_one_hop_in_two_roots_is_one(tmp_path: Path) -> None:
    snippet = "server { server_name a;\nlocation / {\nproxy_pass http://127.0.0.1:1;\n}\n}\n"
    write(tmp_path, {"site.conf": snippet})
    for root in ("one.conf", "two.conf"):
        write(tmp_path, {root: http(f"include {tmp_path}/site.conf;")})
    options = Options(
        working_directory=tmp_path,
        roots=(str(tmp_path / "one.conf"), str(tmp_path / "two.conf")),
        version=Version.parse(OLD),
        version_origin="option",
    )
    result = examine(options)
    statement = Statement("error", CLOSED, "a", "GET /x HTTP/1.1", None, "http://127.0.0.1:1/x")
    assert Routes(result).place(statement) == Place(result.report.hops[0].id, direct=True)


def test_why_says_what_is_missing(site: Site) -> None:
    place = site.routes.place(
        Statement("error", CLOSED, "nobody", "GET /x HTTP/1.1", None, f"{A}/x", "nobody")
    )
    assert place == Place(None, "no server of the configuration is called 'nobody' in the log")


def test_whatever_a_record_says_does_no_harm(site: Site) -> None:
    random = Random(1)
    alphabet = [
        "/",
        "%",
        "%2",
        "..",
        "?",
        "#",
        " ",
        ":",
        "unix:",
        "http://",
        "[",
        "]",
        "a",
        "\udcff",
    ]
    alphabet += ["\0", "HTTP/1.1", "GET ", "127.0.0.1:1000", SHOP, "@", '"', "$1", "99999999"]
    for _ in range(500):
        said = ["".join(random.choices(alphabet, k=random.randrange(9))) for _ in range(5)]
        server = random.choice((SHOP, said[0], None))
        statement = Statement("error", CLOSED, server, *said[1:], cut=random.random() < 0.5)
        assert isinstance(site.routes.place(statement), Place)


def test_a_service_may_be_at_any_address(tmp_path: Path) -> None:
    text = """
upstream up { zone z 64k; server api.example resolve service=http; }
server { listen 80; server_name a.example;
location /one { proxy_pass http://up; }
location /two { proxy_pass http://127.0.0.1:1000; }
}
"""
    site = Site(tmp_path, http(text))
    assert site.place("a.example", "GET /one HTTP/1.1", "http://10.0.0.3:8080/one") == 4
    assert site.place("a.example", "GET /two HTTP/1.1", "http://10.0.0.3:8080/two") == []
