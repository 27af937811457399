"""A checkout with files that have the names of Python's modules, of what lint502 needs, and of
programs: whichever way lint502 is started there, it runs none of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from lint502.lab.bench import LabError
from lint502.lab.binary import found
from lint502.nginx.installed import installed_version
from tests.support.nginxes import lacks
from tests.test_ci_files import CHECK, CHECKOUT, INSTALL, SITE, SPEC, Runner

BIN = Path(sys.executable).parent
NAMES = {
    *sys.stdlib_module_names,
    *metadata.packages_distributions(),
    *("crossplane", "pydantic", "rich", "tomli", "typer", "dns", "h11", "h2", "trustme"),
    *("lint502", "pip", "setuptools", "hatchling", "sitecustomize", "usercustomize"),
}
"""Of modules."""

PACKAGES = ("json", "lint502", "pip", "typer", "venv")
PROGRAMS = ("python", "python3", "pip", "nginx", "git", "rm", "mkdir", "node")
MODULE = """\
import posix
file = posix.open({ran!r}, posix.O_CREAT | posix.O_WRONLY | posix.O_APPEND)
posix.write(file, b"{name}\\n")
posix.close(file)
"""
BACKEND = """\
import zipfile


def build_wheel(folder, settings=None, metadata=None):
    with zipfile.ZipFile(f"{folder}/stub-1-py3-none-any.whl", "w") as wheel:
        about = "Metadata-Version: 2.1\\nName: stub\\nVersion: 1\\n"
        tags = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        wheel.writestr("stub.py", "")
        wheel.writestr("stub-1.dist-info/METADATA", about)
        wheel.writestr("stub-1.dist-info/WHEEL", tags)
        wheel.writestr("stub-1.dist-info/RECORD", "")
    return "stub-1-py3-none-any.whl"
"""
PROJECT = """\
[build-system]
requires = [{requires}]
build-backend = "backend"
backend-path = ["."]
"""

RELATIVE = {"PATH": f"tools:./tools:.venv/bin:{os.environ['PATH']}"}
HELPED = {
    **RELATIVE,
    "VIRTUAL_ENV": "{here}/.venv",
    "PYTHONPATH": ".:{here}",
    "PYTHONUSERBASE": ".",
    "PIP_CONFIG_FILE": "pip.conf",
}
"""What a job may have set that helps such a checkout."""


class Traps:
    """Such files in a folder; :meth:`sprung` are the names of those that were run."""

    def __init__(self, folder: Path, ran: Path) -> None:
        self.folder = folder
        self._ran = ran
        folder.mkdir(exist_ok=True)
        for name in filter(str.isidentifier, NAMES):
            (folder / f"{name}.py").write_text(MODULE.format(ran=str(ran), name=name))
        for name in PACKAGES:
            (folder / name).mkdir()
            for file in ("__init__.py", "__main__.py"):
                (folder / name / file).write_text(MODULE.format(ran=str(ran), name=name))
        (folder / "tools").mkdir()
        for name in PROGRAMS:
            (folder / "tools" / name).write_text(f"#!/bin/sh\necho 'program {name}' >>'{ran}'\n")
            (folder / "tools" / name).chmod(0o755)
        (folder / ".venv").mkdir()
        (folder / ".venv/bin").symlink_to("../tools")
        (folder / ".venv/pyvenv.cfg").write_text(f"home = {folder}/tools\n")
        (folder / "pip.conf").write_text(f"[global]\nlog = {ran}\n")
        (folder / "pyproject.toml").write_text(PROJECT.format(requires=""))

    def disarm(self, *names: str) -> None:
        """Take modules away."""
        for name in names:
            (self.folder / f"{name}.py").unlink(missing_ok=True)
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def sprung(self) -> list[str]:
        return self._ran.read_text().splitlines() if self._ran.exists() else []


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The source of a package that needs another one to be built, and no index."""
    folders = (tmp_path / "stub", tmp_path / "tool")
    needed = (f'"tool @ {folders[1].as_uri()}"', "")
    for folder, requires in zip(folders, needed, strict=True):
        folder.mkdir()
        (folder / "pyproject.toml").write_text(PROJECT.format(requires=requires))
        (folder / "backend.py").write_text(BACKEND.replace("stub", folder.name))
    return folders[0]


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    runner = Runner(tmp_path)
    runner.write("nginx.conf", SITE)
    runner.write("upstreams.toml", SPEC)
    return runner


@pytest.fixture
def traps(runner: Runner, tmp_path: Path) -> Traps:
    """In the workspace of the runner, which has a site with a wrong port."""
    return Traps(runner.workspace, tmp_path / "ran")


def helped(traps: Traps) -> dict[str, str]:
    return {name: text.format(here=traps.folder) for name, text in HELPED.items()}


