"""Stub."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lint502.declared.sources.commands.calls import Call, Result

PROGRAMS: Mapping[str, Callable[[Call], Result]] = {}
