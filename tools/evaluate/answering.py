"""Ways to fail with the answer: too large, malformed, cut, late, or after a connection was kept."""

from __future__ import annotations

import struct

from tools.evaluate.cases import Ask, Case, claim, expect
from tools.evaluate.connecting import OK
from tools.evaluate.scripted import (
    Handler,
    answers,
    closes,
    on_port,
    once,
    refuses_body,
    request,
    reset,
    resets,
)

_KEPT = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nok\n"
_LARGE = b"HTTP/1.1 200 OK\r\nSet-Cookie: " + b"c" * 9000 + b"\r\nContent-Length: 0\r\n\r\n"


def record(kind: int, content: bytes) -> bytes:
    """A record of FastCGI: 6 is the standard output, 7 the standard error, 3 the end."""
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content


_END = record(3, bytes(8))
_MISSING = b"Primary script unknown"
_PAGE = record(6, b"Status: 404 Not Found\r\nContent-Type: text/html\r\n\r\nFile not found.\n")
_FINE = record(6, b"Content-Type: text/html\r\n\r\nok\n")


def _head(*lines: str, body: str = "") -> Handler:
    text = "\r\n".join(("HTTP/1.1 200 OK", *lines, "", body))
    return answers(text.encode())


def _late_reset(connection: object) -> None:
    """Waits for a second request and resets; the first one was answered."""
    request(connection)  # type: ignore[arg-type]
    reset(connection)  # type: ignore[arg-type]


def _case(
    name: str,
    causes: str,
    roots: str | None,
    server: Handler,
    *facts: str,
    lines: str = "",
    passes: str = "proxy_pass http://@a@;",
    method: str = "GET",
    body: int = 0,
    **more: object,
) -> Case:
    expected = (expect(causes, roots),)
    return Case(
        name,
        f"location /{name}/ {{\n    {lines}\n    {passes} #=\n}}\n",
        (
            Ask(f"/{name}/x", expected, method, body=body),
            Ask(f"/{name}/y?q=2", expected, method, body=body),
        ),
        {"a": on_port(server)},
        claim(name, *facts),
        **more,  # type: ignore[arg-type]
    )


_FASTCGI = "fastcgi_pass @a@;"
_POOL = "upstream {0} {{\n    server @a@;\n    keepalive 4;\n    keepalive_timeout 60s;\n}}\n"
_REUSE = 'proxy_http_version 1.1;\n    proxy_set_header Connection "";'


def _pooled(name: str, then: Handler, causes: str, roots: str, *facts: str) -> tuple[Case, Case]:
    return (
        Case(name, _POOL.format(name), (), {"a": on_port(once(_KEPT, then))},
             claim(name, *facts), within="http"),
        Case(
            f"{name}-hop",
            f"location /{name}/ {{\n    {_REUSE}\n    proxy_pass http://{name}; #=\n}}\n",
            (
                Ask(f"/{name}/first", (), status=200),
                Ask(f"/{name}/second", (expect(causes, roots),), "POST", body=30),
            ),
        ),
    )  # fmt: skip


