"""Where the package crossplane is gone, or is another one: said in a sentence, with exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lint502 import installation
from lint502.nginx import parser
from tests.support.cli import Run
from tests.support.sites import http, write

SITE = {"nginx.conf": http("server { location / { proxy_pass http://api; } }")}
AGAIN = installation.command("crossplane", again=True)
COMMANDS = {
    "check": (),
    "hops": (),
    "init": (),
    "upgrade": ("--from", "1.26.3", "--to", "1.30.0"),
}


@pytest.fixture(autouse=True)
def no_crossplane(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if it had not been imported, and lay nowhere but in this working directory."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "crossplane"]:
        monkeypatch.delitem(sys.modules, name)
    search = parser.PathFinder.find_spec

    def find_spec(name: str, path: object = None, target: object = None) -> object:
        return search(name, [str(Path.cwd())] if name == "crossplane" else path, target)  # type: ignore[arg-type]

    monkeypatch.setattr(parser.PathFinder, "find_spec", find_spec)
    parser._module.cache_clear()
    yield
    parser._module.cache_clear()


def said_of_crossplane(run: Run, command: str) -> str:
    write(Path.cwd(), SITE)
    code, _, err = run(command, *COMMANDS[command])
    (said,) = [line for line in err.splitlines() if "crossplane" in line]
    assert code == 2
    return said


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("left", [False, True])
def test_it_is_gone(run: Run, command: str, left: bool) -> None:
    """As after ``pip uninstall ngxparse``; ``left``: the folder is there, and nothing in it."""
    if left:
        Path("crossplane").mkdir()
    assert said_of_crossplane(run, command) == (
        "error: crossplane: this package is not installed here any more: it goes when ngxparse is "
        f"uninstalled, which gixy-ng brings. Install it again with: {AGAIN}"
    )


OTHERS = {
    "half of it": None,
    "another function": "def parse(filename):\n    return {}\n",
    "another lexer": "def parse(filename, **options):\n    open(filename)\n",
    "another result": (
        "def parse(filename, **options):\n    return {'errors': [], 'config': [{'parsed': []}]}\n"
    ),
}


@pytest.mark.parametrize("other", OTHERS)
def test_it_is_another_one(run: Run, other: str) -> None:
    text = OTHERS[other]
    package = {"crossplane/__init__.py": ""}
    if text is not None:
        package["crossplane/parser.py"] = text
    write(Path.cwd(), package)
    assert said_of_crossplane(run, "check") == (
        f"error: crossplane: what is installed here under this name ({Path.cwd()}/crossplane/"
        "__init__.py) is not what lint502 needs. Install lint502 with pipx, or in an environment "
        f"of its own; or put crossplane back with: {AGAIN}"
    )
