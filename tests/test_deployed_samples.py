"""The sample that has a ``compose.yaml`` and no ``upstreams.toml``: what a bare ``lint502 check``
finds there, that the first screen of the README shows it, and that a real nginx says the same."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lint502.lab.binary import found
from lint502.lab.packages import bringing_nginx
from lint502.report_model import Report
from lint502.workspace import CheckRequest, Workspace
from tests.support.cli import Run
from tests.support.cli import run as run  # a fixture
from tests.support.nginxes import lacks
from tests.support.real_nginx import HTTP, nginx_command, prefix

TOP = Path(__file__).parents[1]
SITE = TOP / "sample_configs" / "containers"

Expected = tuple[str, int, str, str]
"""File, line, severity, rule."""

EXPECTED: list[Expected] = [
    ("broken/nginx/default.conf", 10, "error", "port-mismatch"),
    ("broken/nginx/default.conf", 15, "warning", "request-timeout"),
    ("broken/nginx/default.conf", 20, "error", "loopback-in-container"),
    ("broken/nginx/default.conf", 24, "error", "unknown-host"),
    ("broken/nginx/default.conf", 28, "error", "bind-mismatch"),
]


def check(folder: Path) -> Report:
    return Workspace.at(folder).job(CheckRequest()).run().report


def test_nothing_is_declared() -> None:
    assert list(SITE.rglob("*.toml")) == []


def test_the_broken_site_has_exactly_these_findings() -> None:
    report = check(SITE / "broken")
    found = [
        (f"broken/{one.place.file}", one.place.line, one.severity.value, one.rule)
        for one in report.findings
    ]
    assert (found, report.problems) == (EXPECTED, ())


def test_the_mended_site_is_clean() -> None:
    report = check(SITE / "mended")
    assert (report.findings, report.problems, report.notes) == ((), (), ())
    assert {hop.state for hop in report.hops} == {"passed"}
    assert report.compared == len(report.hops) == 5


def test_what_fixes_make_of_the_broken_site(tmp_path: Path, run: Run) -> None:
    shutil.copytree(SITE / "broken", tmp_path, dirs_exist_ok=True)
    run("check", "--fix", "--unsafe-fixes")
    left = check(tmp_path)
    assert [one.rule for one in left.findings] == ["request-timeout", "bind-mismatch"]
    fixed = (tmp_path / "nginx/default.conf").read_text()
    passes = re.compile(r"proxy_pass \S+;")
    assert passes.findall(fixed) == passes.findall((SITE / "mended/nginx/default.conf").read_text())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "said"),
    [("mended", ""), ("broken", 'host not found in upstream "report" in')],
)
def test_what_a_real_nginx_says(kind: str, said: str) -> None:
    """Where the names of the services are known, as they are on the network of the project."""
    text = (SITE / kind / "nginx/default.conf").read_text()
    text = re.sub(r"(?<=http://)(web|chat|reports|thumbnails)(?=:)", "127.0.0.1", text)
    with prefix() as folder:
        (folder / "logs").mkdir(exist_ok=True)
        text = text.replace("listen 80;", f"listen unix:{folder}/80.sock;")
        (folder / "default.conf").write_text(text)
        (folder / "nginx.conf").write_text(
            f"pid nginx.pid;\nevents {{}}\nhttp {{\n{HTTP}include default.conf;\n}}\n"
        )
        done = subprocess.run(
            [*nginx_command(), "-t", "-q", "-p", f"{folder}/", "-c", str(folder / "nginx.conf")],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert (done.returncode == 0) is (said == ""), done.stderr
    assert said in done.stderr


def test_the_first_screen_of_the_readme_is_what_a_bare_check_says(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = (TOP / "README.md").read_text(encoding="utf-8").split("\n## ")[0]
    assert screen.count("\n") <= 40
    (block,) = re.findall(r"^```\n(.*?)^```", screen, re.MULTILINE | re.DOTALL)
    command, output = block.split("\n", 1)
    monkeypatch.chdir(SITE / "broken")
    monkeypatch.setenv("COLUMNS", "80")
    written = run("check").out
    first, last = output.split("\n…\n")
    assert command == "$ lint502 check"
    assert written.startswith(first)
    assert written.endswith(last)


def demonstration(nginx: str) -> list[str]:
    """What ``make demo`` says, in this environment."""
    folder = os.path.relpath(sys.prefix, TOP)
    there = (f"--old-file={folder}/{stamp}" for stamp in (".installed", ".proving"))
    command = ("make", "--silent", *there, "demo", f"VENV={folder}", f"NGINX={nginx}")
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_the_demonstration_runs_a_bare_check_there() -> None:
    first, *report, empty, last = demonstration("")
    assert first == "$ cd sample_configs/containers/broken; lint502 check"
    assert [rule for *_, rule in EXPECTED if rule not in "".join(report)] == []
    how = f"To see one of them happen on a real nginx, {bringing_nginx()}; then: make demo"
    assert (empty, last) == ("", how)


@pytest.mark.slow
def test_the_demonstration_shows_a_finding_where_there_is_an_nginx() -> None:
    nginx = found()
    if nginx is None:
        lacks("there is no nginx")
    lines = demonstration(nginx.command[0])
    proof = lines[lines.index("$ lint502 prove --rule port-mismatch") :]
    assert proof[1].startswith("nginx/default.conf:10:20 ")
    assert proof[-1] == f"1 finding: 1 confirmed · nginx {nginx.version}"
