"""Requests that go round through nginx itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.loops import itself, loops
from lint502.nginx.hops import Hop
from lint502.site import Site
from tests.support.pairs import TOO_MANY, UNSEEN, pairs_of, site_of
from tests.support.sites import NEW, http, stream


def label(hop: Hop) -> str:
    return f"{hop.server}{hop.location}"


def circles(site: Site) -> list[tuple[list[str], bool, bool]]:
    """The hops of each circle; whether every request takes it; whether the URI grows."""
    return [
        ([label(step.hop) for step in loop.steps], loop.every, loop.grows) for loop in loops(site)
    ]


def found(folder: Path, body: str, *, version: str = NEW) -> list[tuple[list[str], bool, bool]]:
    return circles(site_of(folder, http(body), version=version))


HERE = "proxy_pass http://127.0.0.1:81;"
ROUND = [(["/"], True, False)]


def located(settings: str = "", server: str = "", passed: str = HERE, listen: str = "81") -> str:
    return f"server {{ listen {listen}; {server} location / {{ {settings} {passed} }} }}"


@pytest.mark.parametrize(
    ("listen", "passed", "circle"),
    [
        ("81", HERE, True),
        ("81", "proxy_pass http://127.0.0.9:81;", True),
        ("81", "proxy_pass http://0.0.0.0:81;", True),
        ("81", "proxy_pass http://localhost:81;", True),
        ("81", "proxy_pass http://127.0.0.1:82;", False),
        ("81", "proxy_pass http://[::1]:81;", False),
        ("[::]:81", "proxy_pass http://[::1]:81;", True),
        ("[::]:81", HERE, False),
        ("[::]:81 ipv6only=off", HERE, True),
        ("127.0.0.2:81", HERE, False),
        ("10.0.0.1:81", "proxy_pass http://10.0.0.1:81;", True),
        ("10.0.0.1:81", HERE, False),
        # an address of this machine only if nginx says so; a name may be anybody's
        ("81", "proxy_pass http://10.0.0.1:81;", False),
        ("81", "proxy_pass http://a.example:81;", False),
        ("unix:/run/a", "proxy_pass http://unix:/run/a;", True),
        ("unix:/run/a", "proxy_pass http://unix:/run/b;", False),
        # what the socket takes
        ("81 ssl", HERE, False),
        ("81 ssl", "proxy_pass https://127.0.0.1:81;", True),
        ("81", "proxy_pass https://127.0.0.1:81;", False),
        ("81 proxy_protocol", HERE, False),
        ("81 http2", HERE, False),
        ("81 ssl http2", "proxy_pass https://127.0.0.1:81;", True),
        ("81 udp", HERE, False),
        ("81", f"proxy_http_version 2; {HERE}", False),
        ("81", f"proxy_http_version 1.0; {HERE}", True),
        ("81 ssl", "proxy_ssl_verify on; proxy_pass https://127.0.0.1:81;", False),
        ("81", f"proxy_ssl_verify on; {HERE}", True),
        ("81 ssl", f"proxy_http_version 1.1; {UNSEEN} proxy_pass https://127.0.0.1:81;", False),
        # more than one target
        ("81", "proxy_pass http://here;", True),
        ("81", "proxy_pass http://partly;", False),
        ("81", "proxy_pass http://$there;", False),
        ("81", "set $to 127.0.0.1:81; proxy_pass http://$to;", True),
        ("81", "set $to localhost:81; proxy_pass http://$to;", False),  # nginx asks DNS
        ("81", "proxy_pass http://$arg_to;", False),
        ("81", "proxy_pass http://nobody;", False),
    ],
)
def test_where_a_pass_leads(listen: str, passed: str, circle: bool, tmp_path: Path) -> None:
    around = (
        "upstream here { server 127.0.0.1:81; server 127.0.0.2:81; }\n"
        "upstream partly { server 127.0.0.1:81; server 10.0.0.1:81; }\n"
        "upstream nobody { server 127.0.0.1:81 down; }\n"
        "map $uri $there { default 127.0.0.1:81; /x 127.0.0.2:81; }\n"
    )
    body = around + located(passed=passed, listen=listen)
    assert found(tmp_path, body) == (ROUND if circle else [])


@pytest.mark.parametrize(
    ("settings", "server", "around", "circle"),
    [
        ("", "", "", True),
        # what may answer, or change the request, on any level
        ("internal;", "", "", False),
        ("", "deny all;", "", False),
        ("", "", "deny all;", False),
        ("limit_req zone=a;", "", "", False),
        ("limit_conn a 1;", "", "", False),
        ("auth_basic x;", "", "", False),
        ("auth_basic off;", "", "", True),
        ("auth_request /a;", "", "", False),
        ("auth_request off;", "auth_request off;", "", True),
        ("auth_basic off; auth_basic x;", "", "", False),
        ("auth_jwt x;", "", "", False),
        ("auth_basic_user_file x;", "", "", True),
        ("rewrite ^/x /y;", "", "", False),
        ("proxy_method HEAD;", "", "", False),
        ("access_by_lua_block { return }", "", "", False),
        ("rewrite_by_lua_file a;", "", "", False),
        ("js_access a;", "", "", False),
        ("perl a;", "", "", False),
        ("if ($arg_a) { set $b 1; }", "", "", False),
        ("", "if ($arg_a) { return 403; }", "", False),
        (UNSEEN, "", "", False),
        ("", UNSEEN, "", False),
        # what does not
        ("allow 10.0.0.1;", "", "", True),
        ("proxy_set_header A b; add_header A b;", "access_log off;", "gzip on;", True),
        ("limit_rate 1k;", "", "", True),
        ("", "location /b { deny all; }", "", True),
        ("", "location /b { if ($arg_a) { return 403; } }", "", True),
    ],
)
def test_what_ends_it(
    settings: str, server: str, around: str, circle: bool, tmp_path: Path
) -> None:
    seen = found(tmp_path, around + located(settings, server))
    assert seen == (ROUND if circle else [])


def test_what_asks_for_a_certificate(tmp_path: Path) -> None:
    """The handshake with nginx's own socket has to be certain to succeed."""
    https = "proxy_pass https://127.0.0.1:81;"
    for server in ("ssl_verify_client on;", "ssl_reject_handshake on;"):
        assert found(tmp_path, located("", server, https, "81 ssl")) == []
        assert found(tmp_path, server + located("", "", https, "81 ssl")) == []
        other = f"server {{ listen 81 ssl; server_name x; {server} }}"
        assert found(tmp_path, located("", "", https, "81 ssl") + other) == []


