from __future__ import annotations

import pytest

from lint502.declared import front_profiles, profiles
from lint502.declared.sources.upstreams_toml import form
from lint502.quoting import candidates, distance, meant
from lint502.rule_names import RULES
from lint502.settings.model import SettingsTable

KEYS = tuple(form.ListenerTable.model_fields)
SETTINGS = tuple(SettingsTable.model_fields)
KINDS = front_profiles.kinds()
PROTOCOLS = ("http", "grpc", "fastcgi", "uwsgi", "scgi", "memcached", "tcp", "udp")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("", "", 0),
        ("port", "port", 0),
        ("prot", "port", 1),
        ("prt", "port", 1),
        ("ports", "port", 1),
        ("pork", "port", 1),
        ("django", "deno", 3),
        ("react", "actix", 4),
        ("", "abc", 3),
    ],
)
def test_distance(one: str, other: str, expected: int) -> None:
    assert distance(one, other) == distance(other, one) == expected


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("gunicron", profiles.names(), ["gunicorn"]),
        ("nod", profiles.names(), ["node"]),
        ("onde", profiles.names(), ["node"]),
        ("ginx", profiles.names(), ["gin", "nginx"]),
        ("tomct", profiles.names(), ["tomcat"]),
        ("spring", profiles.names(), ["spring-boot"]),
        ("fpm", profiles.names(), ["php-fpm"]),
        ("hopits", KEYS, []),
        ("prt", KEYS, ["port"]),
        ("host", KEYS, ["hosts"]),
        ("httpVersions", KEYS, ["http_versions"]),
        ("same-host", KEYS, ["same_host"]),
        ("SAME HOST", KEYS, ["same_host"]),
        ("version", KEYS, []),
        ("TLSv1.4", ("TLSv1", "TLSv1.2", "TLSv1.3"), ["TLSv1.2", "TLSv1.3"]),
        ("java", profiles.names(), ["grpc-java"]),
        ("versions", KEYS, ["http_versions"]),
        ("headers", form.LimitsTable.model_fields, ["request_headers", "response_headers"]),
        ("nginxversion", SETTINGS, ["nginx_version"]),
        ("paths", SETTINGS, ["allow_paths"]),
        ("htttp", PROTOCOLS, ["http"]),
        ("keepalive", RULES, [one for one in RULES if "keepalive" in one.split("-")]),
        ("keepalive-rce", RULES, ["keepalive-race"]),
        ("port_mismatch", RULES, ["port-mismatch"]),
        ("prot-missmatch", RULES, ["port-mismatch"]),
        ("race", RULES, ["keepalive-race", "front-keepalive-race"]),
        ("cloudfare", front_profiles.kinds(), ["cloudflare"]),
        ("azure", front_profiles.kinds(), [one for one in KINDS if one.startswith("azure-")]),
    ],
)
def test_what_is_meant(word: str, known: tuple[str, ...], expected: list[str]) -> None:
    assert sorted(candidates(word, known)) == sorted(expected)


@pytest.mark.parametrize(
    "word",
    ["django", "fastapi", "flask", "react", "vue", "rails", "dotnet", "hono", "laravel", "remix",
     "astro", "nexus", "drone", "rust", "kong", "wordpress", "jenkins", "gitlab", "x", "",
     "a" * 61],
)  # fmt: skip
def test_another_word_is_no_misspelling(word: str) -> None:
    assert candidates(word, profiles.names()) == []


@pytest.mark.parametrize("word", ["lint", "mismatch", "502", "--fix", "timeout-x", "all"])
def test_what_is_no_rule(word: str) -> None:
    assert candidates(word, RULES) == []


def test_words() -> None:
    assert meant("prt", KEYS) == 'did you mean "port"?'
    assert meant("prt", KEYS, form="[{}]") == "did you mean [port]?"
    assert meant("zzz", KEYS, "see the docs") == "see the docs"
    assert (
        meant("headers", form.LimitsTable.model_fields)
        == 'did you mean "request_headers" or "response_headers"?'
    )
