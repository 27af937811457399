"""Ways to fail before a byte is sent: addresses, sockets, names, and who may be asked."""

from __future__ import annotations

from tools.evaluate.cases import Ask, Case, claim, expect, location
from tools.evaluate.scripted import (
    answers,
    closes,
    datagrams_on_socket,
    full,
    hangs,
    names,
    no_file,
    nobody,
    nobody_on_udp,
    on_port,
    on_socket,
    stale_file,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"

_SOCKET = '[upstream.{name}]\nsocket = "@a.path@"\n'


def _asks(path: str, causes: str, roots: str) -> tuple[Ask, ...]:
    expected = (expect(causes, roots),)
    return Ask(f"{path}x", expected), Ask(f"{path}y?z=1", expected, "POST", body=20)


def _one(name: str, passes: str, causes: str, roots: str, **more: object) -> Case:
    path = f"/{name}/"
    return Case(name, location(path, passes), _asks(path, causes, roots), **more)  # type: ignore[arg-type]


CASES = (
    Case(
        "wrong-port",
        location("/wrong-port/", "proxy_pass http://wrong-port;"),
        _asks("/wrong-port/", "refused", "port-mismatch"),
    ),
    Case(
        "wrong-port-block",
        "upstream wrong-port {\n    server @a@;\n}\n",
        (),
        {"a": nobody, "b": on_port(answers(OK))},
        claim("wrong-port", at="b"),
        within="http",
    ),
    _one("down", "proxy_pass http://@a@;", "refused", "-", servers={"a": nobody},
         claims=claim("down", 'server = "gunicorn"')),
    _one("down-fastcgi", "fastcgi_pass @a@;", "refused", "-", servers={"a": nobody},
         claims=claim("down-fastcgi", 'protocol = "fastcgi"')),
    _one("down-grpc", "grpc_pass grpc://@a@;", "refused", "-", servers={"a": nobody},
         claims=claim("down-grpc", 'protocol = "grpc"')),
    _one("stale", "proxy_pass http://@a@:/;", "socket-refused", "-", servers={"a": stale_file},
         claims=_SOCKET.format(name="stale")),
    _one("moved", "proxy_pass http://@a@;", "no-such-socket", "socket-path-mismatch",
         servers={"a": no_file, "b": on_socket(answers(OK))},
         claims='[upstream.moved]\nsocket = "@b.path@"\n'),
    _one("no-file", "uwsgi_pass @a@;", "no-such-socket", "-", servers={"a": no_file},
         claims=_SOCKET.format(name="no-file") + 'protocol = "uwsgi"\n'),
    _one("private-tmp", "proxy_pass http://unix:/tmp/lint502-none.sock;", "no-such-socket",
         "unix-socket-in-tmp socket-path-mismatch"),
    _one("closed-socket", "proxy_pass http://@a@;", "socket-permission", "socket-permission",
         servers={"a": on_socket(answers(OK), 0o600)},
         claims='[upstream.closed-socket]\nsocket = { path = "@a.path@", owner = "root", '
         'group = "root", mode = "0600" }\n'),
    _one("closed-folder", "proxy_pass http://@a@;", "socket-permission", "socket-permission",
         servers={"a": on_socket(answers(OK), 0o666, 0o700)},
         claims='[upstream.closed-folder]\n[upstream.closed-folder.socket]\npath = "@a.path@"\n'
         '[[upstream.closed-folder.socket.directories]]\npath = "@a.folder@"\nowner = "root"\n'
         'group = "root"\nmode = "0700"\n'),
    _one("closed-unsaid", "proxy_pass http://@a@;", "socket-permission", "-",
         servers={"a": on_socket(answers(OK), 0o600)},
         claims=_SOCKET.format(name="closed-unsaid")),
    _one("colon", "proxy_pass http://@a@/api;", "not-a-directory", "unix-url-colon",
         servers={"a": on_socket(answers(OK))}, claims=_SOCKET.format(name="colon")),
    _one("datagrams", "proxy_pass http://@a@;", "wrong-socket-type", "-",
         servers={"a": datagrams_on_socket}, claims=_SOCKET.format(name="datagrams")),
    _one("queue", "proxy_pass http://@a@;", "queue-full", "-", servers={"a": full(unix=True)},
         claims=_SOCKET.format(name="queue")),
    Case(
        "slow-connect",
        location("/slow-connect/", "proxy_connect_timeout 300ms;", "proxy_pass http://@a@;"),
        _asks("/slow-connect/", "connect-timed-out", "-"),
        {"a": full()},
        claim("slow-connect"),
    ),
    _one("six", "proxy_pass http://[::1]:@a.port@;", "refused-ipv6",
         "localhost-family bind-mismatch port-mismatch", servers={"a": on_port(answers(OK))},
         claims=claim("six", 'bind = ["127.0.0.1"]')),
    Case(
        "implicit-block",
        "upstream implicit {\n    server 127.0.0.9;\n}\n",
        (),
        claims='[upstream.implicit]\nhosts = ["127.0.0.9"]\nport = 8123\n',
        within="http",
    ),
    Case(
        "implicit",
        location("/implicit/", "proxy_pass http://implicit;"),
        _asks("/implicit/", "refused", "implicit-port-80 port-mismatch"),
    ),
    Case(
        "no-resolver",
        location("/no-resolver/", "set $where api.internal;", "proxy_pass http://$where:81;"),
        _asks("/no-resolver/", "no-resolver", "resolver-missing"),
    ),
    Case(
        "dead-resolver",
        location("/dead-resolver/", "resolver @a@;", "resolver_timeout 400ms;",
                 "set $where2 api.internal;", "proxy_pass http://$where2:81;"),
        (Ask("/dead-resolver/x", (expect("dns-timed-out dns-unreachable", "resolver-mismatch -"),
                                  expect("dns-unreachable", hop=None))),),
        {"a": nobody_on_udp},
    ),
    Case(
        "no-such-host",
        location("/no-such-host/", "resolver @a@;", "set $where3 nobody.internal;",
                 "proxy_pass http://$where3:81;"),
        _asks("/no-such-host/", "host-not-found", "unknown-host resolver-mismatch -"),
        {"a": names(api="127.0.0.1")},
    ),
    Case(
        "invalid",
        location("/invalid/", "set $where4 127.0.0.1:http;", "proxy_pass http://$where4;"),
        _asks("/invalid/", "invalid-address", "invalid-address"),
    ),
    Case(
        "bound",
        location("/bound/", "proxy_bind 192.0.2.77;", "proxy_pass http://@a@;"),
        _asks("/bound/", "bind-failed", "-"),
        {"a": on_port(answers(OK))},
        claim("bound"),
    ),
    Case(
        "all-down",
        "upstream all-down {\n    server @a@ down;\n    server @b@ down;\n}\n",
        (),
        {"a": nobody, "b": nobody},
        within="http",
    ),
    Case(
        "all-down-hop",
        location("/all-down/", "proxy_pass http://all-down/;"),
        _asks("/all-down/", "no-live-upstreams", "no-live-peer"),
    ),
    Case(
        "busy",
        "upstream busy {\n    zone busy 64k;\n    server @a@ max_conns=1;\n}\n",
        (),
        {"a": on_port(answers(0.8, OK))},
        claim("busy", "[upstream.busy.timeouts]", 'response = "1s"'),
        within="http",
    ),
    Case(
        "busy-hop",
        location("/busy/", "proxy_pass http://busy;"),
        (Ask("/busy/x", (expect("no-live-upstreams", "max-conns"),), at_once=3),),
    ),
    Case(
        "ejected",
        "upstream ejected {\n    server @a@;\n    server @b@;\n}\n",
        (),
        {"a": nobody, "b": nobody},
        '[upstream.one-ejected]\nhosts = ["127.0.0.1"]\nport = @a.port@\n'
        '[upstream.two-ejected]\nhosts = ["127.0.0.1"]\nport = @b.port@\n',
        within="http",
    ),
    Case(
        "ejected-hop",
        location("/ejected/", "proxy_pass http://ejected;"),
        (
            Ask("/ejected/x", (expect("refused", "-"), expect("server-disabled"))),
            Ask("/ejected/y", (expect("no-live-upstreams", "single-failure-ejection -"),)),
        ),
    ),
    Case(
        "backup",
        "upstream backup {\n    server @a@ max_fails=0;\n    server @b@ backup;\n}\n",
        (),
        {"a": nobody, "b": on_port(answers(OK))},
        '[upstream.main]\nhosts = ["127.0.0.1"]\nport = @a.port@\n'
        '[upstream.spare]\nhosts = ["127.0.0.1"]\nport = @b.port@\n',
        within="http",
    ),
    Case(
        "backup-hop",
        location("/backup/", "proxy_pass http://backup;"),
        (Ask("/backup/x", (expect("refused", "-"),), status=200),),
    ),
    Case(
        "no-time",
        location("/no-time/", "proxy_read_timeout 0;", "proxy_pass http://@a@;"),
        _asks("/no-time/", "response-timed-out", "zero-timeout"),
        {"a": on_port(answers(0.3, OK))},
        claim("no-time"),
    ),
    Case(
        "unasked",
        location("/unasked/", "proxy_read_timeout 300ms;", "proxy_pass http://@a@;"),
        _asks("/unasked/", "response-timed-out", "-"),
        {"a": on_port(hangs)},
        claim("unasked"),
    ),
    Case(
        "too-slow",
        location("/too-slow/", "proxy_read_timeout 300ms;", "proxy_pass http://@a@;"),
        _asks("/too-slow/", "response-timed-out", "read-timeout"),
        {"a": on_port(hangs)},
        claim("too-slow", "[upstream.too-slow.timeouts]", 'response = "20s"'),
    ),
    Case(
        "worker-timeout",
        location("/worker-timeout/", "proxy_pass http://@a@;"),
        _asks("/worker-timeout/", "closed-early", "request-timeout"),
        {"a": on_port(closes)},
        claim("worker-timeout", "[upstream.worker-timeout.timeouts]", 'request = "30s"'),
    ),
    Case(
        "crash",
        location("/crash/", "proxy_pass http://@a@;"),
        _asks("/crash/", "closed-early", "-"),
        {"a": on_port(closes)},
        claim("crash", 'server = "gunicorn"', 'bind = ["127.0.0.1"]'),
    ),
)  # fmt: skip
