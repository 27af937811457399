from __future__ import annotations

from tests.support.linting import findings, lint

__all__ = ["findings", "lint"]
