"""What nginx refuses of a directive: its table against a real nginx, and what becomes of a file."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from lint502.findings import Problem
from lint502.lab.binary import Nginx
from lint502.nginx import includes
from lint502.nginx.directive_syntax import MOST_ARGUMENTS, refusal, syntaxes
from lint502.nginx.directive_table import names, rows
from lint502.nginx.version import Version
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.sites import check, http, load

WRAPPED = {
    "main": "{}",
    "events": "events {{ {} }}",
    "http": "http {{ {} }}",
    "http.server": "http {{ server {{ {} }} }}",
    "http.location": "http {{ server {{ location / {{ {} }} }} }}",
    "http.upstream": "http {{ upstream u {{ {} }} }}",
    "http.server.if": "http {{ server {{ if ($uri) {{ {} }} }} }}",
    "http.location.if": "http {{ server {{ location / {{ if ($uri) {{ {} }} }} }} }}",
    "http.limit_except": "http {{ server {{ location / {{ limit_except GET {{ {} }} }} }} }}",
    "stream": "stream {{ {} }}",
    "stream.server": "stream {{ server {{ {} }} }}",
    "stream.upstream": "stream {{ upstream u {{ {} }} }}",
}


NOT_BUILT = frozenset(
    ("ngx_google_perftools_module", "ngx_http_degradation_module", "ngx_http_flv_module",
     "ngx_http_geoip_module", "ngx_http_image_module", "ngx_http_json_module",
     "ngx_http_mp4_module", "ngx_http_perl_module", "ngx_http_random_index_module",
     "ngx_http_secure_link_module", "ngx_http_xslt_module", "ngx_mail_auth_http_module",
     "ngx_mail_core_module", "ngx_mail_imap_module", "ngx_mail_pop3_module",
     "ngx_mail_proxy_module", "ngx_mail_realip_module", "ngx_mail_smtp_module",
     "ngx_mail_ssl_module", "ngx_stream_geoip_module")
)  # fmt: skip
"""Modules that Debian's nginx has not, in some release, or not without another package."""

OF_OTHER_SYSTEMS = frozenset(
    ("acceptex_read", "devpoll_changes", "devpoll_events", "eventport_events", "iocp_threads",
     "kqueue_changes", "kqueue_events", "post_acceptex")
)  # fmt: skip
BACKPORTED = frozenset(("max_headers",))
"""What Debian has put into older releases."""


def refused_ones() -> Iterator[tuple[str, str, str]]:
    """Of each directive, in a block of each kind that takes it, with too few arguments, too many,
    and with ";" instead of "{" or the other way round; and in two blocks that do not take it."""
    for number, name in enumerate(names()):
        own = frozenset().union(*(one.contexts for one in syntaxes(name)))
        others = [context for context in WRAPPED if not own & {context, "any"}]
        alike = {(one.numbers, one.least, one.block): one.contexts for one in syntaxes(name)[::-1]}
        tried = [next(filter(one.__contains__, WRAPPED), "main") for one in alike.values()]
        tried += [others[n % len(others)] for n in (number, number + 5) if others]
        for context in dict.fromkeys(tried):
            counts = (0, 1, 2, MOST_ARGUMENTS + 2) if context not in others else (1,)
            for count, end in (*((count, ";") for count in counts), (1, " {}")):
                why = refusal(name, count, end == " {}", frozenset((context,)))
                if why is not None:
                    yield name, WRAPPED[context].format(f"{name}{' a' * count}{end}"), why


def known(name: str, version: Version, *, built: bool = False) -> bool:
    """Whether a release has a directive; ``built``: also in Debian's package."""
    return any(
        row.known_in(version) and not (built and row.module in NOT_BUILT) for row in rows(name)
    )


