"""Which content handler runs, and what a real nginx answers where there are several."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.lab.bench import Bench
from lint502.lab.binary import Running
from lint502.lab.client import Request, send
from lint502.nginx.handlers import handlers, overridden_by
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.sites import contexts, hops_of, http, load

FCGI, UWSGI, SCGI = "fastcgi_pass b:1", "uwsgi_pass b:1", "scgi_pass b:1"
PROXY = "proxy_pass http://a:1"
MEMCACHED = "set $memcached_key a; memcached_pass unix:no"


@pytest.mark.parametrize(
    ("lines", "running"),
    [
        ([PROXY], [PROXY]),
        ([PROXY, FCGI], [FCGI]),
        ([FCGI, PROXY], [PROXY]),
        ([FCGI, UWSGI, SCGI], [SCGI]),
        ([PROXY, "stub_status"], ["stub_status"]),
        (["stub_status", PROXY], [PROXY]),
        ([PROXY, "empty_gif"], ["empty_gif"]),
        ([PROXY, "js_content main.hello"], ["js_content main.hello"]),
        ([PROXY, 'content_by_lua "ngx.say(1)"'], ['content_by_lua "ngx.say(1)"']),
        ([PROXY, "echo a", "echo b"], ["echo a", "echo b"]),  # one handler with two commands
        (["echo a", PROXY, "echo b"], ["echo a", "echo b"]),
        ([PROXY, "root /srv", "index a.html", "try_files $uri =404"], [PROXY]),
        ([PROXY, "return 404"], [PROXY]),
        ([PROXY, "include unseen/*.conf"], [PROXY]),
    ],
)
def test_the_last_one_runs(tmp_path: Path, lines: list[str], running: list[str]) -> None:
    assert runs(tmp_path, "; ".join([*lines, ""])) == running


@pytest.mark.parametrize(
    ("inside", "running"),
    [
        ("allow 10.0.0.0/8; deny all;", [PROXY, UWSGI]),
        ("", [PROXY, UWSGI]),
        ("deny all;", [UWSGI]),
        (f"{PROXY};", [UWSGI]),  # one of its own
    ],
)
def test_a_limit_except_takes_the_first_of_the_modules(
    tmp_path: Path, inside: str, running: list[str]
) -> None:
    for lines in (f"{PROXY}; {FCGI}; {UWSGI};", f"{FCGI}; {PROXY}; {UWSGI};"):
        assert runs(tmp_path, f"{lines} limit_except GET {{ {inside} }}") == running
    lines = f"memcached_pass b:1; {UWSGI};"
    assert runs(tmp_path, f"{lines} limit_except GET {{ {inside} }}") == [UWSGI]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f"{PROXY}; if ($x) {{ {FCGI}; }}", [None, None]),
        (f"if ($x) {{ {PROXY}; {FCGI}; }}", ["fastcgi_pass", None]),
        (f"{PROXY}; location /b {{ {FCGI}; }}", [None, None]),
        (f"{PROXY}; {FCGI};", ["fastcgi_pass", None]),
        (f"{PROXY}; stub_status;", ["stub_status"]),
    ],
)
def test_hops_know_what_runs_in_their_place(
    tmp_path: Path, body: str, expected: list[str | None]
) -> None:
    found, _ = hops_of(tmp_path, http(f"server {{ location / {{ {body} }} }}"))
    others = [overridden_by(hop.context, hop.directive) for hop in found]
    assert [None if other is None else other.name for other in others] == expected


def test_included_lines_count_where_the_include_stands(tmp_path: Path) -> None:
    nginx = http(f"server {{ location / {{ include app.conf; {PROXY}; }} }}")
    found, _ = hops_of(tmp_path, nginx, files={"app.conf": f"{FCGI};\n"})
    first, second = found
    assert overridden_by(first.context, first.directive) is second.directive
    assert overridden_by(second.context, second.directive) is None


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    ("body", "get", "post"),
    [
        ("uwsgi_pass unix:no; stub_status;", 200, 405),
        ("stub_status; uwsgi_pass unix:no;", 502, 502),
        ("empty_gif; uwsgi_pass unix:no;", 502, 502),
        ("uwsgi_pass unix:no; empty_gif;", 200, 405),
        ("uwsgi_pass unix:no; fastcgi_pass unix:no; stub_status;", 200, 405),
        # the methods of a limit_except get what the file overrides
        ("uwsgi_pass unix:no; stub_status; limit_except GET { allow all; }", 200, 502),
        ("uwsgi_pass unix:no; stub_status; limit_except POST { allow all; }", 502, 405),
        (f"{MEMCACHED}; stub_status; limit_except POST {{ allow all; }}", 403, 405),
        ("uwsgi_pass unix:no; stub_status; limit_except GET { deny all; }", 200, 403),
        ("uwsgi_pass unix:no; stub_status; return 204;", 204, 204),
    ],
)
def test_what_nginx_answers(release: str, body: str, get: int, post: int) -> None:
    with Bench() as bench:
        port = bench.port()
        server = f"server {{ listen 127.0.0.1:{port}; location / {{ {body} }} }}\n"
        running = Running(bench, nginx_of(release), server)
        seen = [send(port, Request(name, "/"), 20.0).status for name in ("GET", "POST")]
        running.stop()
    assert seen == [get, post]


def runs(folder: Path, body: str) -> list[str]:
    """The lines of a location that run, as they are written."""
    tree = load(folder, {"nginx.conf": http(f"server {{ location / {{ {body} }} }}")})
    (location,) = contexts(tree, "http", "server", "location")
    return [
        f"{line.name} {' '.join(line.args)}".strip().replace("ngx.say(1)", '"ngx.say(1)"')
        for line in handlers(location)
        if overridden_by(location, line) is None
    ]
