from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest
import tomli

from lint502.nginx.directives import DirectiveInfo, Inherit, Type, areas, directive, names
from lint502.nginx.values import parse_flag, parse_size, parse_time
from lint502.nginx.version import NEWEST, OLDEST, Version

CONTEXTS = {
    "main": {"main"},
    "http": {
        "http",
        "server",
        "location",
        "if-in-server",
        "if-in-location",
        "limit_except",
    },
    "upstream": {"upstream"},
    "stream": {"stream", "server"},
    "stream_upstream": {"upstream"},
}


def info(area: str, name: str) -> DirectiveInfo:
    found = directive(area, name)
    assert found is not None, f"{area}: {name}"
    return found


def default(area: str, name: str, version: str) -> str | None:
    return info(area, name).default(Version.parse(version))


TABLE = [info(area, name) for area in areas() for name in names(area)]


# Every row is well formed.


def word(text: str) -> None:
    assert re.fullmatch(r"\S+", text)


def words(text: str) -> None:
    assert re.fullmatch(r"\S+( \S+)*", text)


def number(text: str) -> None:
    assert text.split()[0].isdecimal()


def buffers(text: str) -> None:
    count, size = text.split()
    assert int(count) >= 2
    assert parse_size(size) > 0


def pairs(text: str) -> None:
    for line in text.split("; "):
        assert len(line.split()) == 2


DEFAULT_OF_TYPE: dict[str, Callable[[str], object]] = {
    "address": word,
    "buffers": buffers,
    "enum": word,
    "flag": parse_flag,
    "list": str,
    "mask": words,
    "number": number,
    "offset": lambda text: parse_size(text, offset=True),
    "pairs": pairs,
    "size": parse_size,
    "string": words,
    "time": parse_time,
}


def test_columns_are_of_their_sets() -> None:
    for entry in TABLE:
        assert entry.contexts, entry
        assert entry.contexts <= CONTEXTS[entry.area], entry
        assert entry.inherit in get_args(Inherit), entry
        assert entry.type in get_args(Type), entry


@pytest.mark.parametrize("type_", get_args(Type))
def test_defaults_are_values_of_their_type(type_: str) -> None:
    of_type = [entry for entry in TABLE if entry.type == type_]
    assert of_type
    for entry in of_type:
        for _, value in entry.defaults:
            DEFAULT_OF_TYPE[type_](value)


def test_defaults_are_in_order() -> None:
    for entry in TABLE:
        first = entry.since or OLDEST
        assert all(first <= version <= NEWEST for version, _ in entry.defaults), entry
        for (earlier, before), (later, after) in pairwise(entry.defaults):
            assert earlier < later, entry
            assert before != after, entry


def test_since_is_a_version_within_the_table() -> None:
    for entry in TABLE:
        if entry.since is not None:
            assert OLDEST < entry.since <= NEWEST, entry
            before = entry.since._replace(patch=entry.since.patch - 1)
            assert entry.default(before) is None, entry


def test_source_is_a_page_or_a_tagged_file() -> None:
    page = r"https://nginx\.org/en/docs/(?:http/|stream/)?ngx_\w+_module\.html#"
    code = r"https://github\.com/nginx/nginx/blob/release-\d+\.\d+\.\d+/src/[\w/]+\.c"
    for entry in TABLE:
        assert re.fullmatch(f"{page}{entry.name}|{code}", entry.source), entry
        side = "stream" if entry.area in ("stream", "stream_upstream") else "http"
        assert entry.area == "main" or f"/{side}/" in entry.source, entry


def test_what_is_inherited_has_an_outer_level() -> None:
    for entry in TABLE:
        levels = entry.contexts - {"if-in-location", "if-in-server", "limit_except"}
        if entry.inherit != "none":
            assert "location" in levels or len(levels) > 1, entry


def test_types_fit_the_other_columns() -> None:
    for entry in TABLE:
        if entry.type in ("pass", "block"):
            assert (entry.inherit, entry.defaults) == ("none", ()), entry
        if entry.type == "pairs":
            assert entry.inherit == "list", entry
        if entry.type in ("time", "size", "flag", "enum", "number"):
            assert entry.inherit == ("none" if len(entry.contexts) == 1 else "value"), entry


