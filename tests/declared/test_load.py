from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lint502.declared.listeners import (
    Directory,
    Fact,
    Front,
    Listener,
    Spec,
    Standing,
    Upstream,
)
from lint502.declared.load import load_specs
from lint502.findings import Problem
from lint502.places import Place
from lint502.quoting import MOST_HINTS

FULL = """\
complete = true
[upstream.api]
hosts         = ["127.0.0.1", "api", "api.internal"]
port          = 3000
bind          = ["127.0.0.1"]
protocol      = "http"
http_versions = ["1.0", "1.1"]
proxy_protocol  = false
dynamic_address = true
same_host       = false
tls.versions = ["TLSv1.3"]
tls.names = ["a", "b"]
tls.sni = "required"
tls.client_certificate = "optional"
tls.chain_depth = 0
[upstream.api.timeouts]
request = "30s"
response = 500
[upstream.api.keepalive]
idle_timeout = "5s"
max_requests = 1000
announces_close = true
[upstream.api.limits]
request_headers = "16k"
request_body = "10m"
response_headers = 1000
overflow = "close"
[[upstream.app]]
socket = { path = "/a", owner = "app", group = "www", mode = "0660", directory.mode = "0750" } #
[[upstream.app]]
socket = "/run/b.sock"
tls = false
keepalive = false
[front.edge]
kind = "aws-alb"
servers = ["shop.example.com"]
idle_timeout = "60s"
proxy_protocol = true
sni = "shop.example.com"
"""


ALB = (
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/"
    "edit-load-balancer-attributes.html"
)


ELAPSED = "https://repost.aws/knowledge-center/eks-http-504-errors (the idle timeout has elapsed)"
EXPIRED = (
    "https://aws.amazon.com/premiumsupport/knowledge-center/504-error-alb/ "
    "(before the connection timeout expired)"
)
LIMITS = (
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html"
)


def test_a_whole_file(tmp_path: Path) -> None:
    file = tmp_path / "upstreams.toml"
    file.write_text(FULL)
    lines = FULL.split("\n")

    def place(line: int, end: int | None = None) -> Place:
        text = lines[line - 1]
        return Place("spec", line, 1, (end or len(text)) + (0 if end else 1), text)

    def within(line: int, start: int, end: int) -> Place:
        return Place("spec", line, start, end, lines[line - 1])

    assert load_specs([file], lambda _: "spec") == (
        Spec(
            upstreams=(
                Upstream(
                    "api",
                    place(2),
                    (
                        Listener(
                            "api",
                            place(2),
                            ("127.0.0.1", "api", "api.internal"),
                            hosts_declared=True,
                            port=Fact(3000, place(4)),
                            bind=Fact(("127.0.0.1",), place(5)),
                            protocol=Fact("http", place(6)),
                            http_versions=Fact(("1.0", "1.1"), place(7)),
                            proxy_protocol=Fact(False, place(8)),
                            dynamic_address=Fact(True, place(9)),
                            same_host=Fact(False, place(10)),
                            tls=Fact(True, place(11, 13)),
                            tls_versions=Fact(("TLSv1.3",), place(11)),
                            tls_names=Fact(("a", "b"), place(12)),
                            tls_sni=Fact("required", place(13)),
                            tls_client_certificate=Fact("optional", place(14)),
                            tls_chain_depth=Fact(0, place(15)),
                            request_timeout=Fact(30_000, place(17)),
                            response_timeout=Fact(500_000, place(18)),
                            keepalive=Fact(True, place(19)),
                            idle_timeout=Fact(5_000, place(20)),
                            max_requests=Fact(1000, place(21)),
                            announces_close=Fact(True, place(22)),
                            request_headers=Fact(16_384, place(24)),
                            request_body=Fact(10_485_760, place(25)),
                            response_headers=Fact(1000, place(26)),
                            overflow=Fact("close", place(27)),
                        ),
                    ),
                ),
                Upstream(
                    "app",
                    place(28),
                    (
                        Listener(
                            "app",
                            place(28),
                            ("app",),
                            socket=Fact("/a", within(29, 1, 95)),
                            socket_owner=Fact("app", within(29, 25, 38)),
                            socket_group=Fact("www", within(29, 40, 53)),
                            socket_directory=Fact(Directory(mode=0o750), within(29, 70, 84)),
                            socket_mode=Fact(0o660, within(29, 55, 68)),
                        ),
                        Listener(
                            "app",
                            place(30),
                            ("app",),
                            socket=Fact("/run/b.sock", place(31)),
                            tls=Fact(False, place(32)),
                            keepalive=Fact(False, place(33)),
                        ),
                    ),
                ),
            ),
            fronts=(
                Front(
                    "edge",
                    place(34),
                    Fact("aws-alb", place(35)),
                    Fact(("shop.example.com",), place(36)),
                    Fact(60_000, place(37)),
                    Fact(True, place(38)),
                    Fact("shop.example.com", place(39)),
                    Fact(502, place(35), Standing.DEFAULT, "aws-alb", ALB),
                    Fact(32_768, place(35), Standing.DEFAULT, "aws-alb", LIMITS),
                    timeout_status=Fact(504, place(35), Standing.DEFAULT, "aws-alb", ELAPSED),
                    connect_timeout=Fact(10_000, place(35), Standing.DEFAULT, "aws-alb", EXPIRED),
                    connect_status=Fact(504, place(35), Standing.DEFAULT, "aws-alb", EXPIRED),
                ),
            ),
            complete=True,
            files=("spec",),
        ),
        [],
    )


