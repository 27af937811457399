from __future__ import annotations

from tests.support.cli import asked, rule_pages, run

__all__ = ["asked", "rule_pages", "run"]