def test_a_name_stands_once_in_an_area() -> None:
    text = files("lint502.nginx").joinpath("directives.toml").read_text(encoding="utf-8")
    for area, sections in tomli.loads(text).items():
        stated = [name for section in sections.values() for name in section["directives"]]
        assert sorted(stated) == sorted(names(area)), area


def test_the_file_has_no_other_columns() -> None:
    text = files("lint502.nginx").joinpath("directives.toml").read_text(encoding="utf-8")
    for sections in tomli.loads(text).values():
        for section in sections.values():
            assert section.keys() == {"page", "inherit", "directives"}
            for row in section["directives"].values():
                assert {"type"} <= row.keys()
                assert row.keys() <= {
                    "inherit",
                    "type",
                    "default",
                    "source",
                }


FAMILIES = ("proxy", "fastcgi", "uwsgi", "scgi", "grpc", "memcached", "tunnel")


def test_the_families_agree() -> None:
    """What several *_pass modules have, they have alike; these alone are known to differ."""
    differing = {
        "cache_key",  # only proxy has one by itself
        "pass",  # proxy also in limit_except, tunnel also in server
        "set_header",
        "ssl_name",  # only proxy has a variable for its default
        "temp_path",  # named after the family
    }
    rows: dict[str, list[tuple[object, ...]]] = {}
    for entry in TABLE:
        family, _, suffix = entry.name.partition("_")
        if entry.area == "http" and family in FAMILIES:
            values = [value for _, value in entry.defaults]
            row = (sorted(entry.contexts), entry.inherit, entry.type, values)
            rows.setdefault(suffix, []).append(row)
    assert len(rows["read_timeout"]) == len(FAMILIES)
    odd = {suffix for suffix, alike in rows.items() if any(row != alike[0] for row in alike)}
    assert odd == differing


# Facts that a version decides, or that are easily taken for others.


@pytest.mark.parametrize(
    ("area", "name", "version", "expected"),
    [
        ("http", "proxy_http_version", "1.18.0", "1.0"),
        ("http", "proxy_http_version", "1.29.6", "1.0"),
        ("http", "proxy_http_version", "1.29.7", "1.1"),
        ("http", "proxy_http_version", "1.30", "1.1"),
        ("http", "proxy_set_header", "1.29.6", "Host $proxy_host; Connection close"),
        ("http", "proxy_set_header", "1.29.7", "Host $proxy_host"),
        ("upstream", "keepalive", "1.29.6", None),
        ("upstream", "keepalive", "1.29.7", "32 local"),
        ("upstream", "keepalive_requests", "1.19.9", "100"),
        ("upstream", "keepalive_requests", "1.19.10", "1000"),
        ("http", "keepalive_requests", "1.19.9", "100"),
        ("http", "keepalive_requests", "1.19.10", "1000"),
        ("upstream", "keepalive_timeout", "1.18.0", "60s"),
        ("http", "keepalive_timeout", "1.18.0", "75s"),
        ("upstream", "keepalive_time", "1.19.9", None),
        ("upstream", "keepalive_time", "1.19.10", "1h"),
        ("upstream", "resolver_timeout", "1.27.2", None),
        ("upstream", "resolver_timeout", "1.27.3", "30s"),
        ("http", "fastcgi_param", "1.29.4", None),
        ("http", "fastcgi_param", "1.29.5", "HTTP_HOST $host$is_request_port$request_port"),
        ("http", "max_headers", "1.29.7", None),
        ("http", "max_headers", "1.29.8", "1000"),
        ("http", "http2", "1.25.0", None),
        ("http", "http2", "1.25.1", "off"),
        ("http", "ssl_reject_handshake", "1.19.3", None),
        ("http", "ssl_reject_handshake", "1.19.4", "off"),
        ("stream", "ssl_reject_handshake", "1.25.4", None),
        ("stream", "ssl_reject_handshake", "1.25.5", "off"),
        ("http", "proxy_read_timeout", "1.31.6", "60s"),
        ("http", "proxy_ssl_server_name", "1.31.6", "off"),
        ("http", "proxy_ssl_verify_depth", "1.31.6", "1"),
        ("http", "proxy_next_upstream", "1.31.6", "error timeout"),
        ("http", "proxy_buffer_size", "1.31.6", "4k"),
        ("http", "proxy_buffers", "1.31.6", "8 4k"),
        ("http", "tunnel_buffer_size", "1.30", None),
        ("http", "tunnel_buffer_size", "1.31.0", "4k"),
        ("http", "client_max_body_size", "1.31.6", "1m"),
        ("stream", "proxy_buffer_size", "1.31.6", "16k"),
        ("stream", "proxy_timeout", "1.31.6", "10m"),
        ("stream", "proxy_next_upstream", "1.31.6", "on"),
    ],
)
def test_default(area: str, name: str, version: str, expected: str | None) -> None:
    assert default(area, name, version) == expected


