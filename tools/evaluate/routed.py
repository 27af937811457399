"""Many hops behind one address, which only nginx's routing tells apart; hostile requests."""

from __future__ import annotations

from tools.evaluate.cases import Ask, Case, Expected, claim, expect
from tools.evaluate.connecting import OK
from tools.evaluate.scripted import answers, closes, on_port

_P = "proxy_pass http://@a@;"
_QUOTED = '",upstream:"http://@routed:a@/r/x",host:"two.example'
_ENCODED = "%22,%20upstream:%20%22http://@routed:a@/r/x%22,%20host:%20%22two.example"
_REFERER = 'http://e/", upstream: "http://@routed:a@/r/x", host: "two.example'
_FORGED = '", upstream: "http://6.6.6.6:80/", host: "shop.example'

SHOP = f"""\
location = /r/exact {{
    {_P} #=exact
}}
location /r/ {{
    {_P} #=prefix
}}
location ^~ /r/static/ {{
    {_P} #=caret
}}
location ~ \\.cgi$ {{
    {_P} #=first-regex
}}
location ~* \\.(cgi|png)$ {{
    {_P} #=second-regex
}}
location /r/outer/ {{
    {_P} #=outer
    location /r/outer/inner/ {{
        {_P} #=inner
    }}
    location ~ \\.asp$ {{
        {_P} #=inner-regex
    }}
}}
location /r/tried/ {{
    try_files $uri @named;
}}
location @named {{
    {_P} #=named
}}
location /r/last/ {{
    rewrite ^/r/last/(.*)$ /r/outer/inner/$1 last;
}}
location /r/break/ {{
    rewrite ^/r/break/(.*)$ /broken/$1 break;
    {_P} #=break
}}
location /r/paged/ {{
    error_page 502 504 = @fallback;
    proxy_pass http://@a@; #=paged
}}
location @fallback {{
    {_P} #=fallback
}}
location /r/guarded/ {{
    auth_request /r/auth;
    proxy_pass http://@b@;
}}
location = /r/auth {{
    internal;
    {_P} #=auth
}}
location /r/mirrored/ {{
    mirror /r/mirror;
    proxy_pass http://@b@;
}}
location = /r/mirror {{
    internal;
    {_P} #=mirror
}}
location /r/accel/ {{
    proxy_pass http://@c@;
}}
location /r/internal/ {{
    internal;
    proxy_pass http://@a@/given/; #=internal
}}
location /r/if/ {{
    if ($request_method = POST) {{
        {_P} #=if-post
    }}
    {_P} #=if-other
}}
location /r/limited/ {{
    limit_except GET {{
        {_P} #=limited
    }}
    {_P} #=unlimited
}}
location /r/uri/ {{
    proxy_pass http://@a@/else/; #=uri
}}
location ~ ^/r/user/(\\d+)$ {{
    proxy_pass http://@a@/u?id=$1; #=user
}}
location /r/404/ {{
    return 404;
    error_page 404 = /r/missing;
}}
location = /r/missing {{
    {_P} #=missing
}}
"""

_SERVERS = f"""\
server {{
    listen 127.0.0.1:@P0@;
    server_name *.wild.example;
    location / {{
        {_P} #=wild
    }}
}}
server {{
    listen 127.0.0.1:@P0@;
    server_name ~^www(?<n>\\d+)\\.example$;
    location / {{
        {_P} #=regex-name
    }}
    location /two/ {{
        {_P} #=regex-name-two
    }}
}}
server {{
    listen 127.0.0.1:@P0@;
    server_name .dotted.example;
    location / {{
        {_P} #=dotted
    }}
}}
server {{
    listen 127.0.0.1:@P0@ default_server;
    server_name _;
    location / {{
        {_P} #=default
    }}
}}
server {{
    listen 127.0.0.1:@P0@;
    server_name two.example;
    location / {{
        {_P} #=first-port
    }}
}}
server {{
    listen 127.0.0.1:@P1@;
    server_name two.example;
    location / {{
        {_P} #=second-port
    }}
}}
server {{
    listen 127.0.0.1:@P1@ default_server;
    server_name "";
    location / {{
        {_P} #=nameless
    }}
}}
"""

_ACCEL = b"HTTP/1.1 200 OK\r\nX-Accel-Redirect: /r/internal/file\r\nContent-Length: 0\r\n\r\n"


def _closed(hop: str | None) -> tuple[Expected, ...]:
    return (expect("closed-early", "-", hop),)


def _ask(path: str, hop: str | None, **more: object) -> Ask:
    return Ask(path, _closed(hop), **more)  # type: ignore[arg-type]


def _raw(line: str, host: str = "shop.example", referer: str = "") -> bytes:
    refers = f"Referer: {referer}\r\n" if referer else ""
    return f"{line}\r\nHost: {host}\r\n{refers}Connection: close\r\n\r\n".encode()


_AUTH = expect("auth-request-failed", hop=None)

