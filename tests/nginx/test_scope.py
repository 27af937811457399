"""Effective settings: written, inherited, or the default of the version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lint502.nginx.directives import directive
from lint502.nginx.scope import Scope, Setting
from lint502.nginx.version import Version
from tests.support.sites import NEW, OLD, contexts, hop_of, http, load, stream


def told(setting: Setting | None) -> tuple[Any, ...] | None:
    """A setting without its lines' places, but with their numbers."""
    if setting is None:
        return None
    return (
        setting.lines,
        [line.line for line in setting.directives],
        setting.origin,
        setting.complete,
    )


def effective(folder: Path, body: str, name: str, version: str = OLD, **files: str) -> Any:
    names = {f"{name}.conf": text for name, text in files.items()}
    return told(hop_of(folder, http(body), files=names, version=version).scope.setting(name))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "server { location / { proxy_pass http://h; } }",
            ((("60s",),), [], "default", True),
        ),
        (
            "server { location / { proxy_read_timeout 5s; proxy_pass http://h; } }",
            ((("5s",),), [1], "written", True),
        ),
        (
            "\nproxy_read_timeout 5s; server { location / { proxy_pass http://h; } }",
            ((("5s",),), [2], "inherited", True),
        ),
        (
            "proxy_read_timeout 5s; server {\nproxy_read_timeout 6s;\n"
            "location / { proxy_pass http://h; } }",
            ((("6s",),), [2], "inherited", True),
        ),
        (
            "server { location / { proxy_read_timeout 5s;\nlocation /a { proxy_pass http://h; }}}",
            ((("5s",),), [1], "inherited", True),
        ),
        # a sibling says nothing
        (
            "server { location /a { proxy_read_timeout 5s; } location / { proxy_pass http://h; } }",
            ((("60s",),), [], "default", True),
        ),
        # if and limit_except take what is around them
        (
            "server { location / { proxy_read_timeout 5s; if ($a) { proxy_pass http://h; } } }",
            ((("5s",),), [1], "written", True),
        ),
        (
            "server { location / { limit_except GET { proxy_pass http://h; } } }",
            ((("60s",),), [], "default", True),
        ),
        (
            "server { location / { proxy_read_timeout 5s; limit_except GET {\n"
            "proxy_pass http://h; } } }",
            ((("5s",),), [1], "written", True),
        ),
        (
            "server { proxy_read_timeout 5s; location / { limit_except GET {\n"
            "proxy_pass http://h; } } }",
            ((("5s",),), [1], "inherited", True),
        ),
        (
            "server { proxy_read_timeout 5s; location / { if ($a) { proxy_pass http://h; } } }",
            ((("5s",),), [1], "inherited", True),
        ),
        # a directive that is commented out is no directive
        (
            "server { location / {\n#proxy_read_timeout 5s;\nproxy_pass http://h; } }",
            ((("60s",),), [], "default", True),
        ),
        # in quotes it is the same one
        (
            "server { location / { 'proxy_read_timeout' \"5s\"; proxy_pass http://h; } }",
            ((("5s",),), [1], "written", True),
        ),
    ],
)
def test_a_plain_directive(tmp_path: Path, body: str, expected: object) -> None:
    assert effective(tmp_path, body, "proxy_read_timeout") == expected


@pytest.mark.parametrize(
    ("body", "lines", "origin"),
    [
        (
            "proxy_set_header A 1; proxy_set_header B 2; "
            "server { location / { proxy_pass http://h; } }",
            (("A", "1"), ("B", "2")),
            "inherited",
        ),
        (
            "proxy_set_header A 1; "
            "server { proxy_set_header B 2; location / { proxy_pass http://h; } }",
            (("B", "2"),),
            "inherited",
        ),
        (
            "proxy_set_header A 1; "
            "server { location / { proxy_set_header B 2; proxy_pass http://h; } }",
            (("B", "2"),),
            "written",
        ),
        (
            "server { location / { proxy_pass http://h; } }",
            (("Host", "$proxy_host"), ("Connection", "close")),
            "default",
        ),
    ],
)
def test_a_list_is_inherited_all_or_nothing(
    tmp_path: Path, body: str, lines: object, origin: str
) -> None:
    setting = hop_of(tmp_path, http(body)).scope.setting("proxy_set_header")
    assert setting is not None
    assert (setting.lines, setting.origin) == (lines, origin)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "server { try_files /a /b; location / { proxy_pass http://h; } }",
            ((), [], "default", True),
        ),
        (
            "server { location / {\ntry_files /a /b; proxy_pass http://h; } }",
            ((("/a", "/b"),), [2], "written", True),
        ),
        (
            "server { location / {\ntry_files /a /b; location /a { proxy_pass http://h; } } }",
            ((), [], "default", True),
        ),
        (
            "server { location / {\ntry_files /a /b; if ($a) { proxy_pass http://h; } } }",
            ((("/a", "/b"),), [2], "written", True),
        ),
    ],
)
def test_what_is_not_inherited(tmp_path: Path, body: str, expected: object) -> None:
    assert directive("http", "try_files").inherit == "none"  # type: ignore[union-attr]
    assert effective(tmp_path, body, "try_files") == expected


