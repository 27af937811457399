from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from lint502.cli.app import command_line
from lint502.cli.helping import subcommands
from tests.support.nginxes import lacks
from tools.manual import PAGE, manual, written

TOP = Path(__file__).parents[2]


def test_the_page_is_that_of_the_commands() -> None:
    """Else: python -m tools.manual"""
    assert PAGE.read_text(encoding="utf-8") == written()


def test_another_page_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "lint502.1"
    monkeypatch.setattr("tools.manual.PAGE", old)
    old.write_text(manual("2020-02-02"))
    assert written() == manual("2020-02-02")
    old.write_text(manual("2020-02-02").replace("Only these rules.", ""))
    assert written() not in (manual("2020-02-02"), old.read_text())


@pytest.mark.parametrize(
    "command",
    [
        ("mandoc", "-Tlint", "-Wstyle"),
        ("man", "--warnings", "-l", "-Tutf8"),
        ("groff", "-man", "-ww", "-Tutf8", "-z"),
    ],
    ids=lambda command: command[0],
)
def test_it_is_read_without_a_warning(command: tuple[str, ...]) -> None:
    if shutil.which(command[0]) is None:
        if command[0] == "mandoc":
            lacks("there is no mandoc")
        pytest.skip(f"there is no {command[0]}")
    ran = subprocess.run([*command, str(PAGE)], capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    if command[0] == "mandoc":
        assert ran.stdout == ""


def test_what_is_read() -> None:
    if shutil.which("mandoc") is None:
        lacks("there is no mandoc")
    ran = subprocess.run(
        ["mandoc", "-Tascii", "-Owidth=100", PAGE], capture_output=True, text=True, check=True
    )
    text = ran.stdout.replace("\b_", "")
    while "\b" in text:  # bold: each character twice
        at = text.index("\b")
        text = text[: at - 1] + text[at + 1 :]
    assert "lint502 - Find the nginx configuration changes that will answer 502" in text
    assert "       --env NAME[=VALUE]\n" in text
    assert "A value for ${NAME} in templates; without =VALUE that of the environment." in text
    assert "       -q, --quiet\n" in text


def test_each_command_is_in_it() -> None:
    import typer

    group = typer.main.get_command(command_line())
    context = group.make_context("lint502", ["rules"])
    text = PAGE.read_text(encoding="utf-8")
    for name, _ in subcommands(group, context):
        assert f"\n.SS lint502 {name}\n" in text
    assert "<" not in text


def test_it_travels_in_the_wheel() -> None:
    import tomli

    wheel = tomli.loads((TOP / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
    assert wheel["wheel"]["shared-data"] == {"lint502/lint502.1": "share/man/man1/lint502.1"}
