"""``--stdin-filename``: what an editor asks of a file that is not saved."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Ran, Run
from tests.support.sites import write

SITE = {
    "nginx/nginx.conf": "events {}\nhttp {\n  proxy_read_timeout 40s;\n"
    "  include conf.d/*.conf;\n}\n",
    "nginx/conf.d/shop.conf": "server {\n  location / { proxy_pass http://127.0.0.1:3000; }\n}\n",
    "nginx/conf.d/other.conf": "server {\n  listen 81;\n"
    "  location / { proxy_pass http://127.0.0.1:3001; }\n}\n",
    "nginx/upstreams.toml": '[upstream.api]\nhosts = ["127.0.0.1"]\nport = 3000\n'
    '[upstream.api.timeouts]\nresponse = "30s"\n',
}
WRONG = SITE["nginx/conf.d/shop.conf"].replace("3000", "3002")

Edited = Callable[..., Ran]


@pytest.fixture
def edited(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edited:
    """Runs a command with the text of a file on standard input, in a site."""
    write(tmp_path, SITE)

    def edited(name: str, text: str, *more: str) -> Ran:
        stream = io.TextIOWrapper(io.BytesIO(text.encode("utf-8", "surrogateescape")))
        monkeypatch.setattr(sys, "stdin", stream)
        return run("check", "--format=concise", f"--stdin-filename={name}", *more)

    return edited


def lines(ran: Ran) -> list[str]:
    """The places and rules of what is found."""
    return [f"{line.partition(': ')[0]} {line.rpartition(' ')[2]}" for line in ran.out.splitlines()]


@pytest.mark.parametrize("more", [(), ("-",), ("-", "nginx"), ("nginx/nginx.conf",)])
def test_the_text_counts_instead_of_the_file(edited: Edited, more: tuple[str, ...]) -> None:
    ran = edited("nginx/conf.d/shop.conf", WRONG, *more)
    assert (ran.code, lines(ran), ran.err) == (
        0,
        ["nginx/conf.d/shop.conf:2:27 [port-mismatch]"],
        "",
    )
    ran = edited("nginx/conf.d/shop.conf", SITE["nginx/conf.d/shop.conf"], *more)
    assert (ran.code, ran.out) == (0, "")


def test_the_name_is_the_one_that_was_given(edited: Edited, tmp_path: Path) -> None:
    for name in (f"{tmp_path}/nginx/conf.d/shop.conf", "./nginx/conf.d/../conf.d/shop.conf"):
        assert lines(edited(name, WRONG)) == [f"{name}:2:27 [port-mismatch]"]
    (tmp_path / "enabled").symlink_to("nginx/conf.d")
    assert lines(edited("enabled/shop.conf", WRONG)) == ["enabled/shop.conf:2:27 [port-mismatch]"]


def test_a_finding_is_shown_at_its_place_in_the_file(edited: Edited) -> None:
    spec = SITE["nginx/upstreams.toml"]
    ran = edited("nginx/upstreams.toml", spec.replace("30s", "50s"))
    assert lines(ran) == [
        "nginx/upstreams.toml:3:1 [port-mismatch]",
        "nginx/upstreams.toml:5:1 [read-timeout]",
    ]
    assert ran.code == 1
    last = ran.out.splitlines()[-1]
    assert last.startswith("nginx/upstreams.toml:5:1: error: nginx/nginx.conf:3: api takes up to")


def test_or_at_a_hop_that_stands_there(edited: Edited, tmp_path: Path) -> None:
    path = tmp_path / "nginx/nginx.conf"
    path.write_text(SITE["nginx/nginx.conf"].replace("40s", "4s"))
    ran = edited("nginx/conf.d/shop.conf", SITE["nginx/conf.d/shop.conf"])
    assert lines(ran) == ["nginx/conf.d/shop.conf:2:16 [read-timeout]"]


def test_what_was_the_place_is_among_the_others(edited: Edited) -> None:
    text = SITE["nginx/upstreams.toml"].replace("30s", "50s")
    out = edited("nginx/upstreams.toml", text, "--format=json:out.json").out
    assert out
    report: dict[str, Any] = json.loads(Path("out.json").read_text())
    found = report["findings"][-1]
    assert (found["file"], found["line"]) == ("nginx/upstreams.toml", 5)
    assert [(one["file"], one["line"]) for one in found["related"]] == [("nginx/nginx.conf", 3)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nginx/conf.d/new.conf", "nginx/conf.d/new.conf:1:44 [port-mismatch]"),
        ("elsewhere/new.conf", "elsewhere/new.conf:1:44 [undeclared-upstream]"),
        ("nginx/snippet", "nginx/snippet:1:44 [port-mismatch]"),
    ],
)
def test_a_file_that_is_nowhere_yet(edited: Edited, name: str, expected: str) -> None:
    text = "server { listen 82;location / { proxy_pass http://127.0.0.1:3009; } }\n"
    assert lines(edited(name, text)) == [expected]


def test_a_file_of_no_root_is_one_of_its_own(edited: Edited, tmp_path: Path) -> None:
    write(tmp_path, {"old/site.conf": "server { }\n", "old/upstreams.toml": "[upstream.b]\n"})
    text = "server { listen 82; location / { proxy_pass http://b:1; } }\n"
    assert "\nno" not in edited("old/site.conf", text).out
    (tmp_path / "old/upstreams.toml").write_text("[upstream.b]\nport = 2\n")
    assert lines(edited("old/site.conf", text)) == ["old/site.conf:1:45 [port-mismatch]"]


def test_where_no_root_is_found(
    run: Run, edited: Edited, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bare").mkdir()
    monkeypatch.chdir(tmp_path / "bare")
    ran = edited("a.conf", "server { location / { proxy_pass http://b:1; } }\n")
    assert (ran.code, lines(ran)) == (0, ["a.conf:1:34 [undeclared-upstream]"])
    ran = edited("compose.yaml", "services: {}\n")
    assert ran.code == 2
    assert "no nginx configuration is named" in ran.err


def test_files_that_are_none_of_nginx(edited: Edited) -> None:
    for name in ("README.md", "Dockerfile", "nginx/www.conf.php", "php/www.conf"):
        assert edited(name, "[www]\nlisten = 9000\n")[:2] == (0, "")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("nginx/conf.d/shop.conf", "server {\n  location / }\n", "nginx/conf.d/shop.conf:2: "),
        ("nginx/upstreams.toml", "[upstream.api]\nprot = 1\n", "nginx/upstreams.toml:2: "),
        ("lint502.toml", 'fail_on = "x"\n', "lint502.toml:1: "),
        ("nginx/nginx.conf", "http { \0 }", "nginx/nginx.conf:1: "),
        ("alone.conf", "server { proxy_pass", "alone.conf:1: "),
        ("nginx/conf.d/shop.conf", "#" * (9 * 1024**2), "nginx/conf.d/shop.conf:1: "),
    ],
)
def test_what_cannot_be_checked(edited: Edited, name: str, text: str, said: str) -> None:
    ran = edited(name, text)
    assert ran.code == 2
    assert [line for line in ran.err.splitlines() if line.startswith(f"error: {said}")]


def test_a_mistake_of_another_file_is_said(edited: Edited, tmp_path: Path) -> None:
    (tmp_path / "nginx/conf.d/other.conf").write_text("server {\n")
    ran = edited("nginx/conf.d/shop.conf", WRONG)
    assert (ran.code, lines(ran)) == (2, ["nginx/conf.d/shop.conf:2:27 [port-mismatch]"])
    assert ran.err.startswith("error: nginx/conf.d/other.conf:1: ")


COMPOSE = """\
services:
  web:
    image: nginx:1.26
    volumes: ["./default.conf:/etc/nginx/conf.d/default.conf"]
  app:
    image: python:3.13
    command: gunicorn -b 0.0.0.0:8000 app:app
