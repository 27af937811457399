"""Requests that come through nginx more than once, or for which something else is asked first."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from lint502.nginx.version import Version
from lint502.options import Options
from tests.diagnosis.test_routes_on_nginx import free_port, started
from tests.ladder.test_on_nginx import (
    Lab,
    answering,
    asked,
    closing,
    large,
    ok,
    read_head,
    request,
    silent,
)
from tests.support.nginxes import nginx_of
from tests.support.probes import serving
from tests.support.real_nginx import HTTP, MAIN, prefix
from tests.support.sites import examine, write

pytestmark = pytest.mark.slow

SITE = """
    proxy_connect_timeout 1s;
    upstream failed { server 127.0.0.1:REFUSED; server 127.0.0.1:GONE; }
    upstream down { server 127.0.0.1:SILENT down; server 127.0.0.1:OK down; }
    upstream again { server 127.0.0.1:INNER; server 127.0.0.1:SILENT backup; }
    server {
        listen 127.0.0.1:LISTEN;
        proxy_read_timeout 3s;
        client_max_body_size 1m;
        location /slow { proxy_pass http://127.0.0.1:INNER; }
        location /sooner { proxy_read_timeout 500ms; proxy_pass http://127.0.0.1:INNER/slow; }
        location /upstream { proxy_pass http://127.0.0.1:INNER; }
        location /refused { proxy_pass http://127.0.0.1:INNER; }
        location /large { proxy_buffer_size 8k; proxy_pass http://127.0.0.1:INNER; }
        location /large/alike { error_page 502 =418 /sorry; proxy_buffer_size 4k;
                                proxy_pass http://127.0.0.1:INNER/large; }
        location /body { proxy_pass http://127.0.0.1:INNER; }
        location /paged { proxy_intercept_errors on; error_page 504 =418 /sorry;
                          proxy_pass http://127.0.0.1:INNER/slow; }
        location /deeper { proxy_pass http://127.0.0.1:INNER; }
        location /again { proxy_next_upstream error timeout http_504;
                          proxy_pass http://again/slow; }
        location /found { proxy_pass http://127.0.0.1:INNER/answered; }
        location = /sorry { internal; return 418; }
        location /guarded/slow { auth_request /auth/slow; proxy_pass http://127.0.0.1:OK; }
        location /guarded/closed { auth_request /auth/closed; proxy_pass http://127.0.0.1:OK; }
        location /guarded/refused { auth_request /auth/refused; proxy_pass http://127.0.0.1:OK; }
        location /guarded/paged { auth_request /auth/slow; error_page 500 =418 /sorry;
                                  proxy_pass http://127.0.0.1:OK; }
        location /auth/slow { internal; proxy_read_timeout 1s; proxy_pass http://127.0.0.1:SILENT; }
        location /auth/closed { internal; proxy_pass http://127.0.0.1:CLOSING; }
        location /auth/refused { internal; proxy_pass http://127.0.0.1:REFUSED; }
        location /copied { mirror /auth/slow; proxy_pass http://127.0.0.1:OK; }
        location /stalled { proxy_read_timeout 1s; proxy_pass http://127.0.0.1:STALLED; }
        location /early { proxy_pass http://127.0.0.1:EARLY; }
        location /deaf { client_max_body_size 100m; proxy_send_timeout 1s;
                         proxy_pass http://127.0.0.1:DEAF; }
        location /down { proxy_pass http://down; }
        location /failed { proxy_pass http://failed; }
    }
    server {
        listen 127.0.0.1:INNER;
        proxy_read_timeout 1500ms;
        client_max_body_size 4k;
        location /slow { proxy_pass http://127.0.0.1:SILENT; }
        location /upstream { proxy_pass http://127.0.0.1:CLOSING; }
        location /refused { proxy_pass http://127.0.0.1:REFUSED; }
        location /large { proxy_buffer_size 4k; proxy_pass http://127.0.0.1:LARGE; }
        location /body { proxy_pass http://127.0.0.1:OK; }
        location /deeper { proxy_read_timeout 2s; proxy_pass http://127.0.0.1:INNER/deepest; }
        location /deepest { proxy_read_timeout 1s; proxy_pass http://127.0.0.1:SILENT; }
        location /answered { return 204; }
    }
"""
SPEC = """
[upstream.closing]
port = CLOSING
timeouts.request = "1s"
"""


def stalled(connection: socket.socket) -> None:
    read_head(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")
    time.sleep(4)


@pytest.fixture(scope="module", params=["bullseye", "sid"])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    nginx = nginx_of(request.param)
    with ExitStack() as stack:
        ports = {name: free_port() for name in ("LISTEN", "INNER", "REFUSED", "GONE")}
        for name, serve in (
            ("SILENT", silent),
            ("CLOSING", closing),
            ("ANSWERING", answering),
            ("OK", ok),
            ("LARGE", large),
            ("STALLED", stalled),
            ("EARLY", read_head),
            ("DEAF", lambda _: time.sleep(4)),
        ):
            ports[name] = stack.enter_context(serving(serve))
        folder = stack.enter_context(prefix())
        # an nginx of one process works on all that comes to its sockets
        start = f"daemon off; master_process off; error_log error.log;\n{MAIN}http {{\n{HTTP}"
        conf, spec = f"{start}{SITE}}}\n", SPEC
        for name, port in ports.items():
            conf, spec = conf.replace(f":{name}", f":{port}"), spec.replace(name, str(port))
        write(folder, {"nginx.conf": conf, "upstreams.toml": spec})
        stack.enter_context(started(nginx, folder, folder / "nginx.conf", ports["LISTEN"]))
        options = Options(
            working_directory=folder,
            roots=(str(folder / "nginx.conf"),),
            version=Version(*nginx.version),
            version_origin="option",
        )
        yield Lab(folder, ports["LISTEN"], examine(options))


SLOW = {
    ("/slow", "slow-answer"): ("nginx", 504, 1500),
    ("/sooner", "slow-answer"): ("nginx", 504, 500),
    ("/upstream", "slow-answer"): ("closing", 502, 1000),
    ("/paged", "slow-answer"): ("nginx", 418, 1500),
    ("/deeper", "slow-answer"): ("nginx", 504, 1000),
    ("/again", "slow-answer"): ("nginx", 504, 4500),
    ("/refused", "refused-connection"): ("nginx", 502, 0),
    ("/guarded/slow", "auth-request"): ("nginx", 500, 1000),
    ("/guarded/closed", "auth-request"): ("closing", 500, 1000),
    ("/guarded/paged", "auth-request"): ("nginx", 418, 1000),
    ("/down", "finding"): ("nginx", 502, None),
}


def test_who_gives_up_first(lab: Lab) -> None:
    found = {one: lab.outcome(*one) for one in SLOW}
    assert {key: (one.by, one.status, one.after) for key, one in found.items()} == SLOW
    with ThreadPoolExecutor(len(SLOW)) as pool:
        got = list(pool.map(lambda one: asked(lab.port, request(one[0])), SLOW))
    for one, (status, seconds) in zip(SLOW, got, strict=True):
        assert status == found[one].status, one
        assert abs(seconds - (found[one].after or 0) / 1000) < 0.9, (one, seconds)


def test_an_upstream_that_breaks_off(lab: Lab) -> None:
    early, deaf = lab.outcome("/early", "closed-early"), lab.outcome("/deaf", "slow-upload", "POST")
    stops = lab.outcome("/stalled", "stalled-response")
    assert (early.status, early.after) == (502, 0)
    assert (deaf.status, deaf.after) == (504, 1000)
    assert (stops.status, stops.after) == (None, 1000)
    assert "slow-upload" not in lab.cases("/deaf")
    assert asked(lab.port, request("/early"))[0] == 502
    status, seconds = asked(lab.port, request("/deaf", method="POST", body=(30 << 20) * b"x"))
    assert status == 504
    assert abs(seconds - 1) < 0.9
    status, seconds = asked(lab.port, request("/stalled"))
    assert status == 200  # and a part of the body
    assert abs(seconds - 1) < 0.9


def test_what_is_too_large_for_the_nginx_behind(lab: Lab) -> None:
    body, head = lab.outcome("/body", "large-body"), lab.outcome("/large", "large-response-head")
    assert (body.status, body.beyond, head.status, head.beyond) == (413, 4096, 502, 4096)
    for size, status in ((4096, 200), (4097, 413)):
        more = request("/body", method="POST", body=size * b"x")
        assert asked(lab.port, more)[0] == status
    assert asked(lab.port, request("/large"))[0] == 502
    alike = lab.outcome("/large/alike", "large-response-head")
    assert (alike.status, alike.beyond) == (502, 4096)  # no error page: it is an answer here
    assert asked(lab.port, request("/large/alike"))[0] == 502


def test_what_nothing_can_be_too_slow_for(lab: Lab) -> None:
    assert "slow-answer" not in lab.cases("/found")
    assert asked(lab.port, request("/found"))[0] == 204
    assert "auth-request" not in lab.cases("/copied")
    assert asked(lab.port, request("/copied"))[0] == 200


def test_all_servers_have_failed(lab: Lab) -> None:
    first, later = (
        lab.outcome("/failed", "refused-connection"),
        lab.outcome("/failed", "no-live-server"),
    )
    assert (first.status, later.status, later.after, later.always) == (502, 502, 0, False)
    assert [asked(lab.port, request("/failed"))[0] for _ in range(3)] == [502] * 3
    log = (lab.folder / "error.log").read_text()
    assert "no live upstreams while connecting to upstream" in log


def test_each_server_of_nginx_itself_is_a_rung(lab: Lab) -> None:
    rungs = [(rung.kind, rung.notes) for rung in lab.route("/deeper").rungs]
    once = [("server", ()), ("location", ()), ("hop", ())]
    inner, last = [("upstream", ("nginx itself",))], ("nothing is declared of what stands there",)
    assert rungs == [*once, *inner, *once, *inner, *once, ("upstream", last)]
