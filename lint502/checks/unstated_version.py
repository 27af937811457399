"""unstated-version: nobody says which nginx runs, and an older one would bring more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from lint502.findings import Finding, Fix
from lint502.nginx.version import NEWEST
from lint502.report_model import Older
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import listed

_SHOWN = 3


def check(site: Site) -> Iterator[Finding]:
    """Nothing: it takes what all other rules would find in older versions, of all roots."""
    return iter(())


def unstated(older: Sequence[Older]) -> Finding:
    """The one finding for all that older versions would bring."""
    hops: dict[tuple[str, str], dict[str, None]] = {}
    of_rules: dict[str, Older] = {}
    for one in older:
        of_rules.setdefault(one.finding.rule, one)
        key = (one.finding.rule, one.versions)
        hops.setdefault(key, {}).update(dict.fromkeys(one.finding.hops))
    brought = listed(
        (f"{rule}{_counted(len(there))} ({versions})" for (rule, versions), there in hops.items()),
        len(hops),
    )
    first, *others = of_rules.values()
    finding = RULE.finding(
        message=f"no nginx version is stated, so that {NEWEST}, the newest known, counts; older "
        f"ones bring {brought}",
        place=replace(first.finding.place, note=_note(first)),
        related=tuple(replace(one.finding.place, note=_note(one)) for one in others[:_SHOWN]),
        fix=Fix("say which nginx runs: --nginx-version, or nginx_version in lint502.toml"),
    )
    roots = dict.fromkeys(root for one in older for root in one.finding.roots)
    return replace(finding, roots=tuple(roots))


def _counted(hops: int) -> str:
    return f" at {hops} hop{'' if hops == 1 else 's'}" if hops else ""


def _note(one: Older) -> str:
    return f"{one.finding.rule}, {one.versions}"


RULE = Rule("unstated-version", check, "usual.once")
