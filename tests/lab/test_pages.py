"""Every page of ``rules/`` on a real nginx of four versions: what it says of its example happens,
and what it says to do instead works."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.checks import rule_of
from lint502.evidence import Step
from lint502.lab.demonstrations import of_front
from lint502.lab.proof import contradiction
from lint502.nginx.error_log import fits
from lint502.nginx.version import Version
from lint502.pages import Page, page
from lint502.rule_names import RULES
from tests.support.nginxes import RELEASES, needs_ipv6, nginx_of
from tests.support.pages import all_played, examined, played_as_written, prove

TRIES = 3
"""A request has to meet a moment, and the machine may be busy."""

IPV6 = ("resolver-ipv6",)
"""Where the upstream does not listen on ``::1``, which nginx has to see."""

CLAIMING = [rule for rule in RULES if page(rule).status is not None]


@pytest.mark.parametrize("rule", RULES)
def test_what_claims_something_says_which_requests_show_it(rule: str) -> None:
    shown_by = rule_of(rule).shown_by
    if shown_by is None:
        assert page(rule).status is None
    else:
        assert callable(of_front(shown_by))


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("rule", CLAIMING)
def test_the_example_answers_as_the_page_says(rule: str, release: str, tmp_path: Path) -> None:
    shown, nginx = page(rule), nginx_of(release)
    if rule in IPV6:
        needs_ipv6()
    found = examined(shown, "Example", nginx, tmp_path)
    findings = [finding for finding in found.report.findings if finding.rule == rule]
    if not shown.holds_in(nginx.version):
        assert findings == []
        assert not_well(shown, "Example", release, tmp_path) == []
        return
    assert findings
    for finding in findings:
        for _ in range(TRIES):
            steps = played_as_written(finding, found, nginx, tmp_path).steps
            if says_as_much(shown, nginx.version, steps):
                break
        assert says_as_much(shown, nginx.version, steps), steps
        proof = prove(finding, found.sites, nginx)
        assert (proof.verdict, proof.why) == ("confirmed", "")


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("rule", RULES)
def test_instead_answers_200_throughout(rule: str, release: str, tmp_path: Path) -> None:
    assert not_well(page(rule), "Instead", release, tmp_path) == []


def says_as_much(shown: Page, version: Version, steps: tuple[Step, ...]) -> bool:
    """Whether what came back is what the page states: status, how often, and the log line."""
    stated = contradiction(shown.status, shown.frequency_in(version), steps) is None
    lines = [line for step in steps for line in step.log]
    return stated and (shown.log is None or any(fits(shown.log, line) for line in lines))


def not_well(shown: Page, heading: str, release: str, folder: Path) -> list[Step]:
    """The requests that got anything but a whole 200, or the 101 of a WebSocket."""
    nginx = nginx_of(release)
    found = examined(shown, heading, nginx, folder)
    played = list(all_played(shown, found, nginx, folder))
    assert played
    steps = [step for one in played for step in one.steps]
    assert steps
    well = (200, 101)
    return [
        step for step in steps if not step.cause and (step.status not in well or not step.whole)
    ]