def listener(tmp_path: Path, text: str) -> dict[str, object]:
    """The facts of the upstream "a" that are known: by field, with whose default each is."""
    file = tmp_path / "upstreams.toml"
    file.write_text("[upstream.a]\n" + text)
    spec, problems = load_specs([file])
    assert problems == []
    (one,) = spec.upstreams[0].listeners
    facts = {name: getattr(one, name) for name in one.__struct_fields__}
    return {
        name: fact.value if fact.profile is None else (fact.value, fact.profile)
        for name, fact in facts.items()
        if isinstance(fact, Fact)
    }


NEW = """\
[upstream.web]
port = 81
published = [8081, 9000]
allowed_clients = ["127.0.0.1", "::1"]
websocket = ["/live", "/ws/"]
virtual_hosts = ["shop.internal"]
unknown_host = "close"
[upstream.deep.socket]
path = "/srv/app/run/app.sock"
[[upstream.deep.socket.directories]]
path = "/srv/app"
owner = "app"
mode = "0750"
[[upstream.deep.socket.directories]]
path = "/srv/app/run/"
group = "www-data"
[front.edge]
response_headers = "32k"
"""


def test_who_comes_and_for_what(tmp_path: Path) -> None:
    file = tmp_path / "upstreams.toml"
    file.write_text(NEW)
    spec, problems = load_specs([file], lambda _: "spec")
    assert problems == []
    (web,), (deep,) = (upstream.listeners for upstream in spec.upstreams)
    facts = (web.published, web.allowed_clients, web.websocket, web.virtual_hosts, web.unknown_host)
    assert [(fact.value, fact.place.line) for fact in facts if fact is not None] == [
        ((8081, 9000), 3),
        (("127.0.0.1", "::1"), 4),
        (("/live", "/ws/"), 5),
        (("shop.internal",), 6),
        ("close", 7),
    ]
    assert deep.socket_directories is not None
    assert deep.socket_directories.value == (
        Directory("app", None, 0o750, "/srv/app"),
        Directory(None, "www-data", None, "/srv/app/run/"),
    )
    places = [one.place for one in deep.socket_directories.value]
    assert [place.line for place in places if place is not None] == [10, 14]
    (front,) = spec.fronts
    assert front.response_headers is not None
    assert front.response_headers.value == 32_768


def test_a_profile_fills_what_is_not_declared(tmp_path: Path) -> None:
    file = tmp_path / "upstreams.toml"
    file.write_text('[upstream.cache]\nserver = "memcached/1.6"  # v\n')
    header = Place("u", 1, 1, 17, "[upstream.cache]")
    server = Place("u", 2, 1, 25, 'server = "memcached/1.6"  # v')
    protocol = "memcached/memcached@1.6.45:doc/protocol.txt"
    tls = "memcached/memcached@1.6.45:memcached.c (ssl_enabled)"
    assert load_specs([file], lambda _: "u") == (
        Spec(
            (
                Upstream(
                    "cache",
                    header,
                    (
                        Listener(
                            "cache",
                            header,
                            ("cache",),
                            server=Fact("memcached/1.6", server),
                            protocol=Fact(
                                "memcached", server, Standing.DEFAULT, "memcached 1.6", protocol
                            ),
                            tls=Fact(False, server, Standing.DEFAULT, "memcached 1.6", tls),
                        ),
                    ),
                ),
            ),
            files=("u",),
        ),
        [],
    )


