"""``lint502 check --fix``, ``--diff`` and ``--unsafe-fixes``, as a user has them."""

from __future__ import annotations

import io
import json
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Run

SPEC = """\
complete = true
[upstream.api]
hosts = ["10.0.0.1"]
port = 3000
protocol = "http"
timeouts = { response = "30s" }
[upstream.mail]
hosts = ["10.0.0.2"]
port = 3000
protocol = "http"
"""
NGINX = """\
events {}
http {
    server {
        listen 8080;
        location / {
            proxy_pass http://10.0.0.1:3001; # the API
        }
        location /zero/ {
            proxy_read_timeout 0;
            proxy_pass http://10.0.0.1:3000;
        }
        include mail.conf;
    }
}
"""
MAIL = "location /mail/ {\r\n\tproxy_pass http://10.0.0.2:25;\r\n}\r\n"
FIXED = NGINX.replace("3001", "3000")
FIXED_MAIL = MAIL.replace(":25", ":3000")


@pytest.fixture
def site(run: Run) -> Path:
    """A site with three mistakes, of which two have safe fixes, in the working directory."""
    here = Path.cwd()
    put("nginx.conf", NGINX)
    put("mail.conf", MAIL)
    put("upstreams.toml", SPEC)
    return here


def put(name: str, text: str) -> None:
    Path(name).write_bytes(text.encode())


def texts() -> tuple[str, str]:
    return tuple(Path(name).read_bytes().decode() for name in ("nginx.conf", "mail.conf"))  # type: ignore[return-value]


def names() -> list[str]:
    return sorted(path.name for path in Path().iterdir() if path.name != ".git")


def test_safe_fixes_are_written_and_the_rest_is_reported(site: Path, run: Run) -> None:
    code, out, err = run("check", "--fix", "--format", "concise")
    assert texts() == (FIXED, FIXED_MAIL)
    assert ("zero-timeout" in out, "port-mismatch" in out) == (True, False)
    assert err.splitlines() == [
        "note: 1 more could be fixed with --unsafe-fixes; look over what it changes",
        "fixed 2 findings in 2 files",
    ]
    assert code == 1
    assert names() == ["mail.conf", "nginx.conf", "upstreams.toml"]


def test_unsafe_ones_too(site: Path, run: Run) -> None:
    code, _, err = run("check", "--fix", "--unsafe-fixes", "--format", "concise")
    assert texts() == (FIXED.replace("timeout 0", "timeout 60s"), FIXED_MAIL)
    assert (code, err) == (0, "fixed 3 findings in 2 files\n")
    assert run("check", "--fix").err == "fixed 0 findings in 0 files\n"


DIFF = """\
--- mail.conf
+++ mail.conf
@@ -1,3 +1,3 @@
 location /mail/ {\r
-\tproxy_pass http://10.0.0.2:25;\r
+\tproxy_pass http://10.0.0.2:3000;\r
 }\r
--- nginx.conf
+++ nginx.conf
@@ -3,7 +3,7 @@
     server {
         listen 8080;
         location / {
-            proxy_pass http://10.0.0.1:3001; # the API
+            proxy_pass http://10.0.0.1:3000; # the API
         }
         location /zero/ {
             proxy_read_timeout 0;
"""


def test_a_diff_writes_nothing(site: Path, run: Run) -> None:
    code, out, err = run("check", "--diff")
    assert (code, out) == (1, DIFF)
    assert err.splitlines()[-1] == "would fix 2 findings in 2 files"
    assert texts() == (NGINX, MAIL)


def test_no_diff(site: Path, run: Run) -> None:
    run("check", "--fix")
    code, out, err = run("check", "--diff")
    assert (code, out) == (0, "")
    assert err.splitlines()[-1] == "would fix 0 findings in 0 files"


def test_a_last_line_without_an_end(site: Path, run: Run) -> None:
    put("mail.conf", "location /mail/ { proxy_pass http://10.0.0.2:25; }")
    assert run("check", "--diff").out.startswith(
        "--- mail.conf\n+++ mail.conf\n@@ -1 +1 @@\n"
        "-location /mail/ { proxy_pass http://10.0.0.2:25; }\n\\ No newline at end of file\n"
        "+location /mail/ { proxy_pass http://10.0.0.2:3000; }\n\\ No newline at end of file\n"
    )


