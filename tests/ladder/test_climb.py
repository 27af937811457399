"""The ladder of a request: where it comes in, where it goes, and what counts there."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.ladder.climb import ladder
from lint502.ladder.model import Ladder, Outcome, Route
from lint502.ladder.wanted import Wanted, WantedError
from lint502.nginx.version import Version
from lint502.options import Options
from tests.support.sites import OLD, examine, http, write

SPEC = "[upstream.api]\nport = 3000\n"


def climbed(
    folder: Path,
    body: str,
    url: str = "http://a.example/",
    *headers: str,
    spec: str = SPEC,
    method: str = "GET",
    version: str = OLD,
    files: dict[str, str] | None = None,
) -> Ladder:
    write(folder, {"nginx.conf": http(body), "upstreams.toml": spec, **(files or {})})
    options = Options(
        working_directory=folder,
        roots=(str(folder / "nginx.conf"),),
        version=Version.parse(version),
        version_origin="option",
    )
    result = examine(options)
    assert result.report.problems == ()
    return ladder(result, Wanted.read(url, method, headers))


def route(found: Ladder) -> Route:
    assert found.undecided == ()
    (one,) = found.routes
    return one


def outcome(found: Ladder, case: str) -> Outcome | None:
    return next((one for one in route(found).outcomes if one.case == case), None)


def titles(found: Ladder) -> list[str]:
    return [rung.title for rung in route(found).rungs]


def figure(found: Ladder, name: str, number: int = 0) -> tuple[str, str, str, int | None, str]:
    all_of_it = [one for rung in route(found).rungs for one in rung.figures if one.name == name]
    one = all_of_it[number]
    place = "" if one.place is None else f"{one.place.file}:{one.place.line}"
    return one.value, one.origin, place, one.amount, one.level


INHERITED = """
    proxy_read_timeout 40s;
    include conf.d/*.conf;
"""
SHOP = """server {
    server_name a.example;
    proxy_connect_timeout 5s;
    location / {
        proxy_send_timeout 2s;
        proxy_pass http://127.0.0.1:3000;
    }
}
"""


def test_where_each_figure_is_set(tmp_path: Path) -> None:
    spec = f'{SPEC}server = "unicorn"\ntimeouts.response = "20s"\n'
    found = climbed(tmp_path, INHERITED, spec=spec, files={"conf.d/shop.conf": SHOP})
    assert figure(found, "proxy_read_timeout") == (
        *("40s", "inherited", "nginx.conf:2", 40_000, "http"),
    )
    assert figure(found, "proxy_connect_timeout") == (
        *("5s", "inherited", "conf.d/shop.conf:3", 5000, "server"),
    )
    assert figure(found, "proxy_send_timeout") == (
        *("2s", "written", "conf.d/shop.conf:5", 2000, ""),
    )
    assert figure(found, "proxy_buffer_size") == ("4k", "default", "", 4096, "")
    assert figure(found, "timeouts.request") == (
        *("60s", "default", "upstreams.toml:3", 60_000, "the default of unicorn"),
    )
    assert figure(found, "timeouts.response") == (
        *("20s", "declared", "upstreams.toml:4", 20_000, ""),
    )
    assert titles(found) == [
        "server a.example at *:80",
        "location /",
        "proxy_pass http://127.0.0.1:3000",
        "127.0.0.1:3000 = api",
    ]
    names = [one.name for one in route(found).rungs[2].figures]
    assert names[:4] == [
        *("proxy_connect_timeout", "proxy_request_buffering", "proxy_send_timeout"),
        "proxy_read_timeout",
    ]


def test_what_an_include_may_set_is_not_known(tmp_path: Path) -> None:
    body = """
        server { location / { include gone.conf; proxy_pass http://127.0.0.1:3000; } }"""
    write(tmp_path, {"nginx.conf": http(body), "upstreams.toml": SPEC})
    options = Options(
        working_directory=tmp_path,
        roots=(str(tmp_path / "nginx.conf"),),
        version=Version.parse(OLD),
        version_origin="option",
        allow_missing=("gone.conf",),
    )
    found = ladder(examine(options), Wanted.read("http://a/", "GET", []))
    (one,) = found.routes
    assert [at.origin for rung in one.rungs for at in rung.figures if at.name.startswith("proxy_")]
    assert {at.origin for at in one.rungs[2].figures} == {"unknown"}
    assert not any(at.case == "slow-answer" for at in one.outcomes)


TWO = """
    server { listen 80 default_server; server_name b.example; return 404; }
    server { listen 8080; listen 443 ssl; server_name a.example *.a.example;
        location / { proxy_pass http://127.0.0.1:3000; } }
"""


@pytest.mark.parametrize(
    ("url", "server", "notes"),
    [
        ("http://a.example:8080/", "a.example", 0),
        ("https://A.example/", "a.example", 0),
        ("https://x.a.example./", "a.example", 0),
        ("http://a.example:9000/", "a.example", 1),
        ("http://a.example/", "b.example", 1),
        ("http://c.example/", "b.example", 1),
        ("http://127.0.0.1/", "b.example", 1),
        ("http://[::1]:8080/", "a.example", 1),
    ],
)
def test_the_server(tmp_path: Path, url: str, server: str, notes: int) -> None:
    found = climbed(tmp_path, TWO, url)
    assert (route(found).server, len(found.notes)) == (server, notes)


def test_a_host_that_no_server_has_gets_to_the_default_server(tmp_path: Path) -> None:
    found = climbed(tmp_path, TWO, "http://c.example/")
    assert found.notes == (
        "no server is called c.example: the default server takes it, server b.example "
        "(nginx.conf:2)",
    )
    assert (route(found).answer, route(found).status, route(found).hop) == (
        *("nginx answers with 404 by itself: return 404", 404, None),
    )


def test_plain_http_where_tls_is_spoken(tmp_path: Path) -> None:
    found = climbed(tmp_path, TWO, "http://a.example:443/")
    assert route(found).status == 400


WAYS = """
    server {
        rewrite ^/old/(.*)$ /new/$1 last;
        location /new/ { proxy_pass http://127.0.0.1:3000; }
        location / { try_files $uri @app; }
        location @app { proxy_pass http://127.0.0.1:3000; }
        location /php/ { index index.php; }
        location ~ [.]php$ { fastcgi_pass 127.0.0.1:3000; }
        location /lost/ { error_page 404 = @app; }
        location /internal/ { internal; proxy_pass http://127.0.0.1:3000; }
        location /slash/ { proxy_pass http://127.0.0.1:3000; }
        location /static/ { try_files $uri =403; }
        location /scripts/ { try_files $uri =404; fastcgi_pass 127.0.0.1:3000; }
        location /beta/ {
            if ($http_x_beta = on) { return 403; }
            proxy_pass http://127.0.0.1:3000;
        }
    }
"""


@pytest.mark.parametrize(
    ("path", "steps", "status"),
    [
        ("/old/x", ["rewritten to /new/x", "location /new/"], None),
        ("/new/%78", ["location /new/"], None),
        ("/x", ["location /", "try_files: no such file is there, so /x", "location @app"], None),
        (
            "/php/",
            [
                "location /php/",
                "index: if there is such a file, /php/index.php",
                "location ~ [.]php$",
            ],
            None,
        ),
        (
            "/lost/x",
            [
                "location /lost/",
                "error_page: only where nginx would answer with an error, /lost/x",
                "location @app",
            ],
            None,
        ),
        ("/internal/x", [], 404),
        ("/slash", [], 301),
        ("/%zz", [], 400),
        ("/scripts/a", ["location /scripts/"], None),
        ("/static/a", [], None),
        ("/beta/", ["location /beta/"], None),
    ],
)
def test_the_way(tmp_path: Path, path: str, steps: list[str], status: int | None) -> None:
    found = route(climbed(tmp_path, WAYS, f"http://a{path}"))
    between = [rung.title for rung in found.rungs if rung.kind in ("step", "location")]
    assert (between if found.hop else [], found.status) == (steps, status)


def test_a_file_or_none(tmp_path: Path) -> None:
    found = climbed(tmp_path, WAYS, "http://a/static/x")
    assert route(found).answer == "nginx answers with a file, or with 403 where there is none"


def test_headers_decide(tmp_path: Path) -> None:
    found = climbed(tmp_path, WAYS, "http://a/beta/", "X-Beta: on")
    assert route(found).status == 403


@pytest.mark.parametrize(
    "body",
    [
        "server { location / { if ($geoip_country) { return 403; } proxy_pass http://api:3000; } }",
        "server { location / { access_by_lua_file x; proxy_pass http://api:3000; } }",
        "server { location / { proxy_pass http://$arg_host; } }",
        "server { server_name ~^(?i:a)$; return 1; } server { return 404; }",
        "server { listen 81; return 404; } server { listen 82; return 404; }",
    ],
)
def test_what_cannot_be_told_is_said(tmp_path: Path, body: str) -> None:
    found = climbed(tmp_path, body)
    assert found.undecided
    assert found.routes


SLOW = """
    upstream api { server 127.0.0.1:3000 PARAMETERS; server 127.0.0.1:3001; }
    server { SETTINGS location / { proxy_read_timeout 10s; proxy_pass http://api; } }
"""


@pytest.mark.parametrize(
    ("parameters", "settings", "spec", "method", "expected"),
    [
        ("", "", "", "GET", ("nginx", 504, 20_000, True)),
        ("", "", "", "POST", ("nginx", 504, 10_000, True)),
        ("", "proxy_next_upstream error;", "", "GET", ("nginx", 504, 10_000, True)),
        ("", "proxy_next_upstream_tries 1;", "", "GET", ("nginx", 504, 10_000, True)),
        ("", "proxy_next_upstream_timeout 9s;", "", "GET", ("nginx", 504, 10_000, True)),
        ("", "proxy_next_upstream_timeout 11s;", "", "GET", ("nginx", 504, 20_000, True)),
        ("down", "", "", "GET", ("nginx", 504, 10_000, True)),
        ("backup", "", "", "GET", ("nginx", 504, 20_000, True)),
        ("", "", 'timeouts.request = "4s"', "GET", ("api", 502, 8000, True)),
        ("", "", 'timeouts.request = "4s"', "POST", ("api", 502, 4000, True)),
        ("", "", 'timeouts.request = "10s"', "GET", ("nginx", 504, 20_000, False)),
        ("", "", 'server = "haproxy"\ntimeouts.request = "4s"', "GET", ("api", 504, 4000, True)),
        ("", "", 'server = "varnish"\ntimeouts.request = "4s"', "GET", ("api", 503, 4000, True)),
        (
            "",
            "error_page 504 =200 /a; location = /a { return 200; }",
            "",
            "GET",
            ("nginx", 200, 20_000, True),
        ),
        ("", "", '[front.f]\nread_timeout = "5s"', "GET", ("f", None, 5000, True)),
        ("", "", '[front.f]\nkind = "haproxy"\nread_timeout = "5s"', "GET", ("f", 504, 5000, True)),
        ("", "", '[front.f]\nkind = "cloudflare"', "GET", ("nginx", 504, 20_000, True)),
        ("", "", '[front.f]\nkind = "aws-alb"\nidle_timeout = "9s"', "GET", ("f", 504, 9000, True)),
        ("", "", '[front.f]\nread_timeout = "20s"', "GET", ("nginx", None, 20_000, True)),
        (
            *("", "", '[front.f]\nservers = ["b.example"]\nread_timeout = "5s"', "GET"),
            ("nginx", 504, 20_000, True),
        ),
    ],
)
def test_who_gives_up_first(
    tmp_path: Path,
    parameters: str,
    settings: str,
    spec: str,
    method: str,
    expected: tuple[str, int | None, int, bool],
) -> None:
    body = SLOW.replace("PARAMETERS", parameters).replace("SETTINGS", settings)
    ports = "[[upstream.api]]\nport = 3000\n{0}\n[[upstream.api]]\nport = 3001\n{0}\n{1}"
    own, front = ("", spec) if spec.startswith("[front") else (spec, "")
    found = climbed(tmp_path, body, spec=ports.format(own, front), method=method)
    first = outcome(found, "slow-answer")
    assert first is not None
    assert (first.by, first.status, first.after, first.always) == expected


def test_servers_that_end_it_differently(tmp_path: Path) -> None:
    body = SLOW.replace("PARAMETERS", "").replace("SETTINGS", "")
    spec = '[[upstream.api]]\nport = 3000\ntimeouts.request = "4s"\n[[upstream.api]]\nport = 3001\n'
    first = outcome(climbed(tmp_path, body, spec=spec), "slow-answer")
    assert first is not None
    assert (first.status, first.instead) == (None, "502 or 504, by the server that is last")


@pytest.mark.parametrize(
    ("method", "settings", "said"),
    [("GET", "", True), ("POST", "", False), ("GET", "proxy_next_upstream off;", False)],
)
def test_a_name_may_have_several_addresses(
    tmp_path: Path, method: str, settings: str, said: bool
) -> None:
    body = f"server {{ {settings} location / {{ proxy_pass http://api:3000; }} }}"
    first = outcome(climbed(tmp_path, body, method=method), "slow-answer")
    assert first is not None
    assert first.why.endswith("; so long for each address that api has") is said


@pytest.mark.parametrize(
    ("settings", "limits", "expected"),
    [
        ("", "", ("nginx", 413, 1 << 20)),
        ("client_max_body_size 0;", "", None),
        ("client_max_body_size 2m;", '"1m"\noverflow = "answer"', ("api", 413, 1 << 20)),
        ("client_max_body_size 2m;", '"1m"\noverflow = "close"', ("api", 502, 1 << 20)),
        ("client_max_body_size 2m;", '"1m"', ("api", None, 1 << 20)),
        ("client_max_body_size 1m;", '"1m"\noverflow = "close"', ("nginx", 413, 1 << 20)),
        ("client_max_body_size 0;", '"1m"\noverflow = "close"', ("api", 502, 1 << 20)),
        ("error_page 413 =400 /large;", "", ("nginx", 400, 1 << 20)),
    ],
)
def test_a_large_body(
    tmp_path: Path, settings: str, limits: str, expected: tuple[str, int | None, int] | None
) -> None:
    body = f"server {{ {settings} location / {{ proxy_pass http://127.0.0.1:3000; }} }}"
    spec = f"{SPEC}[upstream.api.limits]\nrequest_body = {limits}\n" if limits else SPEC
    found = outcome(climbed(tmp_path, body, spec=spec, method="POST"), "large-body")
    assert (found and (found.by, found.status, found.beyond)) == expected


def test_the_smallest_limit_on_the_way_counts(tmp_path: Path) -> None:
    body = """
        server {
            client_max_body_size 8m;
            location / { client_max_body_size 2m; rewrite ^ /in last; }
            location /in { client_max_body_size 9m; try_files /none @app; }
            location @app { client_max_body_size 1m; proxy_pass http://127.0.0.1:3000; }
        }"""
    found = outcome(climbed(tmp_path, body, method="PUT"), "large-body")
    assert found is not None and found.beyond == 2 << 20


POOL = """
    upstream api { server 127.0.0.1:3000; keepalive 4; }
    server { location / {
        proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://api; } }
"""
IDLE = f'{SPEC}keepalive.idle_timeout = "5s"\n'


@pytest.mark.parametrize(
    ("method", "spec", "expected"),
    [
        ("POST", IDLE, ("api", 502, 5000)),
        ("GET", IDLE, None),
        ("POST", IDLE.replace("5s", "90s"), None),
        ("GET", f'{SPEC}[front.f]\nkind = "envoy"\n', ("nginx", 503, 75_000)),
        ("GET", f'{SPEC}[front.f]\nidle_timeout = "60s"\n', None),
    ],
)
def test_a_reused_connection(
    tmp_path: Path, method: str, spec: str, expected: tuple[str, int, int] | None
) -> None:
    found = outcome(climbed(tmp_path, POOL, spec=spec, method=method), "reused-connection")
    assert (found and (found.by, found.status, found.after)) == expected


def test_what_check_finds_for_every_request_comes_first(tmp_path: Path) -> None:
    body = "server { location / { proxy_pass http://127.0.0.1:3000; } }"
    found = climbed(tmp_path, body, spec=f"{SPEC}tls = true\n")
    first = route(found).first
    assert first is not None
    assert (first.case, first.status, first.by) == ("finding", 502, "api")
    assert [one.rule for one in route(found).findings] == ["tls-mismatch"]


@pytest.mark.parametrize(
    ("url", "method", "headers", "argument"),
    [
        ("shop.example.com/", "GET", [], "URL"),
        ("ftp://a/", "GET", [], "URL"),
        ("http:///x", "GET", [], "URL"),
        ("http://a:0/", "GET", [], "URL"),
        ("http://a:99999/", "GET", [], "URL"),
        ("http://a b/", "GET", [], "URL"),
        ("http://a/\n", "GET", [], "URL"),
        ("http://" + 40_000 * "a", "GET", [], "URL"),
        ("http://a/", "G T", [], "--method"),
        ("http://a/", "GET", ["x"], "--header"),
        ("http://a/", "GET", ["x y: 1"], "--header"),
        ("http://a/", "GET", ["Host: b"], "--header"),
        ("http://a/", "GET", ["x: a\r\nb: c"], "--header"),
    ],
)
def test_no_request(url: str, method: str, headers: list[str], argument: str) -> None:
    with pytest.raises(WantedError) as caught:
        Wanted.read(url, method, headers)
    assert caught.value.argument == argument


@pytest.mark.parametrize(
    ("url", "host", "port", "target"),
    [
        ("http://a", "a", 80, "/"),
        ("https://u:p@A.Example:8443/x?y#z", "a.example", 8443, "/x?y"),
        ("http://a?b", "a", 80, "/?b"),
        ("http://[::1]:81/é", "[::1]", 81, "/%C3%A9"),
        ("http://bücher.example/", "xn--bcher-kva.example", 80, "/"),
    ],
)
def test_a_url(url: str, host: str, port: int, target: str) -> None:
    wanted = Wanted.read(url, "post", ["X-A:  b "])
    assert (wanted.host, wanted.port, wanted.target) == (host, port, target)
    assert (wanted.method, wanted.headers) == ("POST", (("X-A", "b"),))


MAPPED = """
    map $SOURCE $backend {
        a.example one;
        "~^/two/" 127.0.0.1:3001;
        default 127.0.0.1:3000;
    }
    upstream one { server 127.0.0.1:3002; server 127.0.0.1:3003; }
    server { location / { proxy_pass http://$backend; } }
"""


@pytest.mark.parametrize(
    ("source", "url", "header", "servers"),
    [
        ("host", "http://A.example/", "x: y", ["127.0.0.1:3002", "127.0.0.1:3003"]),
        ("host", "http://b.example/", "x: y", ["127.0.0.1:3000 = api"]),
        ("uri", "http://a.example/two/x", "x: y", ["127.0.0.1:3001"]),
        ("http_x", "http://b.example/", "x: a.example", ["127.0.0.1:3002", "127.0.0.1:3003"]),
        ("http_x", "http://b.example/", "y: a.example", ["127.0.0.1:3000 = api"]),
    ],
)
def test_a_map_chooses_the_servers(
    tmp_path: Path, source: str, url: str, header: str, servers: list[str]
) -> None:
    found = climbed(tmp_path, MAPPED.replace("SOURCE", source), url, header)
    rungs = route(found).rungs
    assert [rung.title for rung in rungs if rung.kind == "upstream"] == servers
    assert any(rung.kind == "pool" for rung in rungs) == (len(servers) == 2)


def test_a_map_of_what_is_not_known(tmp_path: Path) -> None:
    found = climbed(tmp_path, MAPPED.replace("SOURCE", "ssl_protocol"))
    assert found.undecided == (
        "proxy_pass http://$backend: which of its addresses it is depends on what the files do "
        "not tell",
    )
