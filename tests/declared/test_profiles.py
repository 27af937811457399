from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from lint502.declared import profiles
from lint502.declared.profiles import Default, ProfileFact
from lint502.toml.mistakes import UnknownNameError

WANTED = profiles.names()

TYPES: Mapping[str, tuple[type, ...]] = {
    "protocol": (str,),
    "http_versions": (tuple,),
    "tls": (bool,),
    "keepalive": (bool,),
    "keepalive.idle_timeout": (int,),
    "keepalive.max_requests": (int,),
    "keepalive.announces_close": (bool,),
    "timeouts.request": (int,),
    "limits.request_headers": (int,),
    "limits.request_body": (int,),
    "limits.overflow": (str,),
    "socket.mode": (int,),
    "limits.request_headers_status": (int,),
}

SOURCE = re.compile(
    r"https://[^ ]+"
    r"|(@[a-z-]+/)?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)?(@[A-Za-z0-9_.-]+)?:[A-Za-z0-9_./-]+.*"
)


def values(
    server: str, protocol: str | None = None, tls: bool | None = None
) -> dict[str, tuple[Any, str]]:
    """The defaults of a server by key, as value and label."""
    found = profiles.defaults(server, protocol, tls)
    return {key: (default.value, default.profile) for key, default in sorted(found.items())}


ABOUT = {
    *(
        "default address",
        "header fields",
        "one header line",
        "request line",
        "request body",
        "request head",
        "response head",
    ),
    *("beyond its limits", "idle timeout", "read timeout", "write timeout", "kept connections"),
    "read and write timeout",
}


def test_a_hundred_servers_and_more_are_there() -> None:
    assert len(WANTED) >= 120
    assert list(WANTED) == sorted(WANTED)


@pytest.mark.parametrize("name", WANTED)
def test_what_is_worth_knowing_besides_has_a_source(name: str) -> None:
    details = profiles.load(name).details
    for detail in details:
        assert detail.about in ABOUT, detail
        assert detail.value and not detail.value.endswith("."), detail
        assert SOURCE.fullmatch(detail.source), detail
    said = [(one.about, one.since, one.before) for one in details]
    assert len(said) == len(set(said))


@pytest.mark.parametrize("name", WANTED)
def test_what_varies_is_not_less_than_its_least(name: str) -> None:
    for fact in profiles.load(name).facts:
        assert fact.least is None or fact.least < fact.value, fact


def test_rules_go_by_the_least_of_what_varies() -> None:
    (idle,) = (fact for fact in profiles.load("bun").facts if fact.key == "keepalive.idle_timeout")
    assert (idle.least, idle.value) == (8_000, 12_000)
    assert values("bun")["keepalive.idle_timeout"] == (8_000, "bun")
    assert values("waitress")["keepalive.idle_timeout"] == (120_000, "waitress")


@pytest.mark.parametrize(
    ("server", "idle"),
    [
        ("mastodon", 20_000),
        ("mastodon/4.3", 20_000),
        ("syncthing", 15_000),
        ("minio", 30_000),
        ("elysia", 28_000),
        ("keycloak/26.0", 1_800_000),
        ("keycloak/16.1", 60_000),
        ("echo/5.1", 30_000),
        ("echo/4.13", None),
        ("streamlit/1.67", 5_000),
        ("streamlit/1.50", None),
        ("streamlit/1.39", 3_600_000),
    ],
)
def test_a_product_is_not_its_family(server: str, idle: int | None) -> None:
    found = profiles.defaults(server, None, None).get("keepalive.idle_timeout")
    assert (None if found is None else found.value) == idle


@pytest.mark.parametrize("name", WANTED)
def test_a_name_is_worn_by_what_it_says(name: str) -> None:
    assert profiles.load(name).note is None or profiles.load(name).note.endswith(".")  # type: ignore[union-attr]


def test_node_ends_connections_without_activity_before_13() -> None:
    assert values("node/12.22")["timeouts.request"] == (120_000, "node 12.22")
    assert "timeouts.request" not in values("node/13.0")
    assert "timeouts.request" not in values("node")


@pytest.mark.parametrize("name", WANTED)
def test_each_figure_is_of_its_type_and_has_a_source(name: str) -> None:
    profile = profiles.load(name)
    assert profile.name == name
    assert profile.title
    assert profile.like is None or profile.like in WANTED
    assert profile.facts or profile.like or profile.details
    for fact in profile.facts:
        assert type(fact.value) in TYPES[fact.key], fact
        assert SOURCE.fullmatch(fact.source), fact
        if fact.key == "protocol":
            assert fact.value in ("http", "grpc", "fastcgi", "uwsgi", "memcached")
        if fact.key == "http_versions":
            assert set(fact.value) <= {"1.0", "1.1", "2"}
        if fact.key == "limits.overflow":
            assert fact.value in ("answer", "close")