@pytest.mark.parametrize("option", ["--fix", "--diff"])
def test_nothing_is_fixed_where_a_file_cannot_be_read(option: str, site: Path, run: Run) -> None:
    put("mail.conf", "location / {\n")
    code, out, err = run("check", option)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == ("error: nothing is fixed, for not everything could be checked")
    assert "mail.conf:1:" in err
    assert texts()[0] == NGINX


def test_standard_input_is_no_file(site: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    given: Any = io.TextIOWrapper(io.BytesIO(NGINX.replace("include mail.conf;", "").encode()))
    monkeypatch.setattr(sys, "stdin", given)
    code, out, err = run("check", "-", "--fix")
    assert (code, out) == (2, "")
    assert err == (
        "error: <stdin>: nothing is fixed: standard input and the output of nginx -T are no files "
        "to write to; name the file that nginx starts from\n"
    )


def test_a_dump_is_not_changed(site: Path, run: Run) -> None:
    dump = f"# configuration file /etc/nginx/nginx.conf:\n{NGINX}\n".replace(
        "include mail.conf;", ""
    )
    put("dump", dump)
    code, out, err = run("check", "dump", "--fix")
    assert (code, out) == (2, "")
    assert err.startswith("error: /etc/nginx/nginx.conf: nothing is fixed: standard input and")
    assert Path("dump").read_text() == dump


def test_what_is_ignored_stays(site: Path, run: Run) -> None:
    kept = NGINX.replace("# the API", "# lint502: ignore[port-mismatch] it moves in May")
    put("nginx.conf", kept)
    assert run("check", "--fix").err.endswith("fixed 1 finding in 1 file\n")
    assert texts() == (kept, FIXED_MAIL)


def test_what_is_known_stays(site: Path, run: Run) -> None:
    put("mail.conf", FIXED_MAIL)
    assert run("check", "--write-baseline", "known.json").code == 0
    put("mail.conf", MAIL)
    code, _, err = run("check", "--baseline", "known.json", "--fix", "--unsafe-fixes")
    assert texts() == (NGINX, FIXED_MAIL)
    assert (code, err) == (0, "fixed 1 finding in 1 file\n")


def test_only_selected_rules(site: Path, run: Run) -> None:
    code, _, err = run("check", "--fix", "--unsafe-fixes", "--select", "zero-timeout")
    assert texts() == (NGINX.replace("timeout 0", "timeout 60s"), MAIL)
    assert (code, err) == (0, "fixed 1 finding in 1 file\n")


@pytest.mark.parametrize("more", [(), ("--ignore", "tls-mismatch")])
def test_rules_that_are_not_selected_count_all_the_same(
    more: tuple[str, ...], site: Path, run: Run
) -> None:
    """With the other scheme nginx would show no certificate; that the API speaks TLS behind the
    wrong port is known, and no reason to leave the port as it is."""
    put("upstreams.toml", SPEC.replace("port = 3000", "port = 3000\ntls = true", 1))
    code, _, _ = run("check", "--fix", "--select", "port-mismatch", *more)
    assert (code, texts()) == (0, (FIXED, FIXED_MAIL))


TWO_SERVERS = """\
events {}
http {
    server { listen 81; server_name a; set $to 10.0.0.1; include up; }
    server { listen 82; server_name b; set $to 10.0.0.2; include up; }
}
"""
UP = "location / { proxy_pass https://$to:3000; }\n"


@pytest.mark.parametrize(
    ("tls", "text", "unfixed"),
    [
        (
            "true",
            UP,
            ["not fixed: up:1: tls-mismatch: tls-mismatch would be found instead (up:1)"],
        ),
        ("false", UP.replace("https", "http"), []),
    ],
)
def test_a_snippet_of_two_servers(tls: str, text: str, unfixed: list[str], run: Run) -> None:
    """The first one's upstream has no TLS; that of the second one may have."""
    put("nginx.conf", TWO_SERVERS)
    put("up", UP)
    put(
        "upstreams.toml",
        '[upstream.one]\nhosts = ["10.0.0.1"]\nport = 3000\nprotocol = "http"\ntls = false\n'
        f'[upstream.two]\nhosts = ["10.0.0.2"]\nport = 3000\nprotocol = "http"\ntls = {tls}\n',
    )
    code, _, err = run("check", "--fix")
    assert Path("up").read_text() == text
    assert code == int(bool(unfixed))
    assert err.splitlines()[:-1] == unfixed


def test_one_server_of_two_is_not_declared(run: Run) -> None:
    put(
        "nginx.conf",
        "events {}\nhttp {\n    include timeouts;\n"
        "    server { listen 81; location / { proxy_pass http://10.0.0.1:3000; } }\n"
        "    server { listen 82; location / { proxy_pass http://10.0.0.9:3000; } }\n}\n",
    )
    put("timeouts", "proxy_read_timeout 10s;\n")
    put("upstreams.toml", SPEC)
    code, _, err = run("check", "--fix")
    assert (code, Path("timeouts").read_text()) == (1, "proxy_read_timeout 10s;\n")
    assert err.splitlines() == [
        "not fixed: timeouts:1: read-timeout: it also bears on proxy_pass http://10.0.0.9:3000 "
        "(nginx.conf:5), of whose upstream nothing is known",
        "fixed 0 findings in 0 files",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--fix", "--diff"), "--fix writes what --diff only shows"),
        (("--unsafe-fixes",), "give it with --fix or --diff"),
        (("--diff", "--format", "json"), "leave --format out"),
        (("--diff", "--prove"), "leave --prove out"),
        (("--diff", "--write-baseline", "b"), "leave --write-baseline out"),
    ],
)
def test_options_that_do_not_go_together(
    arguments: tuple[str, ...], said: str, site: Path, run: Run
) -> None:
    code, out, err = run("check", *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert texts() == (NGINX, MAIL)


def test_a_read_only_file_and_nothing_else_is_written(site: Path, run: Run) -> None:
    Path("nginx.conf").chmod(0o444)
    code, out, err = run("check", "--fix")
    assert (code, out) == (2, "")
    assert err == "error: cannot write nginx.conf: it is read-only; nothing is written\n"
    assert texts() == (NGINX, MAIL)
    assert names() == ["mail.conf", "nginx.conf", "upstreams.toml"]


def test_a_folder_that_takes_no_files(
    site: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = tempfile.mkstemp
    made: list[str] = []

    def refused(**arguments: Any) -> tuple[int, str]:
        if made:
            raise PermissionError(13, "Permission denied")
        descriptor, path = original(**arguments)
        made.append(path)
        return descriptor, path

    monkeypatch.setattr(tempfile, "mkstemp", refused)
    code, out, err = run("check", "--fix")
    assert (code, out) == (2, "")
    assert err == "error: cannot write nginx.conf: Permission denied; nothing is written\n"
    assert texts() == (NGINX, MAIL)
    assert names() == ["mail.conf", "nginx.conf", "upstreams.toml"]


def test_a_disk_that_is_full(site: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, _, err = run("check", "--fix")
    assert (code, err) == (
        2,
        "error: cannot write mail.conf: No space left on device; nothing is written\n",
    )
    assert texts() == (NGINX, MAIL)
    assert names() == ["mail.conf", "nginx.conf", "upstreams.toml"]


def test_a_file_that_changes_meanwhile(
    site: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lint502 import fixing

    original = fixing.fix

    def slow(*arguments: Any, **named: Any) -> fixing.Mended:
        result = original(*arguments, **named)
        put("nginx.conf", f"{NGINX}# somebody else\n")
        return result

    monkeypatch.setattr(fixing, "fix", slow)
    code, _, err = run("check", "--fix")
    assert (code, err) == (
        2,
        "error: cannot write nginx.conf: somebody has changed it meanwhile; nothing is written\n",
    )
    assert texts() == (f"{NGINX}# somebody else\n", MAIL)


def test_links_and_modes_stay(site: Path, run: Run) -> None:
    Path("real").mkdir()
    Path("nginx.conf").rename("real/main.conf")
    Path("nginx.conf").symlink_to("real/main.conf")
    Path("real/main.conf").chmod(0o640)
    run("check", "--fix")
    assert Path("nginx.conf").is_symlink()
    assert texts() == (FIXED, FIXED_MAIL)
    assert stat.S_IMODE(Path("real/main.conf").stat().st_mode) == 0o640


def test_attributes_stay(site: Path, run: Run) -> None:
    try:
        os.setxattr("nginx.conf", "user.note", b"ours")
    except (AttributeError, OSError):
        pytest.skip("this file system keeps no attributes")
    run("check", "--fix")
    assert texts() == (FIXED, FIXED_MAIL)
    assert os.getxattr("nginx.conf", "user.note") == b"ours"


def test_a_link_out_of_the_tree_is_not_written_to(
    site: Path, run: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "nginx.conf"
    Path("nginx.conf").rename(outside)
    Path("nginx.conf").symlink_to(outside)
    code, _, err = run("check", "--fix", "nginx.conf")
    assert code == 1
    assert texts() == (NGINX, FIXED_MAIL)
    assert err.splitlines()[0] == (
        "not fixed: nginx.conf:6: port-mismatch: nginx.conf is a link to a file outside the tree "
        "that lint502 may read; check that file itself"
    )


def test_bytes_that_are_not_utf_8_forbid_it(site: Path, run: Run) -> None:
    Path("mail.conf").write_bytes(b"# caf\xe9\n" + MAIL.encode())
    code, _, err = run("check", "--fix")
    assert code == 2
    assert "nothing is fixed" in err
    assert Path("nginx.conf").read_text() == NGINX


def test_json_is_of_the_second_run(site: Path, run: Run) -> None:
    code, out, _ = run("check", "--fix", "--format", "json")
    assert [finding["rule"] for finding in json.loads(out)["findings"]] == ["zero-timeout"]
    assert code == 1


def test_a_file_that_cannot_be_put_in_place(
    site: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written before it is put back."""
    original = Path.replace

    def refused(self: Path, target: str) -> Path:
        if target.endswith("nginx.conf") and FIXED in self.read_text():
            raise PermissionError(1, "Operation not permitted")
        return original(self, target)

    monkeypatch.setattr(Path, "replace", refused)
    code, _, err = run("check", "--fix")
    assert (code, err) == (
        2,
        "error: cannot write nginx.conf: Operation not permitted; nothing is written\n",
    )
    assert texts() == (NGINX, MAIL)
    assert names() == ["mail.conf", "nginx.conf", "upstreams.toml"]


def test_what_stands_within_another_file_keeps_nothing_else_from_being_fixed(
    tmp_path: Path, run: Run
) -> None:
    within = "server { listen 81; location / { proxy_pass http://web:8081; } }"
    compose = f"""\
services:
  nginx:
    image: nginx:1.26
    volumes: ["./nginx:/etc/nginx/conf.d"]
    configs: [{{ source: more, target: /etc/nginx/conf.d/more.conf }}]
  alone:
    image: nginx:1.26
    configs: [{{ source: more, target: /etc/nginx/conf.d/more.conf }}]
  web:
    image: python:3.13
    command: gunicorn --bind 0.0.0.0:8000 a
configs:
  more:
    content: |
      {within}
"""
    (tmp_path / "nginx").mkdir()
    (tmp_path / "nginx/a.conf").write_text("server { location / { proxy_pass http://web:8080; } }")
    (tmp_path / "compose.yaml").write_text(compose)
    code, _, err = run("check", "--fix")
    assert code == 1
    fixed = "server { location / { proxy_pass http://web:8000; } }"
    assert (tmp_path / "nginx/a.conf").read_text() == fixed
    assert (tmp_path / "compose.yaml").read_text() == compose
    assert err == (
        "not fixed: compose.yaml:15: port-mismatch: compose.yaml is no nginx file that can be "
        "written to\n"
        "fixed 1 finding in 1 file\n"
    )
