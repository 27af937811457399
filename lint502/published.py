"""Where lint502 is published. Whoever publishes it sets these two, and nothing else.

An address that is empty is not published: then nothing names it.
"""

from __future__ import annotations

DOCUMENTATION = ""
"""The top of the documentation's site, with a slash at its end: ``https://lint502.test/docs/``."""

REPOSITORY = ""
"""The repository on its forge, without a slash at its end: ``https://forge.test/owner/lint502``."""


def rule_address(rule: str) -> str | None:
    """The page of a rule on the documentation's site; None where that is not published."""
    return f"{DOCUMENTATION}rules/{rule}/" if DOCUMENTATION else None
