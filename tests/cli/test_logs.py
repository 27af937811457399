"""Whatever a configuration, a file's name or an argument says: in a log it is no command."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from lint502.cli.logs import LogStream, guarded_output, harmless, without_commands
from lint502.findings import Note
from lint502.report import FORMATS, Style, renderer
from lint502.report_model import Report
from tests.support.canned import CLEAN, FINDINGS
from tests.support.cli import Asked, Run
from tests.support.nasty import any_report

GITHUB = {"CI": "true", "GITHUB_ACTIONS": "true"}
OWN = re.compile(r"::(error|warning|notice) (file|title)=")


def commands(log: str) -> list[str]:
    """The lines of a log in which GitHub's runner, Azure's agent or GitLab may find a command."""
    return [
        line
        for line in re.split(r"[\n\r]", log)
        if re.sub(r"\x1b\[[\d;]*m", "", line).lstrip().startswith("::")
        or re.search(r"##\w*\[|\x1b\[0K", line)
    ]


@any_report
def test_a_report_in_a_log_has_no_commands(report: Report) -> None:
    for format in FORMATS:
        text = renderer(format)(report, Style())
        logged = without_commands(text, format)
        forged = [line for line in commands(logged) if format != "github" or not OWN.match(line)]
        assert forged == []
        if format in ("json", "sarif", "gitlab"):
            assert json.loads(logged) == json.loads(text)
        elif format in ("junit", "checkstyle"):
            both = map(ElementTree.canonicalize, (logged, text))
            assert len(set(both)) == 1
        if format != "github":
            assert harmless(logged) == logged


@pytest.mark.parametrize(
    ("text", "logged"),
    [
        ("include ##[stop-commands]x", "include #\\x23[stop-commands]x"),
        ("###[error]##[error]", "##\\x23[error]#\\x23[error]"),
        ("##vso[task.setvariable variable=PATH]x", "#\\x23vso[task.setvariable variable=PATH]x"),
        ("a\n  ::add-mask::b ::", "a\n  \\x3a:add-mask::b ::"),
        ("a\r\t::b", "a\\r\t::b"),
        ("\x1b[1m::error::b\x1b[0m", "\x1b[1m\\x3a:error::b\x1b[0m"),
        ("\x1b[0Ksection_start:1:a\r\x1b[0K", "\\x1b[0Ksection_start:1:a\\r\\x1b[0K"),
        ("\x1b]0;b\x07\x9b\u2028", "\\x1b]0;b\\x07\\x9b\\u2028"),
        ("a::b # [c] #[d] ## e [f]", "a::b # [c] #[d] ## e [f]"),
    ],
)  # fmt: skip
def test_how_a_command_is_written(text: str, logged: str) -> None:
    assert harmless(text) == logged


def test_a_stream_takes_lines_in_pieces() -> None:
    written = io.StringIO()
    stream = LogStream(written)
    for piece in ("a #", "#", "[b]", "\n:", ":c", "::\n", "d", "::e"):
        stream.write(piece)
    stream.flush()
    stream.write("::f\n")
    stream.write_as_it_is("::error::own\n")
    assert written.getvalue() == "a #\\x23[b]\n\\x3a:c::\nd::e\\x3a:f\n::error::own\n"
    assert not hasattr(stream, "buffer")


def test_streams_are_as_before_afterwards() -> None:
    before = sys.stdout, sys.stderr
    with guarded_output():
        print("##[a]", end="")
    assert (sys.stdout, sys.stderr) == before


def test_a_long_text_takes_little_time() -> None:
    text = "\n".join(["#" * 100_000, ":" * 100_000, " " * 100_000, "##" + "a" * 100_000] * 10)
    start = time.process_time()
    harmless(text)
    assert time.process_time() - start < 5


@pytest.mark.parametrize("format", FORMATS)
def test_a_run_logs_no_commands(run: Run, asked: Asked, format: str, tmp_path: Path) -> None:
    text = "##[stop-commands]x"
    place = replace(FINDINGS[0].place, file="::add-mask::x", text=text)
    finding = replace(FINDINGS[0], place=place, message=text)
    asked.report = replace(CLEAN, findings=(finding,), notes=(Note("a.conf", 3, text),))
    code, out, err = run("check", "a.conf", f"--format={format}")
    assert (code, err) == (1, "note: a.conf:3: #\\x23[stop-commands]x\n")
    assert [line for line in commands(out) if format != "github" or not OWN.match(line)] == []
    run("check", "a.conf", f"--format={format}:out")
    assert (tmp_path / "out").read_text() == out


WORDS = ("::stop-commands::zz", "##[stop-commands]zz", "##vso[task.complete result=Failed;]zz")
NGINX = """\
events {{}}
http {{
    include "{word}/*.conf";
    map $uri $b {{ default "{word}:1"; }}
    upstream "{word}" {{ server 127.0.0.1:3001; }}
    server {{
        server_name "{word} a";
        location "{word}" {{ proxy_pass http://127.0.0.1:3001; }}
        location / {{ proxy_pass http://127.0.0.1:3001; }} # {word}
        location /b {{ proxy_pass "http://{word}"; }}
        location /c {{ proxy_pass "http://$b"; proxy_read_timeout 0; }}
        location = /d {{
            fastcgi_pass "{word}";
            {word} on;
        }}
    }}
}}
"""
SPEC = 'complete = true\n[upstream."{word}"]\nhosts = ["127.0.0.1", "{word}"]\nport = 3000\n'
BAD_SPEC = SPEC + 'protocol = "\\n{word}"\n"\\r\\n{word}" = "\\u001b[0K{word}"\n'
BROKEN = '\n{word} {{\n"\n{word}\n'


@pytest.fixture(params=WORDS, ids=["github", "old", "azure"])
def word(request: pytest.FixtureRequest) -> str:
    text: str = request.param
    return text


@pytest.fixture
def site(word: str, tmp_path: Path) -> Path:
    """A folder that is called like a command, and says nothing else wherever it can."""
    site = tmp_path / word
    (site / word).mkdir(parents=True)
    (site / "nginx.conf").write_text(NGINX.format(word=word))
    (site / f"{word}.conf").write_text(NGINX.format(word=word))
    (site / "broken.conf").write_text(BROKEN.format(word=word))
    (site / "upstreams.toml").write_text(SPEC.format(word=word))
    (site / "bad.toml").write_text(BAD_SPEC.format(word=word))
    return site


def log_of(site: Path, *arguments: str, more: Mapping[str, str]) -> tuple[int, str]:
    """What a command leaves in a log, on both streams."""
    kept = {name: text for name, text in os.environ.items() if name not in ("CI", "COLUMNS")}
    done = subprocess.run(
        [sys.executable, "-m", "lint502", *arguments],
        cwd=site,
        env={**kept, **more, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
    )
    return done.returncode, done.stdout.decode()


def forged(log: str) -> list[str]:
    return [line for line in commands(log) if not OWN.match(line)]


ARGUMENTS: list[list[str]] = [
    *(["check", f"--format={format}", "-v"] for format in FORMATS),
    *(["check", f"--format={format}:/dev/stderr"] for format in ("concise", "json", "junit")),
    ["check", "--color=always", "{word}.conf"],
    ["check", "broken.conf", "{word}"],
    ["check", "{word}.conf", "--specs", "bad.toml"],
    ["check", "--specs", "{word}.toml", "-v"],
    ["check", "--baseline", "{word}"],
    ["check", "--format", "text:{word}/{word}/x"],
    ["check", "--diff"],
    ["hops"],
    ["hops", "--format=json", "--color=always"],
    ["path", "http://\n{word}/"],
    ["path", "http://x/{word}", "--header", "a: {word}"],
    ["path", "http://x/", "--format=mermaid"],
    ["init", "--diff"],
    ["init", "--update", "--diff"],
    ["init", "\n{word}"],
    ["upgrade", "--from=1.22"],
    ["upgrade", "--from=1.22", "--format=json"],
    ["upgrade", "--from=\n{word}"],
    ["rules", "--format=\n{word}"],
    ["explain", "\n{word}"],
    ["schema", "{word}"],
    ["servers", "{word}"],
    ["servers", "\n{word}"],
    ["\n{word}"],
    ["check", "--\r\n{word}"],
    ["check", "--map", "\n{word}"],
    ["check", "--env", "\n{word}"],
    ["check", "--nginx-version", "\x1b[0K{word}"],
    ["prove", "--hop", "\n{word}"],
    ["prove", "--nginx", "./\n{word}"],
    ["check", "--ignore", "\n{word}"],
    ["check", "--jobs", "\n{word}"],
]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=lambda one: " ".join(one).strip())
def test_no_command_forges_one(site: Path, word: str, arguments: list[str]) -> None:
    given = [one.format(word=word) for one in arguments]
    for more in ({}, {**GITHUB, "COLUMNS": "40"}):
        code, log = log_of(site, *given, more=more)
        assert code in (0, 1, 2), log
        assert forged(log) == []
        assert log


def test_a_difference_is_exact_in_a_file_and_harmless_in_a_log(tmp_path: Path) -> None:
    text = (
        'events {}\nhttp {\n    server {\n        add_header X "\n'
        "::add-mask::x on; # ##vso[a.b]\x1b]0;\n"
        '";\n        location / { proxy_pass http://127.0.0.1:3001; }\n    }\n}\n'
    )
    (tmp_path / "nginx.conf").write_text(text)
    (tmp_path / "upstreams.toml").write_text(
        'complete = true\n[upstream.api]\nhosts = ["127.0.0.1"]\nport = 3000\nprotocol = "http"\n'
    )
    code, log = log_of(tmp_path, "check", "--diff", more=GITHUB)
    assert (code, commands(log)) == (1, [])
    assert "lint502 check --diff >FILE" in log
    assert " \\x3a:add-mask::x on; # #\\x23vso[a.b]\\x1b]0;\n" in log
    with (tmp_path / "fix.patch").open("wb") as file:
        subprocess.run(
            [sys.executable, "-m", "lint502", "check", "--diff", "-q"],
            cwd=tmp_path,
            env={**os.environ, **GITHUB, "PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=file,
        )
    subprocess.run(["patch", "-p0", "-i", "fix.patch"], cwd=tmp_path, check=True)
    assert (tmp_path / "nginx.conf").read_text() == text.replace("3001", "3000")
