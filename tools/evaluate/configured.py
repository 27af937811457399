"""Ways to fail that stand in nginx's configuration, whatever its upstreams are."""

from __future__ import annotations

from tools.evaluate.answering import record
from tools.evaluate.cases import Ask, Case, claim, expect, location
from tools.evaluate.connecting import OK
from tools.evaluate.scripted import answers, closes, names, nobody, on_port, once, request

_END = record(3, bytes(8))
_FINE = record(6, b"Content-Type: text/html\r\n\r\nok\n") + _END
_TWO = "upstream {0} {{\n    server @a@ max_fails=0;\n    server @b@ max_fails=0;\n}}\n"


def _late_record(connection: object) -> None:
    """Answers a second request with what is left of the first one."""
    request(connection)  # type: ignore[arg-type]
    connection.sendall(_END + _FINE)  # type: ignore[attr-defined]


def _asks(path: str, causes: str, roots: str) -> tuple[Ask, ...]:
    return (Ask(f"{path}x", (expect(causes, roots),)), Ask(f"{path}y", (expect(causes, roots),)))


CASES = (
    Case(
        "bound-elsewhere",
        location("/bound-elsewhere/", "proxy_pass http://127.0.0.2:@a.port@;"),
        _asks("/bound-elsewhere/", "refused", "bind-mismatch"),
        {"a": on_port(answers(OK))},
        claim("bound-elsewhere", 'bind = ["127.0.0.1"]').replace("127.0.0.1", "127.0.0.2", 1),
    ),
    Case(
        "misspelt",
        "upstream misspelt-backend {\n    server @a@;\n}\n",
        (),
        {"a": on_port(answers(OK))},
        claim("misspelt-backend"),
        within="http",
    ),
    Case(
        "misspelt-hop",
        location("/misspelt/", "resolver @n@;", "set $name misspelt-backnd;",
                 "proxy_pass http://$name;"),
        _asks("/misspelt/", "host-not-found", "misspelt-block unknown-host resolver-mismatch -"),
        {"n": names(api="127.0.0.1")},
    ),
    Case(
        "looping",
        location("/looping/", "proxy_read_timeout 3s;",
                 "proxy_set_header Host $host;", "proxy_pass http://127.0.0.1:@P0@;"),
        (Ask("/looping/x", (expect("connections-used-up", "proxy-loop -", None),
                            expect("reset-early", "proxy-loop"))),),
    ),
    Case(
        "upgrading",
        location("/upgrading/", "proxy_http_version 1.1;", "proxy_set_header Connection upgrade;",
                 "proxy_set_header Upgrade $http_upgrade;", "proxy_pass http://@a@;"),
        _asks("/upgrading/", "cut-in-body", "connection-header -"),
        {"a": on_port(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nok\n"))},
        claim("upgrading"),
    ),
    Case(
        "kept-fastcgi",
        "upstream kept-fastcgi {\n    server @a@;\n    keepalive 4;\n}\n",
        (),
        {"a": on_port(once(_FINE, _late_record))},
        claim("kept-fastcgi", 'protocol = "fastcgi"', "keepalive = false"),
        within="http",
    ),
    Case(
        "kept-fastcgi-hop",
        location("/kept-fastcgi/", "fastcgi_keep_conn on;", "fastcgi_pass kept-fastcgi;"),
        (
            Ask("/kept-fastcgi/one", (), status=200),
            Ask("/kept-fastcgi/two", (expect("fastcgi-out-of-step", "keepalive-unsupported"),)),
        ),
    ),
    Case(
        "untried",
        _TWO.format("untried"),
        (),
        {"a": nobody, "b": on_port(answers(OK))},
        claim("untried-a") + claim("untried-b", at="b"),
        within="http",
    ),
    Case(
        "untried-hop",
        location("/untried/", "proxy_next_upstream off;", "proxy_pass http://untried;"),
        (Ask("/untried/x", (expect("refused", "retry-off -"),)),),
    ),
    Case(
        "sharing",
        _TWO.format("sharing"),
        (),
        {"a": on_port(closes), "b": nobody},
        claim("sharing-a", 'protocol = "http"') + claim("sharing-b", 'protocol = "http"', at="b"),
        within="http",
    ),
    Case(
        "sharing-hop",
        location("/sharing/", "proxy_pass http://sharing;"),
        (Ask("/sharing/x", (expect("closed-early", "-"), expect("refused", "-"))),),
    ),
    Case(
        "announced",
        "server {\n    listen 127.0.0.1:@announced@ proxy_protocol;\n    server_name announced;\n"
        "    location / {\n        proxy_pass http://@a@; #=\n    }\n}\n",
        (Ask("GET / HTTP/1.1\r\nHost: announced\r\n\r\n",
             (expect("front-proxy-header", hop=None),), port="announced"),),
        {"a": on_port(answers(OK))},
        claim("announced") + '[front.announced]\nservers = ["announced"]\nproxy_protocol = false\n',
        within="http",
    ),
    Case(
        "own-502",
        location("/own-502/", "proxy_pass http://@a@;"),
        (Ask("/own-502/x", (), status=502),),
        {"a": on_port(answers(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"))},
        claim("own-502"),
    ),
)  # fmt: skip
