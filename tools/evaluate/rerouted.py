"""Requests that get to their hop by way of another location, server or protocol of the client."""

from __future__ import annotations

from tools.evaluate.cases import Ask, Case, Expected, claim, expect
from tools.evaluate.scripted import answers, closes, nobody, on_port, on_socket

_MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_PAGE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n"
    b'<p><!--# include virtual="/s/part/one" --></p>\n'
)

_LOCATIONS = """\
location /s/php/ {
    try_files $uri /s/index.php?$args;
}
location ~ ^/s/(index|other)\\.php(/|$) {
    fastcgi_split_path_info ^(.+\\.php)(/.*)$;
    fastcgi_pass @f@; #=php
}
location /s/intercepted/ {
    proxy_intercept_errors on;
    error_page 404 = @made;
    proxy_pass http://@m@;
}
location @made {
    rewrite ^ /made$uri break;
    proxy_pass http://@a@; #=made
}
location /s/paged/ {
    error_page 502 /s/error/502.html;
    proxy_pass http://@d@; #=paged
}
location /s/error/ {
    internal;
    proxy_pass http://@a@; #=error
}
location /s/ssi/ {
    ssi on;
    proxy_pass http://@p@;
}
location /s/part/ {
    proxy_pass http://@a@/parts/; #=part
}
location /s/mapped/ {
    proxy_pass http://$s_pool; #=mapped
}
location "/s/with blank/" {
    proxy_pass http://@a@; #=blank
}
location /s/grpc.Service/ {
    grpc_pass grpc://@g@; #=grpc
}
location /s/unix/ {
    proxy_pass http://@u@:/behind/; #=unix
}
location /s/memory/ {
    set $memcached_key "$uri?$args";
    error_page 404 502 504 = @behind;
    memcached_pass @n@; #=memory
}
location @behind {
    uwsgi_pass @w@; #=behind
}
location /s/chosen/ {
    if ($arg_v = 2) {
        rewrite ^ /s/second/ last;
    }
    if ($http_x_new) {
        set $where5 new;
        proxy_pass http://@a@; #=new
    }
    scgi_pass @c@; #=old
}
location = /s/second/ {
    proxy_pass http://@a@; #=second
}
location /s/slash {
    proxy_pass http://@a@/x; #=slash
}
location ~* ^/s/CASE/.*\\.(?<kind>jpe?g|gif)$ {
    proxy_pass http://@a@/$kind$is_args$args; #=case
}
"""

_HTTP = """\
map $uri $s_pool {
    ~^/s/mapped/one s_one;
    default s_two;
}
upstream s_one {
    server @rerouted:d@ max_fails=0;
}
upstream s_two {
    server @rerouted:a@ max_fails=0;
}
server {
    listen 127.0.0.1:@P0@;
    server_name moved.example old.example;
    rewrite ^/old/(.*)$ /new/$1 last;
    if ($request_method = DELETE) {
        rewrite ^ /deleted last;
    }
    location /new/ {
        proxy_pass http://@rerouted:a@; #=new-place
    }
    location = /deleted {
        proxy_pass http://@rerouted:a@; #=deleted
    }
    location /twice/ {
        proxy_pass http://@rerouted:a@; #=twice
    }
    location / {
        proxy_pass http://@rerouted:a@; #=rest
    }
}
"""


def _closed(hop: str) -> tuple[Expected, ...]:
    return (expect("closed-early", "-", hop),)


def _ask(path: str, hop: str, **more: object) -> Ask:
    return Ask(path, _closed(hop), **more)  # type: ignore[arg-type]


def _down(hop: str) -> Expected:
    return expect("refused", "-", hop)


def _moved(path: str, hop: str, method: str = "GET", host: str = "moved.example") -> Ask:
    return _ask(path, hop, method=method, host=host)


CASES = (
    Case(
        "rerouted",
        _LOCATIONS,
        (
            _ask("/s/php/a/b?c=d", "php"),
            _ask("/s/other.php/info", "php"),
            _ask("/s/intercepted/x", "made"),
            Ask("/s/paged/x", (_down("paged"), *_closed("error"))),
            _ask("/s/ssi/page", "part", status=200),
            _ask("/s/part/two", "part"),
            Ask("/s/mapped/one", (_down("mapped"),)),
            _ask("/s/mapped/other", "mapped"),
            _ask("/s/with%20blank/x", "blank"),
            _ask("/s/grpc.Service/Call", "grpc", method="POST", body=5),
            _ask("/s/unix/a%20b", "unix"),
            Ask("/s/memory/x?y", (_down("memory"), *_closed("behind"))),
            _ask("/s/chosen/x?v=2", "second"),
            _ask("/s/chosen/x", "new", headers=("X-New: 1",)),
            _ask("/s/chosen/x", "old"),
            _ask("/s/slash/more", "slash"),
            _ask("/s/slashed", "slash"),
            _ask("/s/case/a.JPG?x=1", "case"),
            _ask("/s/slash", "slash", raw=b"GET http://shop.example/s/slash/x HTTP/1.1\r\n"
                 b"Host: other.example\r\nConnection: close\r\n\r\n"),
            _ask("/s/slash", "slash", raw=b"GET /s/slash#x HTTP/1.1\r\nHost: SHOP.example.\r\n"
                 b"Connection: close\r\n\r\n"),
            _moved("/old/thing", "new-place"),
            _moved("/old/thing", "new-place", host="old.example"),
            _moved("/old/thing", "new-place", "DELETE"),
            _moved("/other", "deleted", "DELETE"),
            _moved("//twice/x", "twice"),
            _moved("/twic/x", "rest"),
            _moved("/new//x/../y", "new-place"),
        ),
        {
            "a": on_port(closes),
            "d": nobody,
            "m": on_port(answers(_MISSING)),
            "p": on_port(answers(_PAGE)),
            "u": on_socket(closes),
            **dict.fromkeys("fwcg", on_port(closes)),
            "n": nobody,
        },
        claim("s-f", 'protocol = "fastcgi"', at="f")
        + claim("s-w", 'protocol = "uwsgi"', at="w")
        + claim("s-c", 'protocol = "scgi"', at="c")
        + claim("s-g", 'protocol = "grpc"', at="g")
        + claim("s-n", 'protocol = "memcached"', at="n")
        + claim("s-a")
        + claim("s-d", at="d") + claim("s-m", at="m") + claim("s-p", at="p")
        + '[upstream.s-u]\nsocket = "@u.path@"\n',
    ),
    Case("rerouted-servers", _HTTP, (), within="http"),
)  # fmt: skip