@pytest.mark.parametrize(
    ("location", "uri", "more", "expected"),
    [
        # what is passed on as it came gets there again
        ("/", "", "", [(["/"], True, False)]),
        ("/a/", "", "", [(["/a/"], True, False)]),
        ("= /a", "", "", [(["= /a"], True, False)]),
        ("^~ /a/", "", "", [(["^~ /a/"], True, False)]),
        ("~ ^/a", "", "", [(["~ ^/a"], True, False)]),
        ("/a/", "/a/", "", [(["/a/"], True, False)]),
        ("= /a", "/a", "", [(["= /a"], True, False)]),
        # another URI
        ("/a/", "/b/", "", []),
        ("/a/", "/a/b/", "", [(["/a/"], True, True)]),
        ("/", "/a/", "", [(["/"], True, True)]),
        ("/", "/a/?x=1", "", [(["/"], True, True)]),
        ("/", "/a/", "location ~ b { root /srv; }", [(["/"], False, True)]),
        ("/", "/a/", "location /b/ { root /srv; }", [(["/"], False, True)]),
        ("/", "/a/", "location @b { root /srv; }", [(["/"], True, True)]),
        ("/", "/a/", "location /a/ { root /srv; }", []),
        # not before the third time, or the eighth
        ("/", "/a/", "location /a/a/ { root /srv; }", []),
        ("/", "/a/", "location /a/a/a/ { root /srv; }", []),
        ("/", "/a/", "location /a/a/a/a/a/a/a/a/ { root /srv; }", []),
        ("= /a", "/b", "", []),
        ("~ ^/a", "/b", "", []),  # nginx refuses it
        ("~ ^/a", "/a$request_uri", "", []),
        ("= /a", "/b", "location = /b { proxy_pass http://127.0.0.1:81/a; }",
         [(["= /a", "= /b"], False, False)]),
        # without a URI of its own a regular expression takes what it took
        ("~ ^/a", "$request_uri", "", [(["~ ^/a"], True, False)]),
        ("/", "$request_uri", "", [(["/"], True, False)]),
        ("/", "${request_uri}", "", [(["/"], True, False)]),
        ("/", "/a$request_uri", "", [(["/"], True, True)]),
        ("/", "/a$request_uri", "location ~ ^/a/ { root /srv; }", []),
        ("/a/", "/a$request_uri", "", [(["/a/"], True, True)]),
        ("/", "/a?from=$request_uri", "", [(["/"], True, False)]),
        ("/", "/a$is_args$args", "", []),
        ("/", "$uri", "", []),
    ],
)  # fmt: skip
def test_uris(
    location: str,
    uri: str,
    more: str,
    expected: list[tuple[list[str], bool, bool]],
    tmp_path: Path,
) -> None:
    passed = f"proxy_pass http://127.0.0.1:81{uri};"
    body = f"server {{ listen 81; location {location} {{ {passed} }} {more} }}"
    assert found(tmp_path, body) == expected


