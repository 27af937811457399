from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from lint502 import pages, workspace
from lint502.__main__ import main
from lint502.cli.logs import JOBS
from lint502.options import Options
from lint502.report_model import Report
from lint502.rule_names import RULES
from lint502.run import Result
from tests.support.canned import REPORT

PAGE = """\
+++
severity = "{severity}"
{facts}nginx = ">=1.18"
summary = "what {name} is about"
+++

# {name}

## What it means

Two sides disagree.

## Why it answers 502

Nobody listens.

## Example

```nginx
proxy_pass http://api;
```

## Instead

Agree.

## References

- https://nginx.org
"""
FACTS = 'status = 502\nfrequency = "always"\nlog = "connect() failed"\n'


CI = {*JOBS, "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "CI_PROJECT_DIR"}
"""The variables of CI systems that lint502 looks at: a test sees none but those that it sets."""


class Ran(NamedTuple):
    """How a run ended, and what it wrote."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the whole command line in an empty repository."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM", *CI):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["lint502", *arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            assert isinstance(end.code, int)
            code = end.code
        finally:
            gc.enable()
        return Ran(code, *capsys.readouterr())

    return run


class Asked(list[Options]):
    """Stands for the run: what it was asked, and the report that it gives."""

    report: Report = REPORT


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Puts a canned report in the place of a real run."""
    asked = Asked()

    def canned(
        parts: Sequence[Options],
        standard_input: Callable[[], bytes],
        progress: Callable[[str], None],
    ) -> Result:
        asked.extend(parts)
        return Result(asked.report, ())

    monkeypatch.setattr(workspace, "run", canned)
    return asked


@pytest.fixture
def rule_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page for each rule."""
    folder = tmp_path / "pages"
    folder.mkdir()
    for number, name in enumerate(RULES):
        severity = ("error", "warning", "info")[number % 3]
        facts = "" if severity == "info" else FACTS
        text = PAGE.format(name=name, severity=severity, facts=facts)
        (folder / f"{name}.md").write_text(text)
    monkeypatch.setattr(pages, "folder", lambda: folder)
