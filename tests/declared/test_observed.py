from __future__ import annotations

from typing import Any

import pytest

from lint502.declared.claims import Claims
from lint502.declared.derived import Combined
from lint502.declared.listeners import Drift, Fact
from lint502.declared.observed import with_observed
from lint502.declared.sources.probe_json import observed_in
from lint502.declared.upstreams import upstreams_of
from lint502.places import Place, SourceFile
from lint502.standing import Standing

HERE, SEEN = Place("upstreams.toml", 1, 1, 2), Place("probe.json", 9, 1, 2)


def claims(standing: Standing, name: str = "api", **values: Any) -> Claims:
    place = SEEN if standing is Standing.OBSERVED else HERE
    facts = {key.replace("__", "."): Fact(value, place, standing) for key, value in values.items()}
    return Claims(name, place, facts)


def both(known: Claims, *seen: Claims) -> tuple[dict[str, tuple[Any, Standing]], tuple[Drift, ...]]:
    found = with_observed(Combined((known,), ()), seen)
    (one,) = found.claims
    return {key: (fact.value, fact.standing) for key, fact in one.facts.items()}, found.drifts


def test_the_order() -> None:
    names = [one.name for one in sorted(Standing)]
    assert names == ["HINTED", "ASSUMED", "DEFAULT", "STATED", "OBSERVED", "DECLARED"]
    words = ["hinted", "default", "default", "stated", "observed", "declared"]
    assert [one.word for one in sorted(Standing)] == words
    assert Standing.OBSERVED.firm


@pytest.mark.parametrize("standing", [one for one in Standing if one < Standing.OBSERVED])
def test_it_counts_before_what_is_derived(standing: Standing) -> None:
    found, drifts = both(claims(standing, tls=True), claims(Standing.OBSERVED, tls=False))
    assert (found, drifts) == ({"tls": (False, Standing.OBSERVED)}, ())


def test_it_counts_after_what_is_declared() -> None:
    known = claims(Standing.DECLARED, tls=True, keepalive__idle_timeout=5000)
    seen = claims(Standing.OBSERVED, tls=False, keepalive__idle_timeout=6000, protocol="http")
    found, drifts = both(known, seen)
    assert found == {
        "tls": (True, Standing.DECLARED),
        "keepalive.idle_timeout": (5000, Standing.DECLARED),
        "protocol": ("http", Standing.OBSERVED),
    }
    assert drifts == (Drift("api", "tls", known.facts["tls"], seen.facts["tls"]),)


def test_what_is_denied_has_no_figures() -> None:
    known = claims(Standing.STATED, tls=True, tls__sni="required", port=80)
    found, _ = both(known, claims(Standing.OBSERVED, port=80, tls=False))
    assert found == {"port": (80, Standing.STATED), "tls": (False, Standing.OBSERVED)}
    found, _ = both(
        claims(Standing.DECLARED, keepalive=False),
        claims(Standing.OBSERVED, keepalive__idle_timeout=5000),
    )
    assert found == {"keepalive": (False, Standing.DECLARED)}


def test_only_of_the_listener_that_was_seen() -> None:
    known = Combined((claims(Standing.DECLARED, port=1), claims(Standing.DECLARED, port=2)), ())
    seen = claims(Standing.OBSERVED, port=2, tls=True)
    other = claims(Standing.OBSERVED, "gone", port=1, tls=True)
    found = with_observed(known, [seen, other]).claims
    assert [one.facts.get("tls") for one in found] == [None, seen.facts["tls"]]


def test_a_listener_without_a_port_is_the_one_that_was_seen() -> None:
    found, _ = both(claims(Standing.DECLARED), claims(Standing.OBSERVED, port=80, tls=True))
    assert found == {"tls": (True, Standing.OBSERVED)}


def test_what_is_left_open_stays_open() -> None:
    known = Claims("api", HERE, {}, unsure=frozenset({"tls"}))
    assert both(known, claims(Standing.OBSERVED, tls=True))[0] == {}


def test_the_server_keeps_its_version() -> None:
    known = claims(Standing.STATED, server="gunicorn/22.0")
    found, _ = both(known, claims(Standing.OBSERVED, server="gunicorn"))
    assert found == {"server": ("gunicorn/22.0", Standing.STATED)}


def test_it_comes_before_a_profile() -> None:
    known = claims(Standing.DECLARED, server="node")
    combined = with_observed(
        Combined((known,), ()), [claims(Standing.OBSERVED, keepalive__idle_timeout=9000)]
    )
    (upstream,) = upstreams_of(combined.claims)
    idle = upstream.listeners[0].idle_timeout
    assert idle is not None
    assert (idle.value, idle.standing) == (9000, Standing.OBSERVED)


TEXT = """\
{
  "schema_version": 1,
  "observed": "2026-02-03T04:05:06+00:00",
  "upstreams": [
    {"upstream": "api", "port": 8000, "facts": [
      {"key": "keepalive.idle_timeout", "observed": "6s"},
      {"key": "limits.request_headers", "observed": "16k"},
      {"key": "socket.mode", "observed": "0660"},
      {"key": "http_versions", "observed": ["1.0", "1.1"]},
      {"key": "tls", "observed": false},
      {"key": "keepalive.max_requests", "observed": 100},
      {"key": "limits.request_body", "observed": null, "at_least": "16m"},
      {"key": "connects", "observed": null},
      {"key": "unheard", "observed": 1}
    ]}
  ]
}
"""


def test_the_values_of_a_file() -> None:
    (one,), problems = observed_in(SourceFile("probe.json", TEXT))
    assert problems == ()
    assert {key: fact.value for key, fact in one.facts.items()} == {
        "port": 8000,
        "keepalive.idle_timeout": 6000,
        "limits.request_headers": 16384,
        "socket.mode": 0o660,
        "http_versions": ("1.0", "1.1"),
        "tls": False,
        "keepalive.max_requests": 100,
    }
    idle = one.facts["keepalive.idle_timeout"]
    assert (idle.place.line, idle.standing) == (6, Standing.OBSERVED)
    assert idle.what == "observed at 2026-02-03T04:05:06+00:00"


@pytest.mark.parametrize(
    "fact",
    [
        '{"key": "http_versions", "observed": "1.1"}',
        '{"key": "http_versions", "observed": [["1.1"]]}',
        '{"key": "keepalive.idle_timeout", "observed": "soon"}',
        '{"key": "keepalive.idle_timeout", "observed": {"a": 1}}',
        '{"key": "tls.versions", "observed": ["TLSv9"]}',
        '{"key": "socket.mode", "observed": 9}',
        '{"key": "keepalive.max_requests", "observed": -1}',
    ],
)
def test_what_no_probe_writes(fact: str) -> None:
    text = f'{{"schema_version": 1, "upstreams": [{{"upstream": "a", "facts": [\n{fact}]}}]}}'
    (one,), (problem,) = observed_in(SourceFile("probe.json", text))
    assert (one.facts, problem.line) == ({}, 2)
