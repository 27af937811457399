"""How the ladder of a request is shown: a module for each format, with its ``render``."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from lint502.report import Style

if TYPE_CHECKING:
    from lint502.ladder.model import Ladder
    from lint502.report_model import Report

Renderer = Callable[["Ladder", "Report", Style], str]


def renderer(name: str) -> Renderer:
    """The ``render`` of ``text``, ``json`` or ``mermaid``."""
    render: Renderer = import_module(f"lint502.report.ladder.{name}").render
    return render
