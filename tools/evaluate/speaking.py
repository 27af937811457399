"""Ways to fail because the two sides do not speak the same."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.lab.standins.behaviour import Behaviour
from tools.evaluate.cases import Ask, Case, Factory, claim, expect
from tools.evaluate.connecting import OK
from tools.evaluate.scripted import answers, closes, declared, hangs, on_port, resets

_PASSES = {
    "http": "proxy_pass http://@a@;",
    "fastcgi": "fastcgi_pass @a@;",
    "uwsgi": "uwsgi_pass @a@;",
    "scgi": "scgi_pass @a@;",
    "grpc": "grpc_pass grpc://@a@;",
    "memcached": "memcached_pass @a@;",
}
_BAD = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_FRAME = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
"""An empty SETTINGS frame of HTTP/2."""

_CELLS: tuple[tuple[str, str, str, Factory, str], ...] = (
    ("http", "fastcgi", "resets", on_port(resets), "reset-early"),
    ("http", "uwsgi", "resets", on_port(resets), "reset-early"),
    ("http", "uwsgi", "closes", on_port(closes), "closed-early"),
    ("http", "scgi", "closes", on_port(closes), "closed-early"),
    ("http", "fastcgi", "waits", on_port(hangs), "response-timed-out"),
    ("http", "grpc", "frames", on_port(answers(_FRAME)), "not-http"),
    ("http", "memcached", "error", on_port(answers(b"ERROR\r\n")), "not-http"),
    ("fastcgi", "http", "answers", on_port(answers(_BAD)), "fastcgi-answered-otherwise"),
    ("fastcgi", "http", "closes", on_port(closes), "closed-early"),
    ("fastcgi", "scgi", "status", on_port(answers(b"Status: 200 OK\r\n\r\nok")),
     "fastcgi-answered-otherwise"),
    ("fastcgi", "uwsgi", "resets", on_port(resets), "reset-early"),
    ("fastcgi", "grpc", "frames", on_port(answers(_FRAME)), "fastcgi-answered-otherwise"),
    ("uwsgi", "fastcgi", "resets", on_port(resets), "reset-early"),
    ("uwsgi", "http", "closes", on_port(closes), "closed-early"),
    ("scgi", "fastcgi", "resets", on_port(resets), "reset-early"),
    ("scgi", "uwsgi", "waits", on_port(hangs), "response-timed-out"),
    ("grpc", "http", "answers", on_port(answers(_BAD)), "http2-answered-otherwise"),
    ("grpc", "http", "page", on_port(answers(b"<!DOCTYPE html><p>?")), "http2-answered-otherwise"),
    ("grpc", "http", "closes", on_port(closes), "closed-early"),
    ("grpc", "fastcgi", "resets", on_port(resets), "reset-early"),
    ("memcached", "http", "answers", on_port(answers(_BAD)), "memcached-answered-otherwise"),
    ("memcached", "fastcgi", "resets", on_port(resets), "reset-early"),
)  # fmt: skip


def _cells() -> Iterator[Case]:
    for ours, theirs, how, server, cause in _CELLS:
        name = f"{ours}-to-{theirs}-{how}"
        lines = ""
        if how == "waits":
            lines = f"    {'proxy' if ours == 'http' else ours}_read_timeout 300ms;\n"
        if ours == "memcached":
            lines += "    set $memcached_key $uri;\n"
        expected = (expect(cause, "protocol-mismatch"),)
        yield Case(
            name,
            f"location /{name}/ {{\n{lines}    {_PASSES[ours]} #=\n}}\n",
            (Ask(f"/{name}/x", expected), Ask(f"/{name}/y.php?a=b", expected)),
            {"a": server},
            claim(name, f'protocol = "{theirs}"', "tls = false"),
        )


_HTTP11 = claim("http-version", 'protocol = "http"', 'http_versions = ["1.1"]')

CASES = (
    *_cells(),
    Case(
        "http-version",
        "location /http-version/ {\n    proxy_http_version 1.0;\n"
        "    proxy_pass http://@a@; #=\n}\n",
        (Ask("/http-version/x", (expect("closed-early", "http-version-mismatch"),)),),
        {"a": on_port(closes)},
        _HTTP11,
    ),
    Case(
        "http2-alone",
        "location /http2-alone/ {\n    proxy_http_version 1.1;\n    proxy_pass http://@a@; #=\n}\n",
        (Ask("/http2-alone/x", (expect("not-http", "http-version-mismatch protocol-mismatch"),)),),
        {"a": on_port(answers(_FRAME))},
        claim("http2-alone", 'protocol = "http"', 'http_versions = ["2"]'),
    ),
    Case(
        "http2-asked",
        "location /http2-asked/ {\n    proxy_http_version 2;\n    proxy_pass http://@a@; #=\n}\n",
        (Ask("/http2-asked/x", (expect("http2-answered-otherwise",
                                       "http-version-mismatch protocol-mismatch"),)),),
        {"a": on_port(answers(_BAD))},
        claim("http2-asked", 'protocol = "http"', 'http_versions = ["1.0", "1.1"]'),
        since=(1, 29),
    ),
    Case(
        "two-hosts",
        "location /two-hosts/ {\n    proxy_set_header Host $host;\n"
        "    proxy_set_header Host $http_host;\n    proxy_pass http://@a@; #=\n}\n",
        (Ask("/two-hosts/x", (expect("closed-early", "host-header-twice"),)),),
        {"a": on_port(closes)},
        claim("two-hosts", 'server = "hypercorn"'),
    ),
    Case(
        "unserved",
        "location /unserved/ {\n    proxy_pass http://@a@; #=\n}\n",
        (Ask("/unserved/x", (expect("closed-early", "unserved-host"),)),),
        {"a": on_port(closes)},
        claim("unserved", 'unknown_host = "close"', 'virtual_hosts = ["shop.internal"]'),
    ),
    Case(
        "stranger",
        "location /stranger/ {\n    fastcgi_pass @a@; #=\n}\n",
        (Ask("/stranger/x", (expect("reset-early", "client-not-allowed"),)),),
        {"a": on_port(resets)},
        claim("stranger", 'protocol = "fastcgi"', 'allowed_clients = ["192.0.2.5"]'),
    ),
    Case(
        "grpc-connection",
        "location /grpc-connection/ {\n    grpc_set_header Connection upgrade;\n"
        "    grpc_pass grpc://@a@; #=\n}\n",
        (Ask("/grpc-connection/x", (expect("http2-rejected", "http2-connection-header"),)),),
        {"a": declared(Behaviour("grpc", connection_headers="reset"))},
        claim("grpc-connection", 'protocol = "grpc"'),
    ),
    Case(
        "grpc-connection-closes",
        "location /grpc-connection-closes/ {\n    grpc_set_header Connection upgrade;\n"
        "    grpc_pass grpc://@a@; #=\n}\n",
        (Ask("/grpc-connection-closes/x", (expect("closed-early", "http2-connection-header"),)),),
        {"a": declared(Behaviour("grpc", connection_headers="close"))},
        claim("grpc-connection-closes", 'protocol = "grpc"'),
    ),
    Case(
        "grpc-crash",
        "location /grpc-crash/ {\n    grpc_pass grpc://@a@; #=\n}\n",
        (Ask("/grpc-crash/x", (expect("closed-early", "-"),)),),
        {"a": on_port(closes)},
        claim("grpc-crash", 'protocol = "grpc"'),
    ),
    Case(
        "handled-twice",
        "location /handled-twice/ {\n    fastcgi_pass @b@;\n    proxy_pass http://@a@; #=\n}\n",
        (Ask("/handled-twice/x",
             (expect("reset-early", "handler-overridden protocol-mismatch"),)),),
        {"a": on_port(resets), "b": on_port(answers(OK))},
        claim("handled-twice", 'protocol = "fastcgi"'),
    ),
)  # fmt: skip
