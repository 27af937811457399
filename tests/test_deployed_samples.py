"""The sample that has a ``compose.yaml`` and no ``upstreams.toml``: what a bare ``lint502 check``
finds there, that the first screen of the README shows it, and that a real nginx says the same."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lint502.report_model import Report
from lint502.workspace import CheckRequest, Workspace
from tests.support.cli import Run
from tests.support.cli import run as run  # a fixture
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
    written = run("check").out
    first, last = output.split("…\n")
    assert command == "$ lint502 check"
    assert written.startswith(first)
    assert written.endswith(last)


def test_the_demonstration_runs_a_bare_check_there() -> None:
    (target,) = re.findall(
        r"^demo:.*\n((?:\t.*\n)+)", (TOP / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert "cd sample_configs/containers/broken" in target
    assert 'lint502" check ||' in target
