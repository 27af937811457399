"""nginx, Apache httpd, Caddy and other servers that are no application's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.declared.sources.commands.starting import Said, listeners, ports, said, start

ALL = ("0.0.0.0",)


@pytest.mark.parametrize(
    ("command", "programs", "whole"),
    [
        ("nginx -g 'daemon off;'", {"nginx"}, True),
        ("/docker-entrypoint.sh nginx -g 'daemon off;'", {"nginx"}, True),
        ("nginx -t", set(), True),
        ("nginx -t && exec nginx -g 'daemon off;'", {"nginx"}, True),
        ("service nginx start && gunicorn -b :1 a", {"nginx", "gunicorn"}, True),
        ("/etc/init.d/nginx start; gunicorn -b :1 a", {"nginx", "gunicorn"}, True),
        ("service php8.2-fpm start && nginx", {"nginx", "php-fpm"}, False),
        ("/etc/init.d/php8.2-fpm start && nginx", {"nginx", "php-fpm"}, False),
        ("service redis start && gunicorn -b :1 a", {"gunicorn"}, False),
        ("nginx && gunicorn -b :1 a", {"nginx", "gunicorn"}, True),
        ("openresty -g 'daemon off;'", {"nginx"}, True),
    ],
)
def test_nginx_is_recognised(command: str, programs: set[str], whole: bool) -> None:
    found = start(command)

    assert (found.programs, found.whole) == (programs, whole)


def test_apache() -> None:
    files = {
        "/etc/apache2/ports.conf": "Listen 8080\n# Listen 1\n"
        "<IfModule ssl>\n  Listen 443\n</IfModule>\n",
        "/etc/apache2/sites-enabled/a.conf": "<VirtualHost *:443>\n SSLEngine on\n</VirtualHost>\n"
        "Listen 127.0.0.1:81\n",
    }
    apache = {"server": "apache", "protocol": "http"}

    assert listeners("apache2-foreground", files=files) == [
        {**apache, "port": 8080},
        {**apache, "port": 443, "tls": True},
        {**apache, "port": 81, "bind": ("127.0.0.1",)},
    ]
    assert said(start("httpd-foreground")) == [
        {
            "server": Said("apache", "command"),
            "protocol": Said("http", "command"),
            "port": Said(80, "default command"),
        }
    ]
    assert ports(
        "apachectl -D FOREGROUND", {"P": "82"}, {"/etc/apache2/ports.conf": "Listen ${P}"}
    ) == [82]
    assert ports("apachectl configtest") == []


CADDYFILE = """\
# ours
{
  admin off
  http_port 8081
}
(snippet) {
  encode gzip
}
{$SITE:localhost} {
  import snippet
  reverse_proxy api:1
}
:8000, http://shop.example.com:8001 {
  respond "x"
}
"""


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        (":2080\n\nreverse_proxy :9000\n", {}, [(2080, False)]),
        (CADDYFILE, {}, [(443, True), (8081, False), (8000, False), (8001, False)]),
        (CADDYFILE, {"SITE": ":80"}, [(80, False), (8000, False), (8001, False)]),
        ("example.com {\n}\n", {}, [(443, True), (80, False)]),
        ("example.com:8443 {\n}\n", {}, [(8443, True), (80, False)]),
        ("{\n auto_https off\n}\nexample.com {\n}\n", {}, [(80, False)]),
        (":8443 {\n  tls internal\n}\n", {}, [(8443, True)]),
        ("http:// {\n}\n", {}, [(80, False)]),
        ("{$SITE} {\n}\n", {}, [(None, None)]),
        ("example.com\nrespond 200\n", {}, [(443, True), (80, False)]),
    ],
)
def test_caddyfiles(
    text: str, variables: Mapping[str, str], expected: list[tuple[Any, Any]]
) -> None:
    found = listeners("caddy run", variables, {"/etc/caddy/Caddyfile": text})

    assert [(one.get("port"), one.get("tls")) for one in found] == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("caddy reverse-proxy --from :2016 --to a:1", [2016]),
        ("caddy file-server", [80]),
        ("caddy file-server --listen :81 --root x", [81]),
        ("caddy fmt", []),
        ("caddy run --config /gone", [None]),
    ],
)
def test_caddys_commands(command: str, expected: list[object]) -> None:
    assert ports(command) == expected


def test_an_import_may_bring_other_sites() -> None:
    found = start("caddy run", files={"Caddyfile": "import sites/*\n:80 {\n}\n"})

    assert ([facts["port"].value for facts in found.listeners], found.whole) == ([80], False)


def test_frankenphp() -> None:
    assert ports("frankenphp run", {"SERVER_NAME": ":80"}) == [80]
    assert listeners("frankenphp run") == [
        {"protocol": "http", "port": 443, "tls": True},
        {"protocol": "http", "port": 80, "tls": False},
    ]


@pytest.mark.parametrize(
    ("command", "variables", "expected"),
    [
        ("memcached -m 64", {}, [("memcached", 11211, None)]),
        ("memcached -p 1 -l 127.0.0.1", {}, [("memcached", 1, ("127.0.0.1",))]),
        ("memcached -s /run/m.sock -a 660", {}, [("memcached", "/run/m.sock", None)]),
        ("varnishd -F -a :81 -f x.vcl", {}, [("http", 81, ALL)]),
        ("varnishd -F", {}, [("http", 80, None)]),
        (
            "minio server /data --console-address :9001",
            {},
            [("http", 9000, None), ("http", 9001, ALL)],
        ),
        ("streamlit run a.py", {}, [("http", 8501, ALL)]),
        ("streamlit run a.py --server.port=82", {}, [("http", 82, ALL)]),
        ("streamlit run a.py", {"STREAMLIT_SERVER_PORT": "83"}, [("http", 83, ALL)]),
        ("jupyter lab --ip=0.0.0.0", {}, [("http", 8888, ALL)]),
        ("jupyter kernelspec list", {}, []),
        ("hugo server --bind 0.0.0.0", {}, [("http", 1313, ALL)]),
        ("hugo", {}, []),
        ("mkdocs serve -a 0.0.0.0:84", {}, [("http", 84, ALL)]),
        ("ollama serve", {}, [("http", 11434, ("127.0.0.1",))]),
        ("ollama serve", {"OLLAMA_HOST": "0.0.0.0"}, [("http", 11434, ALL)]),
        ("vllm serve model --port 85", {}, [("http", 85, ALL)]),
    ],
)
def test_others(command: str, variables: Mapping[str, str], expected: list[Any]) -> None:
    found = listeners(command, variables)

    assert [
        (one["protocol"], one.get("port", one.get("socket")), one.get("bind")) for one in found
    ] == expected


def test_varnish_that_expects_the_proxy_header() -> None:
    [facts] = listeners("varnishd -a main=0.0.0.0:81,PROXY -F")

    assert (facts["port"], facts["proxy_protocol"]) == (81, True)


def test_varnishs_parameters() -> None:
    command = (
        "varnishd -a :80 -p http_req_size=64k -p timeout_idle=10 -p http_req_overflow_status=400"
    )
    [facts] = listeners(command)

    assert facts["limits.request_headers"] == 65_536
    assert facts["keepalive.idle_timeout"] == 10_000
    assert facts["limits.overflow"] == "answer"