@pytest.mark.parametrize(
    ("name", "version", "value"),
    [
        ("proxy_http_version", "1.18.0", "1.0"),
        ("proxy_http_version", "1.29.6", "1.0"),
        ("proxy_http_version", "1.29.7", "1.1"),
        ("proxy_http_version", NEW, "1.1"),
        ("proxy_ssl_protocols", "1.23.3", "TLSv1 TLSv1.1 TLSv1.2"),
        ("proxy_ssl_protocols", "1.23.4", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"),
        ("proxy_ssl_protocols", "1.27.3", "TLSv1.2 TLSv1.3"),
        ("client_max_body_size", OLD, "1m"),
        ("keepalive_timeout", OLD, "75s"),
        ("proxy_next_upstream", OLD, "error timeout"),
        ("proxy_ssl_name", OLD, "$proxy_host"),
        ("resolver", OLD, ""),
        ("no_such_directive", OLD, ""),
    ],
)
def test_the_default_of_the_version(tmp_path: Path, name: str, version: str, value: str) -> None:
    body = "server { location / { proxy_pass http://h; } }"
    setting = hop_of(tmp_path, http(body), version=version).scope.setting(name)
    assert setting is not None
    assert setting.origin == "default"
    assert " ".join(word for line in setting.lines for word in line) == value


def test_the_words_of_a_mask_add_up_at_one_level(tmp_path: Path) -> None:
    body = (
        "proxy_next_upstream off; server { proxy_next_upstream error; "
        "proxy_next_upstream timeout http_502; location / { proxy_pass http://h; } }"
    )
    words = hop_of(tmp_path, http(body)).scope.words("proxy_next_upstream")
    assert words is not None
    assert words.value == {"error", "timeout", "http_502"}


def test_a_word_in_two_contexts_is_two_directives(tmp_path: Path) -> None:
    tree = load(
        tmp_path,
        {
            "nginx.conf": http(
                "keepalive_timeout 7s; keepalive_requests 3; "
                "upstream a { server h:1; keepalive 4; } "
                "upstream b { server h:1; keepalive_timeout 8s; }"
            )
        },
    )
    version = Version.parse(OLD)
    first, second = (Scope(c, version) for c in contexts(tree, "http", "upstream"))
    assert told(first.setting("keepalive_timeout")) == ((("60s",),), [], "default", True)
    assert told(first.setting("keepalive_requests")) == ((("1000",),), [], "default", True)
    assert told(second.setting("keepalive_timeout")) == ((("8s",),), [1], "written", True)
    (around,) = contexts(tree, "http")
    assert told(Scope(around, version).setting("keepalive_timeout")) == (
        (("7s",),),
        [1],
        "written",
        True,
    )


def test_stream_has_settings_of_its_own(tmp_path: Path) -> None:
    nginx = stream("proxy_timeout 7s; server { listen 1; proxy_pass h:1; }")
    scope = hop_of(tmp_path, nginx).scope
    assert told(scope.setting("proxy_timeout")) == ((("7s",),), [1], "inherited", True)
    assert told(scope.setting("proxy_buffer_size")) == ((("16k",),), [], "default", True)
    flag = scope.flag("proxy_next_upstream")
    assert flag is not None
    assert (flag.value, flag.directive) == (True, None)


class TestUnseenIncludes:
    BODY = "server {{ {server} location / {{ {location} proxy_pass http://h; }} }} "

    def scope(self, folder: Path, *, server: str = "", location: str = "", area: str = "") -> Scope:
        body = area + self.BODY.format(server=server, location=location)
        tree = load(folder, {"nginx.conf": http(body)})
        (context,) = contexts(tree, "http", "server", "location")
        return Scope(context, Version.parse(OLD))

    def test_one_at_the_same_level_hides_a_default(self, tmp_path: Path) -> None:
        scope = self.scope(tmp_path, location="include gone;")
        assert scope.setting("proxy_read_timeout") is None
        assert scope.time("proxy_read_timeout") is None
        assert scope.absent("resolver") is None

    def test_one_between_hides_what_is_further_out(self, tmp_path: Path) -> None:
        scope = self.scope(tmp_path, server="include gone;", area="proxy_read_timeout 5s; ")
        assert scope.setting("proxy_read_timeout") is None

    def test_one_further_out_hides_nothing_that_is_written_within(self, tmp_path: Path) -> None:
        scope = self.scope(tmp_path, area="include gone;", server="proxy_read_timeout 5s;")
        assert told(scope.setting("proxy_read_timeout")) == ((("5s",),), [1], "inherited", True)

    def test_one_beside_a_line_may_add_lines(self, tmp_path: Path) -> None:
        scope = self.scope(
            tmp_path, location="include gone; proxy_set_header A 1; proxy_next_upstream error;"
        )
        assert told(scope.setting("proxy_set_header")) == ((("A", "1"),), [1], "written", False)
        assert scope.words("proxy_next_upstream") is None

    def test_one_in_another_server_hides_nothing(self, tmp_path: Path) -> None:
        scope = self.scope(tmp_path, area="server { listen 1; include gone; } ")
        assert told(scope.setting("proxy_read_timeout")) == ((("60s",),), [], "default", True)


def test_what_is_absent(tmp_path: Path) -> None:
    body = "{} server {{ location / {{ proxy_pass http://h; }} }}"
    assert hop_of(tmp_path, http(body.format(""))).scope.absent("resolver") is True
    assert hop_of(tmp_path, http(body.format("resolver ::1;"))).scope.absent("resolver") is False
    tree = load(
        tmp_path, {"site.conf": "server { location / { proxy_pass http://h; } }"}, "site.conf"
    )
    (context,) = contexts(tree, "http", "server", "location")
    assert Scope(context, Version.parse(OLD)).absent("resolver") is None


def test_typed_values(tmp_path: Path) -> None:
    body = """
        server { location / {
            proxy_read_timeout 1m30s; client_max_body_size 1g; proxy_buffering OFF;
            proxy_next_upstream_tries 3; proxy_http_version 1.1; proxy_connect_timeout $t;
            proxy_buffer_size ''; proxy_method $m; proxy_pass http://h; } }"""
    scope = hop_of(tmp_path, http(body)).scope
    values = [
        scope.time("proxy_read_timeout"),
        scope.size("client_max_body_size"),
        scope.flag("proxy_buffering"),
        scope.number("proxy_next_upstream_tries"),
        scope.word("proxy_http_version"),
    ]
    assert [value and value.value for value in values] == [90_000, 1024**3, False, 3, "1.1"]
    assert scope.time("proxy_connect_timeout") is None
    assert scope.size("proxy_buffer_size") is None
    assert scope.word("proxy_method") is None


def test_a_default_is_said_to_be_one(tmp_path: Path) -> None:
    body = "client_max_body_size 2m; server { location / { proxy_pass http://h; } }"
    scope = hop_of(tmp_path, http(body)).scope
    written, default = scope.size("client_max_body_size"), scope.time("proxy_read_timeout")
    assert written is not None and default is not None
    assert (written.described("2m"), default.described("60s")) == ("2m", "60s by default")


def test_lines_are_found_by_their_first_argument(tmp_path: Path) -> None:
    lines = "proxy_set_header Host a; proxy_set_header X b; proxy_set_header HOST c;"
    hop = hop_of(tmp_path, http(f"server {{ {lines} location / {{ proxy_pass http://h; }} }}"))
    setting = hop.scope.setting("proxy_set_header")
    assert setting is not None
    assert setting.named("host") == [("Host", "a"), ("HOST", "c")]
    assert [line.args for line in setting.directives_named("Host")] == setting.named("host")
    assert setting.named("Connection") == []


def test_a_default_has_no_lines_but_arguments(tmp_path: Path) -> None:
    hop = hop_of(tmp_path, http("server { location / { proxy_pass http://h; } }"), version=OLD)
    setting = hop.scope.setting("proxy_set_header")
    assert setting is not None
    assert setting.named("Host") == [("Host", "$proxy_host")]
    assert setting.directives_named("Host") == []