"""


@pytest.mark.parametrize("name", ["compose.yaml", "app/Dockerfile"])
def test_what_says_how_it_is_run(edited: Edited, tmp_path: Path, name: str) -> None:
    text = COMPOSE.replace("0:8000", "0:8001")
    compose = COMPOSE
    if name != "compose.yaml":
        command = "    image: python:3.13\n    command: gunicorn -b 0.0.0.0:8000 app:app\n"
        compose = COMPOSE.replace(command, "    build: app\n")
        text = "FROM python:3.13\nCMD gunicorn -b 0.0.0.0:8001 app:app\n"
    conf = "server { listen 80; location / { proxy_pass http://app:8000; } }\n"
    write(
        tmp_path,
        {
            "c/compose.yaml": compose,
            "c/app/Dockerfile": text.replace("8001", "8000"),
            "c/default.conf": conf,
        },
    )
    ran = edited(f"c/{name}", text, "--deployment=c/compose.yaml", "--select=port-mismatch")
    assert ran.out.startswith(f"c/{name}:")
    assert ": c/default.conf:1: nginx connects to app:8000" in ran.out
    ran = edited(f"c/{name}", text.replace("8001", "8000"), "--deployment=c/compose.yaml")
    assert "port-mismatch" not in ran.out


def test_bytes_that_are_no_utf8(edited: Edited) -> None:
    ran = edited("nginx/conf.d/shop.conf", "# \udcff\n" + WRONG)
    assert lines(ran) == ["nginx/conf.d/shop.conf:3:27 [port-mismatch]"]


def test_formats_name_the_file_from_the_top_of_the_repository(
    edited: Edited, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path / "nginx")
    edited("conf.d/shop.conf", WRONG, "--format=rdjson:../out.json")
    (one,) = json.loads((tmp_path / "out.json").read_text())["diagnostics"]
    assert one["location"]["path"] == "nginx/conf.d/shop.conf"


def test_the_output_of_nginx_is_seen_whole(edited: Edited) -> None:
    text = "server { listen 82; location / { proxy_pass http://b:1; } }"
    dump = (
        "# configuration file /etc/nginx/nginx.conf:\nevents {}\n"
        f"http {{ include s.conf; }}\n\n# configuration file /etc/nginx/s.conf:\n{text}\n"
    )
    ran = edited("dump.txt", dump)
    assert lines(ran) == ["/etc/nginx/s.conf:1:45 [undeclared-upstream]"]


def test_the_fix_is_a_diff(edited: Edited, tmp_path: Path, run: Run) -> None:
    text = WRONG.replace("127.0.0.1", "api")
    stream = io.TextIOWrapper(io.BytesIO(text.encode()))
    pytest.MonkeyPatch().setattr(sys, "stdin", stream)
    ran = run("check", "--diff", "--stdin-filename=nginx/conf.d/shop.conf")
    assert "-  location / { proxy_pass http://api:3002; }" in ran.out
    assert "+  location / { proxy_pass http://api:3000; }" in ran.out
    assert (tmp_path / "nginx/conf.d/shop.conf").read_text() == SITE["nginx/conf.d/shop.conf"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--fix",), "the file of --stdin-filename is in an editor; give --diff instead"),
        (("--write-baseline=b.json",), "a baseline is of the files on the disk"),
    ],
)
def test_what_would_write_is_refused(edited: Edited, arguments: tuple[str, ...], said: str) -> None:
    ran = edited("nginx/nginx.conf", "", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


@pytest.mark.parametrize(("name", "said"), [("", "names no file"), ("nginx", "is a folder")])
def test_names_that_are_no_file(edited: Edited, name: str, said: str) -> None:
    ran = edited(name, "")
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
