from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import tomli
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lint502.declared.load import load_specs
from lint502.nginx.version import NEWEST
from lint502.settings.load import load_settings
from tests.support.cli import Ran, Run
from tests.support.sites import write

SITE = {
    "compose.yaml": """\
services:
  web:
    image: nginx:1.25.5
    volumes: ["./nginx/nginx.conf:/etc/nginx/nginx.conf:ro"]
  api:
    image: python:3.12
    command: gunicorn -b 0.0.0.0:8000 --timeout 60 app:app
""",
    "nginx/nginx.conf": """\
events {}
http {
    upstream pool { server 10.0.0.1:3000; server 10.0.0.2:3000; }
    server {
        location / { proxy_pass http://api:8000; }
        location /pool/ { proxy_pass http://pool; }
        location ~ \\.php$ { fastcgi_pass unix:/run/php.sock; }
        location /cache/ { memcached_pass 10.0.0.3:11211; }
        location /any/ { resolver 127.0.0.11; proxy_pass http://$arg_to; }
        location /again/ { proxy_pass http://api:8000; }
    }
}
""",
}
SETTINGS = """\
# The settings of lint502. What its command line says comes before them.

# From these deployments it is known which files nginx reads:
#   compose.yaml (web): nginx/nginx.conf

# The version of nginx is known, and need not be repeated:
# nginx_version = "1.25.5"  # compose.yaml:3
"""
HEAD = """\
# What stands behind nginx. What other files state stands here as a comment, with its place: it
# counts from there. Fill in what only you know, without the "#" before it.
"""
HTTP = """\
# server = "node/20"  # its documented defaults fill what is not stated here
# protocol = "http"  # that it speaks
# tls = false  # whether it speaks TLS
# http_versions = ["1.0", "1.1"]  # that it accepts; "2" is HTTP/2
# timeouts.request = "30s"  # after which the server gives a request up
# timeouts.response = "20s"  # the longest that an answer takes to start
# keepalive.idle_timeout = "5s"  # after which it closes an idle connection
# limits.request_headers = "16k"  # the largest head of a request that it takes
# limits.request_body = "10m"  # the largest body of a request that it takes
# limits.response_headers = "12k"  # the largest response head that it sends
# websocket = ["/ws/"]  # paths that need Upgrade
"""
SPEC = f"""\
{HEAD}
[upstream.api]
# port = 8000  # compose.yaml:7 (stated)
# bind = ["0.0.0.0"]  # compose.yaml:7 (stated)
# server = "gunicorn"  # compose.yaml:7 (stated)
# protocol = "http"  # compose.yaml:7 (stated)
# http_versions = ["1.0", "1.1"]  # compose.yaml:7: the default of gunicorn
# tls = false  # compose.yaml:7 (stated)
# timeouts.request = "60s"  # compose.yaml:7 (stated)
# keepalive.announces_close = true  # compose.yaml:7: the default of gunicorn
# limits.overflow = "answer"  # compose.yaml:7: the default of gunicorn
# timeouts.response = "20s"  # the longest that an answer takes to start
# limits.request_headers = "16k"  # the largest head of a request that it takes
# limits.request_body = "10m"  # the largest body of a request that it takes
# limits.response_headers = "12k"  # the largest response head that it sends
# websocket = ["/ws/"]  # paths that need Upgrade

[upstream.pool]
# nothing states what stands there
# hosts = ["10.0.0.1", "10.0.0.2"]  # to which nginx connects
# port = 3000  # to which nginx connects: nginx/nginx.conf:3
{HTTP}
[upstream.php]
# nothing states what stands there
# socket = "/run/php.sock"  # to which nginx connects: nginx/nginx.conf:7
# server = "php-fpm"  # its documented defaults fill what is not stated here
# protocol = "fastcgi"  # that it speaks
# timeouts.request = "30s"  # after which the server gives a request up
# timeouts.response = "20s"  # the longest that an answer takes to start
# keepalive.idle_timeout = "5s"  # after which it closes an idle connection
# limits.request_headers = "16k"  # the largest head of a request that it takes
# limits.request_body = "10m"  # the largest body of a request that it takes
# limits.response_headers = "12k"  # the largest response head that it sends

[upstream."10.0.0.3:11211"]
# nothing states what stands there
# hosts = ["10.0.0.3"]  # to which nginx connects
# port = 11211  # to which nginx connects: nginx/nginx.conf:8
# protocol = "memcached"  # that it speaks
# keepalive.idle_timeout = "5s"  # after which it closes an idle connection

# Where these hops go cannot be known from the files:
#   nginx/nginx.conf:9 proxy_pass http://$arg_to: http://$arg_to depends on the request, or on a \
file that was not seen
"""
SAID = """\
wrote lint502.toml
wrote upstreams.toml
fill in what you know in upstreams.toml, then: lint502 check
"""


