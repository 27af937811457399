"""What a deployment states beside what people declare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lint502.declared.claims import Claims
from lint502.declared.derived import with_derived
from lint502.declared.listeners import Drift, Fact, Listener
from lint502.declared.load import load_specs
from lint502.places import Place
from lint502.standing import Standing

PLACE = Place("compose.yaml", 5, 1, 9)
STATED, HINTED, ASSUMED = Standing.STATED, Standing.HINTED, Standing.ASSUMED


def derived(name: str, *, standing: Standing = STATED, **facts: Any) -> Claims:
    keys = {key.replace("__", "."): Fact(value, PLACE, standing) for key, value in facts.items()}
    hosts = {"hosts": Fact(facts.pop("hosts", (name,)), PLACE, STATED)}
    return Claims(name, PLACE, {**hosts, **keys}, derived=True)


def both(folder: Path, spec: str, *claims: Claims) -> tuple[list[Listener], tuple[Drift, ...]]:
    path = folder / "upstreams.toml"
    path.write_text(spec)
    loaded, problems = load_specs([path], str, None, claims)
    assert problems == []
    return [one for upstream in loaded.upstreams for one in upstream.listeners], loaded.drifts


def told(listeners: list[Listener], *keys: str) -> list[tuple[object, ...]]:
    facts = ((getattr(one, key) for key in keys) for one in listeners)
    return [
        (one.upstream, *(None if fact is None else fact.value for fact in each))
        for one, each in zip(listeners, facts, strict=True)
    ]


def test_what_nobody_declares_is_derived(tmp_path: Path) -> None:
    listeners, drifts = both(tmp_path, "", derived("api", port=3000, protocol="http"))
    assert told(listeners, "port", "protocol") == [("api", 3000, "http")]
    assert (listeners[0].derived, listeners[0].hosts, drifts) == (True, ("api",), ())


@pytest.mark.parametrize(
    "spec",
    [
        '[upstream.api]\nprotocol = "http"\n',
        '[upstream.backend]\nhosts = ["api"]\nprotocol = "http"\n',
        '[upstream.API]\nprotocol = "http"\n',
    ],
)
def test_what_is_declared_is_filled_in(tmp_path: Path, spec: str) -> None:
    ((upstream, port, protocol),), drifts = (
        told(both(tmp_path, spec, derived("api", port=3000))[0], "port", "protocol"),
        both(tmp_path, spec, derived("api", port=3000))[1],
    )
    assert (upstream.lower() in ("api", "backend"), port, protocol) == (True, 3000, "http")
    assert drifts == ()


def test_a_loopback_address_names_no_service(tmp_path: Path) -> None:
    spec = '[upstream.own]\nhosts = ["127.0.0.1"]\nport = 9000\n'
    other = derived("api", port=3000, hosts=("api", "127.0.0.1"))
    assert told(both(tmp_path, spec, other)[0], "port") == [("own", 9000), ("api", 3000)]


def test_a_difference_is_said_and_what_is_declared_counts(tmp_path: Path) -> None:
    spec = "[upstream.api]\nport = 3000\n"
    listeners, (drift,) = both(tmp_path, spec, derived("api", port=8000))
    assert told(listeners, "port") == [("api", 3000)]
    assert (drift.upstream, drift.key, drift.declared.value, drift.stated.value) == (
        "api", "port", 3000, 8000,
    )  # fmt: skip


@pytest.mark.parametrize("standing", [HINTED, ASSUMED])
def test_what_is_not_stated_is_no_difference(tmp_path: Path, standing: Standing) -> None:
    spec = "[upstream.api]\nport = 3000\n"
    listeners, drifts = both(tmp_path, spec, derived("api", port=8000, standing=standing))
    assert (told(listeners, "port"), drifts) == ([("api", 3000)], ())


def test_hosts_are_added_up_and_servers_may_differ(tmp_path: Path) -> None:
    spec = '[upstream.api]\nhosts = ["api.internal"]\nport = 3000\nserver = "gunicorn"\n'
    listeners, drifts = both(tmp_path, spec, derived("api", port=3000, server="gunicorn/22.0"))
    assert (listeners[0].hosts, drifts) == (("api.internal", "api"), ())
    assert told(listeners, "server") == [("api", "gunicorn")]


def test_one_of_several_listeners(tmp_path: Path) -> None:
    spec = '[upstream.api]\nport = 8001\nprotocol = "uwsgi"\n'
    listeners, drifts = both(
        tmp_path, spec, derived("api", port=8000, protocol="http"), derived("api", port=8001)
    )
    assert told(listeners, "port", "protocol") == [("api", 8001, "uwsgi"), ("api", 8000, "http")]
    assert drifts == ()


def test_several_are_filled_in_where_no_address_is_declared(tmp_path: Path) -> None:
    spec = '[upstream.api]\nprotocol = "http"\n'
    listeners, _ = both(tmp_path, spec, derived("api", port=8000), derived("api", port=8001))
    assert ("api", 8000) in told(listeners, "port")
    assert ("api", 8001) in told(listeners, "port")


def test_a_socket_is_declared_where_a_port_is_stated(tmp_path: Path) -> None:
    spec = '[upstream.api]\nsocket = "/run/api.sock"\n'
    listeners, (drift,) = both(tmp_path, spec, derived("api", port=8000, bind=("0.0.0.0",)))
    assert told(listeners, "socket", "port", "bind") == [("api", "/run/api.sock", None, None)]
    assert (drift.key, drift.declared.value, drift.stated.value) == ("port", "/run/api.sock", 8000)


def test_facts_of_what_is_declared_not_to_be(tmp_path: Path) -> None:
    spec = "[upstream.api]\nport = 8000\nkeepalive = false\n"
    stated = derived("api", port=8000, keepalive=True, keepalive__idle_timeout=5000)
    listeners, (drift,) = both(tmp_path, spec, stated)
    assert told(listeners, "keepalive", "idle_timeout") == [("api", False, None)]
    assert drift.key == "keepalive"


def test_nothing_declared_is_kept_as_it_is() -> None:
    one = derived("api", port=1)
    assert with_derived((), (one,)).claims == (one,)


@pytest.mark.parametrize("spec", ["[upstream.api]\n", "[[upstream.api]]\n[[upstream.api]]\n"])
def test_an_empty_table_leaves_all_as_it_is(tmp_path: Path, spec: str) -> None:
    several = derived("api", port=8000), derived("api", port=8001), derived("web", port=80)
    assert both(tmp_path, spec, *several) == both(tmp_path, "", *several)


@pytest.mark.parametrize(
    ("declared", "stated", "counts", "drifting"),
    [
        ("gunicorn", "gunicorn-gthread", "gunicorn-gthread", True),
        ("gunicorn/21.2", "gunicorn-gthread", "gunicorn-gthread/21.2", True),
        ("gunicorn/21.2", "gunicorn-uvicorn/22.0", "gunicorn-uvicorn/22.0", True),
        ("gunicorn-gthread", "gunicorn", "gunicorn-gthread", False),
        ("gunicorn/21.2", "gunicorn/22.0", "gunicorn/21.2", False),
        ("uvicorn", "gunicorn-uvicorn", "uvicorn", False),
        ("grpc-go", "go", "grpc-go", False),
    ],
)
def test_the_class_of_workers_that_runs_counts(
    tmp_path: Path, declared: str, stated: str, counts: str, drifting: bool
) -> None:
    spec = f'[upstream.api]\nport = 8000\nserver = "{declared}"\n'
    listeners, drifts = both(tmp_path, spec, derived("api", port=8000, server=stated))
    assert told(listeners, "server") == [("api", counts)]
    assert [(one.key, one.stated.value) for one in drifts] == (
        [("server", stated)] if drifting else []
    )


def test_what_only_suggests_a_class_of_workers_does_not_count(tmp_path: Path) -> None:
    spec = '[upstream.api]\nport = 8000\nserver = "gunicorn"\n'
    claims = derived("api", standing=HINTED, port=8000, server="gunicorn-gthread")
    listeners, drifts = both(tmp_path, spec, claims)
    assert (told(listeners, "server"), drifts) == ([("api", "gunicorn")], ())
