"""unused-ignore: a comment ignores a rule that finds nothing there."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.findings import Finding, Fix
from lint502.quoting import quote
from lint502.rule import Rule
from lint502.site import Site
from lint502.suppression import Ignore, UnusedPath


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


def unused_path(unused: UnusedPath) -> Finding:
    """The finding for a rule of a pattern in the settings that was of no use."""
    pattern = quote(unused.written)
    if unused.fits:
        message = f"{unused.rule} finds nothing in the files that {pattern} fits"
    else:
        message = f"{pattern} fits no file that was read, so that {unused.rule} is not ignored"
    return RULE.finding(message=message, place=unused.place, fix=Fix("remove it, or correct it"))


RULE = Rule("unused-ignore", check, None)
