"""Every page of ``rules/`` on a real nginx of four versions: what it says of its example happens,
and what it says to do instead works."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from lint502.checks import rule_of
from lint502.evidence import Step
from lint502.lab.demonstrations import of_front
from lint502.nginx.version import Version
from lint502.pages import page
from lint502.rule_names import RULES
from tests.support.nginxes import RELEASES, needs_ipv6, nginx_of
from tests.support.pages import all_steps, examined, example_steps, prove, says_as_much
from tools import proofs
from tools.proofs import Answers

RECORDED = proofs.load()

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
        steps = all_steps(shown, "Example", nginx, tmp_path)
        assert not_well(steps) == []
        assert_as_written(rule, nginx.version, "example", proofs.answers(steps))
        return
    assert findings
    seen: list[Step] = []
    for finding in findings:
        steps = example_steps(finding, shown, found, nginx, tmp_path)
        assert says_as_much(shown, nginx.version, steps), steps
        proof = prove(finding, found.sites, nginx)
        assert (proof.verdict, proof.why) == ("confirmed", "")
        seen += steps
    assert_as_written(rule, nginx.version, "example", proofs.answers(seen, shown.log))


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("rule", RULES)
def test_instead_answers_200_throughout(rule: str, release: str, tmp_path: Path) -> None:
    nginx = nginx_of(release)
    steps = all_steps(page(rule), "Instead", nginx, tmp_path)
    assert not_well(steps) == []
    assert_as_written(rule, nginx.version, "instead", proofs.answers(steps))


@pytest.mark.filterwarnings("default:not compared")
@pytest.mark.parametrize("release", RELEASES)
def test_what_is_not_compared_is_said(release: str) -> None:
    version = nginx_of(release).version
    if RECORDED.get(RULES[0], version) is None:
        warnings.warn(
            f"not compared: docs/proofs.toml has no nginx {version}; run python -m tools.proofs",
            stacklevel=1,
        )


def assert_as_written(rule: str, version: Version, blocks: str, answers: Answers) -> None:
    """Compare with ``docs/proofs.toml``, where it speaks for this version or one of its branch."""
    written = RECORDED.get(rule, version)
    if written is not None:
        assert proofs.alike(answers, getattr(written, blocks)), (answers, written)


def not_well(steps: list[Step]) -> list[Step]:
    """The requests that got anything but a whole 200, or the 101 of a WebSocket."""
    assert steps
    well = (200, 101)
    return [
        step for step in steps if not step.cause and (step.status not in well or not step.whole)
    ]