def two(host: str, second: str, *, names: tuple[str, str] = ("a", "b")) -> str:
    """A server that passes to the same socket with this host, and another one there."""
    first, other = names
    header = f"proxy_set_header Host {host};" if host else ""
    return (
        f"server {{ listen 81; server_name {first}; location / {{ {header} {HERE} }} }}\n"
        f"server {{ listen 81; server_name {other}; location / {{ {second} }} }}"
    )


BACK = f"proxy_set_header Host $host; {HERE}"
A, B = (["a/"], True, False), (["b/"], True, False)


@pytest.mark.parametrize(
    ("host", "second", "expected"),
    [
        # the default server takes what is called by its address
        ("", "root /srv;", [A]),
        ("$proxy_host", "root /srv;", [A]),
        ("a", "root /srv;", [A]),
        ("A:81", "root /srv;", [A]),
        ("$host", "root /srv;", [A]),
        ("${host}", "root /srv;", [A]),
        ("$http_host", "root /srv;", [A]),
        ("${http_host}", "root /srv;", [A]),
        ("[::1]:81", "root /srv;", [A]),
        # the other one takes it
        ("b", "root /srv;", []),
        ("b:81", "root /srv;", []),
        ("b", BACK, [B]),
        ("b", HERE, [(["a/", "b/"], True, False)]),
        ("b", f"try_files $uri =404; {BACK}", [B]),
        ("b", f"try_files $uri =404; {HERE}", []),
        # nobody knows
        ("$arg_host", "root /srv;", []),
        ("$two", "root /srv;", []),
        ("$many_a$many_b", "root /srv;", []),
        ("$hostname", "root /srv;", []),
        ('""', "root /srv;", []),
        ("a; proxy_set_header Host b", "root /srv;", []),
        ("a; include unseen/*.conf", "root /srv;", []),
    ],
)
def test_hosts(
    host: str, second: str, expected: list[tuple[list[str], bool, bool]], tmp_path: Path
) -> None:
    maps = f"map $uri $two {{ default a; /b b; }}\n{TOO_MANY}\n"
    assert found(tmp_path, maps + two(host, second)) == expected


def test_the_name_of_a_block_is_the_host(tmp_path: Path) -> None:
    block = "upstream NAME { server 127.0.0.1:81; }\n"
    body = block + two("", "root /srv;").replace("127.0.0.1:81;", "NAME;")
    assert found(tmp_path, body.replace("NAME", "a")) == [A]
    assert found(tmp_path, body.replace("NAME", "b")) == []


