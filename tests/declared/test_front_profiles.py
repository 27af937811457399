from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from lint502.declared import front_profiles
from lint502.declared.front_profiles import FrontFact
from lint502.declared.listeners import Fact, Front, Standing
from lint502.declared.load import load_specs
from lint502.declared.sources.upstreams_toml.form import FrontKind
from lint502.places import Place

LIMITS = (
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html"
)
ELAPSED = "https://repost.aws/knowledge-center/eks-http-504-errors (the idle timeout has elapsed)"
EXPIRED = (
    "https://aws.amazon.com/premiumsupport/knowledge-center/504-error-alb/ "
    "(before the connection timeout expired)"
)
SOURCE = re.compile(r"https://[^ ]+( \(.+\))?|[\w.-]+/[\w.-]+@[\w.-]+:[\w./-]+.*")


def test_each_kind_has_a_profile() -> None:
    assert front_profiles.kinds() == tuple(sorted(get_args(FrontKind)))


@pytest.mark.parametrize("kind", get_args(FrontKind))
def test_each_figure_is_of_its_type_and_has_a_source(kind: str) -> None:
    profile = front_profiles.load(kind)
    assert profile.title
    for key, fact in profile.facts.items():
        assert hasattr(Front, key)
        assert type(fact.value) is (bool if key == "passes_tcp" else int)
        assert SOURCE.fullmatch(fact.source), fact
        assert not key.endswith("_status") or 500 <= fact.value < 600


def test_times_are_milliseconds() -> None:
    url = "https://docs.cloud.google.com/load-balancing/docs/https/request-distribution"
    assert front_profiles.load("google-lb").facts["idle_timeout"] == FrontFact(600_000, url)


def test_what_is_declared_comes_first(tmp_path: Path) -> None:
    spec = '[front.edge]\nkind = "aws-alb"\nidle_timeout = "2m"\n'
    (tmp_path / "upstreams.toml").write_text(spec)
    loaded, problems = load_specs([tmp_path / "upstreams.toml"], lambda path: path.name)
    assert problems == []
    kind = Place("upstreams.toml", 2, 1, 17, 'kind = "aws-alb"')
    url = (
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/"
        "edit-load-balancer-attributes.html"
    )
    assert loaded.fronts == (
        Front(
            "edge",
            Place("upstreams.toml", 1, 1, 13, "[front.edge]"),
            kind=Fact("aws-alb", kind),
            idle_timeout=Fact(120_000, Place("upstreams.toml", 3, 1, 20, 'idle_timeout = "2m"')),
            closed_status=Fact(502, kind, Standing.DEFAULT, "aws-alb", url),
            response_headers=Fact(32_768, kind, Standing.DEFAULT, "aws-alb", LIMITS),
            timeout_status=Fact(504, kind, Standing.DEFAULT, "aws-alb", ELAPSED),
            connect_timeout=Fact(10_000, kind, Standing.DEFAULT, "aws-alb", EXPIRED),
            connect_status=Fact(504, kind, Standing.DEFAULT, "aws-alb", EXPIRED),
        ),
    )


def test_what_passes_connections_on_states_no_answer_of_its_own() -> None:
    """It keeps no connection for other requests, so that nginx cannot close one too early."""
    passing = [
        kind for kind in front_profiles.kinds() if "passes_tcp" in front_profiles.load(kind).facts
    ]
    assert passing == ["aws-nlb", "azure-load-balancer"]
    assert [set(front_profiles.load(kind).facts) for kind in passing] == [
        {"passes_tcp", "tcp_idle_timeout"}
    ] * 2
    assert [front_profiles.load(kind).facts["tcp_idle_timeout"].value for kind in passing] == [
        350_000,
        240_000,
    ]


def test_a_time_or_a_size_comes_with_what_the_client_gets() -> None:
    """But where that is documented nowhere."""
    silent = {
        (kind, key)
        for kind in front_profiles.kinds()
        for facts in (front_profiles.load(kind).facts,)
        for key, status in (
            ("read_timeout", "timeout_status"),
            ("connect_timeout", "connect_status"),
        )
        if key in facts and status not in facts
    }
    assert silent == {("google-lb", "read_timeout"), ("azure-api-management", "read_timeout")}
