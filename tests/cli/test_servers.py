"""``lint502 servers``: the list, a server by version, and what is no server."""

from __future__ import annotations

import json

import pytest

from lint502.cli.arguments import complete_servers
from lint502.declared.products import products
from lint502.declared.profiles import names
from tests.support.cli import Run

BEFORE_7 = (
    "Before 7.0: races with nginx 1.29.7 and later by default, and with older ones where keepalive "
    "is configured: it closes idle connections after 20s, nginx keeps them for 60s."
)
SINCE_7 = (
    "Since 7.0: no race with nginx's default pool: it closes idle connections after 65s, nginx "
    "after 60s."
)


def answer(run: Run, *arguments: str) -> str:
    code, out, err = run("servers", *arguments)
    assert (code, err) == (0, "")
    return out


def test_all_are_listed_with_what_they_race_with(run: Run) -> None:
    lines = answer(run).splitlines()
    rows = {line.split()[0]: line.split() for line in lines[1:] if line and line[0] != " "}
    assert set(names()) <= set(rows)
    assert rows["mastodon"] == ["mastodon", "Mastodon", "after", "20s", "yes"]
    assert rows["aiohttp"] == ["aiohttp", "aiohttp", "after", "75s", "no"]
    assert rows["ollama"] == ["ollama", "Ollama", "-", "no"]


def test_a_server_by_version(run: Run) -> None:
    out = answer(run, "puma")
    assert out.startswith('Puma (server = "puma")\n')
    assert BEFORE_7 in out
    assert SINCE_7 in out
    idle = [line.split()[1:4] for line in out.splitlines() if "keepalive.idle_timeout" in line]
    assert idle == [["20s", "before", "7.0"], ["65s", "since", "7.0"]]


@pytest.mark.parametrize("written", ["puma/6.4", "puma 6.4", "Puma==6.4", "puma:6.4-alpine"])
def test_a_version_counts_however_it_is_written(run: Run, written: str) -> None:
    out = answer(run, written)
    assert out.startswith('Puma (server = "puma/6.4")\n')
    assert "65s" not in out
    assert "Races with nginx 1.29.7 and later by default" in out


def test_what_a_product_has_of_its_own(run: Run) -> None:
    server = json.loads(answer(run, "mastodon", "--format", "json"))["server"]
    assert (server["name"], server["version"], server["like"]) == ("mastodon", None, "puma")
    by_name = {one["name"]: one for one in server["figures"]}
    assert by_name["keepalive.idle_timeout"] == {
        "name": "keepalive.idle_timeout",
        "value": "20s",
        "since": None,
        "before": None,
        "condition": None,
        "profile": "mastodon",
        "source": "mastodon/mastodon@04c259a87:config/puma.rb (persistent_timeout)",
    }
    assert by_name["limits.request_headers"]["profile"] == "puma"
    assert server["races"] == [
        {
            "since": None,
            "before": None,
            "idle_timeout": "20s",
            "races": True,
            "nginx": ">=1.29.7",
        }
    ]


def test_the_list_as_json(run: Run) -> None:
    found = json.loads(answer(run, "--format", "json"))
    assert [one["name"] for one in found["servers"]] == list(names())
    echo = next(one for one in found["servers"] if one["name"] == "echo")
    assert [(one["since"], one["before"], one["races"]) for one in echo["races"]] == [
        (None, "5.0", False),
        ("5.0", None, True),
    ]


def test_a_framework_is_no_server(run: Run) -> None:
    assert answer(run, "laravel") == (
        'Laravel is a framework; write what serves it: "php-fpm" or "apache".\n'
        "  php-fpm: races: no\n"
        "  apache: closes idle connections after 5s, races: yes\n"
        "https://laravel.com/docs/deployment\n"
    )
    product = json.loads(answer(run, "laravel", "--format=json"))["product"]
    assert (product["kind"], product["runs_on"]) == ("framework", ["php-fpm", "apache"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gunicron", 'no server is known as "gunicron"; did you mean "gunicorn"?'),
        ("zzz", 'no server is known as "zzz"; "lint502 servers" lists those that are known'),
        ("\x1b[31m", 'no server is known as "\\x1b[31m"; "lint502 servers" lists those that are '
         "known"),
    ],
)  # fmt: skip
def test_what_nobody_knows(run: Run, name: str, message: str) -> None:
    code, out, err = run("servers", name)
    assert (code, out) == (2, "")
    assert " ".join(err.split()).endswith(f"Error: Invalid value for NAME: {message}")


@pytest.mark.parametrize("name", names())
def test_each_server_can_be_explained(run: Run, name: str) -> None:
    assert f'(server = "{name}")' in answer(run, name)


def test_each_product_can_be_explained(run: Run) -> None:
    for product in products():
        out = answer(run, product.name)
        assert out.strip()


def test_names_are_completed() -> None:
    assert complete_servers("Unic") == ["unicorn"]
    assert "django" in complete_servers("dj")
    assert complete_servers("zzz") == []