def said_by(nginx: Nginx, folder: Path, text: str, number: int) -> str:
    """What ``nginx -t`` says first of a main file."""
    file = folder / f"{number}.conf"
    load_module = f"load_module {nginx.stream};\n" if nginx.stream else ""
    file.write_text(load_module + text)
    log = ("-e", "stderr") if nginx.version >= Version(1, 19, 5) else ()
    done = subprocess.run(
        [*nginx.command, *log, "-t", "-q", "-p", f"{folder}/", "-c", str(file)],
        env={**os.environ, **nginx.environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    file.unlink()
    found = re.search(r"\[emerg\] (?:\d+#\d+: )?(.*?) in \S+:\d+\n", done.stderr)
    return found[1] if found else done.stderr


@pytest.mark.parametrize("release", RELEASES)
def test_what_the_table_refuses_nginx_refuses_too(tmp_path: Path, release: str) -> None:
    """For the same reason; and it knows the directives that the table says it knows."""
    nginx = nginx_of(release)
    cases = list(refused_ones())
    assert len(cases) > 3_000
    with ThreadPoolExecutor(max_workers=4) as pool:
        texts = [text for _, text, _ in cases]
        answers = list(pool.map(partial(said_by, nginx, tmp_path), texts, range(len(texts))))
    unknown = {
        name
        for (name, _, _), said in zip(cases, answers, strict=True)
        if said.startswith("unknown directive")
    }
    assert [
        f"{text}: {said}, not {why}"
        for (name, text, why), said in zip(cases, answers, strict=True)
        if said != why and name not in unknown
        # a block or a module that takes it only in a later release
        if not (said.endswith("not allowed here") and any(row.since for row in rows(name)))
    ] == []
    tried = {name for name, _, _ in cases}
    beyond = {name for name in tried - unknown if not known(name, nginx.version)}
    missing = {name for name in unknown if known(name, nginx.version, built=True)}
    assert (beyond - BACKPORTED, missing) == (set(), OF_OTHER_SYSTEMS)


def problems(folder: Path, text: str, **files: str) -> list[tuple[int | None, str]]:
    tree = load(folder, {"nginx.conf": text, **files})
    return [(problem.line, problem.message) for problem in tree.problems]


REFUSED = {
    "error_page;": 'invalid number of arguments in "error_page" directive',
    "proxy_pass;": 'invalid number of arguments in "proxy_pass" directive',
    "proxy_pass a b;": 'invalid number of arguments in "proxy_pass" directive',
    "proxy_pass http://a { }": 'directive "proxy_pass" is not terminated by ";"',
    "location;": 'directive "location" has no opening "{"',
    "location { proxy_pass http://b; }": 'invalid number of arguments in "location" directive',
    "include;": 'invalid number of arguments in "include" directive',
    "include a b;": 'invalid number of arguments in "include" directive',
    "Proxy_Pass http://a;": 'unknown directive "Proxy_Pass"; its name is proxy_pass, in small '
    "letters",
    "server { }": '"server" directive is not allowed here',
    "if ($a) { if ($b) { set $c d; } }": '"if" directive is not allowed here',
    "if ($a) { location /x { } }": '"location" directive is not allowed here',
    "limit_except GET { gzip on; }": '"gzip" directive is not allowed here',
    "limit_except { }": 'invalid number of arguments in "limit_except" directive',
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_nginx_refuses_is_a_problem_and_the_rest_is_checked(tmp_path: Path, line: str) -> None:
    report = check(
        tmp_path,
        {
            "nginx.conf": http(
                f"\n server {{ location / {{\n{line}\n proxy_pass http://127.0.0.1:1; }} }}"
            ),
            "upstreams.toml": "complete = true\n[upstream.a]\nhosts = ['127.0.0.1']\nport = 2",
        },
    )
    assert report.problems == (
        Problem(
            "nginx.conf", 3, f"nginx would not start: {REFUSED[line]}", report.problems[0].column
        ),
    )
    assert [(hop.value, hop.state) for hop in report.hops] == [("http://127.0.0.1:1", "failed")]


def test_where_a_block_is_not_entered_its_directives_are_looked_at_all_the_same(
    tmp_path: Path,
) -> None:
    text = "events { use; }\nmail { server { listen; }\nserver { starttls on; } smtp_auth; }"
    assert problems(tmp_path, text) == [
        (1, 'nginx would not start: invalid number of arguments in "use" directive'),
        (2, 'nginx would not start: invalid number of arguments in "listen" directive'),
        (3, 'nginx would not start: invalid number of arguments in "smtp_auth" directive'),
    ]


def test_entries_of_a_map_have_one_value(tmp_path: Path) -> None:
    text = "map $a $b {\nhostnames; volatile;\na b;\na;\na b c;\ninclude;\ninclude a b;\n}"
    message = "nginx would not start: invalid number of the map parameters"
    assert problems(tmp_path, http(text)) == [(line, message) for line in (4, 5, 6, 7)]


def test_entries_of_a_geo_have_one_value(tmp_path: Path) -> None:
    text = "geo $b {\nranges; proxy_recursive;\n127.0.0.1-127.0.0.2 b;\nproxy;\ndefault a b;\n}"
    message = "nginx would not start: invalid number of the geo parameters"
    assert problems(tmp_path, http(text)) == [(line, message) for line in (4, 5)]


def test_directives_of_modules_of_others_are_taken_as_they_are(tmp_path: Path) -> None:
    text = """
        lua_package_path; init_by_lua_block { a } vhost_traffic_status_zone;
        types { proxy_pass; a b c; } charset_map a b { 80; }
        check_own { proxy_pass; location; Proxy_Pass a; }
        upstream u { server a; sticky; check interval=1; least_time header; }
        server { Own on; more_set_headers; location / { content_by_lua_block { return } } }
    """
    assert problems(tmp_path, http(text)) == []


def test_what_a_fragment_stands_in_is_not_known_for_certain(tmp_path: Path) -> None:
    """It is taken for the inside of a server; it may be that of a location, or of an ``if``."""
    text = "set $a b; if ($a) { proxy_pass http://a; }\nexpires max;\nset $a;\n"
    assert problems(tmp_path, text) == [
        (3, 'nginx would not start: invalid number of arguments in "set" directive')
    ]


def test_the_servers_of_a_fragment_may_be_those_of_stream(tmp_path: Path) -> None:
    text = (
        "server { listen 1; ssl_preread on; }\nserver { listen 2; server_tokens off; ssl on off; }"
    )
    assert problems(tmp_path, text) == [
        (2, 'nginx would not start: invalid number of arguments in "ssl" directive')
    ]


def test_a_setting_that_nginx_does_not_take_is_unknown(tmp_path: Path) -> None:
    """Rules that go by it say nothing: its default may not be what is meant."""
    files = {
        "nginx.conf": http(
            "proxy_read_timeout 10s; server { proxy_read_timeout; location / "
            "{ proxy_pass http://a:1; } } "
            "server { listen 81; location / { proxy_pass http://a:1; } }"
        ),
        "upstreams.toml": "[upstream.a]\nport = 1\ntimeouts.response = '30s'",
    }
    report = check(tmp_path, files)
    slow = [one for one in report.findings if one.rule == "read-timeout"]
    assert [len(one.hops) for one in slow] == [1]


def test_not_all_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(includes, "MAX_REFUSED", 2)
    assert problems(tmp_path, http("\ngzip;\ngzip;\ngzip;\ngzip;\n")) == [
        (2, 'nginx would not start: invalid number of arguments in "gzip" directive'),
        (3, 'nginx would not start: invalid number of arguments in "gzip" directive'),
        (4, "nginx does not take this either, and perhaps more; no more is listed"),
    ]


@pytest.mark.parametrize("written", ["NAME", "[[name]]", "<name>"])
def test_a_placeholder_takes_what_follows(tmp_path: Path, written: str) -> None:
    """nginx reads the include, or the location, as the arguments of the placeholder."""
    text = http(
        f"\n{written}\ninclude gone.conf;\nserver {{\n{written}\nlocation /a {{ proxy_pass "
        "http://a:1; }\nlocation / { proxy_pass http://b:1; } }"
    )
    report = check(tmp_path, {"nginx.conf": text})
    said = (
        f'nginx would not start: unknown directive "{written}"; if something is to be put in its '
        'place, do that first: as it stands it takes all up to the next ";" or "{"'
    )
    assert [(one.line, one.message) for one in report.problems] == [(2, said), (5, said)]
    (hop,) = report.hops
    assert (hop.value, hop.state) == ("http://b:1", "undecidable")


def test_names_of_others_are_no_placeholders(tmp_path: Path) -> None:
    assert problems(tmp_path, http("ModSecurityEnabled on; own_1 a; x2 b;")) == []
