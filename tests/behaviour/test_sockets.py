"""Unix sockets: who may connect, and what of a path is none of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.sockets import (
    LockedOut,
    Slip,
    Workers,
    in_tmp,
    locked_out,
    rights,
    slip,
    socket_path,
    workers,
)
from lint502.nginx.addresses import Address
from lint502.pairing import Pair
from tests.support.pairs import pair_of, site_of
from tests.support.sites import http

PASS = "server { location / { proxy_pass http://unix:/run/up.sock; } }"


def nginx_as(user: str) -> str:
    return f"{user}\n{http(PASS)}"


def pair(folder: Path, socket: str, user: str = "user www-data;") -> Pair:
    spec = f'[upstream.up]\nsocket = {{ path = "/run/up.sock", {socket} }}\n'
    return pair_of(folder, nginx_as(user), spec)


def who(folder: Path, user: str) -> Workers:
    found = workers(site_of(folder, nginx_as(user)).tree)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("user www-data;", ("www-data", "www-data")),
        ("user nginx web;", ("nginx", "web")),
        ("user nginx web; user www-data;", ("www-data", "www-data")),
        ("", None),
        ("user 33;", None),  # nginx wants names
    ],
)
def test_whom_workers_run_as(line: str, expected: tuple[str, str] | None, tmp_path: Path) -> None:
    found = workers(site_of(tmp_path, nginx_as(line)).tree)
    assert (None if found is None else (found.user, found.group)) == expected
    assert found is None or found.line.args[0] == found.user


def why(found: LockedOut | None) -> tuple[str, str, str | None] | None:
    if found is None:
        return None
    return "directory" if found.lock.directory else "socket", found.level, found.unless


@pytest.mark.parametrize(
    ("socket", "user", "expected"),
    [
        # connect() takes the right to write
        ('mode = "0666"', "www-data", None),
        ('mode = "0660", owner = "app", group = "app"', "www-data", ("socket", "others", "app")),
        ('mode = "0664", owner = "app", group = "app"', "www-data", ("socket", "others", "app")),
        ('mode = "0662", owner = "app", group = "app"', "www-data", None),
        ('mode = "0644", owner = "app", group = "app"', "www-data", ("socket", "others", None)),
        # only the part that counts for them: that of the owner, even if it says less
        ('mode = "0600", owner = "www-data", group = "app"', "www-data", None),
        ('mode = "0466", owner = "www-data", group = "app"', "www-data", ("socket", "owner", None)),
        ('mode = "0660", owner = "app", group = "www-data"', "www-data", None),
        ('mode = "0606", owner = "app", group = "www-data"', "www-data", ("socket", "group", None)),
        ('mode = "0660", owner = "app", group = "web"', "www-data web", None),
        # the groups of the user, besides that, nobody declares
        ('mode = "0606", owner = "app", group = "app"', "www-data", None),
        ('mode = "0600", owner = "app", group = "app"', "www-data", ("socket", "others", None)),
        # a group without a name, or none that is declared
        ('mode = "0660", owner = "app", group = "1000"', "www-data", None),
        ('mode = "0660", owner = "app", group = "0"', "www-data", ("socket", "others", "0")),
        ('mode = "0660", owner = "app"', "www-data", None),
        ('mode = "0600", owner = "app"', "www-data", ("socket", "others", None)),
        ('mode = "0660"', "www-data", None),
        ('mode = "0400"', "www-data", ("socket", "others", None)),
        ('mode = "0600", owner = "1000", group = "app"', "www-data", None),
        ('mode = "0600", owner = "0", group = "0"', "www-data", ("socket", "others", None)),
        ('owner = "app"', "www-data", None),
        # root may everything
        ('mode = "0000", owner = "app", group = "app"', "root", None),
        # the directory comes first, and takes the right to search
        (
            'mode = "0600", owner = "app", group = "app", directory = { mode = "0750", '
            'owner = "app", group = "app" }',
            "www-data",
            ("directory", "others", "app"),
        ),
        (
            'mode = "0600", owner = "app", group = "app", directory = { mode = "0711", '
            'owner = "app", group = "app" }',
            "www-data",
            ("socket", "others", None),
        ),
        (
            'mode = "0666", directory = { mode = "0766", owner = "app", group = "app" }',
            "www-data",
            ("directory", "others", None),
        ),
        ('mode = "0666", directory = { owner = "app" }', "www-data", None),
    ],
)
def test_who_is_locked_out(
    socket: str, user: str, expected: tuple[str, str, str | None] | None, tmp_path: Path
) -> None:
    workers_line = f"user {user};"
    found = locked_out(pair(tmp_path, socket, workers_line), who(tmp_path, workers_line))
    assert why(found) == expected


def test_the_right_that_is_needed(tmp_path: Path) -> None:
    socket = 'mode = "0600", owner = "a", group = "a", directory = { mode = "0700", owner = "a" }'
    found = locked_out(pair(tmp_path, socket), who(tmp_path, "user b;"))
    assert found is not None and found.lock.needed == 1
    found = locked_out(pair(tmp_path, 'mode = "0600", owner = "a"'), who(tmp_path, "user b;"))
    assert found is not None and found.lock.needed == 2


def test_nobody_is_locked_out_of_what_is_not_declared(tmp_path: Path) -> None:
    other = pair_of(tmp_path, nginx_as("user b;"), "[upstream.up]\nport = 1\n")
    assert locked_out(other, who(tmp_path, "user b;")) is None


@pytest.mark.parametrize(
    ("socket", "expected"),
    [
        ('mode = "0640", owner = "app", group = "www-data"', {False: 4}),
        ('mode = "0751", owner = "www-data", group = "app"', {False: 7}),
        ('mode = "0640", owner = "app", group = "app"', {False: 0}),  # refused as others
        ('mode = "0662", owner = "app", group = "app"', {False: 6}),  # perhaps by a group
        (
            'mode = "0666", owner = "app", group = "app", directory = { mode = "0751", '
            'owner = "app", group = "www-data" }',
            {True: 5, False: 6},
        ),
        ('owner = "app"', {}),
    ],
)
def test_rights(socket: str, expected: dict[bool, int], tmp_path: Path) -> None:
    found = pair(tmp_path, socket).listener
    assert found is not None
    assert rights(found, who(tmp_path, "user www-data;")) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/tmp/app.sock", True),
        ("/tmp/a/b.sock", True),
        ("/var/tmp/app.sock", True),
        ("/tmp", False),
        ("/tmpfs/app.sock", False),
        ("/run/tmp/app.sock", False),
        ("/var/tmpx/app.sock", False),
        (None, False),
    ],
)
def test_folders_that_systemd_makes_private(path: str | None, expected: bool) -> None:
    assert in_tmp(Address("host", 1, socket=path)) is expected


def slip_of(folder: Path, passed: str, spec: str = "") -> Slip | None:
    block = "upstream up { server unix:/run/named.sock/api; }" if passed.endswith(" up;") else ""
    return slip(pair_of(folder, http(f"{block} server {{ location / {{ {passed} }} }}"), spec))


NAMED = Slip("/run/named.sock", "/api", certain=False)
UP = '[upstream.up]\nsocket = "/run/up.sock"\n'
COMPLETE = f"complete = true\n{UP}"


@pytest.mark.parametrize(
    ("passed", "spec", "expected"),
    [
        # what looks like a socket and something behind it
        ("proxy_pass http://unix:/run/up.sock/api;", "", Slip("/run/up.sock", "/api", False)),
        ("proxy_pass http://unix:/run/up.socket/api;", "", Slip("/run/up.socket", "/api", False)),
        ("fastcgi_pass unix:/run/up.sock:;", "", Slip("/run/up.sock", ":", True)),
        ("fastcgi_pass unix:/run/up.sock:/a;", "", Slip("/run/up.sock", ":/a", True)),
        ("fastcgi_pass unix:/run/up:;", "", Slip("/run/up", ":", True)),
        # nothing is wrong with these
        ("proxy_pass http://unix:/run/up.sock;", "", None),
        ("proxy_pass http://unix:/run/up.sock:/api;", "", None),  # there nginx knows URIs
        ("proxy_pass http://unix:/run/up/api;", "", None),
        ("proxy_pass http://unix:/run/up.sockets/api;", "", None),
        ("proxy_pass http://up:1;", "", None),
        # of a socket that is declared one knows, whatever it is called
        ("proxy_pass http://unix:/run/up.sock/api;", UP, Slip("/run/up.sock", "/api", True)),
        (
            "proxy_pass http://unix:/run/up/api;",
            UP.replace("up.sock", "up"),
            Slip("/run/up", "/api", True),
        ),
        ("proxy_pass http://unix:/run/up.sock/api;", UP.replace("up.sock", "up.sock/api"), None),
        # another one, where nothing else can be there
        (
            "proxy_pass http://unix:/run/x.sock/api;",
            COMPLETE,
            Slip("/run/x.sock", "/api", True),
        ),
        ("proxy_pass http://unix:/run/x.sock/api;", UP, Slip("/run/x.sock", "/api", False)),
        (
            "proxy_pass http://unix:/run/aa.sock/api;",
            COMPLETE,
            Slip("/run/aa.sock", "/api", True),
        ),
        ("proxy_pass http://unix:/run/up.sockets;", COMPLETE, None),
        # one that is declared without its path
        ("fastcgi_pass up;", '[upstream.up]\nprotocol = "fastcgi"\n', NAMED),
    ],
)
def test_slips(passed: str, spec: str, expected: Slip | None, tmp_path: Path) -> None:
    assert slip_of(tmp_path, passed, spec) == expected


def test_the_path_of_a_listener(tmp_path: Path) -> None:
    text = http("server { location / { proxy_pass http://unix:/run/up.sock; } }")
    listener = pair_of(tmp_path, text, '[upstream.up]\nsocket = "/var/run//up.sock"\n').listener
    assert listener is not None and socket_path(listener) == "/run/up.sock"
    text = http("server { location / { proxy_pass http://up:1; } }")
    listener = pair_of(tmp_path, text, "[upstream.up]\nport = 1\n").listener
    assert listener is not None and socket_path(listener) is None
