"""What shells complete, tried in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lint502.cli.arguments import complete_deployments, complete_versions
from lint502.cli.reports import complete_formats
from lint502.nginx.derivatives import known, named
from lint502.nginx.version import NEWEST
from lint502.report import FORMATS
from tests.support.nginxes import lacks
from tests.support.sites import write

BIN = str(Path(sys.executable).parent)


def in_shell(shell: str, *arguments: str, folder: Path, **variables: str) -> str:
    if shutil.which(shell) is None:
        lacks(f"there is no {shell}")
    environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(folder), **variables}
    ran = subprocess.run(
        [shell, *arguments], capture_output=True, text=True, env=environment, cwd=folder, check=True
    )
    assert ran.stderr == ""
    return ran.stdout


def in_bash(folder: Path, *words: str) -> list[str]:
    """What bash completes the last word to, by the script that ``--show-completion`` prints."""
    written = " ".join(f"'{word}'" for word in words)
    script = (
        'eval "$(_LINT502_COMPLETE=source_bash lint502)"; '
        f"COMP_WORDS=(lint502 {written}); COMP_CWORD={len(words)}; _lint502_completion lint502; "
        "complete -p lint502 >/dev/null && printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    return in_shell("bash", "--norc", "-c", script, folder=folder).split()


@pytest.mark.slow
def test_in_bash(tmp_path: Path) -> None:
    assert in_bash(tmp_path, "check", "--nginx-version", "1.3") == ["1.30", "1.31", str(NEWEST)]
    assert in_bash(tmp_path, "upgrade", "--to", "tengine/3") == ["tengine/3.0", "tengine/3.2"]
    assert in_bash(tmp_path, "check", "--format", "text", "--format", "s") == [
        "sarif",
        "sonarqube",
    ]
    assert in_bash(tmp_path, "diagnose", "--export", "l") == ["lnav", "lnav-sql"]
    assert in_bash(tmp_path, "check", "--stdin") == ["--stdin-filename"]


@pytest.mark.slow
def test_in_zsh(tmp_path: Path) -> None:
    script = (
        "autoload -Uz compinit && compinit -D; "
        'eval "$(_LINT502_COMPLETE=source_zsh lint502)"; print ${_comps[lint502]}'
    )
    assert in_shell("zsh", "-f", "-c", script, folder=tmp_path) == "_lint502_completion\n"
    asked = {"_LINT502_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "lint502 upgrade --to au"}
    found = in_shell("zsh", "-f", "-c", "lint502", folder=tmp_path, **asked)
    assert found.split() == ["_arguments", "'*:", ':(("auto"))\'']


def test_each_version_is_one_that_is_taken() -> None:
    versions = [named(one) for one in known()]
    assert len({one.derivative or one.version for one in versions}) == len(versions)
    assert complete_versions("au") == ["auto"]
    assert complete_versions("ANGIE/1.12") == ["angie/1.12"]
    assert "1.26" in complete_versions("")
    assert complete_versions("x") == []


def test_formats() -> None:
    assert complete_formats("") == [*FORMATS, "auto"]


def test_deployments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert complete_deployments("") == []
    volume = "./a.conf:/etc/nginx/conf.d/default.conf"
    compose = f"services:\n  web:\n    image: nginx\n    volumes: ['{volume}']\n"
    conf = "server { location / { proxy_pass http://b; } }\n"
    write(
        tmp_path,
        {
            "deploy/compose.yaml": compose,
            "deploy/a.conf": conf,
            "other/compose.yaml": compose,
            "other/a.conf": conf,
        },
    )
    assert complete_deployments("") == ["deploy/compose.yaml", "other/compose.yaml"]
    assert complete_deployments("o") == ["other/compose.yaml"]