def test_what_is_declared_beats_the_profile(tmp_path: Path) -> None:
    assert listener(
        tmp_path,
        'server = "puma"\nhttp_versions = ["1.1"]\nkeepalive.idle_timeout = "95s"\n'
        'tls = true\nlimits.overflow = "close"\n',
    ) == {
        "server": "puma",
        "protocol": ("http", "puma"),
        "http_versions": ("1.1",),
        "tls": True,
        "keepalive": True,
        "idle_timeout": 95_000,
        "max_requests": (999, "puma since 7.0"),
        "announces_close": (True, "puma"),
        "request_headers": (114_688, "puma"),
        "headers_status": (400, "puma"),
        "overflow": "close",
    }


GUNICORN = {
    "server": "gunicorn",
    "protocol": ("http", "gunicorn"),
    "http_versions": (("1.0", "1.1"), "gunicorn"),
    "tls": (False, "gunicorn"),
    "overflow": ("answer", "gunicorn"),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {"keepalive": (False, "gunicorn"), "announces_close": (True, "gunicorn")}),
        ("keepalive = false", {"keepalive": False, "announces_close": (True, "gunicorn")}),
        ("keepalive = true", {"keepalive": True}),
        ('keepalive.idle_timeout = "2s"', {"keepalive": True, "idle_timeout": 2_000}),
        (
            '[upstream.a.keepalive]\nidle_timeout = "2s"',
            {"keepalive": True, "idle_timeout": 2_000},
        ),
        (
            "keepalive.announces_close = false",
            {"keepalive": True, "announces_close": False},
        ),
    ],
)
def test_a_declared_keepalive_beats_one_that_closes(
    tmp_path: Path, text: str, expected: dict[str, object]
) -> None:
    assert listener(tmp_path, f'server = "gunicorn"\n{text}\n') == {**GUNICORN, **expected}


def test_a_declared_close_drops_the_figures_of_the_pool(tmp_path: Path) -> None:
    assert listener(tmp_path, 'server = "apache/2.4.53"\nkeepalive = false\n') == {
        "server": "apache/2.4.53",
        "protocol": ("http", "apache 2.4.53"),
        "http_versions": (("1.0", "1.1"), "apache 2.4.53"),
        "tls": (False, "apache 2.4.53"),
        "keepalive": False,
        "overflow": ("answer", "apache 2.4.53"),
    }


def test_an_overflow_of_headers_says_nothing_of_a_declared_body(tmp_path: Path) -> None:
    tornado = {
        "server": "tornado",
        "protocol": ("http", "tornado"),
        "http_versions": (("1.0", "1.1"), "tornado"),
        "tls": (False, "tornado"),
        "keepalive": (True, "tornado"),
        "idle_timeout": (3_600_000, "tornado"),
        "request_headers": (65_536, "tornado"),
    }
    assert listener(tmp_path, 'server = "tornado"\n') == {
        **tornado,
        "overflow": ("close", "tornado"),
    }
    assert listener(tmp_path, 'server = "tornado"\nlimits.request_body = "1m"\n') == {
        **tornado,
        "request_body": 1_048_576,
    }


