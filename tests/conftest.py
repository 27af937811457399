"""The machine may be busy: what Hypothesis tries may take its time, as in CI, where it lets it.

What ``make quick`` leaves out is marked here, or where it stands.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")

_HERE = Path(__file__).parent
_SLOW = (
    "lab", "test_ci_files.py", "test_foreign_modules.py", "test_hostile.py", "test_pre_commit.py",
)  # fmt: skip
"""What starts nginx and the servers behind it, pip or pre-commit, or has very large files."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(_HERE).parts[0] in _SLOW:
            item.add_marker(pytest.mark.slow)