def test_requests_for_other_hosts_end(tmp_path: Path) -> None:
    body = (
        "server { listen 81; server_name a b; location / { proxy_set_header Host $host;\n"
        "proxy_pass http://127.0.0.1:82; } }\n"
        f"server {{ listen 82; server_name a; location / {{ {BACK} }} }}\n"
    )
    assert found(tmp_path, body) == [(["a/", "a/"], True, False)]
    body += "server { listen 82; server_name b; location / { root /srv; } }"
    assert found(tmp_path, body) == [(["a/", "a/"], False, False)]


@pytest.mark.parametrize(
    ("name", "circle"),
    [
        ("b.example", True),
        ("*.example", True),
        (".example", True),
        ("b.*", True),
        ("~^b", False),  # which name matches, nobody says
        ("~^b b.example", True),
        ("a", False),  # nginx takes the first server of that name
    ],
)
def test_the_host_of_a_client(name: str, circle: bool, tmp_path: Path) -> None:
    """One by which clients get to a server has to be known, where the host is passed on."""
    body = two("a", BACK, names=("a", name)).replace(HERE, "root /srv;", 1)
    assert bool(found(tmp_path, body)) is circle


def test_a_circle_that_some_hops_lead_into(tmp_path: Path) -> None:
    """It is told once, from its first step in the configuration."""
    body = (
        "server { listen 81; location / { proxy_pass http://127.0.0.1:82; } }\n"
        "server { listen 82; location / { proxy_pass http://127.0.0.1:83; } }\n"
        "server { listen 83; location / { proxy_pass http://127.0.0.1:82; } }"
    )
    (loop,) = loops(site_of(tmp_path, http(body)))
    assert [step.target.address.port for step in loop.steps] == [83, 82]
    assert [step.socket.ports[0] for step in loop.steps] == [83, 82]
    assert (loop.every, loop.grows) == (True, False)
    body = body.replace("listen 82; location /", "listen 82; location /x").replace(
        "82; }", "82/x; }"
    )
    (loop,) = loops(site_of(tmp_path, http(body)))
    assert [step.target.address.port for step in loop.steps] == [83, 82]


def test_a_hop_that_leads_into_a_circle_makes_it_no_less_certain(tmp_path: Path) -> None:
    body = (
        "server { listen 82; location / { proxy_pass http://127.0.0.1:83; } }\n"
        "server { listen 83; location / { proxy_pass http://127.0.0.1:82; } }\n"
        "server { listen 81; location / { proxy_pass http://127.0.0.1:82; } }"
    )
    assert [every for _, every, _ in found(tmp_path, body)] == [True]


def test_the_order_of_the_configuration(tmp_path: Path) -> None:
    body = (
        "server { listen 82; location / { proxy_pass http://127.0.0.1:81; } }\n"
        "server { listen 81; location / { proxy_pass http://127.0.0.1:82; } }"
    )
    (loop,) = loops(site_of(tmp_path, http(body)))
    assert [step.target.address.port for step in loop.steps] == [81, 82]


@pytest.mark.parametrize(
    ("body", "circle"),
    [
        # what comes by try_files comes so again
        (f"location / {{ try_files $uri @a; }} location @a {{ {HERE} }}", True),
        (f"location / {{ try_files $uri @a; deny all; }} location @a {{ {HERE} }}", False),
        (f"location / {{ try_files $uri @a; }} location @a {{ try_files $uri @a; {HERE} }}", False),
        (
            "location / { try_files $uri @a; } location @a { try_files $uri @b; }"
            f"location @b {{ try_files $uri @a; {HERE} }}",
            False,
        ),
        (
            "location / { try_files $uri @0; }"
            + "".join(f"location @{n} {{ try_files $uri @{n + 1}; }}" for n in range(500))
            + f"location @500 {{ {HERE} }}",
            True,
        ),
        (f"location / {{ try_files $uri @b; }} location @a {{ {HERE} }}", False),
        (f"location / {{ error_page 404 = @a; }} location @a {{ {HERE} }}", False),
        (
            f"location / {{ try_files $uri @a; error_page 404 = @a; }}\nlocation @a {{ {HERE} }}",
            False,
        ),
        # files come first
        (f"location / {{ try_files $uri /index.html; {HERE} }}", True),
        ("location / { try_files $uri /a; proxy_pass http://127.0.0.1:81/a; }", False),
        (f"location / {{ if ($arg_a) {{ {HERE} }} }}", False),
        (f"location / {{ limit_except GET {{ {HERE} }} }}", False),
    ],
)
def test_other_ways_to_a_location(body: str, circle: bool, tmp_path: Path) -> None:
    assert bool(found(tmp_path, f"server {{ listen 81; {body} }}")) is circle