def written() -> tuple[str, str]:
    return Path("lint502.toml").read_text(), Path("upstreams.toml").read_text()


def files() -> set[str]:
    return {path.name for path in Path().iterdir()} - {".git"}


def checked(run: Run) -> tuple[int, Any]:
    """What a check finds, whatever its messages are, and what becomes of each hop."""
    ran = run("check", "--format", "json")
    report = json.loads(ran.out)
    findings = [
        (one["rule"], one["severity"], one["file"], one["line"], one["fingerprint"])
        for one in report["findings"]
    ]
    hops = [
        (hop["state"], [target["compared_with"] for target in hop["targets"]])
        for hop in report["hops"]
    ]
    return ran.code, (findings, hops, report["problems"])


def test_both_files(run: Run) -> None:
    write(Path(), SITE)
    before = checked(run)
    assert run("init") == Ran(0, "", SAID)
    assert written() == (SETTINGS, SPEC)
    assert checked(run) == before


def test_what_is_there_is_not_overwritten(run: Run) -> None:
    write(Path(), {**SITE, "upstreams.toml": "# mine\n"})
    there = "error: upstreams.toml is there already; lint502 init --update adds what is new\n"
    assert run("init") == Ran(2, "", there)
    assert files() == {"compose.yaml", "nginx", "upstreams.toml"}
    write(Path(), {"lint502.toml": ""})
    assert run("init").err == there.replace(
        "upstreams.toml is", "lint502.toml and upstreams.toml are"
    )
    assert written() == ("", "# mine\n")


def test_a_file_that_counts_elsewhere_is_there_too(run: Run) -> None:
    write(Path(), {**SITE, "nginx/upstreams.toml": "[upstream.pool]\nport = 3000\n"})
    there = "error: nginx/upstreams.toml is there already; lint502 init --update adds what is new\n"
    assert run("init") == Ran(2, "", there)
    assert run("init", "--update").code == 0
    text = Path("nginx/upstreams.toml").read_text()
    assert text.startswith("[upstream.pool]\nport = 3000\n\n[upstream.api]\n# port = 8000")
    assert files() == {"compose.yaml", "nginx", "lint502.toml"}


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_an_update_adds_what_is_new_at_the_end(run: Run, end: str) -> None:
    line = end or "\n"
    mine = f"# ours{line}[front.lb]{line}kind =   'aws-alb'{line}[upstream.pool]   # two{line}"
    mine += f"hosts = [ '10.0.0.1','10.0.0.2' ]{line}port=3000{end}"
    write(Path(), {**SITE, "upstreams.toml": mine, "lint502.toml": "# settings\n"})
    said = (
        "added to upstreams.toml: api, php, 10.0.0.3:11211\n"
        "fill in what you know in upstreams.toml, then: lint502 check\n"
    )
    assert run("init", "--update") == Ran(0, "", said)
    new = Path("upstreams.toml").read_bytes().decode()
    assert new.startswith(mine)
    tables = [
        table for table in SPEC.split("\n\n") if table.startswith("[") and "pool" not in table
    ]
    assert new[len(mine) :].lstrip("\r\n").replace("\r\n", "\n") == "\n\n".join(tables) + "\n"
    assert ("\r\n" in new, new.replace("\r\n", "").count("\n") == 0) == (end == "\r\n",) * 2
    assert Path("lint502.toml").read_text() == "# settings\n"
    assert run("init", "--update") == Ran(0, "", "nothing is new; nothing is written\n")
    assert Path("upstreams.toml").read_bytes().decode() == new


