from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lint502.findings import Problem
from lint502.nginx.files import PathMap
from lint502.quoting import MOST_HINTS
from lint502.settings.load import Settings, load_settings

FULL = """\
roots = ["nginx/nginx.conf", "/srv/other.conf"]
specs = ["upstreams.toml", "../common.toml"]
nginx_version = "1.26.3"
fail_on = "warning"
select = ["port-mismatch", "tls-mismatch"]
ignore = ["keepalive-race"]
allow_missing = ["/etc/letsencrypt/*"]
allow_paths = ["../snippets"]

[map]
"/etc/nginx" = "nginx"
"/usr/share/nginx" = "/opt/nginx"

[env]
BACKEND = "127.0.0.1:3000"

[rules.keepalive-race]
margin = "1s"
"""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def problems_of(folder: Path, text: str) -> list[tuple[int | None, str]]:
    write(folder / "lint502.toml", text)
    _, problems = load_settings(folder)
    assert {problem.file for problem in problems} == {"lint502.toml"}
    return [(problem.line, problem.message) for problem in problems]


def test_everything(tmp_path: Path) -> None:
    write(tmp_path / "lint502.toml", FULL)
    assert load_settings(tmp_path) == (
        Settings(
            file="lint502.toml",
            roots=(f"{tmp_path}/nginx/nginx.conf", "/srv/other.conf"),
            specs=(tmp_path / "upstreams.toml", tmp_path.parent / "common.toml"),
            nginx_version="1.26.3",
            fail_on="warning",
            select=("port-mismatch", "tls-mismatch"),
            ignore=("keepalive-race",),
            allow_missing=("/etc/letsencrypt/*",),
            allow_paths=(f"{tmp_path.parent}/snippets",),
            maps=(
                PathMap("/etc/nginx", f"{tmp_path}/nginx"),
                PathMap("/usr/share/nginx", "/opt/nginx"),
            ),
            env={"BACKEND": "127.0.0.1:3000"},
            rules={"keepalive-race": {"margin": 1000}},
        ),
        (),
    )


def test_pyproject(tmp_path: Path) -> None:
    text = '[project]\nname = "x"\n[tool.lint502]\nnginx_version = "auto"\n[tool.other]\n'
    write(tmp_path / "pyproject.toml", text)
    assert load_settings(tmp_path) == (Settings("pyproject.toml", nginx_version="auto"), ())