WRONG = """\
[upstream.api]
prot = 3000
port = "80"
socket = "unix:/run/x"
bind = ["127.0.0.1", "10.0.0", 5]
server = "gunicron"
idle_timeout = 5
http_versions = [1.1]
tls = "yes"
[upstream.b]
port = 70000
socket = "/x"
protocol = "htttp"
[upstream.b.keepalive]
idle_timeout = 5.0
max_requests = 0
[[upstream.c]]
port = 1
[[upstream.c]]
port = 2
socket = { owner = "x", mode = 660, paht = "/a" }
[[upstream.c]]
tls.versions = ["TLSv1.4"]
tls.sni = true
bind = []
[upstream.d]
port = 1
socket = "/a"
[upstream.ok]
port = 5
[web]
port = 3
[upstreams.x]
[upstream."a\\u0007"]
limits.zzzzz = 2
[front.edge]
kind = "aws-elb"
servers = [1]
sni = 2
[upstream.""]
[bogus]
"""


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    file = tmp_path / "upstreams.toml"
    file.write_text("complete = 1\n" + WRONG)
    spec, problems = load_specs([file], lambda _: "u")
    place = Place("u", 31, 1, 9, "port = 5")
    header = Place("u", 30, 1, 14, "[upstream.ok]")
    names = {one.name: [listener.unsure for listener in one.listeners] for one in spec.upstreams}
    assert names == {
        "api": [
            frozenset(
                ("port", "socket", "bind", "server", "keepalive.idle_timeout", "http_versions",
                 "tls")
            )
        ],
        "b": [
            frozenset(
                ("port", "socket", "protocol", "keepalive.idle_timeout", "keepalive.max_requests")
            )
        ],
        "c": [
            frozenset(),
            frozenset(("socket.mode", "socket.path", "socket")),
            frozenset(("tls.versions", "tls.sni", "bind")),
        ],
        "d": [frozenset(("port", "socket"))],
        "ok": [frozenset()],
    }  # fmt: skip
    assert spec.upstreams[-1] == Upstream(
        "ok", header, (Listener("ok", header, ("ok",), port=Fact(5, place)),)
    )
    assert spec.lost == "u:32 is wrong"
    assert (spec.fronts, spec.complete) == ((), False)
    assert {problem.file for problem in problems} == {"u"}
    assert (
        "".join(f"{problem.line} {problem.message}\n" for problem in problems)
        == """\
1 "complete" must be true or false, not 1; write true
3 unknown key "prot" in [upstream.api]; did you mean "port"?
4 "port" in [upstream.api] must be a whole number, not the string "80"; write 80
5 "socket" in [upstream.api] must be the path alone: write "/run/x", without "unix:"
6 "bind" in [upstream.api] contains "10.0.0", which is not an IP address
6 "bind" in [upstream.api] must contain only strings, not 5; write "5"
7 "server" in [upstream.api] names no known server: "gunicron"; did you mean "gunicorn"?
8 unknown key "idle_timeout" in [upstream.api]; it belongs into [upstream.api.keepalive]
9 "http_versions" in [upstream.api] must contain only "1.0", "1.1" or "2", not 1.1; write "1.1"
10 "tls" in [upstream.api] must be true, false or a table, not "yes"; write true
12 "port" in [upstream.b] must be at most 65535, not 70000
13 "socket" in [upstream.b] contradicts "port": a listener has a port or a socket, never both
14 "protocol" in [upstream.b] must be "http", "grpc", "fastcgi", "uwsgi", "scgi", "memcached", \
"tcp" or "udp", not "htttp"; did you mean "http"?
16 "idle_timeout" in [upstream.b.keepalive] must be a time such as "30s" or "1m30s", not 5.0; \
write "5s"
17 "max_requests" in [upstream.b.keepalive] must be at least 1, not 0
22 [upstream.c.socket] needs the key "path"
22 "mode" in [upstream.c.socket] must be the octal mode as a string, such as "0660", not 660; \
write "0660"
22 unknown key "paht" in [upstream.c.socket]; did you mean "path"?
24 "versions" in [upstream.c.tls] must contain only "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2" or \
"TLSv1.3", not "TLSv1.4"; did you mean "TLSv1.1", "TLSv1.2" or "TLSv1.3"?
25 "sni" in [upstream.c.tls] must be "required" or "optional", not true; write "required" \
where it refuses a handshake without the name, else "optional"
26 "bind" in [[upstream.c]] must not be empty
29 "socket" in [upstream.d] contradicts "port": a listener has a port or a socket, never both
32 unknown table [web]; did you mean [upstream.web]?
34 unknown table [upstreams]; did you mean [upstream.x]?
35 "a\\x07" cannot be a name: nginx knows no such host
36 unknown key "zzzzz" in [upstream."a\\x07".limits]; known are "request_headers", \
"request_body", "response_headers" or "overflow"
38 "kind" in [front.edge] must be "aws-alb", "aws-nlb", "cloudfront", "google-lb", \
"azure-application-gateway", "azure-front-door", "azure-load-balancer", "azure-api-management", \
"cloudflare", "fastly", "akamai", "haproxy", "varnish", "envoy", "istio", "contour", \
"envoy-gateway", "kong", "traefik", "caddy" or "nginx", not "aws-elb"; an Application Load \
Balancer is "aws-alb"; of a Classic one lint502 has no figures: leave kind out and write its \
idle_timeout
39 "servers" in [front.edge] must contain only strings, not 1; write "1"
40 "sni" in [front.edge] must be a string, not 2; write "2"
41 an upstream or a front needs a name, not an empty one
42 unknown table [bogus]; known are "complete", "upstream" or "front"
"""
    )


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("upstream = 5", 1, '"upstream" must be a table, not 5; each has a name: [upstream.NAME]'),
        ("[[upstream]]\nport = 1", 1, '"upstream" must be a table, not a list; each has a name: '
         "[upstream.NAME]"),
        ("upstream.a = 5", 1, "[upstream.a] must be a table or several tables, not 5"),
        ("upstream.a = []", 1, "[upstream.a] must not be empty"),
        ("upstream.a = [5]", 1, "[[upstream.a]] must be a table, not 5"),
        ("front.a = 1", 1, "[front.a] must be a table, not 1"),
        ("port = 1", 1, 'unknown key "port" outside of all tables; it belongs into '
         "the table of its upstream: [upstream.NAME]"),
        ("[upstream.a]\nhosts = 'b'", 2,
         '"hosts" in [upstream.a] must be a list, not the string "b"; write ["b"]'),
        ("[upstream.a]\npublished = [70000]", 2,
         '"published" in [upstream.a] must be at most 65535, not 70000'),
        ("[upstream.a.socket]\npath = '/a/b'\ndirectory.onwer = 'x'", 3,
         'unknown key "onwer" in [upstream.a.socket.directory]; did you mean "owner"?'),
        ("[upstream.a]\nport = 1979-05-27", 2,
         '"port" in [upstream.a] must be a whole number, not a date or time'),
        ("[upstream.a]\nport = 0x" + "f" * 5000, 2,
         '"port" in [upstream.a] must be at most 65535, not such a large number'),
        ("[upstream.a.tls]\nport = 1", 2, 'unknown key "port" in [upstream.a.tls]; '
         "it belongs into [upstream.a]"),
        ("[[upstream.a]]\ntls = {}\n[[upstream.a]]\npath = '/'", 4,
         'unknown key "path" in [[upstream.a]]; it belongs into [upstream.a.socket]'),
        ("[upstream.a.keepalive]\n'a table' = 1", 2,
         'unknown key "a table" in [upstream.a.keepalive]; known are "idle_timeout", '
         '"max_requests" or "announces_close"'),
        ("[upstream.a]\n'x" + "y" * 200 + "' = 1", 2,
         'unknown key "x' + "y" * 29 + "…" + "y" * 15 + '" in [upstream.a]; known are "hosts", '
         '"port", "published", "bind", "allowed_clients", "dynamic_address", "resolvers", '
         '"socket", "server", "protocol", "http_versions", '
         '"proxy_protocol", "same_host", "websocket", "virtual_hosts", "unknown_host", "tls", '
         '"timeouts", "keepalive" or "limits"'),
        ("a = [", 1, "is not valid TOML at the end of the file: this is no value; "
         "a string needs quotes"),
        ("\nport 5\n", 2, 'is not valid TOML in column 6: a "=" is missing after the key; '
         "write port = 5"),
        ("x = yes\n", 1, "is not valid TOML in column 5: this is no value; a string needs quotes; "
         "write x = true"),
        ("x = 1 2\n", 1, "is not valid TOML in column 7: something follows the value; "
         'write x = "1 2"'),
        ("x = 'a\n", 1, "is not valid TOML at the end of the file: a string is not closed"),
        ("x = '\u202ea\x01'", 1, "is not valid TOML in column 8: found invalid character '\\x01'"),
        ("\n\n{}", 3, "is not valid TOML in column 1: this is neither a [table] nor a key "
         "with a value"),
        ("[a\n", 1, 'is not valid TOML in column 3: a "]" is missing after the table name'),
        ("[upstream.a]\nport = 1\n\n[ upstream . a ]\n", 4,
         "[upstream.a] is declared twice, first in line 1; several listeners are each declared "
         "by [[upstream.a]]"),
        ("[upstream.a]\n[[upstream.a]]\n", 2,
         "[[upstream.a]] is declared twice, first in line 1; several listeners are each "
         "declared by [[upstream.a]]"),
        ("[upstream.a.tls]\n[upstream.a.tls]", 2,
         "[upstream.a.tls] is declared twice, first in line 1"),
        ("[upstream.a]\ntls = true\n[upstream.a.tls]\n", 3,
         "[upstream.a.tls] is declared twice, first in line 2"),
        ("[upstream.a]\nport = 1\n[upstream.b]\nport = 1\nport = 2\n", 5,
         '"port" is declared twice, first in line 4'),
        ("port = 1\nport = 2", 2, '"port" is declared twice, first in line 1'),
        ("hosts = 1\nhosts = [\n'a',\n]\n", 4, "this key or table is declared twice"),
        ("x = 1\nx = '''\ny = 1'''\n", 3, "this key or table is declared twice"),
        ("x = {a = 1, a = 2}\n", 1, "this key or table is declared twice"),
        (
            "x = " + "[" * 5000,
            None,
            "this file cannot be read: its tables or arrays nest too deeply",
        ),
        ("x = " + "9" * 5000, None, "this file cannot be read: a number in it is too large"),
    ],
)  # fmt: skip
def test_one_mistake(tmp_path: Path, text: str, line: int | None, message: str) -> None:
    file = tmp_path / "upstreams.toml"
    file.write_text(text, newline="")
    spec, problems = load_specs([file], lambda _: "u")
    assert problems == [Problem("u", line, message)]
    assert (spec.fronts, spec.complete) == ((), False)
    facts = [
        fact
        for upstream in spec.upstreams
        for listener in upstream.listeners
        for name in listener.__struct_fields__
        if isinstance(fact := getattr(listener, name), Fact)
    ]
    assert all(fact.standing is Standing.DECLARED for fact in facts)
    assert spec.lost is not None or all(
        any(listener.unsure for listener in upstream.listeners) for upstream in spec.upstreams
    )


