"""The smallest configuration of a hop: what it takes over, what it leaves out, as whole texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.lab.behind import Planned, host_of, routes
from lint502.lab.plan import Plan, plan
from lint502.lab.standins import Behaviour, TlsBehaviour
from lint502.lab.writing import quoted
from lint502.nginx.addresses import Address
from lint502.nginx.version import Version
from lint502.options import Options
from tests.support.sites import NEW, OLD, examine, http, stream, write

API = '[upstream.api]\nhosts = ["10.0.0.5"]\nport = 3000\nprotocol = "http"\n'


def planned(
    folder: Path,
    nginx: str,
    spec: str = API,
    *,
    version: str = OLD,
    factor: float = 1.0,
    allow_missing: tuple[str, ...] = (),
) -> Plan:
    """The plan of the first route of the only hop."""
    write(folder, {"nginx.conf": nginx, "upstreams.toml": spec})
    options = Options(
        folder,
        (str(folder / "nginx.conf"),),
        version=Version.parse(version),
        allow_missing=allow_missing,
    )
    found = examine(options, lambda: b"")
    assert found.report.problems == ()
    (site,) = found.sites
    (hop,) = site.hops
    route = routes(hop, site.pairs[hop.id])[0]
    return plan(route, options.version, route.pairs, factor)


def test_settings_are_taken_over_and_the_rest_is_left_out(tmp_path: Path) -> None:
    found = planned(
        tmp_path,
        http(
            r"""
            map $http_upgrade $connection { default upgrade; '' ''; }
            map $uri $not_needed { default 1; }
            log_format mine "$status";
            proxy_connect_timeout 10s;
            proxy_cache_path /var/cache/nginx keys_zone=c:1m;
            client_max_body_size 20m;
            upstream api {
                zone api 64k;
                ip_hash;
                server 10.0.0.5:3000 weight=5 max_fails=2 slow_start=3s;
                server 10.0.0.6:3000 down;
                keepalive 16;
            }
            server {
                listen 443 ssl;
                server_name shop.example;
                ssl_certificate /etc/ssl/shop.pem;
                set $unused 1;
                set $kind "a; b";
                location ~ ^/api/ {
                    root /srv;
                    auth_basic "who?";
                    proxy_set_header Connection $connection;
                    proxy_set_header X-Kind $kind;
                    proxy_set_header X-Literal 'say "}" \\ here';
                    proxy_hide_header Server;
                    proxy_bind 10.0.0.1;
                    proxy_ssl_certificate /etc/ssl/client.pem;
                    proxy_ssl_certificate_key /etc/ssl/client.key;
                    proxy_buffer_size 8k;
                    error_page 502 /sorry.html;
                    proxy_pass http://api;
                }
            }
            """
        ),
    )
    assert found.http == (
        "    map $http_upgrade $connection {\n"
        "        default upgrade;\n"
        '        "" "";\n'
        "    }\n"
        "    upstream api {\n"
        "        server @10.0.0.5:3000@ max_fails=2;\n"
        "        server @10.0.0.6:3000@ down;\n"
        "        keepalive 16;\n"
        "    }\n"
        "    server {\n"
        "        listen @listen@;\n"
        "        location / {\n"
        "            client_max_body_size 20m;\n"
        "            proxy_buffer_size 8k;\n"
        "            proxy_connect_timeout 10s;\n"
        "            proxy_set_header Connection $connection;\n"
        '            proxy_set_header X-Kind "a; b";\n'
        '            proxy_set_header X-Literal "say \\"}\\" \\\\ here";\n'
        "            proxy_ssl_certificate @certificates@/client.pem;\n"
        "            proxy_ssl_certificate_key @certificates@/client.key;\n"
        "            proxy_pass http://api;\n"
        "        }\n"
        "    }\n"
    )
    assert found.servers == (
        Planned(Address("10.0.0.5", 3000, port_written=True), Behaviour(), failing=True),
        Planned(Address("10.0.0.6", 3000, port_written=True), None, failing=False),
    )
    assert found.conditions == ()


def test_all_times_are_scaled_those_that_are_not_written_too(tmp_path: Path) -> None:
    found = planned(
        tmp_path,
        http(
            """
            upstream api {
                server 10.0.0.5:3000;
                keepalive 4;
            }
            server {
                proxy_read_timeout 1m30s;
                location / { proxy_pass http://api; }
            }
            """
        ),
        API + '[upstream.api.keepalive]\nidle_timeout = "5s"\n',
        factor=5,
    )
    assert found.http == (
        "    upstream api {\n"
        "        server @10.0.0.5:3000@;\n"
        "        keepalive 4;\n"
        "        keepalive_timeout 12000ms;\n"
        "    }\n"
        "    server {\n"
        "        listen @listen@;\n"
        "        location / {\n"
        "            proxy_read_timeout 18000ms;\n"
        "            proxy_connect_timeout 12000ms;\n"
        "            proxy_send_timeout 12000ms;\n"
        "            proxy_pass http://api;\n"
        "        }\n"
        "    }\n"
    )
    (server,) = found.servers
    assert server.behaviour == Behaviour(idle_timeout=1.0)


def test_a_name_that_the_address_said_stays_that_of_the_tls_server(tmp_path: Path) -> None:
    found = planned(
        tmp_path,
        http(
            """
            server {
                proxy_ssl_server_name on;
                location / { proxy_pass https://api.example:8443/v1/; }
            }
            """
        ),
        "[upstream.api]\nhosts = ['api.example']\nport = 8443\ntls = true\n",
    )
    assert found.http == (
        "    server {\n"
        "        listen @listen@;\n"
        "        location / {\n"
        "            proxy_ssl_server_name on;\n"
        "            proxy_ssl_name api.example;\n"
        "            proxy_pass https://@api.example:8443@;\n"
        "        }\n"
        "    }\n"
    )
    (server,) = found.servers
    assert server.behaviour == Behaviour(tls=TlsBehaviour(names=("api.example", "lab.example")))


def test_a_name_that_is_looked_up_stays_one(tmp_path: Path) -> None:
    found = planned(
        tmp_path,
        http(
            """
            resolver 10.0.0.2 valid=30s ipv6=off;
            server {
                location / {
                    set $host_ api.example;
                    proxy_pass http://$host_:3000;
                }
            }
            """
        ),
        "[upstream.api]\nhosts = ['api.example']\nport = 3000\n",
    )
    assert found.http == (
        "    server {\n"
        "        listen @listen@;\n"
        "        location / {\n"
        "            resolver @dns0@ ipv6=off;\n"
        "            set $lab_host api.example;\n"
        "            proxy_pass http://$lab_host:@port of api.example:3000@;\n"
        "        }\n"
        "    }\n"
    )
    assert found.names == ("api.example",)


def test_directives_that_the_version_does_not_know_are_left_out(tmp_path: Path) -> None:
    text = http(
        """
        server {
            location / { proxy_pass http://10.0.0.5:3000; proxy_pass_trailers on; }
        }
        """
    )
    line = "            proxy_pass_trailers on;\n"
    assert line not in planned(tmp_path, text, version="1.26.3").http
    assert line in planned(tmp_path, text, version=NEW).http


def test_a_stream_session(tmp_path: Path) -> None:
    found = planned(
        tmp_path,
        stream(
            """
            proxy_connect_timeout 3s;
            upstream db { least_conn; server 10.0.0.7:5432; }
            server { listen 5432 udp; proxy_timeout 1h; proxy_pass db; }
            """
        ),
        "[upstream.db]\nhosts = ['10.0.0.7']\nport = 5432\nprotocol = 'udp'\n",
    )
    assert found.stream == (
        "    upstream db {\n"
        "        server @10.0.0.7:5432@;\n"
        "        least_conn;\n"
        "    }\n"
        "    server {\n"
        "        listen @listen@ udp;\n"
        "        proxy_connect_timeout 3s;\n"
        "        proxy_timeout 1h;\n"
        "        proxy_pass db;\n"
        "    }\n"
    )
    assert (found.http, found.datagrams) == ("", True)


@pytest.mark.parametrize(
    ("spec", "condition"),
    [
        ("", "10.0.0.5:3000 is not declared: a server that fits stands there"),
        (
            '[upstream.a]\nport = 1\nhosts = ["10.0.0.5"]\n'
            '[upstream.b]\nport = 2\nhosts = ["10.0.0.5"]\n',
            "nothing listens at 10.0.0.5:3000, where nothing is declared",
        ),
    ],
)
def test_what_was_taken_is_said(tmp_path: Path, spec: str, condition: str) -> None:
    write(
        tmp_path,
        {
            "nginx.conf": http("server { location / { proxy_pass http://10.0.0.5:3000; } }"),
            "upstreams.toml": spec,
        },
    )
    options = Options(tmp_path, (str(tmp_path / "nginx.conf"),))
    (site,) = examine(options, lambda: b"").sites
    (hop,) = site.hops
    (route,) = routes(hop, site.pairs[hop.id])
    assert plan(route, options.version, ()).conditions == (condition,)


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("plain", "plain"),
        ("", '""'),
        ("two words", '"two words"'),
        ("a;b", '"a;b"'),
        ("${x}", '"${x}"'),
        ("$x", "$x"),
        ('"', '"\\""'),
        ("\\d", '"\\\\d"'),
        ("#", '"#"'),
    ],
)
def test_words_are_written_as_nginx_reads_them(word: str, written: str) -> None:
    assert quoted(word) == written


def test_nothing_of_the_users_is_read_and_nothing_leaves_the_loopback(tmp_path: Path) -> None:
    found = planned(
        tmp_path,
        http(
            """
            map $http_x $kind {
                include /etc/passwd;
                default a;
            }
            upstream api {
                zone api 64k;
                resolver 10.0.0.2;
                server 10.0.0.5:3000;
            }
            server {
                server_name 10.0.0.9;
                location / {
                    proxy_ssl_conf_command PrivateKey /etc/ssl/private/site.key;
                    proxy_ssl_conf_command MinProtocol TLSv1.3;
                    proxy_set_header X-Kind $kind;
                    proxy_pass http://api;
                }
            }
            """
        ),
        version=NEW,
        allow_missing=("/etc/passwd",),
    )
    assert found.http == (
        "    map $http_x $kind {\n"
        "        default a;\n"
        "    }\n"
        "    upstream api {\n"
        "        server @10.0.0.5:3000@;\n"
        "    }\n"
        "    server {\n"
        "        listen @listen@;\n"
        "        location / {\n"
        "            proxy_set_header X-Kind $kind;\n"
        "            proxy_ssl_conf_command MinProtocol TLSv1.3;\n"
        "            proxy_pass http://api;\n"
        "        }\n"
        "    }\n"
    )


def test_the_host_that_is_asked_for_is_no_address(tmp_path: Path) -> None:
    for name, host in (("shop.example", "shop.example"), ("10.0.0.9", "lab.example")):
        text = http(f"server {{ server_name {name}; location / {{ proxy_pass http://$host; }} }}")
        write(tmp_path, {"nginx.conf": text, "upstreams.toml": ""})
        options = Options(tmp_path, (str(tmp_path / "nginx.conf"),))
        (site,) = examine(options, lambda: b"").sites
        assert [host_of(hop) for hop in site.hops] == [host]


def test_servers_that_a_program_chooses_are_those_that_are_declared(tmp_path: Path) -> None:
    found = planned(
        tmp_path,
        http(
            """
            upstream api {
                server 0.0.0.1;
                balancer_by_lua_block { choose() }
                keepalive 16;
            }
            server { location / { proxy_pass http://api; } }
            """
        ),
    )
    assert found.http == (
        "    upstream api {\n"
        "        server @10.0.0.5:3000@;\n"
        "        keepalive 16;\n"
        "    }\n"
        "    server {\n"
        "        listen @listen@;\n"
        "        location / {\n"
        "            proxy_pass http://api;\n"
        "        }\n"
        "    }\n"
    )
