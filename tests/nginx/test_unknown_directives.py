"""Directives of which no module is known, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.findings import Note
from lint502.nginx.unknown_directives import notes_on, unknown_directives
from lint502.nginx.version import NEWEST, Version
from tests.support.sites import check, http, load

OWN = "\ncorp_auth on;\nserver {\ncorp_auth off; corp_zone {\nx y; }\nproxy_pas http://a; }"


def found(folder: Path, text: str, *allowed: str) -> list[tuple[str, int, int, str | None]]:
    tree = load(folder, {"nginx.conf": text})
    assert tree.problems == ()
    return [
        (one.name, one.place.line, one.lines, one.meant)
        for one in unknown_directives([tree, tree], allowed)
    ]


def test_each_once_where_it_stands_first(tmp_path: Path) -> None:
    assert found(tmp_path, http(OWN)) == [
        ("corp_auth", 2, 2, None),
        ("corp_zone", 4, 1, None),
        ("proxy_pas", 6, 1, "proxy_pass"),
    ]


def test_those_that_somebody_knows(tmp_path: Path) -> None:
    assert found(tmp_path, http(OWN), "corp_*", "proxy_pas") == []


@pytest.mark.parametrize(
    "text",
    [
        # of modules that are known, of what is made from nginx, of releases old and new
        "vhost_traffic_status_zone; init_by_lua_block { x } brotli on; geoip2 a { b c; }",
        "server { modsecurity on; more_set_headers a; js_content x; }",
        "server { session_sticky_hide_cookie a; upstream_change_no_server_status on; }",
        "server { spdy_pool_size 1; client_body_early_read $x; } json_set $a $b c;",
        "upstream u { server a; check interval=1; fair; health_check; status_zone z; }",
        # no directives
        "map $a $b { proxy_pas x; hostnames; } geo $c { proxy_pas x; } types { proxy_pas x; }",
        "split_clients $a $b { 1% proxy_pas; * x; } charset_map a b { 80 proxy_pas; }",
    ],
)
def test_what_is_known(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, http(text)) == []


@pytest.mark.parametrize(
    ("module", "silent"),
    [
        ("modules/ngx_http_corp_module.so", True),
        ("/usr/lib/nginx/modules/ngx_http_image_filter_module.so", False),
        ("modules/ngx_stream_module.so", False),
        ("modules/ngx_http_geoip_module.so", False),
    ],
)
def test_a_module_of_others_may_have_any(tmp_path: Path, module: str, silent: bool) -> None:
    names = [name for name, *_ in found(tmp_path, f"load_module {module};\n{http(OWN)}")]
    assert names == ([] if silent else ["corp_auth", "corp_zone", "proxy_pas"])


def test_a_line_for_each_of_the_first_few(tmp_path: Path) -> None:
    report = check(
        tmp_path,
        {"nginx.conf": http("\na_x;\nb_x;\nb_x;\nproxy_pas a;\nd_x;\ne_x;")},
    )
    known = "is no directive of nginx or of a module that lint502 knows"
    assert report.notes[-5:] == (
        Note("nginx.conf", 2, f'"a_x" {known}'),
        Note("nginx.conf", 3, f'"b_x" {known} (2 lines)'),
        Note("nginx.conf", 5, f'"proxy_pas" {known}; is it proxy_pass?'),
        Note("nginx.conf", 6, 'nor is any of "d_x", "e_x"'),
        Note(
            "nginx.conf",
            None,
            "where they are of a module of your own, known_directives in lint502.toml names them",
        ),
    )
    assert [one.name for one in report.unknown_directives] == ["a_x", "b_x", "proxy_pas", "d_x",
                                                              "e_x"]  # fmt: skip


@pytest.mark.parametrize(
    ("version", "more"),
    [(NEWEST, ""), (Version(1, 33, 0), "; nginx 1.33.0 may have brought it")],
)
def test_a_newer_nginx_may_have_it(tmp_path: Path, version: Version, more: str) -> None:
    tree = load(tmp_path, {"nginx.conf": http("new_thing on;")})
    notes = list(notes_on(unknown_directives([tree], ()), version))
    assert notes[0].message.endswith(f"a module that lint502 knows{more}")
    assert len(notes) == (2 if version == NEWEST else 1)
