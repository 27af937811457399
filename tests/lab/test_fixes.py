"""Fixes on a real nginx: where a finding was fixed, the requests that showed it are answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lint502.behaviour.fronts import ways
from lint502.checks import rule_of
from lint502.findings import Finding
from lint502.lab.behind import routes
from lint502.lab.demonstrations import of_front, of_hop
from lint502.lab.demonstrations.before_nginx import trouble
from lint502.lab.demonstrations.case import CannotShowError, Case, Experiment
from lint502.lab.play import play
from lint502.nginx.version import Version
from lint502.run import Result
from tests import test_samples
from tests.support.nginxes import nginx_of
from tests.support.pages import shown_by
from tests.support.sites import examine
from tests.test_samples import SITES

RELEASE = "trixie"


@pytest.mark.parametrize("site", SITES)
def test_what_is_fixed_answers(site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nginx = nginx_of(RELEASE)
    options, first = test_samples.fixed(site, tmp_path, monkeypatch, nginx.version)
    after = examine(options, lambda: b"")
    found = {}
    for finding in fixed(first, after):
        for shown in experiments(finding, first, after, nginx.version):
            played = play(nginx, shown.plan, shown.script, shown.setting)
            steps = [step for step in played.steps if not step.cause]
            found[finding.rule, finding.place.line] = {(step.status, step.whole) for step in steps}
    assert found
    assert all(seen == {(200, True)} for seen in found.values()), found


def fixed(first: Result, after: Result) -> Iterator[Finding]:
    """The findings of the broken site, which a client can see, whose edits were made."""
    hops = {hop.id: number for number, hop in enumerate(first.report.hops)}
    left = {
        (finding.rule, hop) for finding in after.report.findings for hop in finding.hops or ("",)
    }
    for finding in first.report.findings:
        now = [after.report.hops[hops[hop]].id for hop in finding.hops] or [""]
        gone = not any((finding.rule, hop) in left for hop in now)
        if gone and finding.fix is not None and finding.fix.edits and finding.status is not None:
            yield finding


def experiments(
    finding: Finding, first: Result, after: Result, version: Version
) -> Iterator[Experiment]:
    """What showed a finding, at the first of its hops as that is now, or before its front."""
    if finding.front is not None:
        (before,), (site,) = first.sites, after.sites
        found = trouble(finding, before)
        assert found is not None
        shown = {(way.front.name, str(way.socket.listens[0])) for way in found.ways[:1]}
        for way in ways(site):
            if (way.front.name, str(way.socket.listens[0])) in shown:
                yield of_front(shown_by(finding.rule))(way, site, None)
        return
    numbers = {hop.id: number for number, hop in enumerate(first.report.hops)}
    now = after.report.hops[numbers[finding.hops[0]]].id
    for site in after.sites:
        for hop in site.hops:
            for route in routes(hop, site.pairs[hop.id]) if hop.id == now else ():
                case = Case(finding.rule, None, site, route, route.pairs, version)
                try:
                    yield of_hop(rule_of(finding.rule).shown_by)(case)
                except CannotShowError:
                    assert route.block is None, "a pool is shown by its block"
