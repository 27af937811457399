"""Hostile and broken input: a clear message with file and line, exit code 2, no traceback, little
time, little memory, and nothing of a file outside the tree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from lint502.nginx.tokens import MAX_TOKENS
from tests.support.sites import http, write

SECONDS = 120
"""After which a run counts as hung; ``pytest -rP`` shows the time that each took."""

MEGABYTES = 300

SECRET = "p4ssw0rd-of-somebody-else"

_MEASURE = """
import json, resource, subprocess, sys, time
start = time.monotonic()
code = subprocess.run(sys.argv[2:]).returncode
seconds = time.monotonic() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
open(sys.argv[1], "w").write(json.dumps([code, seconds, used]))
"""
"""Between the tests and lint502: a child begins with the memory of its parent on its account."""


@dataclass(frozen=True)
class Done:
    code: int
    said: str


Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """``lint502 check`` in a folder ``site`` of its own, within bounds; ``pytest -rP`` shows
    what it took."""
    (tmp_path / "site").mkdir()
    (tmp_path / "secret").write_text(SECRET)

    def check(
        *arguments: str,
        stdin: bytes = b"",
        code: int = 2,
        style: str = "concise",
        most: int = MEGABYTES,
    ) -> Done:
        measured = tmp_path / "measured"
        done = subprocess.run(
            [sys.executable, "-S", "-c", _MEASURE, str(measured), sys.executable, "-m", "lint502",
             "check", *arguments, "--format", style],
            cwd=tmp_path / "site",
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
            input=stdin,
            capture_output=True,
            timeout=SECONDS,
        )  # fmt: skip
        said = (done.stdout + done.stderr).decode()
        exit_code, seconds, megabytes = json.loads(measured.read_text())
        print(f"took {seconds:.2f} s, {megabytes:.0f} MB")
        assert "Traceback" not in said, said
        assert SECRET not in said
        assert exit_code == code, said
        assert megabytes < most
        return Done(exit_code, said)

    return check


def problems(done: Done) -> list[str]:
    """The problems as they were said."""
    return [
        line.removeprefix("error: ")
        for line in done.said.splitlines()
        if line.startswith("error: ")
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("http {\n server {\n}\n",
         '3: the file ends before the "}" of the block that opens on line 1'),
        ("http {\n}\n}\n", '3: unexpected "}": no block is open here'),
        ("http {\n a\n}\n", '3: unexpected "}"; a ";" is missing before it'),
        ("events {}\nhttp {\n a 'b;\n}\n", "3: the string that starts here has no closing '"),
        ("http {\n a", '2: the file ends before the ";" of this directive'),
        ("{", '1: unexpected "{"'),
        ("", "1: this file is empty: there is nothing to check"),
        ("a {" * 100_000, "1: blocks are nested more than 200 levels deep; lint502 does not read "
         "further"),
        ("a {\n" * 100_000 + "}" * 100_000, "201: blocks are nested more than 200 levels deep; "
         "lint502 does not read further"),
        ("}" * 100_000, '1: unexpected "}": no block is open here'),
    ],
    ids=["open", "closed", "semicolon", "string", "end", "nothing", "empty", "nested", "lines",
         "closing"],
)  # fmt: skip
def test_broken_text(run: Run, tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path / "site", {"nginx.conf": text})
    assert problems(run("nginx.conf")) == [f"nginx.conf:{message}"]


@pytest.mark.parametrize("kind", ["word", "string", "comment", "blanks"])
@pytest.mark.parametrize("megabytes", [15, 100])
def test_a_line_of_many_megabytes(run: Run, tmp_path: Path, kind: str, megabytes: int) -> None:
    filler = {"word": b"a", "string": b"'a", "comment": b"#a", "blanks": b" "}[kind]
    with (tmp_path / "site/nginx.conf").open("wb") as file:
        file.write(b"http {\n" + filler)
        for _ in range(megabytes):
            file.write((b" " if kind == "blanks" else b"a") * 1024**2)
    (message,) = problems(run("nginx.conf"))
    if megabytes == 100:
        assert message.startswith("nginx.conf:1: this file has 1048")
        assert message.endswith(" bytes; lint502 reads at most 64 MB of one file")
    else:
        assert message.startswith("nginx.conf:2: ")


@pytest.mark.parametrize("unit", [" b", "a{}", "#\n", ";"])
def test_more_tokens_than_fit(run: Run, tmp_path: Path, unit: str) -> None:
    """All of these would take gigabytes."""
    write(tmp_path / "site", {"nginx.conf": "http{a" + (unit * (15 * 1024**2 // len(unit)))})
    (message,) = problems(run("nginx.conf", most=1000))
    assert message.startswith("nginx.conf:")
    if unit != ";":
        assert f"more than {MAX_TOKENS} words, braces and comments" in message


def test_many_tokens_over_many_files(run: Run, tmp_path: Path) -> None:
    big = "a;" * (MAX_TOKENS // 2 - 2)
    write(
        tmp_path / "site", {"nginx.conf": http("include d/*;"), **{f"d/{n}": big for n in range(9)}}
    )
    done = run("nginx.conf", most=1600)
    assert any("words; lint502 stops here" in message for message in problems(done))


def test_standard_input_without_end(run: Run) -> None:
    assert problems(run("-", stdin=b"a" * 100 * 1024**2)) == [
        "<stdin>:1: standard input has more than 64 MB"
    ]


def test_bytes_that_are_no_text(run: Run, tmp_path: Path) -> None:
    write(
        tmp_path / "site",
        {
            "nginx.conf": "http {\ninclude nul;\ninclude latin1;\ninclude bom; }",
            "nul": b"a;\nb\0c;\n",
            "latin1": b"# gr\xfc\xdfe\na;",
            "bom": b"\xef\xbb\xbfa;",
        },
    )
    assert problems(run("nginx.conf")) == [
        "nul:2: this file has a NUL byte here: this is no text file",
        "latin1:1: this file has a byte here that is not UTF-8 (0xfc); save the file as UTF-8",
        "bom:1: this file starts with a byte order mark, which nginx takes for part of the first "
        "directive; save it without one",
    ]


def test_random_bytes(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "site", {"nginx.conf": bytes(range(255, 0, -1)) * 100})
    (message,) = problems(run("nginx.conf"))
    assert message.startswith("nginx.conf:")


@pytest.mark.parametrize("included", [False, True])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("folder", None),
        ("pipe", "is not a regular file (a device, a pipe or a socket)"),
        ("zero", "is not a regular file (a device, a pipe or a socket)"),
        ("loop", "a symbolic link that leads back to itself"),
        ("gone", "there is no such file"),
        ("memory", "cannot be read: Input/output error"),
    ],
)
def test_what_is_no_file_to_read(
    run: Run, tmp_path: Path, name: str, message: str | None, included: bool
) -> None:
    site = tmp_path / "site"
    (site / "folder").mkdir()
    os.mkfifo(site / "pipe")
    (site / "zero").symlink_to("/dev/zero")
    (site / "memory").symlink_to("/proc/self/mem")
    (site / "loop").symlink_to("pool")
    (site / "pool").symlink_to("loop")
    if not included:
        (said,) = problems(run(name))
        assert said.startswith(f"{name}: ")
        assert (message or "this directory has no nginx.conf") in said
        return
    write(site, {"nginx.conf": f"http {{\n include {name};\n}}"})
    (said,) = problems(run("nginx.conf"))
    assert said.startswith(f"nginx.conf:2: include {name}: ")
    if name not in ("zero", "memory"):  # they lie outside
        assert (message or "is a directory") in said


def test_devices(run: Run) -> None:
    for device in ("/dev/zero", "/dev/null", "/dev/random"):
        (message,) = problems(run(device))
        assert message.startswith(f"{device}: ")


class TestProducts:
    """What small files multiply to: it is shared where it is the same, and bounded where not."""

    def test_a_block_of_many_servers_behind_many_locations(self, run: Run, tmp_path: Path) -> None:
        block = "".join(f"server 10.{n >> 8}.{n & 255}.1:80;\n" for n in range(2000))
        locations = "".join(f"location /{n} {{ proxy_pass http://u; }}" for n in range(2000))
        text = http(f"upstream u {{ {block} }} server {{ {locations} }}")
        write(tmp_path / "site", {"nginx.conf": text})
        for style in ("json", "text", "junit", "sarif"):
            assert len(run("nginx.conf", code=0, style=style).said) < 10_000_000

    def test_a_map_of_many_tenants_in_many_servers(self, run: Run, tmp_path: Path) -> None:
        entries = "".join(f"h{n} 10.{n >> 8}.{n & 255}.1:80;" for n in range(1000))
        servers = "".join(
            f"server {{ server_name s{n}; location / {{ proxy_pass http://$m; }} }}\n"
            for n in range(1000)
        )
        spec = "".join(
            f"[upstream.t{n}]\nhosts = ['10.{n >> 8}.{n & 255}.1']\nport = {80 + (n == 7)}\n"
            for n in range(1000)
        )
        text = http(f"map $http_x $m {{ {entries} }}\n{servers}")
        write(tmp_path / "site", {"nginx.conf": text, "upstreams.toml": spec})
        done = run("nginx.conf", code=1, style="json")
        report = json.loads(done.said)
        assert report["problems"] == []
        (wrong,) = (one for one in report["findings"] if one["rule"] == "port-mismatch")
        assert len(wrong["hops"]) == 1000
        assert report["summary"]["hops"]["failed"] == 1000
        listed = {len(hop["targets"]) + hop["targets_left_out"] for hop in report["hops"]}
        assert listed == {1000}

    def test_locations_that_many_servers_include(self, run: Run, tmp_path: Path) -> None:
        inner = "".join(f"location /{n} {{ proxy_pass http://h:1; }}\n" for n in range(600))
        write(tmp_path / "site", {"nginx.conf": http("server { include a; }\n" * 600), "a": inner})
        assert problems(run("nginx.conf")) == [
            "a:201: more than 20000 hops once all are expanded (in deep blocks one is several); "
            "lint502 looks at no block from here on that may have more"
        ]

    def test_texts_that_differ_in_each_server(self, run: Run, tmp_path: Path) -> None:
        entries = "".join(f"h{n} $server_name-{n}:80;" for n in range(1000))
        servers = "".join(
            f"server {{ server_name s{n}; location / {{ proxy_pass http://$m; }} }}\n"
            for n in range(1000)
        )
        text = http(f"map $http_x $m {{ {entries} }}\n{servers}")
        write(tmp_path / "site", {"nginx.conf": text})
        texts, pairs = problems(run("nginx.conf", most=500))
        assert "values of variables come to more than 100000 texts" in texts
        assert "the 1000 hops have 50000 targets together" in pairs

    def test_many_fronts_before_many_servers(self, run: Run, tmp_path: Path) -> None:
        servers = "".join(
            f"server {{ server_name s{n}; location / {{ proxy_pass http://h:1; }} }}\n"
            for n in range(2000)
        )
        spec = "".join(f"[front.f{n}]\nkind = 'aws-alb'\n" for n in range(2000))
        write(tmp_path / "site", {"nginx.conf": http(servers), "upstreams.toml": spec})
        assert problems(run("nginx.conf")) == [
            "nginx.conf: 2000 fronts before these servers are more than 20000 ways to them; "
            "lint502 looks at the first 10 fronts"
        ]

    def test_a_long_way_round(self, run: Run, tmp_path: Path) -> None:
        servers = "".join(
            f"server {{ listen {1000 + n}; location / {{ proxy_pass http://127.0.0.1:{1001 + n}; }}"
            " }\n"
            for n in range(6000)
        )
        write(tmp_path / "site", {"nginx.conf": http(servers)})
        run("nginx.conf", code=0)


class TestIncludes:
    def test_a_cycle(self, run: Run, tmp_path: Path) -> None:
        write(
            tmp_path / "site",
            {"nginx.conf": "http { include a; }", "a": "\ninclude b;", "b": "include a;"},
        )
        assert problems(run("nginx.conf")) == [
            "b:1: this file is included by itself, through nginx.conf → a → b → a"
        ]

    def test_a_bomb(self, run: Run, tmp_path: Path) -> None:
        files = {f"f{n}": f"include f{n + 1};\ninclude f{n + 1};" for n in range(40)}
        write(tmp_path / "site", {"nginx.conf": "http { include f0; }", **files, "f40": "a;"})
        (message,) = problems(run("nginx.conf"))
        assert "more than 50000 includes once all are expanded; lint502 stops here" in message

    def test_a_bomb_of_servers(self, run: Run, tmp_path: Path) -> None:
        files = {f"f{n}": f"include f{n + 1};\n" * 9 for n in range(40)}
        hop = "server { location / { proxy_pass http://h:1; } }"
        write(tmp_path / "site", {"nginx.conf": "http { include f0; }", **files, "f5": hop})
        done = run("nginx.conf")
        assert [problem.partition(";")[0] for problem in sorted(problems(done))] == [
            "f4:2: more than 50000 includes once all are expanded",
            "f5:1: more than 20000 hops once all are expanded (in deep blocks one is several)",
        ]

    def test_a_glob_over_a_hundred_thousand_files(self, run: Run, tmp_path: Path) -> None:
        folder = tmp_path / "site/d"
        folder.mkdir()
        for number in range(100_000):
            os.close(os.open(folder / str(number), os.O_CREAT | os.O_WRONLY))
        write(tmp_path / "site", {"nginx.conf": "http {\ninclude d/*;\n}"})
        assert problems(run("nginx.conf")) == [
            "nginx.conf:2: include d/*: d/* matches 100000 files; lint502 reads at most 50000"
        ]

    def test_a_glob_through_looping_links(self, run: Run, tmp_path: Path) -> None:
        for number in range(10):
            (tmp_path / f"site/s{number}").symlink_to(".")
        glob = "s*/" * 7 + "*.x"
        write(tmp_path / "site", {"nginx.conf": f"http {{\ninclude {glob};\n}}", "a.x": "x {"})
        assert problems(run("nginx.conf")) == [
            's0/s0/s0/s0/s0/s0/s0/a.x:1: the file ends before the "}" of the block that opens on '
            "line 1"
        ]

    def test_a_large_file_at_thousands_of_includes(self, run: Run, tmp_path: Path) -> None:
        files = {
            "bytes": b"# \xe9\n" + b"#\n" * 500_000,
            "nul": b"#" * 15 * 1024**2 + b"\0",
            "syntax": b"#\n" * 500_000 + b"x {",
        }
        includes = "".join(f"include {name};" for name in files) * 5_000
        write(tmp_path / "site", {"nginx.conf": http(includes), **files})
        assert [message.split(":")[0] for message in problems(run("nginx.conf"))] == list(files)

    @pytest.mark.parametrize(
        "written",
        ["../secret", "link", "folder/secret", "../s*", "l*", "folder/*", "*/secret", "folder/se*",
         "/etc/passwd", "/proc/self/environ", "a/../../secret", "..//secret", "/etc/pass*"],
    )  # fmt: skip
    def test_out_of_the_tree(self, run: Run, tmp_path: Path, written: str) -> None:
        site = tmp_path / "site"
        (site / "link").symlink_to("../secret")
        (site / "folder").symlink_to("..")
        write(site, {"nginx.conf": f"http {{\n include '{written}';\n}}"})
        done = run("nginx.conf")
        assert problems(done) == [
            f"nginx.conf:2: include {written}: lies outside the tree that lint502 may read; bring "
            "it in with --map FROM=TO or allow_paths, or name it in allow_missing"
        ]
        assert "root:" not in done.said

    def test_a_root_that_is_a_link_out_of_the_tree_is_what_the_user_named(
        self, run: Run, tmp_path: Path
    ) -> None:
        write(tmp_path, {"other/nginx.conf": http("include ../secret;")})
        (tmp_path / "site/nginx.conf").symlink_to("../other/nginx.conf")
        (message,) = problems(run("nginx.conf"))
        assert "lies outside the tree" in message

    def test_escape_sequences_in_names(self, run: Run, tmp_path: Path) -> None:
        name = "a\x1b]0;owned\x07\u202e\nb"
        site = tmp_path / "site"
        write(
            site, {name: "x {", "nginx.conf": "http {\n include d/*;\n include 'g\x1b\\none';\n}"}
        )
        write(site, {f"d/{name}": "x {"})
        done = run(name, "nginx.conf")
        shown = "a\\x1b]0;owned\\x07\\u202e\\nb"
        end = 'the file ends before the "}" of the block that opens on line 1'
        assert problems(done)[:2] == [f"{shown}:1: {end}", f"d/{shown}:1: {end}"]
        assert problems(done)[2].startswith("nginx.conf:3: include g\\x1b\\none: ")
        assert set(done.said) & {"\x1b", "\x07", "\u202e"} == set()

    def test_escape_sequences_in_arguments(self, run: Run, tmp_path: Path) -> None:
        body = (
            "server { server_name 'a\x1b[2J'; "
            "location '/\x1b[31m\u202e' { proxy_pass 'http://h\x1b[0m:1'; } }"
        )
        write(tmp_path / "site", {"nginx.conf": http(body)})
        done = run("nginx.conf", code=0)
        assert set(done.said) & {"\x1b", "\u202e"} == set()
        done = run("nginx.conf", code=0, style="text")
        assert set(done.said) & {"\x1b", "\u202e"} == set()


def test_what_can_be_checked_is_checked_all_the_same(run: Run, tmp_path: Path) -> None:
    body = "include gone; server { location / { proxy_pass http://api:3001; } }"
    write(
        tmp_path / "site",
        {"nginx.conf": http(body), "upstreams.toml": "[upstream.api]\nport = 3000\n"},
    )
    done = run("nginx.conf", "no-such-root")
    assert "[port-mismatch]" in done.said
    assert [message.split(": ")[0] for message in problems(done)] == [
        "nginx.conf:1",
        "no-such-root",
    ]
