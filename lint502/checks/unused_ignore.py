"""unused-ignore: a comment ignores a rule that finds nothing there."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.findings import Finding, Fix
from lint502.rule import Rule
from lint502.site import Site
from lint502.suppression import Ignore


def check(site: Site) -> Iterator[Finding]:
    """Nothing: it takes what all other rules have found, of all roots."""
    return iter(())


def unused(ignore: Ignore) -> Finding:
    """The finding for a rule of a comment that was of no use."""
    return RULE.finding(
        message=f"{ignore.rule} finds nothing that this comment would have to ignore",
        place=ignore.place,
        fix=Fix("remove it"),
    )


RULE = Rule("unused-ignore", check, None)