@pytest.mark.parametrize(
    ("area", "name"),
    [
        ("http", "proxy_ssl_protocols"),
        ("http", "uwsgi_ssl_protocols"),
        ("http", "grpc_ssl_protocols"),
        ("stream", "proxy_ssl_protocols"),
        ("http", "ssl_protocols"),
        ("stream", "ssl_protocols"),
    ],
)
def test_tls_versions(area: str, name: str) -> None:
    for version, expected in [
        ("1.18.0", "TLSv1 TLSv1.1 TLSv1.2"),
        ("1.23.3", "TLSv1 TLSv1.1 TLSv1.2"),
        ("1.23.4", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"),
        ("1.26", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"),
        ("1.27.2", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"),
        ("1.27.3", "TLSv1.2 TLSv1.3"),
    ]:
        assert default(area, name, version) == expected


@pytest.mark.parametrize(
    ("area", "name", "inherit"),
    [
        ("http", "proxy_read_timeout", "value"),
        ("http", "proxy_next_upstream", "value"),
        ("http", "proxy_ignore_headers", "value"),
        ("http", "proxy_set_header", "list"),
        ("http", "grpc_set_header", "list"),
        ("http", "fastcgi_param", "list"),
        ("http", "proxy_hide_header", "list"),
        ("http", "proxy_ssl_conf_command", "list"),
        ("http", "error_page", "list"),
        ("http", "resolver", "value"),
        ("http", "internal", "value"),
        ("http", "set", "none"),
        ("http", "proxy_pass", "none"),
        ("http", "listen", "none"),
        ("http", "server_name", "none"),
        ("upstream", "server", "none"),
        ("stream", "proxy_pass", "none"),
    ],
)
def test_inherit(area: str, name: str, inherit: str) -> None:
    assert info(area, name).inherit == inherit


def test_the_same_word_in_two_areas_is_two_directives() -> None:
    assert info("http", "server").type == "block"
    assert info("upstream", "server").type == "address"
    assert info("http", "proxy_next_upstream").type == "mask"
    assert info("stream", "proxy_next_upstream").type == "flag"
    assert info("http", "proxy_pass").contexts == {"location", "if-in-location", "limit_except"}
    assert info("stream", "proxy_pass").contexts == {"server"}
    assert info("http", "proxy_pass").source != info("stream", "proxy_pass").source


def test_a_row_as_a_whole() -> None:
    assert directive("http", "proxy_http_version") == DirectiveInfo(
        area="http",
        name="proxy_http_version",
        contexts=frozenset({"http", "server", "location"}),
        inherit="value",
        type="enum",
        defaults=((Version(1, 18, 0), "1.0"), (Version(1, 29, 7), "1.1")),
        since=None,
        source="https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_http_version",
    )


def test_a_version_older_than_the_table_has_its_oldest_default() -> None:
    assert default("http", "proxy_http_version", "1.14.2") == "1.0"
    assert default("http", "proxy_cookie_flags", "1.14.2") is None


def test_what_the_table_does_not_have() -> None:
    assert directive("http", "proxy_raed_timeout") is None
    assert directive("upstream", "proxy_read_timeout") is None
    assert directive("mail", "proxy_timeout") is None
    assert list(names("mail")) == []


def test_entries_are_frozen_and_made_once() -> None:
    entry = info("http", "proxy_read_timeout")
    assert info("http", "proxy_read_timeout") is entry
    with pytest.raises(AttributeError):
        entry.name = "other"  # type: ignore[misc]


# What a real nginx says of the contexts and of the values.

HTTP = (
    "http { access_log off; client_body_temp_path body; proxy_temp_path proxy;"
    " fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi; %s }"
)
SERVER = HTTP % "server { set $memcached_key x; %s }"
PLACES = {
    ("main", "main"): "@",
    ("http", "http"): "http { access_log off; @ }",
    ("http", "server"): SERVER % "@",
    ("http", "if-in-server"): SERVER % "if ($args) { @ }",
    ("http", "location"): SERVER % "location / { @ }",
    ("http", "if-in-location"): SERVER % "location / { if ($args) { @ } }",
    ("http", "limit_except"): SERVER % "location / { limit_except GET { @ } }",
    ("upstream", "upstream"): HTTP % "upstream u { server 127.0.0.1:8080; @ }",
    ("stream", "stream"): "stream { @ }",
    ("stream", "server"): "stream { server { @ } }",
    ("stream_upstream", "upstream"): "stream { upstream u { server 127.0.0.1:8080; @ } }",
}
"""Where a directive can stand, with "@" for it, by its area and context."""

OF_NAME = {
    "auth_request_set": "$auth x",
    "error_page": "502 /502.html",
    "fastcgi_split_path_info": '"^(.+)(/.*)$"',
    "geo": "$g { default 0; }",
    "hash": "$remote_addr",
    "http": "{ }",
    "if": "($args) { }",
    "least_time": "last_byte",
    "limit_except": "GET { }",
    "listen": "127.0.0.1:8080",
    "location": "/x { }",
    "map": "$remote_addr $m { default 0; }",
    "proxy_pass": "http://127.0.0.1:8080",
    "proxy_redirect": "off",
    "random": "two",
    "resolver": "127.0.0.1",
    "return": "404",
    "rewrite": "^ /x",
    "server": "127.0.0.1:8080",
    "server_name": "example.com",
    "set": "$v x",
    "split_clients": "$remote_addr $s { * x; }",
    "ssl_certificate": "$ssl_server_name.crt",
    "ssl_certificate_key": "$ssl_server_name.key",
    "sticky": "cookie route",
    "stream": "{ }",
    "try_files": "$uri =404",
    "upstream": "named { server 127.0.0.1:8080; }",
    "user": "root root",
    "zone": "z 64k",
}
"""What to write after a directive whose default, or whose type, does not say it."""

OF_SUFFIX = {
    "_cache_valid": "any 1m",
    "_ignore_headers": "Expires",
    "_ssl_conf_command": "Options PrioritizeChaCha",
    "_ssl_password_file": "empty",
}

OF_TYPE = {
    "address": "127.0.0.1",
    "bare": "",
    "list": "x",
    "number": "1",
    "offset": "1g",
    "pairs": "Name value",
    "pass": "127.0.0.1:8080",
    "string": "x",
}


@dataclass(frozen=True)
class Nginx:
    binary: str
    version: Version
    head: str
    folder: Path

    def refusal(self, name: str, configuration: str) -> str:
        """What nginx says against the configuration; empty where it takes it."""
        file = self.folder / f"{name}.conf"
        file.write_text(f"{self.head} events {{ }}\n{configuration}\n")
        result = subprocess.run(
            [self.binary, "-t", "-p", f"{self.folder}/", "-c", str(file)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return "" if result.returncode == 0 else result.stderr


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Nginx:
    binary = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if binary is None:
        pytest.fail("these tests need an nginx with its stream module")
    about = subprocess.run([binary, "-V"], capture_output=True, text=True, check=True).stderr
    version = re.search(r"nginx/(\d+\.\d+\.\d+)", about)
    modules = re.search(r"--modules-path=(\S+)", about)
    assert version is not None
    folder = tmp_path_factory.mktemp("nginx")
    (folder / "empty").touch()
    head = f"error_log stderr; pid {folder}/pid;"
    if modules is not None and Path(modules[1], "ngx_stream_module.so").exists():
        head += f" load_module {modules[1]}/ngx_stream_module.so;"
    return Nginx(binary, Version.parse(version[1]), head, folder)


def known(area: str, context: str, version: Version) -> Iterator[DirectiveInfo]:
    """The table's directives that nginx ``version`` takes in ``context``."""
    for entry in TABLE:
        if (
            entry.area == area
            and context in entry.contexts
            and (entry.since is None or entry.since <= version)
        ):
            yield entry


def written(entry: DirectiveInfo, version: Version) -> str:
    """The directive with its default at ``version``, or else with a value of its type."""
    family, _, suffix = entry.name.partition("_")
    if entry.name == "server" and entry.type == "block":
        argument = "{ listen 127.0.0.1:8080; return 404; }"
    elif entry.name == "proxy_pass" and entry.area == "stream":
        argument = "127.0.0.1:8080"
    elif entry.name.endswith("_cache_path"):
        argument = f"{family}_cache keys_zone={family}:1m"
    else:
        argument = (
            OF_NAME.get(entry.name)
            or OF_SUFFIX.get(f"_{suffix}")
            or (entry.default(version) if entry.type != "pairs" else None)
            or OF_TYPE[entry.type]
        )
    return f"{entry.name} {argument}".strip() + ("" if entry.type == "block" else ";")


EITHER = [
    {"return", "proxy_pass", "pass"},
    {"proxy_buffer_size", "proxy_downstream_buffer", "proxy_upstream_buffer"},
]
"""Of each of these, a level of stream{} takes only one."""


def bodies(place: tuple[str, str], version: Version) -> Iterator[str]:
    """What to write into ``place``: every directive is in at least one of the bodies."""
    lines = {entry.name: written(entry, version) for entry in known(*place, version)}
    either = [sorted(lines.keys() & group) for group in EITHER] if place[0] == "stream" else []
    shared = [line for name, line in lines.items() if all(name not in group for group in either)]
    for turn in range(max([1, *map(len, either)])):
        chosen = [lines[group[turn % len(group)]] for group in either if group]
        yield "\n".join(shared + chosen)


@pytest.mark.parametrize("place", PLACES, ids="-".join)
@pytest.mark.slow
def test_nginx_takes_every_directive_where_the_table_has_it(
    nginx: Nginx, place: tuple[str, str]
) -> None:
    """All of a place in one file: nginx names the directive that it refuses."""
    for body in bodies(place, nginx.version):
        configuration = PLACES[place].replace("@", f"\n{body}\n")
        assert nginx.refusal("-".join(place), configuration) == ""


@pytest.mark.parametrize("side", ["http", "stream"])
@pytest.mark.slow
def test_nginx_refuses_every_directive_where_the_table_does_not_have_it(
    nginx: Nginx, side: str
) -> None:
    own = (side, "upstream" if side == "http" else "stream_upstream")
    places = [place for place in PLACES if place[0] in ("main", *own)]
    words_here = sorted(
        {
            entry.name
            for place in places
            if place[0] != "main"
            for entry in known(*place, nginx.version)
        }
    )
    taken = {(entry.name, place) for place in places for entry in known(*place, nginx.version)}
    outside = [
        (name, place) for name in words_here for place in places if (name, place) not in taken
    ]

    def refused(case: tuple[str, tuple[str, str]]) -> bool:
        name, place = case
        said = nginx.refusal(f"{name}-{'-'.join(place)}", PLACES[place].replace("@", f"{name} x;"))
        return f'"{name}" directive is not allowed here' in said

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        results = list(pool.map(refused, outside))
    assert [case for case, good in zip(outside, results, strict=True) if not good] == []
