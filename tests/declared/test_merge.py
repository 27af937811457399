"""Several spec files, merged fact by fact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lint502.declared.claims import Claims
from lint502.declared.listeners import Fact, Listener, Spec, Standing
from lint502.declared.load import load_specs
from lint502.declared.merge import merge_listeners
from lint502.declared.upstreams import upstreams_of
from lint502.places import Place

HERE, THERE = Place("here", 1, 1, 2), Place("there", 1, 1, 2)


def load(folder: Path, *texts: str) -> tuple[Spec, list[str]]:
    """What files a, b … declare together, and their problems as ``FILE:LINE message``."""
    names = "abcdef"[: len(texts)]
    for name, text in zip(names, texts, strict=True):
        (folder / name).write_text(text)
    spec, problems = load_specs([folder / name for name in names], lambda path: path.name)
    return spec, [f"{one.file}:{one.line} {one.message}" for one in problems]


def facts(listener: Listener) -> dict[str, tuple[Any, str]]:
    """Each fact of a listener: its value, and the file and line that state it."""
    found = {name: getattr(listener, name) for name in Listener.__struct_fields__}
    return {
        name: (fact.value, f"{fact.place.file}:{fact.place.line}")
        for name, fact in found.items()
        if isinstance(fact, Fact)
    }


def test_each_fact_from_the_file_that_states_it(tmp_path: Path) -> None:
    spec, problems = load(
        tmp_path,
        '[upstream.api]\nport = 3000\nserver = "puma/6"\n[front.f]\nsni = "a"\n',
        '\n[upstream.api]\nport = 3000\nhosts = ["x"]\nkeepalive.idle_timeout = "7s"\n',
        '[upstream.b]\n[front.f]\nkind = "aws-alb"\n',
    )
    assert problems == []
    assert [upstream.name for upstream in spec.upstreams] == ["api", "b"]
    (api,) = spec.upstreams[0].listeners
    assert api.place == spec.upstreams[0].place == Place("a", 1, 1, 15, "[upstream.api]")
    assert (api.hosts, api.hosts_declared) == (("x", "api"), True)
    found = facts(api)
    assert found["port"] == (3000, "a:2")
    assert found["idle_timeout"] == (7000, "b:5")
    assert found["protocol"] == ("http", "a:3")  # a default of the server
    (front,) = spec.fronts
    assert front.sni == Fact("a", Place("a", 5, 1, 10, 'sni = "a"'))
    assert front.idle_timeout is not None
    assert front.idle_timeout.standing is Standing.DEFAULT


def test_facts_that_differ_are_an_error_at_both_places(tmp_path: Path) -> None:
    spec, problems = load(
        tmp_path,
        'complete = true\n[upstream.api]\nport = 3000\nkeepalive.idle_timeout = "5s"\n'
        '[upstream.ok]\nport = 1\n[front.f]\nsni = "a"\n[front.g]\n',
        '[upstream.api]\nport = 3001\nkeepalive.idle_timeout = "5000ms"\n[front.f]\nsni = "b"\n',
    )
    one = "two files may not state different things of one upstream"
    two = "two files may not state different things of one front"
    assert problems == [
        f"a:3 port = 3000 contradicts port = 3001 in b, line 2: {one}",
        f"b:2 port = 3001 contradicts port = 3000 in a, line 3: {one}",
        f'a:8 sni = "a" contradicts sni = "b" in b, line 5: {two}',
        f'b:5 sni = "b" contradicts sni = "a" in a, line 8: {two}',
    ]
    api, ok = spec.upstreams
    assert [set(facts(listener)) for listener in api.listeners] == [{"keepalive", "idle_timeout"}]
    assert (api.name, api.listeners[0].unsure, ok.name) == ("api", {"port"}, "ok")
    assert [front.name for front in spec.fronts] == ["g"]
    assert not spec.complete


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("port = 1", 'socket = "/s"', "a listener has a port or a socket, never both"),
        ('bind = ["::1"]', 'socket = "/s"', "a socket has no address to bind"),
        ("dynamic_address = true", 'socket = "/s"', "a socket has no address that changes"),
        ('protocol = "fastcgi"', 'http_versions = ["1.1"]', "fastcgi is not HTTP"),
        ('protocol = "grpc"', 'http_versions = ["1.1"]', 'gRPC needs HTTP/2, which is "2" here'),
    ],
)
def test_facts_that_exclude_each_other(tmp_path: Path, one: str, other: str, reason: str) -> None:
    spec, problems = load(tmp_path, f"[upstream.a]\n{one}\n", f"[upstream.a]\n{other}\n")
    assert problems == [
        f"b:2 {other} contradicts {one} in a, line 2: {reason}",
        f"a:2 {one} contradicts {other} in b, line 2: {reason}",
    ]
    (upstream,) = spec.upstreams
    assert [facts(listener) for listener in upstream.listeners] == [{}]
    keys = {text.partition(" ")[0] for text in (one, other)}
    assert upstream.listeners[0].unsure == keys


def test_of_several_listeners_the_one_with_the_same_address(tmp_path: Path) -> None:
    spec, problems = load(
        tmp_path,
        '[[upstream.a]]\nport = 1\n[[upstream.a]]\nport = 2\n[[upstream.a]]\nsocket = "/run/s"\n',
        "[[upstream.a]]\nport = 2\ntls = true\n[[upstream.a]]\nport = 3\n"
        '[[upstream.a]]\nsocket = "/var/run/s"\n',
        "[upstream.a]\nport = 1\ntls = false\n",
    )
    assert problems == []
    assert [facts(listener) for listener in spec.upstreams[0].listeners] == [
        {"port": (1, "a:2"), "tls": (False, "c:3")},
        {"port": (2, "a:4"), "tls": (True, "b:3")},
        {"socket": ("/run/s", "a:6")},  # two ways to write one path
        {"port": (3, "b:5")},
    ]


def test_two_listeners_of_one_file_stay_two(tmp_path: Path) -> None:
    text = '[[upstream.a]]\nport = 1\nhosts = ["x"]\n[[upstream.a]]\nport = 1\nhosts = ["y"]\n'
    spec, problems = load(tmp_path, text, text)
    assert problems == []
    assert [one.hosts for one in spec.upstreams[0].listeners] == [("x", "a"), ("y", "a")]


def test_a_table_without_an_address_is_of_the_only_listener(tmp_path: Path) -> None:
    loose, one = "[upstream.a]\ntls = true\n", "[[upstream.a]]\nport = 1\n"
    for texts in ((loose, one), (one, loose)):
        spec, problems = load(tmp_path, *texts)
        assert problems == []
        assert [set(facts(one)) for one in spec.upstreams[0].listeners] == [{"port", "tls"}]
    spec, problems = load(tmp_path, loose, one + "[[upstream.a]]\nport = 2\n")
    assert problems == [
        "a:1 [upstream.a] has no port and no socket that tells which of its listeners is meant: "
        "there are those in b, line 1, b, line 3"
    ]
    (upstream,) = spec.upstreams
    assert [(set(facts(one)), set(one.unsure)) for one in upstream.listeners] == [
        ({"port"}, {"tls"}),
        ({"port"}, {"tls"}),
        ({"tls"}, {"*"}),
    ]


@pytest.mark.parametrize("backwards", [False, True])
def test_the_higher_standing_counts(backwards: bool) -> None:
    def claims(place: Place, standing: Standing, **values: Any) -> list[Claims]:
        return [
            Claims("a", place, {key: Fact(value, place, standing) for key, value in values.items()})
        ]

    sources = [
        claims(HERE, Standing.HINTED, port=1, protocol="http"),
        claims(THERE, Standing.STATED, port=2, tls=True),
    ]
    merged = merge_listeners(sources[::-1] if backwards else sources)
    assert merged.problems == ()
    (found,) = merged.claims
    assert found.facts == {
        "port": Fact(2, THERE, Standing.STATED),
        "protocol": Fact("http", HERE, Standing.HINTED),
        "tls": Fact(True, THERE, Standing.STATED),
    }


def test_what_a_higher_standing_denies_has_no_figures() -> None:
    stated = {
        "keepalive": Fact(True, THERE, Standing.STATED),
        "keepalive.idle_timeout": Fact(5000, THERE, Standing.STATED),
        "tls": Fact(False, THERE, Standing.STATED),
        "tls.sni": Fact("required", THERE, Standing.DECLARED),
    }
    declared = {"keepalive": Fact(False, HERE, Standing.DECLARED)}
    merged = merge_listeners([[Claims("a", HERE, declared)], [Claims("a", THERE, stated)]])
    assert merged.problems == ()
    assert merged.claims[0].facts == {
        "keepalive": declared["keepalive"], "tls": stated["tls"], "tls.sni": stated["tls.sni"]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("standing", "seconds"),
    [(Standing.HINTED, 5), (Standing.STATED, 9), (Standing.DECLARED, 9)],
)
def test_a_profile_counts_where_nothing_of_higher_standing_is_stated(
    standing: Standing, seconds: int
) -> None:
    """Node closes after 5 s by default."""
    stated = {
        "server": Fact("node", HERE, Standing.STATED),
        "keepalive.idle_timeout": Fact(9000, THERE, standing),
    }
    (upstream,) = upstreams_of([Claims("a", HERE, stated)])
    idle = upstream.listeners[0].idle_timeout
    assert idle is not None
    assert idle.value == 1000 * seconds


LINES = (
    'hosts = ["127.0.0.1", "api"]',
    "port = 3000",
    'server = "gunicorn/22.0"',
    'bind = ["127.0.0.1"]',
    "tls.versions = ['TLSv1.3']",
    "tls.sni = 'required'",
    "timeouts.request = '30s'",
    "keepalive.idle_timeout = '5s'",
    "limits.request_body = '1m'",
)


@settings(deadline=None)
@given(st.lists(st.integers(0, 2), min_size=len(LINES), max_size=len(LINES)))
def test_however_the_lines_are_spread_over_files_they_say_the_same(
    tmp_path_factory: pytest.TempPathFactory, spread: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("spread")
    texts = ["[upstream.a]\n"] * 3
    for line, number in zip(LINES, spread, strict=True):
        texts[number] += f"{line}\n"
    whole, _ = load(folder, "\n".join(("[upstream.a]", *LINES)))
    parts, problems = load(folder, *texts)
    assert problems == []

    def values(spec: Spec) -> dict[str, Any]:
        ((listener,),) = (upstream.listeners for upstream in spec.upstreams)
        return {name: value for name, (value, _) in facts(listener).items()}

    assert values(parts) == values(whole)
    assert parts.upstreams[0].listeners[0].hosts == whole.upstreams[0].listeners[0].hosts
