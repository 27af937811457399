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
SOURCE = re.compile(r"https://[^ ]+( \(.+\))?|[\w.-]+/[\w.-]+@[\w.-]+:[\w./-]+.*")


def test_each_kind_has_a_profile() -> None:
    assert front_profiles.kinds() == tuple(sorted(get_args(FrontKind)))


@pytest.mark.parametrize("kind", get_args(FrontKind))
def test_each_figure_is_of_its_type_and_has_a_source(kind: str) -> None:
    profile = front_profiles.load(kind)
    assert profile.title
    for key, fact in profile.facts.items():
        assert key in (
            *("idle_timeout", "closed_status", "response_headers", "read_timeout"),
            "timeout_status",
        )
        assert type(fact.value) is int
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
        ),
    )
