from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, check, http, stream

RULE = "socket-permission"
BODY = "\nserver { location / {\nproxy_pass http://unix:/run/app.sock;\n} }"
ERROR = Found(3, "error", 502, "always", RULE, "app")
WARNING = Found(3, "warning", 502, "always", RULE, "app")


def run_as(user: str = "user www-data;") -> dict[str, object]:
    return {"wrap": lambda body: user + http(body)}


def spec(socket: str, more: str = "") -> str:
    return f'[upstream.app]\nsocket = {{ path = "/run/app.sock"{socket} }}\n{more}'


@pytest.mark.parametrize(
    ("socket", "found"),
    [
        # the owner's bits count for the owner
        (', owner = "www-data", mode = "0600"', None),
        (', owner = "www-data", group = "app", mode = "0660"', None),
        (', owner = "www-data", mode = "0466"', ERROR),
        # the group's for a member
        (', owner = "app", group = "www-data", mode = "0660"', None),
        (', owner = "app", group = "www-data", mode = "0640"', ERROR),
        (', owner = "app", group = "www-data", mode = "0606"', ERROR),
        # all others'
        (', owner = "app", group = "app", mode = "0666"', None),
        (', owner = "app", group = "app", mode = "0600"', ERROR),
        (', owner = "app", group = "app", mode = "0755"', ERROR),
        (', owner = "root", group = "root", mode = "0600"', ERROR),
        (', owner = "app", mode = "0600"', ERROR),
        # the user may be a member of the group
        (', owner = "app", group = "app", mode = "0660"', WARNING),
        (', owner = "app", group = "app", mode = "0606"', None),
        # what is not declared is not known
        (', mode = "0660"', None),
        (', mode = "0600"', None),
        (', group = "app", mode = "0660"', None),
        (', owner = "app", mode = "0660"', None),
        (', owner = "app", group = "app"', None),
        ("", None),
        # nobody may, whoever it is
        (', mode = "0000"', ERROR),
        (', mode = "0555"', ERROR),
        # numbers may mean anyone
        (', owner = "33", group = "33", mode = "0660"', None),
        (', owner = "33", mode = "0600"', None),
        (', owner = "app", group = "33", mode = "0660"', None),
        (', owner = "0", group = "0", mode = "0600"', ERROR),
    ],
)
def test_the_mode(lint: Lint, socket: str, found: Found | None) -> None:
    assert lint(BODY, spec(socket), **run_as()) == ([] if found is None else [found])


@pytest.mark.parametrize(
    ("directory", "found"),
    [
        ('owner = "app", group = "www-data", mode = "0710"', None),
        ('owner = "app", group = "app", mode = "0755"', None),
        ('owner = "app", group = "app", mode = "0700"', ERROR),
        ('owner = "app", group = "app", mode = "0750"', WARNING),
        ('owner = "app", group = "www-data", mode = "0760"', ERROR),
        ('mode = "0700"', None),
        ('owner = "app"', None),
    ],
)
def test_the_directory(lint: Lint, directory: str, found: Found | None) -> None:
    socket = f', mode = "0666", directory = {{ {directory} }}'
    assert lint(BODY, spec(socket), **run_as()) == ([] if found is None else [found])


@pytest.mark.parametrize(
    ("user", "found"),
    [
        ("user app;", None),
        ("user www-data app;", None),
        ("user www-data www-data;", WARNING),
        ("user root;", None),
        # whom nginx was built with is not known
        ("", None),
        ("user 33;", None),
    ],
)
def test_the_user(lint: Lint, user: str, found: Found | None) -> None:
    socket = ', owner = "app", group = "app", mode = "0660"'
    assert lint(BODY, spec(socket), **run_as(user)) == ([] if found is None else [found])


@pytest.mark.parametrize(
    ("server", "user", "found"),
    [
        ("waitress", "www-data", [ERROR]),
        ("waitress", "app", []),
        ("php-fpm", "www-data", [WARNING]),
        ("gunicorn", "www-data", []),
    ],
)
def test_the_mode_of_a_profile(lint: Lint, server: str, user: str, found: list[Found]) -> None:
    body = BODY if server != "php-fpm" else BODY.replace("proxy_pass http://", "fastcgi_pass ")
    declared = spec(', owner = "app", group = "app"', f'server = "{server}"')
    assert lint(body, declared, **run_as(f"user {user};")) == found
    at_a_port = f'[upstream.app]\nport = 1\nserver = "{server}"\n'
    rules = {row.rule for row in lint(body, at_a_port, **run_as(f"user {user};"))}
    assert RULE not in rules


def test_a_stream(lint: Lint) -> None:
    body = "\nserver {\nlisten 1; proxy_pass unix:/run/app.sock;\n}"
    declared = spec(', owner = "app", mode = "0600"')
    wrap = lambda text: "user www-data;" + stream(text)  # noqa: E731
    assert lint(body, declared, wrap=wrap) == [ERROR]


def test_one_of_two(lint: Lint) -> None:
    body = """
        upstream app {
            server unix:/run/app.sock;
            server unix:/run/b.sock;
        }
        server { location / { proxy_pass http://app; } }"""
    declared = spec(', owner = "app", mode = "0600"') + '[upstream.b]\nsocket = "/run/b.sock"\n'
    assert lint(body, declared, **run_as()) == [
        WARNING._replace(frequency="sometimes"),
    ]