@pytest.mark.parametrize(
    ("body", "circle"),
    [
        ("server { listen 81; proxy_pass 127.0.0.1:81; }", True),
        ("server { listen 81; proxy_pass 127.0.0.1:82; }", False),
        ("server { listen 81 udp; proxy_pass 127.0.0.1:81; }", False),
        ("server { listen 81 proxy_protocol; proxy_pass 127.0.0.1:81; }", False),
        (
            "server { listen 81 proxy_protocol; proxy_protocol on; proxy_pass 127.0.0.1:81; }",
            True,
        ),
        ("server { listen 81; proxy_protocol on; proxy_pass 127.0.0.1:81; }", True),
        ("server { listen 81 ssl; proxy_ssl on; proxy_pass 127.0.0.1:81; }", True),
        ("server { listen 81 ssl; proxy_pass 127.0.0.1:81; }", False),
        (
            "server { listen 81 ssl; ssl_verify_client on; proxy_ssl on; "
            "proxy_pass 127.0.0.1:81; }",
            False,
        ),
        (
            "server { listen 81 ssl; proxy_ssl on; proxy_ssl_verify on; proxy_pass 127.0.0.1:81; }",
            False,
        ),
        # whose connection it is cannot be told
        (
            "server { listen 81; server_name a; proxy_pass 127.0.0.1:81; }\n"
            "server { listen 81; server_name b; proxy_pass 127.0.0.1:82; }",
            False,
        ),
        ("server { listen 81; deny all; proxy_pass 127.0.0.1:81; }", False),
        ("server { listen 81; js_preread a; proxy_pass 127.0.0.1:81; }", False),
    ],
)
def test_sessions(body: str, circle: bool, tmp_path: Path) -> None:
    site = site_of(tmp_path, stream(body), version=NEW)
    assert [(every, grows) for _, every, grows in circles(site)] == (
        [(True, False)] if circle else []
    )


def test_what_was_not_seen_whole(tmp_path: Path) -> None:
    assert found(tmp_path, UNSEEN + located()) == []
    assert found(tmp_path, located() + f"server {{ listen 82; {UNSEEN} }}") == []
    fragment = site_of(tmp_path, located() + "\n")
    assert fragment.tree.fragment
    assert circles(fragment) == []


@pytest.mark.parametrize(
    ("listen", "target", "expected"),
    [
        ("81", "127.0.0.1:81", True),
        ("81", "localhost:81", True),
        ("81", "LOCALHOST:81", True),
        ("81", "127.0.0.1:82", False),
        ("81", "[::1]:81", False),
        ("[::1]:81", "[::1]:81", True),
        ("[::1]:81", "localhost:81", False),
        ("10.0.0.1:81", "10.0.0.1:81", False),  # a machine of that address may be another
        ("81", "a.example:81", False),
        ("unix:/run/a", "unix:/run/a", True),
        ("unix:/run/a", "unix:/run/b", False),
    ],
)
def test_whether_nginx_itself_listens_there(
    listen: str, target: str, expected: bool, tmp_path: Path
) -> None:
    text = http(f"server {{ listen {listen}; location / {{ proxy_pass http://{target}; }} }}")
    site = site_of(tmp_path, text)
    (pair,) = site.each_pair()
    assert itself(site)(pair) is expected


def test_nginx_listens_in_any_area(tmp_path: Path) -> None:
    text = http("server { listen 81; location / { proxy_pass http://127.0.0.1:82; } }").replace(
        "events {}", "events {} stream { server { listen 82; proxy_pass a:1; } }"
    )
    site = site_of(tmp_path, text)
    found = {str(pair.target.address): itself(site)(pair) for pair in pairs_of(tmp_path, text)}
    assert found == {"a:1": False, "127.0.0.1:82": True}
