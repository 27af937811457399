"""What statuses mean: each has a source, and what it names exists."""

from __future__ import annotations

import re

import pytest

from lint502.declared import front_profiles
from lint502.diagnosis.statuses import Layer, Status, UnknownStatusError, numbers, status
from lint502.nginx import error_log
from lint502.rule_names import RULES

ALL = [status(number) for number in numbers()]
PLACES = {"docs.aws.amazon.com", "developers.cloudflare.com", "www.rfc-editor.org", "nginx.org"}
PLACES |= {"curl.se", "docs.gunicorn.org", "learn.microsoft.com", "www.envoyproxy.io"}


def test_those_that_people_ask_for_are_there() -> None:
    asked = {"400", "413", "414", "431", "494", "495", "496", "497", "499", "500", "502", "503"}
    asked |= {"504", *map(str, range(520, 527)), "460", "561", "009"}
    assert asked <= set(numbers())
    closed = {
        front_profiles.load(kind).facts.get("closed_status") for kind in front_profiles.kinds()
    }
    assert {str(fact.value) for fact in closed if fact is not None} <= set(numbers())


def test_what_nginx_writes_itself_is_there() -> None:
    written = {message.status for message in error_log.messages() if message.status is not None}
    assert {f"{number:03}" for number in written} <= set(numbers())


@pytest.mark.parametrize("one", ALL, ids=numbers())
def test_what_it_names_exists(one: Status) -> None:
    assert one.layers
    assert len({(layer.by, layer.text) for layer in one.layers}) == len(one.layers)
    for text in (one.title, *(text for layer in one.layers for text in (layer.text, layer.tell))):
        assert text.endswith((".", '."')), text
    for name in one.lines:
        message = error_log.message(name)
        assert not message.failure or message.status == int(one.number), name
    for layer in one.layers:
        assert set(layer.rules) <= set(RULES)
        place = re.fullmatch(
            r"https://([^/]+)/.+|nginx: src/[\w/]+\.[ch] \w+(?:\(\))?", layer.source
        )
        assert place is not None, layer.source
        assert place[1] is None or place[1] in PLACES


def test_a_whole_one() -> None:
    assert status("463") == Status(
        "463",
        "AWS's load balancer: X-Forwarded-For has more than 30 addresses.",
        (
            Layer(
                by="AWS Application Load Balancer",
                text="A loop: nginx passes the request back to the load balancer, and each turn "
                "adds an address.",
                tell="elb_status_code is 463.",
                source="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/"
                "load-balancer-troubleshooting.html#http-463-issues",
                run=("lint502 check",),
                rules=("proxy-loop",),
            ),
        ),
    )


def test_one_that_is_unknown() -> None:
    with pytest.raises(UnknownStatusError):
        status("418")