def test_none(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert load_settings(tmp_path) == (Settings(), ())


def test_the_nearest_counts(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    top = write(tmp_path / "lint502.toml", 'roots = ["top.conf"]')
    assert load_settings(below)[0] == Settings(str(top), (f"{tmp_path}/top.conf",))
    other = write(tmp_path / "a" / "pyproject.toml", "[project]\n# lint502\n")
    assert load_settings(below)[0] == Settings(str(top), (f"{tmp_path}/top.conf",))
    other.write_text("[tool.lint502]\n")
    assert load_settings(below)[0] == Settings(str(other))
    both = write(tmp_path / "a" / "lint502.toml", "")
    assert load_settings(below)[0] == Settings(str(both))


def test_nothing_above_the_repository_counts(tmp_path: Path) -> None:
    write(tmp_path / "lint502.toml", 'fail_on = "never"')
    repository = tmp_path / "repository"
    (repository / "deploy").mkdir(parents=True)
    write(repository / ".git", "gitdir: elsewhere\n")
    assert load_settings(repository / "deploy") == (Settings(), ())


def test_every_mistake_at_once(tmp_path: Path) -> None:
    text = """\
rots = ["x"]
roots = "nginx.conf"
specs = ["a", 3, "", 4, "c"]
nginx_version = 1.26
fail_on = "eror"
select = ["prot-mismatch", "tls-mismatch", "whatever"]
allow_missing = [1]
jobs = { a = 1 }
[env]
X = 1
[map]
"/etc/nginx" = 3
"" = "a"
[rules.port-mismatch]
x = 1
[rules.keepalive-race]
marign = "1s"
margin = "soon"
[rules.keepalive-rase]
[rules]
tls-mismatch = 3
"""
    assert problems_of(tmp_path, text) == [
        (1, 'unknown key "rots"; did you mean "roots"?'),
        (2, '"roots" must be a list, not the string "nginx.conf"; write ["nginx.conf"]'),
        (3, '"specs" must contain only strings, not 3; write "3"'),
        (3, '"specs" must not have an empty string'),
        (3, '"specs" must contain only strings, not 4; write "4"'),
        (4, '"nginx_version" must be a string: write "1.26"'),
        (
            5,
            '"fail_on" must be "error", "warning", "info" or "never", not "eror"; '
            'did you mean "error"?',
        ),
        (
            6,
            '"select" names a rule "prot-mismatch" that does not exist; '
            'did you mean "port-mismatch"?',
        ),
        (6, '"select" names a rule "whatever" that does not exist; see "lint502 rules"'),
        (7, '"allow_missing" must contain only strings, not 1; write "1"'),
        (
            8,
            'unknown key "jobs"; known are "root", "roots", "specs", "nginx_version", "fail_on", '
            '"select", "ignore", "ignore_in", "baseline", "allow_missing", '
            '"known_directives", "allow_paths", '
            '"derive", "allow_empty", "map", '
            '"env" or "rules"',
        ),
        (10, '"X" in [env] must be a string, not 1; write "1"'),
        (12, '"/etc/nginx" in [map] must be a string, not 3; write "3"'),
        (13, "a key must not be empty"),
        (15, 'unknown key "x" in [rules.port-mismatch]; this rule takes none'),
        (17, 'unknown key "marign" in [rules.keepalive-race]; did you mean "margin"?'),
        (
            18,
            '"margin" in [rules.keepalive-race] must be a time as nginx writes it, such as "2s" '
            'or "500ms", not "soon"',
        ),
        (
            19,
            '[rules] names a rule "keepalive-rase" that does not exist; '
            'did you mean "keepalive-race"?',
        ),
        (21, "[rules.tls-mismatch] must be a table, not 3"),
    ]
    assert load_settings(tmp_path)[0] == Settings(
        "lint502.toml",
        specs=(tmp_path / "a", tmp_path / "c"),
        select=("tls-mismatch",),
        rules={"port-mismatch": {}, "keepalive-race": {}},
    )


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('nginx_version = "1.x"', 1, '"nginx_version" must be "auto" or an nginx version such as '
         '"1.26.3", not "1.x"'),
        ("nginx_version = true", 1, '"nginx_version" must be a string, not true'),
        ("map = 3", 1, '"map" must be a table, not 3'),
        ("rules = []", 1, "[rules] must be a table, not a list"),
        ('allow_paths = ["a\\u0000"]', 1, '"allow_paths" must not have a NUL byte'),
        ('roots = ["a\\u0000"]', 1, '"roots" must not have a NUL byte'),
        ('map = { "a\\u0000" = "b" }', 1, "a key must not have a NUL byte"),
        ('map = { a = "b\\u0000" }', 1, '"a" in [map] must not have a NUL byte'),
        ('"\\u001b[31m" = 1', 1, 'unknown key "\\x1b[31m"; known are "root", "roots", "specs", '
         '"nginx_version", "fail_on", "select", "ignore", "ignore_in", "baseline", '
         '"allow_missing", "known_directives", "allow_paths", "derive", "allow_empty", "map", '
         '"env" or "rules"'),
    ],
)  # fmt: skip
def test_mistakes(tmp_path: Path, text: str, line: int, message: str) -> None:
    assert problems_of(tmp_path, text) == [(line, message)]


