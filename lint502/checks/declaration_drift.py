"""declaration-drift: a spec file declares what the deployment states otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from lint502.declared.listeners import Drift, Fact
from lint502.declared.written import written
from lint502.findings import Finding
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import by_profile


def check(site: Site) -> Iterator[Finding]:
    """One for each fact that the two sides state differently."""
    return map(_finding, site.spec.drifts)


def _finding(drift: Drift) -> Finding:
    declared, stated = drift.declared.place, drift.stated.place
    where = f"{stated.file}:{stated.line}"
    return RULE.finding(
        message=(
            f"{drift.upstream} is declared with {_written(drift.key, drift.declared)}, but {where} "
            f"states {drift.key} {written(drift.key, drift.stated.value)}"
            f"{by_profile(drift.stated)}: change the one that is out of date"
        ),
        place=replace(declared, note="declared here", standing=drift.declared.standing),
        related=(replace(stated, note="stated here", standing=drift.stated.standing),),
        upstream=drift.upstream,
    )


def _written(key: str, fact: Fact[object]) -> str:
    """A key and its value, as the file writes them."""
    place = fact.place
    return place.text[place.column - 1 : place.end_column - 1] or written(key, fact.value)


RULE = Rule("declaration-drift", check, None)