@pytest.mark.parametrize("name", WANTED)
def test_no_profile_contradicts_itself(name: str) -> None:
    for tls in (None, False, True):
        found = profiles.defaults(name, None, tls)
        if "keepalive" in found and found["keepalive"].value is False:
            assert not {"keepalive.idle_timeout", "keepalive.max_requests"} & found.keys()
        elif "keepalive.idle_timeout" in found or "keepalive.max_requests" in found:
            assert found["keepalive"].value is True


@pytest.mark.parametrize("name", WANTED)
def test_at_most_one_figure_of_a_key_holds_at_a_time(name: str) -> None:
    facts = profiles.load(name).facts
    for key in {fact.key for fact in facts}:
        alike = [fact for fact in facts if fact.key == key]
        for index, one in enumerate(alike):
            for other in alike[index + 1 :]:
                apart = one.tls is not None and other.tls is not None and one.tls != other.tls
                later, earlier = (one, other) if one.since else (other, one)
                assert apart or (
                    later.since is not None
                    and earlier.before is not None
                    and _version(earlier.before) <= _version(later.since)
                ), (name, key)


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def test_what_a_profile_of_its_own_says() -> None:
    assert profiles.defaults("varnish", None, None) == {
        "protocol": Default("http", "varnish", _source("varnish", "protocol")),
        "tls": Default(False, "varnish", _source("varnish", "tls")),
        "keepalive": Default(True, "varnish", _source("varnish", "keepalive")),
        "keepalive.idle_timeout": Default(
            5_000, "varnish", _source("varnish", "keepalive.idle_timeout")
        ),
        "limits.request_headers": Default(
            32_768, "varnish", _source("varnish", "limits.request_headers")
        ),
        "limits.overflow": Default(
            "close", "varnish", _source("varnish", "limits.overflow"), ("request_headers",)
        ),
    }


def _source(name: str, key: str) -> str:
    (source,) = (fact.source for fact in profiles.load(name).facts if fact.key == key)
    return source


PUMA = {
    "http_versions": ("1.0", "1.1"),
    "keepalive": True,
    "keepalive.announces_close": True,
    "limits.overflow": "answer",
    "limits.request_headers_status": 400,
    "limits.request_headers": 114_688,
    "protocol": "http",
    "tls": False,
}


@pytest.mark.parametrize(
    ("server", "label", "changing"),
    [
        ("puma", "puma since 7.0", {"idle_timeout": 65_000, "max_requests": 999}),
        ("puma/8.0.2", "puma 8.0.2", {"idle_timeout": 65_000, "max_requests": 999}),
        ("puma/7", "puma 7", {"idle_timeout": 65_000, "max_requests": 999}),
        ("puma/6.6.1", "puma 6.6.1", {"idle_timeout": 20_000}),
        ("puma/6", "puma 6", {"idle_timeout": 20_000}),
    ],
)
def test_puma_waits_longer_from_7_on(server: str, label: str, changing: dict[str, int]) -> None:
    fixed = label.replace(" since 7.0", "")
    assert values(server) == {
        **{key: (value, fixed) for key, value in PUMA.items()},
        **{f"keepalive.{key}": (value, label) for key, value in changing.items()},
    }


GUNICORN = {
    "http_versions": ("1.0", "1.1"),
    "keepalive": False,
    "keepalive.announces_close": True,
    "limits.overflow": "answer",
    "protocol": "http",
    "tls": False,
}


@pytest.mark.parametrize(
    ("server", "timeout"),
    [
        ("gunicorn", None),
        ("gunicorn/23.0.0", None),
        ("gunicorn/22", None),
        ("gunicorn/22.0", None),
        ("gunicorn/21.2.0", 30_000),
        ("gunicorn/21", 30_000),
        ("gunicorn/20.1.0", 30_000),
    ],
)
def test_gunicorn_answers_500_from_22_on(server: str, timeout: int | None) -> None:
    label = server.replace("/", " ")
    expected = {key: (value, label) for key, value in GUNICORN.items()}
    if timeout is not None:
        expected["timeouts.request"] = (timeout, label)
    assert values(server) == expected


