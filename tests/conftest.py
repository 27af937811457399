"""The machine may be busy: what Hypothesis tries may take its time, as in CI, where it lets it.

What ``make quick`` leaves out is marked here, or where it stands.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from lint502 import run
from lint502.checks import rule_of
from lint502.concerns import concerns
from lint502.site import Site

settings.register_profile(
    "patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")

_HERE = Path(__file__).parent
_SLOW = (
    "lab", "test_ci_files.py", "test_foreign_modules.py", "test_hostile.py", "test_pre_commit.py",
)  # fmt: skip
"""What starts nginx and the servers behind it, pip or pre-commit, or has very large files."""


@pytest.fixture(autouse=True)
def _rules_that_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that is not loaded for a root would find nothing there, whatever a test checks."""

    def held(rule: str, site: Site) -> bool:
        concerned = concerns(rule, site)
        for found in () if concerned else rule_of(rule).check(site):
            pytest.fail(f"{rule} is passed over, and finds: {type(found).__name__}")
        return concerned

    monkeypatch.setattr(run, "concerns", held)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(_HERE).parts[0] in _SLOW:
            item.add_marker(pytest.mark.slow)