CASES = (
    Case(
        "routed",
        SHOP,
        (
            _ask("/r/exact", "exact"),
            _ask("/r/exact/", "prefix"),
            _ask("/r/x", "prefix"),
            _ask("//r//x", "prefix"),
            _ask("/a/../r/exact", "exact"),
            _ask("/%72/%65xact", "exact"),
            _ask("/r/static/a.cgi", "caret"),
            _ask("/r/a.cgi", "first-regex"),
            _ask("/r/a.PNG", "second-regex"),
            _ask("/r/outer/a", "outer"),
            _ask("/r/outer/inner/a", "inner"),
            _ask("/r/outer/a.asp?x=.cgi", "inner-regex"),
            _ask("/r/tried/a", "named"),
            _ask("/r/last/a", "inner"),
            _ask("/r/break/a", "break"),
            Ask("/r/paged/a", (*_closed("paged"), *_closed("fallback"))),
            Ask("/r/guarded/a", (*_closed("auth"), _AUTH)),
            _ask("/r/mirrored/a", "mirror", status=200),
            _ask("/r/accel/a", "internal"),
            _ask("/r/if/a", "if-post", method="POST", body=4),
            _ask("/r/if/a", "if-other"),
            _ask("/r/limited/a", "limited", method="POST", body=4),
            _ask("/r/limited/a", "unlimited"),
            _ask("/r/uri/a", "uri"),
            _ask("/r/user/17", "user"),
            _ask("/r/404/x", "missing"),
            _ask(f"/r/long/{'l' * 1900}", "prefix"),
            _ask(f"/r/static/{'l' * 3000}", "caret"),
            _ask(f"/r/break/{'l' * 1200}", "break"),
            _ask("/r/hostile", "prefix", raw=_raw(
                'GET /r/x",upstream:"http://6.6.6.6:80/",host:"other HTTP/1.1')),
            _ask("/r/hostile", "prefix", raw=_raw("GET /r/y HTTP/1.1", referer=f"http://e/{_FORGED}")),
            _ask("/r/hostile", "prefix", raw=_raw(
                "GET /r/%22,%20upstream:%20%22http://6.6.6.6/ HTTP/1.1")),
            _ask("/r/x", "wild", host="a.wild.example"),
            _ask("/r/x", "regex-name", host="www7.example"),
            _ask("/two/x", "regex-name-two", host="www7.example"),
            _ask("/x", "dotted", host="dotted.example"),
            _ask("/x", "dotted", host="z.dotted.example"),
            _ask("/x", "default", host="nobody.example"),
            _ask("/r/x", "first-port", host="two.example:@P0@"),
            _ask("/r/x", "second-port", port="P1", host="two.example:@P1@"),
            _ask("/r/exact", "exact", host="shop.example:@P0@"),
            _ask("/x", "nameless", port="P1", host="nobody.example:@P1@"),
            _ask("/x", "regex-name", host='www7.example'),
        ),
        {"a": on_port(closes), "b": on_port(answers(OK)), "c": on_port(answers(_ACCEL))},
        claim("routed") + claim("routed-well", at="b") + claim("routed-accel", at="c"),
    ),
    Case("routed-servers", _SERVERS.replace("@a@", "@routed:a@"), (), within="http"),
    Case(
        "blanks",
        "location /blanks/ {\n    proxy_pass http://@a@; #=\n}\n",
        (Ask("/blanks", (expect("closed-early", "-", ""),), raw=_raw(
            f"GET /blanks/x{_FORGED} HTTP/1.1")),),
        {"a": on_port(closes)},
        claim("blanks"),
        before=(1, 21),
    ),
    Case(
        "forged",
        f"location /forged/ {{\n    {_P} #=\n}}\n"
        f"location ~ ^/copied/(.*)$ {{\n    proxy_pass http://@a@/copy/$1; #=copied\n}}\n"
        f"location /asked/ {{\n    mirror /beside/it;\n    proxy_pass http://@b@;\n}}\n"
        f"location /beside/ {{\n    internal;\n    {_P} #=beside\n}}\n",
        (
            *(
                _ask("/forged/", hop, raw=_raw(*line))
                for hop, *line in (
                    ("", f"GET /forged/a?x={_QUOTED} HTTP/1.1"),
                    ("", f"GET /forged/b{_ENCODED} HTTP/1.1"),
                    ("copied", f"GET /copied/c{_ENCODED} HTTP/1.1"),
                    ("", "GET /forged/e HTTP/1.1", "shop.example", _REFERER),
                    ("", "GET /forged/f HTTP/1.1", "shop.example:@P0@", f"{_REFERER} HTTP/1.1"),
                    ("", "POST /forged/g HTTP/1.0", "shop.example", "x"),
                )
            ),
            _ask("/asked/a", "beside", raw=_raw(f"GET /asked/a{_ENCODED} HTTP/1.1"), status=200),
        ),
        {"a": on_port(closes), "b": on_port(answers(OK))},
        claim("forged") + claim("forged-well", at="b"),
    ),
    Case(
        "forged-blanks",
        f"location /blank/ {{\n    {_P} #=\n}}\n",
        tuple(
            _ask("/blank/", "", raw=_raw(line))
            for line in (
                'GET /blank/b", upstream: "http://@routed:a@/r/x", host: "shop.example HTTP/1.1',
                "GET /blank/d, client: 6.6.6.6, server: two.example, request: x HTTP/1.1",
            )
        ),
        {"a": on_port(closes)},
        claim("forged-blanks"),
        before=(1, 21),
    ),
)  # fmt: skip
