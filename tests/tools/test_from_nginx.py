"""The tables that are written from nginx's sources, on a small repository."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import tomli

from lint502.nginx.version import OLDEST
from tools.from_nginx.__main__ import write
from tools.from_nginx.table import HEAD

CORE = """
static ngx_command_t  ngx_http_core_commands[] = {
    { ngx_string("server"), NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_NOARGS, f, 0, 0, NULL },
    /* { ngx_string("gone"), NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG, f, 0, 0, NULL }, */
    { ngx_string("keepalive_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE12,
      f, 0, 0, NULL },
MORE
      ngx_null_command
};
"""
OLD = '    { ngx_string("ssl"), NGX_HTTP_SRV_CONF|NGX_CONF_FLAG, f, 0, 0, NULL },'
NEW = '    { ngx_string("early"), NGX_HTTP_SRV_CONF|NGX_HTTP_LIF_CONF|NGX_CONF_1MORE, f },'
MAIN = '{ ngx_string("include"), NGX_ANY_CONF|NGX_CONF_TAKE1, ngx_conf_include, 0, 0, NULL }'
SSI = '{ ngx_string("timefmt"), NGX_HTTP_SSI_CONFIG_TIMEFMT, 0, 0, 0 }'

CHANGES = """<?xml version="1.0" ?>
<change_log title="nginx">
NEWER
<changes ver="OLDEST" date="2020-04-21">
<change><para lang="en">1.x stable branch.</para></change>
</changes>
<changes ver="1.17.9" date="2020-03-03">
<change type="change"><para lang="en">too old.</para></change>
</changes>
</change_log>
"""
NEWER = """<changes ver="1.19.0" date="2020-05-26">
<change type="security"><para lang="en">a buffer.</para></change>
<change type="feature"><para lang="ru">директива</para><para lang="en">the
"early"&nbsp;directive.</para></change>
<change type="change"><para lang="en">now 1&mdash;2.<br/>Thanks.</para></change>
</changes>"""

PAGE = """<?xml version="1.0"?>
<module name="Module ngx_http_core_module" link="/x.html" lang="en">
<section id="directives"><directive name="early"><syntax/><default/><context>server</context>
</directive><directive name="health_check"><syntax/><default/><context>location</context>
<appeared-in>1.19.0</appeared-in></directive></section></module>
"""

MODULE = """
{ ngx_string ("more_set"), NGX_HTTP_LOC_CONF|NGX_CONF_1MORE, f, 0, 0, NULL },
{ ngx_string("server"), NGX_HTTP_UPS_CONF|NGX_CONF_1MORE, f, 0, 0, NULL },
{ ngx_string("variable"), NULL, f, 0, 0, 0 },
"""

LATER: Mapping[str, Any] = {
    "release": [
        {"version": "1.18.1", "date": "2020-06-01"},
        {"version": "1.19.1", "date": "2020-07-07", "bugfix": ["it was late."]},
    ],
    "directive": [
        {
            "since": "1.19.1",
            "module": "ngx_http_late_module",
            "name": "late",
            "contexts": "http http.location",
            "takes": "1 2",
        }
    ],
}

TABLE = """
[ngx_core_module]
include = "any: 1"

[ngx_http_core_module]
early = { takes = "http.server http.location.if: 1+", since = "1.19.0" }
keepalive_timeout = "http http.server: 1 2"
server = "http: 0 {"
ssl = { takes = "http.server: 1", before = "1.19.0" }

[ngx_http_late_module]
late = { takes = "http http.location: 1 2", since = "1.19.1" }
"""


def commit(folder: Path, files: Mapping[str, str], tag: str = "") -> None:
    def git(*args: str) -> None:
        own = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=m")
        subprocess.run(["git", *own, "-C", str(folder), *args], check=True, capture_output=True)

    folder.mkdir(exist_ok=True)
    git("init")
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    git("add", ".")
    git("commit", "-m", "a", "--date", "2020-08-08T12:00:00Z")
    if tag:
        git("tag", tag)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder with the tables of a small repository."""
    nginx, pages, other = tmp_path / "nginx", tmp_path / "pages", tmp_path / "other"
    core, changes = "src/http/ngx_http_core_module.c", "docs/xml/nginx/changes.xml"
    oldest = CHANGES.replace("OLDEST", str(OLDEST))
    first = {core: CORE.replace("MORE", OLD), changes: oldest.replace("NEWER", "")}
    same = {"src/core/nginx.c": MAIN, "src/http/modules/ngx_http_ssi_filter_module.c": SSI}
    commit(nginx, {**first, **same}, f"release-{OLDEST}")
    second = {core: CORE.replace("MORE", NEW), changes: oldest.replace("NEWER", NEWER)}
    commit(nginx, second, "release-1.19.0")
    commit(pages, {"xml/en/docs/http/ngx_http_core_module.xml": PAGE})
    commit(other, {"src/a.c": MODULE})
    output = tmp_path / "output"
    output.mkdir()
    (output / "other_modules.toml").write_text(
        '["kept"]\nsource = "https://example.com/"\nread = 2020-01-01\nnames = "a b"\n'
        '["left"]\nsource = "https://example.com/"\nread = 2020-01-01\nnames = "c"\n'
    )
    repositories = {
        "kept": {"repository": "them/kept"},
        "more": {"repository": "them/more", "prefixes": ["more_"], "names": "More"},
        "none": {"repository": "them/none"},
    }
    write(str(nginx), str(pages), LATER, repositories, {"them/more": str(other)}, output)
    return output


def test_the_directives(written: Path) -> None:
    text = (written / "directive_table.toml").read_text()
    assert text == HEAD.format(oldest=OLDEST, newest="1.19.1") + TABLE


def test_the_releases(written: Path) -> None:
    rows = [
        line for line in (written / "releases.toml").read_text().splitlines() if line[:1] == '"'
    ]
    assert rows == [
        '"1.18.0" = 2020-04-21',
        '"1.18.1" = 2020-06-01',
        '"1.19.0" = 2020-05-26',
        '"1.19.1" = 2020-07-07',
    ]


def test_what_changed(written: Path) -> None:
    assert tomli.loads((written / "changelog.toml").read_text()) == {
        "1.19.0": {"change": ["now 1—2. Thanks."], "feature": ['the "early" directive.']},
        "1.19.1": {"bugfix": ["it was late."]},
    }


def test_the_modules_of_others(written: Path) -> None:
    """Without what nginx has itself; those of which no clone is given stay as they are."""
    table = tomli.loads((written / "other_modules.toml").read_text())
    found = {name: (row["names"].split(), row.get("prefixes")) for name, row in table.items()}
    assert found == {
        "kept": (["a", "b"], None),
        "more": (["More", "more_set"], ["more_"]),
        "nginx's documentation": (["health_check"], None),
    }
    assert str(table["kept"]["read"]) == "2020-01-01"
    assert table["more"]["source"].startswith("https://github.com/them/more/tree/")