def test_threaded_gunicorn_keeps_connections() -> None:
    assert values("gunicorn-gthread/21.2") == {
        "http_versions": (("1.0", "1.1"), "gunicorn-gthread 21.2"),
        "keepalive": (True, "gunicorn-gthread 21.2"),
        "keepalive.idle_timeout": (2_000, "gunicorn-gthread 21.2"),
        "limits.overflow": ("answer", "gunicorn-gthread 21.2"),
        "protocol": ("http", "gunicorn-gthread 21.2"),
        "tls": (False, "gunicorn-gthread 21.2"),
    }


def test_a_profile_like_another_has_its_facts_but_not_its_versions() -> None:
    node = values("node")
    head = {"limits.request_headers": (16_384, "node since 13.13")}
    assert values("express/5.2") == {
        **{key: (value, "express 5.2") for key, (value, _) in node.items()},
        **head,
    }
    assert values("fastify") == {
        **{key: (value, "fastify") for key, (value, _) in node.items()},
        **head,
        "keepalive.idle_timeout": (72_000, "fastify"),
        "limits.request_body": (1_048_576, "fastify"),
    }
    assert values("spring-boot")["keepalive.idle_timeout"] == (60_000, "spring-boot")
    assert values("tomcat")["keepalive.idle_timeout"] == (20_000, "tomcat")


def test_uwsgi_depends_on_the_protocol() -> None:
    assert values("uwsgi") == {
        "limits.overflow": ("close", "uwsgi"),
        "limits.request_headers": (4_096, "uwsgi"),
        "protocol": ("uwsgi", "uwsgi"),
        "tls": (False, "uwsgi"),
    }
    assert values("uwsgi", "http") == {
        "http_versions": (("1.0", "1.1"), "uwsgi"),
        "keepalive": (False, "uwsgi"),
        "keepalive.announces_close": (False, "uwsgi"),
        "limits.overflow": ("close", "uwsgi"),
        "limits.request_headers": (4_096, "uwsgi"),
        "protocol": ("uwsgi", "uwsgi"),
        "tls": (False, "uwsgi"),
    }


def test_figures_for_http_do_not_hold_for_another_protocol() -> None:
    assert values("go", "grpc") == {"protocol": ("http", "go"), "tls": (False, "go")}


def test_http_2_can_depend_on_tls() -> None:
    assert values("go", tls=True)["http_versions"] == (("1.0", "1.1", "2"), "go")
    assert values("go", tls=False)["http_versions"] == (("1.0", "1.1"), "go")
    assert values("go")["http_versions"] == (("1.0", "1.1"), "go")
    assert "http_versions" not in values("caddy")
    assert "tls" not in values("caddy")
    assert values("caddy/2.9", tls=False)["http_versions"] == (("1.0", "1.1"), "caddy 2.9")
    assert values("caddy/2.11", tls=False)["http_versions"] == (("1.0", "1.1", "2"), "caddy 2.11")


@pytest.mark.parametrize(
    ("since", "before", "versions", "expected"),
    [
        ("7.0", None, [None, (7,), (7, 0), (7, 0, 4), (8, 1), (6, 9), (6,)], "1111100"),
        (None, "7.0", [None, (7,), (7, 0), (6, 9, 9), (6,)], "00011"),
        ("1.9", "1.19.10", [None, (1,), (1, 19), (1, 19, 9), (1, 9), (1, 8), (2,)], "0001100"),
    ],
)
def test_versions(
    since: str | None, before: str | None, versions: list[tuple[int, ...] | None], expected: str
) -> None:
    fact = ProfileFact("keepalive", True, "", since, before)
    assert "".join(str(int(fact.holds_in(version))) for version in versions) == expected


@pytest.mark.parametrize(
    ("server", "message"),
    [
        ("gunicron", 'names no known server: "gunicron"'),
        ("\x1b", 'names no known server: "\\x1b"'),
        ("node/1.\n", 'must be a server or server/version: write "node/1", not "node/1.\\n"'),
    ],
)
def test_servers_that_there_are_not(server: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        profiles.parse_server(server)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("server", "hint"),
    [
        ("gunicron", 'did you mean "gunicorn"?'),
        ("gunicron/20", 'did you mean "gunicorn/20"?'),
        ("../zzz/1", '"lint502 servers" lists those that are known'),
    ],
)
def test_which_server_may_be_meant(server: str, hint: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        profiles.parse_server(server)
    assert caught.value.hint() == hint


def test_server_and_version() -> None:
    assert profiles.parse_server("gunicorn") == ("gunicorn", None)
    assert profiles.parse_server("gunicorn/22.0") == ("gunicorn", "22.0")
