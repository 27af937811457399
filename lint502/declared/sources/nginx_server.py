"""STUB"""

from __future__ import annotations

from typing import Any


def listeners(tree: Any, version: Any) -> list[Any]:
    return []
