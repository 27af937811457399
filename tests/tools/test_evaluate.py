"""A dozen hops that fail by design, on one version of nginx: each cause, hop and root is right."""

from __future__ import annotations

import pytest

from lint502.lab.binary import Nginx
from tests.support.nginxes import nginx_of
from tests.support.real_nginx import prefix
from tools.evaluate import answering, connecting, handshaking, rerouted, routed, speaking
from tools.evaluate.cases import Case
from tools.evaluate.scoring import Score, Scoring, checked
from tools.evaluate.site import run

pytestmark = pytest.mark.slow

NAMES = (
    *("wrong-port", "wrong-port-block", "down-fastcgi", "moved", "no-resolver", "worker-timeout"),
    *("plain-port", "no-name", "no-certificate-13", "misnamed", "proxy-header-first"),
    *("http-to-fastcgi-resets", "fastcgi-to-http-answers", "large-head", "script-missing"),
    *("race", "race-hop", "rerouted", "rerouted-servers"),
)


def scored(nginx: Nginx, cases: list[Case]) -> Score:
    with prefix() as folder:
        ran = run(nginx, folder, cases)
        return Scoring(ran, checked(ran, nginx.version)).all()


def test_causes_hops_and_roots_are_right() -> None:
    every = (
        *(*connecting.CASES, *handshaking.CASES, *speaking.CASES, *answering.CASES),
        *rerouted.CASES,
    )
    score = scored(nginx_of("trixie"), [case for case in every if case.name in NAMES])
    assert score.said == []
    assert score.lost == 0
    assert score.hops["right"] == score.causes["right"] > 50


def test_hostile_requests_and_error_pages_lead_to_no_wrong_hop() -> None:
    score = scored(nginx_of("bullseye"), list(routed.CASES))
    assert (score.hops["wrong"], score.causes["wrong"], score.roots["wrong"]) == (0, 0, 0)
    assert score.hops["unknown"] <= 3
