"""The profiles against the servers themselves, with what these do by default."""

from __future__ import annotations

import pytest

from lint502.lab.bench import LabError
from tests.support.nginxes import lacks
from tools.measure.profiles import Figures, measure_all

LONGEST_SECONDS = 33.0
"""Longer idle timeouts (nginx, aiohttp, Daphne, waitress, Tornado, Caddy) are seen to be longer;
``python -m tools.measure.profiles`` waits for more of them."""

SERVERS = [
    *("aiohttp", "apache", "caddy", "daphne", "granian", "gunicorn", "gunicorn-gthread"),
    *("hypercorn", "nginx", "node", "tomcat", "tornado", "uvicorn", "uwsgi", "waitress"),
    *("werkzeug", "lighttpd", "php-cli-server", "starman", "haproxy", "varnish", "cheroot"),
    *("gunicorn-uvicorn", "sanic", "twisted", "puma", "thin", "unicorn", "webrick"),
]

TRIES = 2
"""The machine may be busy."""


@pytest.mark.xdist_group("servers")
def test_servers_do_what_their_profiles_say() -> None:
    for _ in range(TRIES):
        try:
            measured = measure_all(LONGEST_SECONDS)
        except LabError as error:
            lacks(error)
        assert [figures.server for figures in measured] == SERVERS
        if not different(measured):
            break
    assert different(measured) == []


def different(measured: list[Figures]) -> list[tuple[str, str, str, str]]:
    return [
        (f"{figures.server} {figures.version}", fact.key, fact.seen, fact.instead)
        for figures in measured
        for fact in figures.facts
        if fact.instead
    ]