def test_an_update_keeps_the_mode_and_writes_nothing_that_is_the_same(run: Run) -> None:
    write(Path(), SITE)
    assert run("init", "--update").err == SAID
    Path("upstreams.toml").chmod(0o640)
    before = Path("upstreams.toml").stat()
    assert run("init", "--update") == Ran(0, "", "nothing is new; nothing is written\n")
    after = Path("upstreams.toml").stat()  # a reader may have changed its access time
    written = ("st_ino", "st_mode", "st_mtime_ns", "st_ctime_ns", "st_size")
    assert [getattr(after, one) for one in written] == [getattr(before, one) for one in written]
    write(Path(), {"nginx/more.conf": "", "nginx/nginx.conf": SITE["nginx/nginx.conf"].replace(
        "http://api:8000; }\n        location /pool", "http://new:1; }\n        location /pool"
    )})  # fmt: skip
    assert run("init", "--update").code == 0
    assert Path("upstreams.toml").stat().st_mode == before.st_mode


def test_only_a_difference(run: Run) -> None:
    write(Path(), SITE)
    code, out, err = run("init", "--diff")
    assert (code, err, files()) == (0, "", {"compose.yaml", "nginx"})
    added = [f"+{line}" for line in SPEC.splitlines()]
    assert out.splitlines()[-len(added) :] == added
    assert out.startswith("--- /dev/null\n+++ lint502.toml\n@@ -0,0 +1,7 @@\n+# The settings")
    run("init")
    assert run("init", "--update", "--diff") == Ran(0, "", "")


def test_roots_maps_and_a_version_that_are_given(run: Run, tmp_path: Path) -> None:
    main = "events {} http { include /srv/conf/*.conf; }"
    site = "server { location / { proxy_pass http://api:1; } }"
    write(Path(), {"a/main.conf": main, "b/site.conf": site})
    given = (str(tmp_path / "a/main.conf"), "--map", f"/srv/conf={tmp_path}/b")
    assert run("init", *given, "--nginx-version", "angie/1.10.1", "--no-derive").code == 0
    assert tomli.loads(Path("lint502.toml").read_text()) == {
        "roots": ["a/main.conf"],
        "derive": False,
        "nginx_version": "angie/1.10.1",
        "map": {"/srv/conf": "b"},
    }
    assert load_settings(tmp_path)[1] == ()
    assert run("check").code == 0
    assert str(tmp_path) not in "".join(written())


def test_roots_that_were_found(run: Run) -> None:
    write(Path(), {"deploy/site.conf": "server { location / { proxy_pass http://api:1; } }"})
    assert run("init").code == 0
    assert Path("lint502.toml").read_text() == (
        "# The settings of lint502. What its command line says comes before them.\n\n"
        'roots = ["deploy/site.conf"]\n\n'
        "# The nginx that runs there; without it the newest known counts.\n"
        f'# nginx_version = "{NEWEST}"\n'
    )


@pytest.mark.parametrize("root", ["-", "../x.conf"])
def test_roots_that_settings_cannot_name(
    run: Run, root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    write(
        tmp_path, {"x.conf": "events {} http { server { location / { proxy_pass http://a:1; } } }"}
    )
    monkeypatch.chdir(tmp_path / "in")
    monkeypatch.setattr("lint502.cli.arguments.read_standard_input", lambda: b"")
    code, out, err = run("init", root)
    assert (code, out, files()) == (2, "", set())
    assert "nothing is written" in err or f"lint502.toml cannot name {root}" in err


def test_includes_that_are_missing(run: Run) -> None:
    main = (
        "events {} http { include secret.conf; server { location / { proxy_pass http://a:1; } } }"
    )
    write(Path(), {"nginx.conf": main})
    before = checked(run)
    code, _, err = run("init")
    assert (code, err.startswith("error: nginx.conf:1: include secret.conf")) == (2, True)
    assert (
        "# Includes that exist only where nginx runs:\n"
        '# allow_missing = ["secret.conf"]  # nginx.conf:1\n'
    ) in Path("lint502.toml").read_text()
    assert checked(run) == before


def test_settings_in_pyproject_stay_the_settings(run: Run) -> None:
    write(Path(), {**SITE, "pyproject.toml": "[tool.lint502]\nfail_on = 'info'\n"})
    assert run("init").err == (
        "note: the settings are those of pyproject.toml\nwrote upstreams.toml\n"
        "fill in what you know in upstreams.toml, then: lint502 check\n"
    )
    assert files() == {"compose.yaml", "nginx", "pyproject.toml", "upstreams.toml"}


@pytest.mark.parametrize(
    ("files_there", "said"),
    [
        ({}, "no nginx configuration is named"),
        ({"nginx.conf": "events {} http { server { return 204; } }"}, "there is no pass"),
        ({"nginx.conf": "events {"}, "not everything could be read; nothing is written"),
    ],
)
def test_nothing_to_write(run: Run, files_there: dict[str, str], said: str) -> None:
    write(Path(), files_there)
    code, out, err = run("init")
    assert (code, out, files()) == (2, "", set(files_there))
    assert said in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("upstream = { pool = { port = 3000 } }\n", "takes no more tables"),
        ("[upstream.pool\n", "nothing is written"),
        ("upstream = 3\n", "takes no more tables"),
    ],
)
def test_a_file_that_takes_no_tables(run: Run, text: str, said: str) -> None:
    write(Path(), {**SITE, "upstreams.toml": text})
    code, _, err = run("init", "--update")
    assert (code, files()) == (2, {"compose.yaml", "nginx", "upstreams.toml"})
    assert said in err
    assert Path("upstreams.toml").read_text() == text