CASES = (
    _case("large-head", "header-too-big", "response-header-buffer", answers(_LARGE),
          "[upstream.large-head.limits]", 'response_headers = "24k"'),
    _case("large-head-unsaid", "header-too-big", "-", answers(_LARGE)),
    _case("large-head-wrong-family", "header-too-big", "buffer-directive-family",
          answers(record(6, b"Status: 200 OK\r\nX: " + b"x" * 9000 + b"\r\n\r\n") + _END),
          'protocol = "fastcgi"', "[upstream.large-head-wrong-family.limits]",
          'response_headers = "12k"', passes=_FASTCGI,
          lines="proxy_buffer_size 16k;\n    proxy_buffers 8 16k;"),
    _case("large-body", "closed-while-sending reset-early", "request-body-limit", refuses_body,
          "[upstream.large-body.limits]", 'request_body = "1m"', 'overflow = "close"',
          lines="client_max_body_size 20m;\n    proxy_request_buffering off;", method="POST",
          body=6_000_000),
    _case("large-request-head", "reset-early", "request-header-limit", resets,
          'protocol = "uwsgi"', "[upstream.large-request-head.limits]", 'request_headers = "4k"',
          'overflow = "close"', passes="uwsgi_pass @a@;"),
    *_pooled("race", _late_reset, "reset-early closed-early", "keepalive-race",
             'server = "node/20"', "[upstream.race.keepalive]", 'idle_timeout = "5s"'),
    *_pooled("race-closes", closes, "closed-early", "keepalive-race", 'server = "gunicorn"',
             "[upstream.race-closes.keepalive]", 'idle_timeout = "2s"'),
    *_pooled("kept-well", closes, "closed-early", "-", 'server = "nginx"',
             "[upstream.kept-well.keepalive]", 'idle_timeout = "300s"', "max_requests = 100000"),
    _case("twice", "response-framing", "-",
          _head("Content-Length: 3", "Content-Length: 4", body="ok\n"), since=(1, 23)),
    _case("both-lengths", "response-framing", "response-framing http-version-mismatch -",
          _head("Content-Length: 3", "Transfer-Encoding: chunked", body="0\r\n\r\n"),
          since=(1, 23)),
    _case("blank-in-name", "invalid-header", "-", _head("X Y: 1", "Content-Length: 0"),
          since=(1, 22)),
    _case("no-status", "not-http", "-", answers(b"<html>hello</html>")),
    _case("cut-body", "cut-in-body", "-", _head("Content-Length: 300", body="ok\n")),
    _case("late-body", "body-timed-out", "read-timeout -",
          answers(b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\nok\n", 0.8),
          lines="proxy_read_timeout 300ms;"),
    _case("no-chunks", "body-broken", "-",
          _head("Transfer-Encoding: chunked", body="no size\r\n"),
          lines="proxy_http_version 1.1;"),
    _case("script-missing", "script-not-found", "-",
          answers(record(7, _MISSING) + _PAGE + _END), 'protocol = "fastcgi"', passes=_FASTCGI),
    _case("own-database", "application-stderr", None,
          answers(record(7, b"PHP Warning:  mysqli::connect(): (HY000/2002): Connection refused in "
                            b"/srv/app/db.php on line 3") + _FINE + _END),
          'protocol = "fastcgi"', passes=_FASTCGI),
    _case("stdout-closed", "closed-early", "-", answers(record(6, b"") + _END),
          'protocol = "fastcgi"', passes=_FASTCGI),
    _case("fastcgi-crash", "closed-early", "-", closes, 'protocol = "fastcgi"', passes=_FASTCGI),
    _case("fastcgi-timeout", "reset-early", "request-timeout", resets, 'protocol = "fastcgi"',
          "[upstream.fastcgi-timeout.timeouts]", 'request = "20s"', passes=_FASTCGI),
    _case("uwsgi-crash", "closed-early", "-", closes, 'protocol = "uwsgi"',
          passes="uwsgi_pass @a@;"),
    _case("stack", "application-stderr", None,
          answers(record(7, b"PHP message: one\nPHP message: two, client: 6.6.6.6, server: x\n"
                            b"Stack trace:\n#0 /srv/a.php(3): connect()\n") + _FINE + _END),
          'protocol = "fastcgi"', passes=_FASTCGI),
    _case("stack-missing", "script-not-found", "-",
          answers(record(7, b"PHP message: x\nPrimary script unknown\n") + _PAGE + _END),
          'protocol = "fastcgi"', passes=_FASTCGI),
    _case("stderr-and-end", "closed-early application-stderr", "-",
          answers(record(7, b"PHP Fatal error:  Allowed memory size of 1 bytes exhausted")),
          'protocol = "fastcgi"', passes=_FASTCGI),
    _case("trailing", "body-too-long", None,
          _head("Content-Length: 3", body="ok and more\n")),
    _case("http-0-9", "not-http", "-", answers(b"plain words\n")),
    _case("empty-head", "closed-early", "-", answers(b"HTTP/1.1 200 OK\r\nContent-Le")),
    _case("lf-only", "closed-early", "-", answers(b"HTTP/1.1 200 OK\nX: 1\n")),
    _case("bad-status", "not-http", "-", answers(b"HTTP/1.1 OK 200\r\n\r\n")),
    Case(
        "chatty",
        "location /chatty/ {\n    fastcgi_pass @a@; #=\n}\n",
        (Ask("/chatty/x", (expect("application-stderr", None, None),)),),
        {"a": on_port(answers(
            record(7, b"PHP message: Connection refused " + b"s" * 3000) + _FINE + _END))},
        claim("chatty", 'protocol = "fastcgi"'),
    ),
    Case(
        "buffered",
        "location /buffered/ {\n    proxy_buffers 4 4k;\n    proxy_buffer_size 4k;\n"
        "    proxy_busy_buffers_size 8k;\n    proxy_pass http://@a@; #=\n}\n",
        (Ask("/buffered/x", (expect("buffered-to-file"), expect("client-gone")), leaves=0.4),),
        {"a": on_port(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n"
                              + b"x" * 9_000_000))},
        claim("buffered"),
    ),
    Case(
        "left",
        "location /left/ {\n    proxy_pass http://@a@; #=\n}\n",
        (Ask("/left/x", (expect("client-gone"),), leaves=0.1),),
        {"a": on_port(answers(1.0, OK))},
        claim("left"),
    ),
    Case(
        "page-missing",
        "location /page-missing/ {\n    error_page 502 /50x-none.html;\n"
        "    proxy_pass http://@a@; #=\n}\n"
        "location = /50x-none.html {\n    root /nonexistent;\n}\n",
        (Ask("/page-missing/x", (expect("closed-early", "-"), expect("file-missing", hop=None))),),
        {"a": on_port(closes)},
        claim("page-missing"),
    ),
)  # fmt: skip
