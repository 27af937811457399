"""The rules: one module each, named after its rule, which ends in its ``RULE``.

:data:`lint502.rule_names.RULES` is the list of them.
"""

from __future__ import annotations

from importlib import import_module

from lint502.rule import Rule


def rule_of(name: str) -> Rule:
    """The rule of this name, which must be one of the :data:`~lint502.rule_names.RULES`."""
    rule: Rule = import_module(f"lint502.checks.{name.replace('-', '_')}").RULE
    return rule