def output_of(
    traps: Traps, *command: str | Path, more: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """What a command says that is started in the checkout."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        command,
        cwd=traps.folder,
        env={**kept, **(RELATIVE if more is None else more)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout


def test_the_traps_work(traps: Traps) -> None:
    python = (sys.executable, "-c", "import json")
    for command, more in ((python, RELATIVE), (python, helped(traps)), (("sh", "-c", "rm"), None)):
        before = len(traps.sprung())
        output_of(traps, *command, more=more)
        assert len(traps.sprung()) > before


def test_the_action_installs(runner: Runner, traps: Traps, package: Path) -> None:
    shutil.rmtree(runner.installed)
    ran = runner.run(INSTALL, {**helped(traps), "GITHUB_ACTION_PATH": str(package)})
    assert (ran.code, traps.sprung()) == (0, [])
    assert list(runner.installed.glob("lib/*/site-packages/stub.py"))


def test_the_action_checks(runner: Runner, traps: Traps) -> None:
    ran = runner.run(CHECK, helped(traps))
    assert traps.sprung() == []
    assert (ran.code, ran.outputs["errors"]) == (1, "1")
    runner.run(CHECK, helped(traps), nginx_version="auto")
    assert traps.sprung() == []


def test_the_job_for_gitlab(runner: Runner, traps: Traps, package: Path) -> None:
    job = yaml.safe_load((CHECKOUT / "ci/gitlab.yml").read_text())["lint502"]
    more = {**helped(traps), "LINT502_PACKAGE": str(package), "LINT502_ARGS": ""}
    more["PATH"] = f"{runner.installed}/bin:{os.environ['PATH']}"
    code, said = output_of(traps, "bash", "-ec", "\n".join(job["script"]), more=more)
    assert traps.sprung() == []
    assert code == 1, said
    assert "port-mismatch" in said
    assert list(runner.installed.glob("lib/*/site-packages/stub.py"))


def test_the_container(runner: Runner, traps: Traps) -> None:
    lines = (CHECKOUT / "Dockerfile").read_text().splitlines()
    (entry,) = [line.removeprefix("ENTRYPOINT ") for line in lines if "ENTRYPOINT" in line]
    (path,) = [line.removeprefix("ENV PATH=") for line in lines if "ENV PATH" in line]
    command = json.loads(entry.replace("/opt/lint502", str(runner.installed)))
    path = path.replace("/opt/lint502", str(runner.installed))
    more = {**helped(traps), "PATH": path.replace("$PATH", RELATIVE["PATH"])}
    code, said = output_of(traps, "env", *command, "check", more=more)
    assert (code, traps.sprung()) == (1, []), said


def test_the_console_script(traps: Traps) -> None:
    code, said = output_of(traps, BIN / "lint502", "check", "--nginx-version", "auto")
    assert code in (1, 2), said  # there may be no nginx
    assert output_of(traps, BIN / "lint502", "check")[0] == 1
    assert traps.sprung() == []


def test_python_m(traps: Traps) -> None:
    """Python itself imports some modules before it comes to lint502."""
    code = "import pkgutil, runpy, sys; print(*sys.modules)"
    before = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    traps.disarm("lint502", *(name.partition(".")[0] for name in before.split()))
    left = {"__future__", "crossplane", "json", "pydantic", "rich", "tempfile", "tomli", "typer"}
    assert all((traps.folder / f"{name}.py").exists() for name in left)
    code, said = output_of(traps, sys.executable, "-m", "lint502", "check")
    assert (code, traps.sprung()) == (1, []), said


def test_python_m_isolated(traps: Traps) -> None:
    command = (sys.executable, "-I", "-m", "lint502", "check")
    code, said = output_of(traps, *command, more=helped(traps))
    assert (code, traps.sprung()) == (1, []), said


PLAY = """\
import os, sys
from types import SimpleNamespace
from lint502.lab.bench import LabError
from lint502.lab.play import PlayOptions, play
os.environ["PYTHONPATH"] = os.getcwd()
sys.path.insert(0, os.getcwd())
sys.path.insert(0, "")
plan = SimpleNamespace(found_at_start=False, leads_out=False)
try:
    play(None, plan, None, PlayOptions(isolated=True))
except LabError as error:
    print(error)
"""


def test_a_process_of_the_lab(traps: Traps) -> None:
    """It imports what it needs from where its parent does, but not from the working directory."""
    traps.disarm("lint502")
    file = traps.folder.parent / "play.py"
    file.write_text(PLAY)
    code, said = output_of(traps, sys.executable, file)
    assert (code, traps.sprung()) == (0, []), said
    assert "network namespace" in said or "in _play_on" in said


@pytest.mark.parametrize("start", ["lint502", "-m"])
def test_prove(traps: Traps, start: str) -> None:
    try:
        if found() is None:
            lacks("there is no nginx")
    except LabError as error:
        lacks(error)
    (traps.folder / "nginx.conf").write_text(SITE.replace("127.0.0.1:3001", "localhost:3000"))
    spec = SPEC.replace('"127.0.0.1"', '"localhost"') + 'protocol = "http"\nbind = ["127.0.0.1"]\n'
    (traps.folder / "upstreams.toml").write_text(spec)
    command = (BIN / "lint502",)
    if start == "-m":
        only_ours = ("crossplane", "pydantic", "typer", "tomli", "h11", "h2", "trustme", "dns")
        traps.disarm(*(NAMES - set(only_ours)))
        command = (sys.executable, "-m", "lint502")
    code, said = output_of(traps, *command, "prove", "--rule", "localhost-family")
    assert traps.sprung() == []
    assert code in (0, 1), said
    assert "localhost-family" in said
    assert "confirmed" in said or "network namespace" in said


@pytest.mark.parametrize("entries", ["", ".", ":", "bin", "./bin:bin", "../{name}/bin"])
def test_an_nginx_of_the_checkout_is_none(
    entries: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (tmp_path, tmp_path / "bin"):
        folder.mkdir(exist_ok=True)
        (folder / "nginx").write_text("#!/bin/sh\necho nginx version: nginx/1.20.1 >&2\n")
        (folder / "nginx").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    entries = entries.format(name=tmp_path.name)
    monkeypatch.setenv("PATH", entries)
    assert installed_version() is None
    nginx = found()  # where packages put it
    assert nginx is None or nginx.command[0].startswith("/usr/")
    monkeypatch.setenv("PATH", f"{entries}:{tmp_path}/bin")
    installed = installed_version()
    assert installed is not None
    assert str(installed.version) == "1.20.1"
