"""``[[root]]``: several roots, each with its own specs, version and map, in one report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lint502.report import FORMATS
from tests.support.cli import Run
from tests.support.sites import write

NGINX = "events {} http { include ../snippets/*.conf; server { include site.conf; } }\n"
SPEC = '[upstream.api]\nport = %s\nserver = "node"\n'
FILES = {
    "edge/nginx.conf": NGINX,
    "edge/site.conf": "location / { proxy_pass http://api:1; }\n",
    "shop/nginx.conf": NGINX,
    "shop/site.conf": "location / { proxy_pass http://pool; }\n",
    "snippets/pool.conf": "upstream pool { server api:3000; keepalive 2; }\n",
    "upstreams.toml": SPEC % 3000,
}
SETTINGS = """\
allow_paths = ["snippets"]
nginx_version = "1.26.3"

[[root]]
path = "edge/nginx.conf"
specs = ["edge.toml"]

[[root]]
path = "shop/nginx.conf"
nginx_version = "1.31.6"
"""


def report_of(run: Run, folder: Path, files: dict[str, str], *arguments: str) -> dict[str, Any]:
    write(folder, files)
    report: dict[str, Any] = json.loads(run("check", "--format", "json", *arguments).out)
    assert report["problems"] == []
    return report


def rows(report: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    return [(one["rule"], one["file"], one["roots"]) for one in report["findings"]]


EDGE, SHOP = "edge/nginx.conf", "shop/nginx.conf"


def test_each_has_its_own_spec_and_version(run: Run) -> None:
    files = {**FILES, "edge.toml": SPEC % 1, "lint502.toml": SETTINGS}
    report = report_of(run, Path.cwd(), files)
    assert report["roots"] == [EDGE, SHOP]
    assert report["root_versions"] == {EDGE: "1.26.3", SHOP: "1.31.6"}
    assert rows(report) == [("keepalive-race", "snippets/pool.conf", [SHOP])]
    text = run("check").out
    assert "does not send again) (in shop/nginx.conf)\n" in text
    assert "nginx 1.26.3 for edge/nginx.conf and 1.31.6 for shop/nginx.conf\n" in text


def test_a_shared_snippet_is_reported_once(run: Run) -> None:
    files = {
        **FILES,
        "edge/site.conf": FILES["shop/site.conf"],
        "lint502.toml": SETTINGS.replace('specs = ["edge.toml"]', 'nginx_version = "1.31.6"'),
    }
    report = report_of(run, Path.cwd(), files)
    assert rows(report) == [("keepalive-race", "snippets/pool.conf", [EDGE, SHOP])]
    assert len(report["findings"][0]["hops"]) == 2
    assert report["root_versions"] == {}


@pytest.mark.parametrize("format", [name for name in FORMATS if name != "json"])
def test_each_format_names_the_roots(run: Run, format: str) -> None:
    files = {**FILES, "edge.toml": SPEC % 1, "lint502.toml": SETTINGS}
    write(Path.cwd(), files)
    assert "(in shop/nginx.conf)" in run("check", "--format", format).out
    assert "(in " not in run("check", SHOP, "--format", format).out


def test_a_root_that_is_named_keeps_its_own(run: Run) -> None:
    files = {**FILES, "edge.toml": SPEC % 1, "lint502.toml": SETTINGS}
    report = report_of(run, Path.cwd(), files, SHOP)
    assert (report["roots"], report["nginx"]) == ([SHOP], {"version": "1.31.6", "from": "config"})
    report = report_of(run, Path.cwd(), files, SHOP, "--nginx-version", "1.26.3")
    assert (report["nginx"]["version"], rows(report)) == ("1.26.3", [
        ("keepalive-unused", "snippets/pool.conf", [SHOP])
    ])  # fmt: skip


def test_roots_without_settings_of_their_own_are_checked_too(run: Run) -> None:
    settings = f'roots = ["shop/nginx.conf"]\n{SETTINGS}'.replace(
        '[[root]]\npath = "shop/nginx.conf"\nnginx_version = "1.31.6"\n', ""
    )
    report = report_of(run, Path.cwd(), {**FILES, "edge.toml": SPEC % 1, "lint502.toml": settings})
    assert report["roots"] == [SHOP, EDGE]


def test_what_one_of_them_reaches_is_not_unused(run: Run) -> None:
    spec = FILES["upstreams.toml"] + "[upstream.other]\nport = 9\n"
    files = {
        **FILES,
        "upstreams.toml": spec,
        "edge/site.conf": "location / { proxy_pass http://other:9; }\n",
        "lint502.toml": SETTINGS.replace('specs = ["edge.toml"]', "")
        .replace("1.31.6", "1.26.3"),
    }  # fmt: skip
    assert [rule for rule, *_ in rows(report_of(run, Path.cwd(), files))] == ["keepalive-unused"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[root]]\nspecs = []\n", '1: [[root]] needs the key "path"'),
        ('[[root]]\npath = "a"\nspec = []\n',
         '3: unknown key "spec" in [[root]]; did you mean "specs"?'),
        ('[[root]]\npath = 3\n', '2: "path" in [[root]] must be a string, not 3; write "3"'),
        ("root = 3\n", '1: "root" must be several tables, each headed [[root]], not 3'),
        ("root = [3]\n", "1: [[root]] must be a table, not 3"),
    ],
)  # fmt: skip
def test_mistakes(run: Run, text: str, message: str) -> None:
    Path("nginx.conf").write_text("events {}")
    Path("lint502.toml").write_text(text)
    result = run("check")
    errors = [line for line in result.err.splitlines() if line.startswith("error: lint502")]
    assert (result.code, errors) == (2, [f"error: lint502.toml:{message}"])
