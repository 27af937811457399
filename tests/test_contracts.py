"""The plan of the package: which part may import which (``[tool.importlinter]``)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parents[1]
LONGEST = 400


def test_imports_run_downwards() -> None:
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=TOP,
        capture_output=True,
        text=True,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_checks_holds_rules_and_nothing_else() -> None:
    files = {path.stem.replace("_", "-") for path in (TOP / "lint502" / "checks").glob("*.py")}
    pages = {path.stem for path in (TOP / "rules").glob("*.md")}
    assert files - {"--init--"} == pages


def test_modules_are_short() -> None:
    paths = [*TOP.glob("lint502/**/*.py"), *TOP.glob("tools/**/*.py")]
    lines = {str(path.relative_to(TOP)): path.read_text().count("\n") for path in paths}
    assert {name: count for name, count in lines.items() if count > LONGEST} == {}