@pytest.mark.parametrize("name", ["lint502.toml", "upstreams.toml"])
@pytest.mark.parametrize("update", [[], ["--update"]])
def test_links_and_folders_are_left_alone(
    run: Run, name: str, update: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "file"
    for kind in ("link", "dangling", "folder"):
        write(Path(), SITE)
        outside.unlink(missing_ok=True)
        if kind == "folder":
            Path(name).mkdir()
        else:
            if kind == "link":
                outside.write_text("")
            Path(name).symlink_to(outside)
        there = files()
        assert run("init", *update).code == 2
        assert (files(), outside.exists()) == (there, kind == "link")
        assert not outside.exists() or outside.read_text() == ""
        Path(name).rmdir() if kind == "folder" else Path(name).unlink()


def test_none_is_written_where_one_cannot_be(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write(Path(), SITE)
    link = os.link

    def late(source: str, target: str) -> None:
        if target.endswith("upstreams.toml"):
            Path(target).write_text("somebody's")
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    assert run("init") == Ran(2, "", "error: cannot write upstreams.toml: File exists\n")
    assert files() == {"compose.yaml", "nginx", "upstreams.toml"}
    assert Path("upstreams.toml").read_text() == "somebody's"


def test_no_file_that_a_check_would_not_read(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write(Path(), SITE)
    monkeypatch.setattr("lint502.cli.init.LARGEST", len(SPEC) - 1)
    assert run("init").err == (
        "error: upstreams.toml would have more than 0 MB, which lint502 does not read; "
        "nothing is written\n"
    )
    assert files() == {"compose.yaml", "nginx"}


def test_a_byte_order_mark_stays(run: Run) -> None:
    write(Path(), {**SITE, "upstreams.toml": "\ufeff[upstream.pool]\n"})
    assert run("init", "--update").code == 0
    assert written()[1].startswith("\ufeff[upstream.pool]\n\n[upstream.api]\n")


def test_several_listeners_of_an_upstream(run: Run) -> None:
    command = "sh -c 'gunicorn -b :8000 a:b & gunicorn -b :8001 a:c; wait'"
    api = SITE["compose.yaml"].replace("gunicorn -b 0.0.0.0:8000 --timeout 60 app:app", command)
    write(Path(), {**SITE, "compose.yaml": api})
    before = checked(run)
    run("init")
    table = Path("upstreams.toml").read_text().split("\n\n")[1].split("\n")
    assert table[1].startswith("# several listeners: to say something of one, make it [[…]] tables")
    assert [one for one in table if "port = " in one or one == "# or:"] == [
        "# port = 8000  # compose.yaml:7 (stated)",
        "# or:",
        "# port = 8001  # compose.yaml:7 (stated)",
    ]
    assert checked(run) == before


def test_a_root_whose_name_is_no_utf_8(run: Run) -> None:
    name = os.fsdecode(b"\xff.conf")
    write(Path(), {name: "events {} http { server { location / { proxy_pass http://a:1; } } }"})
    assert run("init", name) == Ran(
        2, "", "error: lint502.toml cannot name \\xff.conf, for that is not UTF-8\n"
    )
    assert files() == {name}


NASTY = ["a]b", 'a\\"b', "a.b", "ünï", "a\u2028b", "a\u202eb", "\x1b[31m", "]#x", "::error::"]


@pytest.mark.parametrize("name", NASTY)
def test_names_that_somebody_chose_with_care(run: Run, name: str) -> None:
    conf = f'events {{}} http {{ upstream "{name}" {{ server 10.0.0.1:1; }} server {{'
    write(Path(), {"nginx.conf": f'{conf} location / {{ proxy_pass "http://{name}"; }} }} }}'})
    run("init")
    if "upstreams.toml" in files():
        spec, problems = load_specs([Path("upstreams.toml")])
        assert problems == []
        assert {one.name for one in spec.upstreams} <= {name.replace('\\"', '"')}
        text = Path("upstreams.toml").read_text()
        assert [one for one in text.split("\n") if not one.isprintable()] == []


NAMES = ("api", "web", "db", "h.example", "127.0.0.1", "10.0.0.9")
COMMANDS = (
    "gunicorn -b 0.0.0.0:8000 app:app",
    "uvicorn app:app --host 127.0.0.1 --port 8001",
    "node server.js",
    "uwsgi --socket :9000 --harakiri 20",
    "sh -c 'gunicorn -b :8000 a:b & gunicorn -b :8001 a:c; wait'",
)


@st.composite
def sites(draw: st.DrawFn) -> dict[str, str]:
    target = st.builds(
        "{}:{}".format, st.sampled_from(NAMES), st.sampled_from((80, 3000, 8000, 8001, 9000))
    )
    servers = st.lists(target, min_size=1, max_size=2)
    blocks = draw(st.dictionaries(st.sampled_from(("pool", "api", "web")), servers, max_size=2))
    passes = st.one_of(
        st.builds("proxy_pass http://{};".format, target),
        st.builds("proxy_pass http://{};".format, st.sampled_from(("pool", "api", "web"))),
        st.builds("uwsgi_pass {};".format, target),
        st.just("fastcgi_pass unix:/run/php.sock;"),
        st.just("proxy_pass http://$arg_x;"),
    )
    text = "".join(
        f"upstream {name} {{ {' '.join(f'server {one};' for one in servers)} }}\n"
        for name, servers in blocks.items()
    )
    locations = "".join(
        f"location /{number} {{ {one} }}\n"
        for number, one in enumerate(draw(st.lists(passes, min_size=1, max_size=5)))
    )
    found = {
        "nginx.conf": f"events {{}}\nhttp {{\n{text}server {{\nlisten 8080;\n{locations}}}\n}}\n"
    }
    services = draw(
        st.dictionaries(st.sampled_from(("api", "web", "db")), st.sampled_from(COMMANDS))
    )
    if draw(st.booleans()):
        web = "  edge:\n    image: nginx:1.26\n    volumes: [./nginx.conf:/etc/nginx/nginx.conf]\n"
        found["compose.yaml"] = f"services:\n{web}" + "".join(
            f'  {name}:\n    image: python\n    command: "{command}"\n'
            for name, command in services.items()
        )
    return found


NUMBERS: Iterator[int] = count()


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(site=sites(), more=sites(), cut=st.integers(0, 40))
def test_a_check_finds_afterwards_what_it_found_before(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    site: dict[str, str],
    more: dict[str, str],
    cut: int,
) -> None:
    folder = tmp_path / str(next(NUMBERS))
    write(folder, {**site, ".git/x": ""})
    monkeypatch.chdir(folder)
    before = checked(run)
    assert run("init").code == (2 if before[1][2] else 0)
    first = written()
    assert checked(run) == before
    assert run("init", "--update").err.endswith("nothing is new; nothing is written\n")
    assert written() == first
    lines = first[1].splitlines(keepends=True)
    mine = "".join([*lines[: cut % len(lines)], "# ours\n", *lines[cut % len(lines) :]])
    write(folder, {"upstreams.toml": mine, "nginx.conf": more["nginx.conf"]})
    before = checked(run)
    assert run("init", "--update").code == (2 if before[1][2] else 0)
    assert written()[1].startswith(mine)
    assert checked(run) == before


def test_what_is_written_can_be_filled_in_as_it_is(run: Run, tmp_path: Path) -> None:
    write(Path(), {**SITE, "nginx/nginx.conf": SITE["nginx/nginx.conf"].replace("pool", "one")})
    run("init")
    text = Path("upstreams.toml").read_text()
    filled = "".join(
        line.removeprefix("# ") if " = " in line else line for line in text.splitlines(True)
    )
    write(Path(), {"upstreams.toml": filled})
    spec, problems = load_specs([tmp_path / "upstreams.toml"])
    assert problems == []
    assert [one.name for one in spec.upstreams] == ["api", "one", "php", "10.0.0.3:11211"]
    assert "declaration-drift" not in run("check").out