@pytest.mark.parametrize(
    ("socket", "message", "notes"),
    [
        (
            ', owner = "app", group = "app", mode = "0600"',
            "nginx's workers run as www-data, who may not write to the socket /run/app.sock: it "
            "belongs to app:app and has mode 0600; give it the group www-data and mode 0660",
            ["the socket has mode 0600", "nginx's workers run as www-data"],
        ),
        (
            ', owner = "app", group = "app", mode = "0660"',
            "nginx's workers run as www-data, who may not write to the socket /run/app.sock: it "
            "belongs to app:app and has mode 0660; they may if www-data is a member of the group "
            "app",
            ["the socket has mode 0660", "nginx's workers run as www-data"],
        ),
        (
            ', directory = { mode = "0700", owner = "app" }',
            "nginx's workers run as www-data, who may not search the directory of /run/app.sock: "
            "it belongs to app and has mode 0700; give it the group www-data and mode 0750",
            ["the directory has mode 0700", "nginx's workers run as www-data"],
        ),
        (
            ', owner = "www-data", mode = "0060"',
            "nginx's workers run as www-data, who may not write to the socket /run/app.sock: it "
            "belongs to www-data and has mode 0060; give it mode 0660",
            ["the socket has mode 0060", "nginx's workers run as www-data"],
        ),
    ],
)
def test_the_words(findings: Findings, socket: str, message: str, notes: list[str]) -> None:
    (finding,) = findings(BODY, spec(socket), **run_as())
    assert finding.message == message
    assert [place.note for place in finding.related] == notes


def test_many_hops_make_one_finding(findings: Findings) -> None:
    locations = "".join(f"location /{i} {{ proxy_pass http://app; }}" for i in range(30))
    body = f"upstream app {{ server unix:/run/app.sock; }} server {{ {locations} }}"
    (finding,) = findings(body, spec(', owner = "app", mode = "0600"'), **run_as())
    assert len(finding.hops) == 30


DEEP = "\nserver { location / {\nproxy_pass http://unix:/srv/app/run/app.sock;\n} }"


@pytest.mark.parametrize(
    ("directories", "found"),
    [
        ('{ path = "/srv/app", owner = "app", group = "app", mode = "0700" }', ERROR),
        ('{ path = "/srv/app", owner = "app", group = "app", mode = "0750" }', WARNING),
        ('{ path = "/srv/app", owner = "app", group = "app", mode = "0755" }', None),
        ('{ path = "/srv/app/", owner = "www-data", mode = "0700" }', None),
        ('{ path = "/srv/app", owner = "app" }', None),
        (
            '{ path = "/srv", owner = "root", group = "root", mode = "0755" }, '
            '{ path = "/srv/app/run", owner = "app", group = "app", mode = "0700" }',
            ERROR,
        ),
    ],
)
def test_directories_above(lint: Lint, directories: str, found: Found | None) -> None:
    facts = spec(f', mode = "0666", directories = [{directories}]').replace(
        "/run/app", "/srv/app/run/app"
    )
    assert lint(DEEP, facts, **run_as()) == ([] if found is None else [found])


def test_the_message_names_the_directory(findings: Findings) -> None:
    directory = '{ path = "/srv/app", owner = "app", group = "app", mode = "0700" }'
    facts = spec(f", directories = [{directory}]").replace("/run/app", "/srv/app/run/app")
    (finding,) = findings(DEEP, facts, **run_as())
    assert finding.message == (
        "nginx's workers run as www-data, who may not search /srv/app, above "
        "/srv/app/run/app.sock: it belongs to app:app and has mode 0700; give it the group "
        "www-data and mode 0750"
    )
    assert finding.related[0].note == "/srv/app has mode 0700"


@pytest.mark.parametrize(
    ("path", "user", "more", "found"),
    [
        ("/home/app/run/app.sock", "user www-data;", "", True),
        ("/root/app.sock", "user www-data;", "", True),
        ("/home/app/run/app.sock", "user app;", "", False),
        ("/home/app/run/app.sock", "user www-data app;", "", False),  # 0750
        ("/root/app.sock", "user www-data root;", "", True),  # 0700
        ("/home/app/run/app.sock", "user root;", "", False),
        ("/home/app/run/app.sock", "", "", False),  # whom they run as is not known
        ("/home/app.sock", "user www-data;", "", False),
        ("/srv/home/app/app.sock", "user www-data;", "", False),
        ("/home/app/app.sock", "user www-data;", ', directory = { mode = "0755" }', False),
        (
            "/home/app/app.sock",
            "user www-data;",
            ', directories = [{ path = "/home/app", mode = "0711" }]',
            False,
        ),
    ],
)
def test_home_directories_are_closed_unless_something_is_said(
    lint: Lint, path: str, user: str, more: str, found: bool
) -> None:
    body = f"\nserver {{ location / {{\nproxy_pass http://unix:{path};\n}} }}"
    facts = f'[upstream.app]\nsocket = {{ path = "{path}"{more} }}\n'
    expected = [WARNING._replace(frequency="sometimes")] if found else []
    assert lint(body, facts, **run_as(user)) == expected


@pytest.mark.parametrize(
    ("socket", "found"),
    [
        ('owner = "app", group = "app", mode = "0600"', ["warning"]),
        ('owner = "app", group = "app", mode = "0660"', ["warning"]),
        ('owner = "app", group = "app", mode = "0666"', []),
        ('owner = "app", group = "www-data", mode = "0660"', []),
        ('owner = "nginx", group = "app", mode = "0600"', []),
        ('mode = "0600"', []),
    ],
)
def test_whom_a_fragment_runs_as_is_not_seen(tmp_path: Path, socket: str, found: list[str]) -> None:
    """A warning where no user that is usual may open the socket."""
    files = {
        "site.conf": "server { location / { fastcgi_pass unix:/run/a.sock; } }",
        "upstreams.toml": f'[upstream.a]\nprotocol = "fastcgi"\n'
        f'socket = {{ path = "/run/a.sock", {socket} }}',
    }
    report = check(tmp_path, files, "site.conf")
    mine = [one for one in report.findings if one.rule == "socket-permission"]
    assert [one.severity.value for one in mine] == found