def test_several_files_are_merged(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("[upstream.a]\n[front.f]\n")
    (tmp_path / "b").write_text("complete = true\n[upstream.b]\n")
    spec, problems = load_specs([tmp_path / "a", tmp_path / "b"], lambda path: path.name)
    a, b = Place("a", 1, 1, 13, "[upstream.a]"), Place("b", 2, 1, 13, "[upstream.b]")
    assert problems == []
    assert spec == Spec(
        (
            Upstream("a", a, (Listener("a", a, ("a",)),)),
            Upstream("b", b, (Listener("b", b, ("b",)),)),
        ),
        (Front("f", Place("a", 2, 1, 10, "[front.f]")),),
        complete=True,
        files=("a", "b"),
    )


def test_a_file_that_is_named_twice_counts_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("[[upstream.a]]\nport = 1\n")
    (tmp_path / "link").symlink_to("a")
    paths = [tmp_path / name for name in ("a", "link", "a")]
    spec, problems = load_specs(paths, lambda path: path.name)
    assert problems == []
    assert [len(upstream.listeners) for upstream in spec.upstreams] == [1]
    assert spec.files == ("a",)


def test_a_spec_with_a_mistake_is_not_complete(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("complete = true\n[upstream.a]\npor = 1\n[upstream.b]\n")
    spec, problems = load_specs([tmp_path / "a"])
    assert len(problems) == 1
    assert [upstream.name for upstream in spec.upstreams] == ["a", "b"]
    assert not spec.complete


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "large").write_bytes(b"#" * (4 * 1024 * 1024 + 1))
    (tmp_path / "latin").write_bytes("# a\n# ä".encode("latin-1"))
    (tmp_path / "nul").write_bytes(b"\n\na = '\0'\n")
    (tmp_path / "good").write_text("[upstream.a]\n")
    names = ["folder", "fifo", "loop", "zero", "large", "latin", "nul", "none", "n\0", "good"]
    spec, problems = load_specs([tmp_path / name for name in names], lambda path: path.name)
    a = Place("good", 1, 1, 13, "[upstream.a]")
    assert spec == Spec(
        (Upstream("a", a, (Listener("a", a, ("a",)),)),),
        files=tuple(names),
        lost="folder cannot be read",
    )
    assert [(problem.file, problem.line, problem.message) for problem in problems] == [
        ("folder", None, "this file is a directory, not a file"),
        ("fifo", None, "this file is not a regular file (a device, a pipe or a socket)"),
        ("loop", None, "this file is a symbolic link that leads back to itself"),
        ("zero", None, "this file is not a regular file (a device, a pipe or a socket)"),
        ("large", 1, "this file has 4194305 bytes; lint502 reads at most 4 MB of one file"),
        ("latin", 2, "this file has a byte here that is not UTF-8 (0xe4); save the file as UTF-8"),
        ("nul", 3, "this file has a NUL byte here: this is no text file"),
        ("none", None, "there is no such file"),
        ("n\0", None, "this file has a NUL byte in its name"),
    ]


def test_a_file_without_permission(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("")
    file.chmod(0)
    user = os.geteuid()
    if user == 0:  # root may read everything
        os.seteuid(65534)
    try:
        problems = load_specs([file], lambda _: "u")[1]
    finally:
        os.seteuid(user)
    assert problems == [Problem("u", None, "this file cannot be read: Permission denied")]


def test_a_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    file = tmp_path / "upstreams.toml"
    file.write_bytes(b"\xef\xbb\xbf[upstream.a]\r\nport = 1\r\n")
    header = Place("u", 1, 1, 13, "[upstream.a]")
    port = Fact(1, Place("u", 2, 1, 9, "port = 1"))
    assert load_specs([file], lambda _: "u") == (
        Spec((Upstream("a", header, (Listener("a", header, ("a",), port=port),)),), files=("u",)),
        [],
    )


def test_no_files() -> None:
    assert load_specs([]) == (Spec(), [])


def test_an_absurd_number_of_mistakes_has_few_hints(tmp_path: Path) -> None:
    file = tmp_path / "upstreams.toml"
    file.write_text("upstream.a = [" + "{prot=1}," * 30_000 + "]\n")
    message = 'unknown key "prot" in [[upstream.a]]'
    spec, problems = load_specs([file], lambda _: "u")
    assert len(spec.upstreams[0].listeners) == 30_000
    assert (spec.upstreams[0].listeners[-1].unsure, problems) == (
        frozenset("*"),
        [
            *[Problem("u", 1, f'{message}; did you mean "port"?')] * MOST_HINTS,
            *[Problem("u", 1, message)] * (30_000 - MOST_HINTS),
        ],
    )


def test_an_absurd_number_of_bad_upstreams(tmp_path: Path) -> None:
    file = tmp_path / "upstreams.toml"
    names = [f"u{number}" for number in range(20_000)]
    file.write_text(
        "".join(f"[upstream.{name}]\nserver = 'nod'\n" for name in names) + "[upstream.ok]\n"
    )
    header = Place("u", 40_001, 1, 14, "[upstream.ok]")
    hints = ['; did you mean "node"?'] * MOST_HINTS + [""] * (20_000 - MOST_HINTS)
    spec, problems = load_specs([file], lambda _: "u")
    assert spec.upstreams[0].listeners[0].unsure == {"server"}
    assert (spec.upstreams[-1], problems) == (
        Upstream("ok", header, (Listener("ok", header, ("ok",)),)),
        [
            Problem(
                "u",
                2 * number + 2,
                f'"server" in [upstream.{name}] names no known server: "nod"{hint}',
            )
            for number, (name, hint) in enumerate(zip(names, hints, strict=True))
        ],
    )


def test_pydantic_is_imported_only_when_there_is_something_to_check() -> None:
    code = (
        "import sys, lint502.declared.load as m; m.load_specs([]); print('pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_what_is_stated_alike_has_defaults_of_its_own(tmp_path: Path) -> None:
    """Which defaults fill a listener goes by all that is stated of it, their place by its server
    alone."""
    path = tmp_path / "upstreams.toml"
    path.write_text(
        """\
[upstream.one]
port = 1
server = "node"
[upstream.two]
port = 2
server = "node"
[upstream.closing]
port = 3
server = "node"
keepalive = false
[upstream.kept]
port = 4
server = "node"
keepalive = true
[upstream.secure]
port = 5
server = "node"
tls = true
[upstream.wrong]
port = 6
server = "node"
keepalive = { idle_timeout = "soon" }
""",
        "utf-8",
    )
    spec, _ = load_specs([path], display=lambda path: path.name)
    listeners = {upstream.name: upstream.listeners[0] for upstream in spec.upstreams}

    def found(name: str) -> tuple[object, ...]:
        listener = listeners[name]
        facts = (listener.tls, listener.keepalive, listener.idle_timeout)
        return tuple(None if fact is None else (fact.value, fact.place.line) for fact in facts)

    assert {name: found(name) for name in listeners} == {
        "one": ((False, 3), (True, 3), (5000, 3)),
        "two": ((False, 6), (True, 6), (5000, 6)),
        "closing": ((False, 9), (False, 10), None),
        "kept": ((False, 13), (True, 14), (5000, 13)),
        "secure": ((True, 18), (True, 17), (5000, 17)),
        "wrong": ((False, 21), (True, 22), None),
    }
