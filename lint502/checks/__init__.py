"""The rules: one module each, named after its rule, and the list of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module

from lint502.findings import Finding
from lint502.site import Site

Check = Callable[[Site], Iterator[Finding]]


def check_of(rule: str) -> Check:
    """The ``check`` of a rule's module."""
    check: Check = import_module(f"lint502.checks.{rule.replace('-', '_')}").check
    return check
