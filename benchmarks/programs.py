"""The programs that are measured, each in an environment of its own below a cache folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from measuring import ENVIRONMENT, Failed, last_line

TOP = Path(__file__).resolve().parent.parent
PASS = "python -c pass"
CROSSPLANE = "crossplane.parse"
LINT502 = "lint502"
NGINX = "nginx -t"
PARSE = "import crossplane, sys; crossplane.parse(sys.argv[1], check_ctx=False, check_args=False)"


@dataclass(frozen=True, slots=True)
class Program:
    """``command`` is to be followed by its arguments, of those of the others by the root; ``fine``
    are its exit codes when it did all of its work."""

    name: str
    version: str
    command: tuple[str, ...]
    fine: tuple[int, ...] = (0,)


def cache_folder() -> Path:
    """Where the environments are kept if nothing else is asked for."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "lint502-benchmarks"


def installed(cache: Path) -> list[Program]:
    """lint502 as the checkout has it, with Python and crossplane of the same environment. Raises
    :class:`Failed`."""
    folder = _environment(cache, "lint502")
    _pip(folder, "install", "--upgrade", f"{TOP}[lab]")
    return _around(folder / "bin" / "python", (str(folder / "bin" / "lint502"),))


def running() -> list[Program]:
    """The same of the Python that runs this."""
    return _around(Path(sys.executable), (sys.executable, "-m", "lint502"))


def rivals(cache: Path) -> tuple[list[Program], list[str]]:
    """What else reads nginx's files, and a sentence for each that cannot be had."""
    programs, lacking = [], []
    for name, package in (("gixy-ng", "gixy-ng"), ("Gixy-Next", "gixy-next")):
        try:
            folder = _environment(cache, package)
            if not (folder / "bin" / "gixy").exists():
                _pip(folder, "install", package)
        except (Failed, OSError) as error:
            lacking.append(f"{name} cannot be installed: {error}")
            continue
        version = _version(folder / "bin" / "python", package)
        programs.append(Program(name, version, (str(folder / "bin" / "gixy"),), (0, 1)))
    nginx = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if nginx is None:
        lacking.append("nginx is not installed")
    else:
        shown = subprocess.run([nginx, "-v"], capture_output=True, text=True).stderr
        version = shown.strip().rpartition("/")[2]
        programs.append(Program(NGINX, version, (nginx, "-t", "-e", "stderr", "-p", "./", "-c")))
    return programs, lacking


def _around(python: Path, lint502: tuple[str, ...]) -> list[Program]:
    version = _version(python, "lint502")
    return [
        Program(PASS, ".".join(map(str, sys.version_info[:3])), (str(python), "-c", "pass")),
        Program(CROSSPLANE, _version(python, "crossplane"), (str(python), "-c", PARSE)),
        Program(LINT502, version, lint502, (0, 1)),
    ]


def _environment(cache: Path, name: str) -> Path:
    """A virtual environment, made where there is none of this Python."""
    folder = cache / f"{name}-python{sys.version_info[0]}.{sys.version_info[1]}"
    if not (folder / "bin" / "pip").exists():
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
    return folder


def _pip(folder: Path, *arguments: str) -> None:
    quiet = ("--quiet", "--disable-pip-version-check")
    _run(str(folder / "bin" / "python"), "-m", "pip", *quiet, *arguments)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)
    if done.returncode:
        said = done.stderr or done.stdout
        errors = [line.strip() for line in said.splitlines() if "ERROR: " in line]  # as pip says
        raise Failed(errors[-1] if errors else last_line(said))


def _version(python: Path, package: str) -> str:
    asked = f"import importlib.metadata as m; print(m.version({package!r}))"
    done = subprocess.run(
        [str(python), "-c", asked], capture_output=True, text=True, env=ENVIRONMENT, cwd=TOP
    )
    return done.stdout.strip() or "of a version that is not known"
