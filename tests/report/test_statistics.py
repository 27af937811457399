from __future__ import annotations

import json

from msgspec.structs import replace

from lint502.report import Style
from lint502.report.json import render as render_json
from lint502.report.text import render
from tests.support.canned import CLEAN, FINDINGS, REPORT

TABLES = """\
RULE                 WORST    FINDINGS  HOPS
port-mismatch        error    1         5
tls-mismatch         error    1         2
keepalive-race       warning  1         1
undeclared-upstream  info     2         1
unused-upstream      info     1         -

FILE                            WORST  FINDINGS  HOPS
nginx/conf.d/shop.conf          error  4         6
nginx/\\x1b]0;evil\\x07\\xff.conf  error  1         2
upstreams.toml                  info   1         -

UPSTREAM  WORST  FINDINGS  HOPS
api       error  3         7
batch     info   1         -

checked nginx/nginx.conf
"""


def test_tables() -> None:
    assert render(REPORT, Style(statistics=True)).startswith(TABLES)
    assert render(CLEAN, Style(statistics=True)) == render(CLEAN, Style())


def test_paths_are_shortened_in_the_middle() -> None:
    place = replace(FINDINGS[0].place, file="deploy/environments/production/nginx/shop.conf")
    report = replace(CLEAN, findings=(replace(FINDINGS[0], place=place),))
    lines = render(report, Style(width=50, statistics=True)).splitlines()
    assert lines[3:5] == [
        "FILE                         WORST  FINDINGS  HOPS",
        "deploy/environme…/shop.conf  error  1         5",
    ]


def test_json_has_them_beside_the_rest() -> None:
    value = json.loads(render_json(REPORT, Style(statistics=True)))
    statistics = value.pop("statistics")
    assert value == json.loads(render_json(REPORT, Style()))
    assert list(statistics) == ["rules", "files", "upstreams"]
    assert statistics["upstreams"] == [
        {"upstream": "api", "severity": "error", "findings": 3, "hops": 7},
        {"upstream": "batch", "severity": "info", "findings": 1, "hops": 0},
    ]
