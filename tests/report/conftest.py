from __future__ import annotations

from tests.support.cli import run

__all__ = ["run"]