def test_an_absurd_number_of_mistakes_has_few_hints(tmp_path: Path) -> None:
    rules = [f"tls-mismatch{number}" for number in range(60_000)]
    text = "select = [" + ", ".join(f'"{rule}"' for rule in rules) + "]"
    hints = ['; did you mean "tls-mismatch"?'] * MOST_HINTS + [""] * (60_000 - MOST_HINTS)
    assert problems_of(tmp_path, text) == [
        (1, f'"select" names a rule "{rule}" that does not exist{hint}')
        for rule, hint in zip(rules, hints, strict=True)
    ]
    keys = [f"key{number}" for number in range(200)]
    known = (
        'known are "root", "roots", "specs", "nginx_version", "fail_on", "select", "ignore", '
        '"ignore_in", "baseline", "allow_missing", "known_directives", "allow_paths", "derive", '
        '"allow_empty", "map", '
        '"env" or "rules"'
    )
    assert problems_of(tmp_path, "".join(f"{key} = 1\n" for key in keys)) == [
        (line, f'unknown key "{key}"' + (f"; {known}" if line <= MOST_HINTS else ""))
        for line, key in enumerate(keys, 1)
    ]
    assert problems_of(tmp_path, "".join(f"[rules.{key}]\n" for key in keys))[-1] == (
        200,
        '[rules] names a rule "key199" that does not exist',
    )


def test_a_home_that_nobody_has(tmp_path: Path) -> None:
    write(tmp_path / "lint502.toml", 'roots = ["~nobody-has-this-name/a"]')
    assert load_settings(tmp_path) == (
        Settings("lint502.toml", roots=(f"{tmp_path}/~nobody-has-this-name/a",)),
        (),
    )


def test_mistakes_in_pyproject_have_their_line(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[tool.x]\n\n[tool.lint502]\n\nfail_onn = 1\n")
    problem = Problem("pyproject.toml", 5, 'unknown key "fail_onn"; did you mean "fail_on"?', 1)
    assert load_settings(tmp_path) == (Settings("pyproject.toml"), (problem,))


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"a = \n", 1, "is not valid TOML in column 5: this is no value; a string needs quotes"),
        (b"a\0b", 1, "this file has a NUL byte here: this is no text file"),
        (
            b"\n\xff",
            2,
            "this file has a byte here that is not UTF-8 (0xff); save the file as UTF-8",
        ),
    ],
)
def test_what_is_no_toml(tmp_path: Path, data: bytes, line: int, message: str) -> None:
    (tmp_path / "lint502.toml").write_bytes(data)
    column = 5 if "in column 5" in message else None
    assert load_settings(tmp_path) == (None, (Problem("lint502.toml", line, message, column),))


def test_broken_pyproject_counts_where_it_names_lint502(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path / "pyproject.toml", "[tool.lint502\n")
    assert load_settings(tmp_path)[0] is None
    write(tmp_path / "pyproject.toml", "[tool.ruff\n")
    assert load_settings(tmp_path) == (Settings(), ())
    write(tmp_path / "pyproject.toml", 'tool.lint502 = "no"\n')
    assert load_settings(tmp_path) == (
        None,
        (Problem("pyproject.toml", None, "tool.lint502 must be a table"),),
    )


def test_hostile_files(tmp_path: Path) -> None:
    path = tmp_path / "lint502.toml"
    os.mkfifo(path)
    assert load_settings(tmp_path) == (
        None,
        (
            Problem(
                "lint502.toml",
                None,
                "this file is not a regular file (a device, a pipe or a socket)",
            ),
        ),
    )
    path.unlink()
    path.symlink_to(path)
    settings, problems = load_settings(tmp_path)
    assert (settings, len(problems)) == (None, 1)
    path.unlink()
    (tmp_path / ".git").mkdir()
    os.mkfifo(tmp_path / "pyproject.toml")
    assert load_settings(tmp_path) == (Settings(), ())


def test_pydantic_is_imported_only_for_a_file(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    code = (
        "import pathlib, sys; from lint502.settings.load import load_settings;"
        "load_settings(pathlib.Path(sys.argv[1])); print('pydantic' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "False\n"
