"""What ``--help`` shows of each command: whole, in the columns that there are."""

from __future__ import annotations

import re

import pytest
import typer

from lint502 import __version__
from lint502.cli.app import command_line
from lint502.cli.helping import described, gist, subcommands
from tests.support.cli import Run

GROUP = typer.main.get_command(command_line())
CONTEXT = GROUP.make_context("lint502", ["rules"])
COMMANDS = dict(subcommands(GROUP, CONTEXT))


_PYTHON = re.compile(
    r"<(str|int|bool|path|list|float|[\w\[\], ]*\||[a-z.]+\.toml\|)|\[str\]|\bTEXT\b|\bINTEGER\b|"
    r"\bPATH\]|Colour\.|Shape\.|FailOn|default: [A-Z]\w+\.|x>=|…|[a-z]\.\.\.$|\bNone\b|Optional",
    re.MULTILINE,
)
"""Words of Python and of the library that reads the command line; a text that is cut."""

EVERY = ("", *COMMANDS)


@pytest.mark.parametrize("command", EVERY)
@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_fits(run: Run, monkeypatch: pytest.MonkeyPatch, command: str, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    code, out, err = run(*filter(None, [command, "--help"]))
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line for line in lines if len(line) > width] == []
    assert _PYTHON.findall(out) == []
    if width > 60:  # more columns are used
        assert max(map(len, lines)) > 60 or command in ("schema", "rules")


@pytest.mark.parametrize("command", EVERY)
def test_nothing_is_left_out(run: Run, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """Each word stands there in each width, in order; none is broken."""
    texts = []
    for width in ("60", "80", "120"):
        monkeypatch.setenv("COLUMNS", width)
        texts.append(run(*filter(None, [command, "-h"])).out.split())
    about = GROUP if not command else COMMANDS[command]
    assert texts[0] == texts[1] == texts[2]
    whole = " ".join(texts[0])
    for kind in ("argument", "option"):
        for written, text in described(about, CONTEXT, kind):
            assert f"{written} {' '.join(text.split())}" in whole


@pytest.mark.parametrize("command", EVERY)
def test_each_option_says_what_it_is(command: str) -> None:
    about = GROUP if not command else COMMANDS[command]
    for kind in ("argument", "option"):
        for written, text in described(about, CONTEXT, kind):
            assert text.endswith("."), written
            assert text[0].isupper() or written.startswith(("--format", "ROOT")), written
    for parameter in about.params:
        if not getattr(parameter, "is_flag", False) and not parameter.hidden:
            assert parameter.metavar
            assert parameter.metavar.rstrip(".").isupper() or "[" in parameter.metavar


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_each_command_says_what_it_does(command: typer.models.CommandInfo) -> None:
    assert gist(command).endswith(".")
    assert gist(command).count(". ") == 0


def test_the_whole_of_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run("explain", "--help").out == (
        "Usage: lint502 explain [OPTIONS] RULE|STATUS|LINE...\n"
        "\n"
        "  Explain a rule, a status or a line of nginx's error log.\n"
        "\n"
        "Arguments:\n"
        '  RULE|STATUS|LINE...  A rule, such as port-mismatch ("lint502 rules" lists\n'
        "                       them), a status, such as 502, or a line of nginx's\n"
        "                       error log, best in single quotes; - reads lines from\n"
        "                       standard input.\n"
        "\n"
        "Options:\n"
        "  --format FORMAT  How to show it: text (the default) or json.\n"
        "  --color WHEN     Use colour: auto (the default: on a terminal), always or\n"
        "                   never.\n"
        "  -h, --help       Show this message and exit.\n"
    )


def test_the_usage_names_what_is_needed(run: Run) -> None:
    for command, usage in (
        ("check", "[ROOT]..."),
        ("schema", "[FILE]"),
        ("explain", "RULE|STATUS|LINE..."),
    ):
        first = run(command, "--help").out.splitlines()[0]
        assert first == f"Usage: lint502 {command} [OPTIONS] {usage}"


def test_the_version_is_short_too(run: Run) -> None:
    for arguments in (["-V"], ["--version"], ["-V", "check"]):
        assert run(*arguments) == (0, f"lint502 {__version__}\n", "")
