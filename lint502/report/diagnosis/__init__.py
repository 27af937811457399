"""The reports of ``lint502 diagnose``: one module a format, named after it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from lint502.report import Style

if TYPE_CHECKING:
    from lint502.diagnosis.diagnosis import Diagnosis

FORMATS = ("text", "json", "markdown", "html")
"""Every format; ``lint502.report.diagnosis.NAME`` has its ``render``."""


def renderer(name: str) -> Callable[[Diagnosis, Style], str]:
    """The ``render`` of one of the :data:`FORMATS`."""
    render: Callable[[Diagnosis, Style], str] = import_module(
        f"lint502.report.diagnosis.{name}"
    ).render
    return render
