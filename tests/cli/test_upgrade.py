"""``lint502 upgrade`` from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import Run

NGINX = """\
events {}
http {
    upstream api { server 127.0.0.1:3000; }
    server {
        listen 80;
        server_name shop;
        location / { proxy_pass http://api; }
        location /plain { proxy_pass http://127.0.0.1:3000; }
    }
}
"""
TEXT = """\
With nginx 1.29.8 appears:

nginx.conf:3:5  error  keepalive-race  ·  502 sometimes
    3 │     upstream api { server 127.0.0.1:3000; }
      │     ^^^^^^^^^^^^ without a keepalive_timeout here, nginx keeps them for 60s
upstreams.toml:3
    3 │ keepalive = { idle_timeout = "5s" }
      │               ^^^^^^^^^^^^^^^^^^^
  api closes idle connections after 5s, but nginx keeps them for up to 60s by default: a request on a connection that is just being closed answers 502 (POST, PATCH and LOCK, which nginx does not send again); nginx 1.29.8 keeps connections in every upstream block, as all do from 1.29.7 on
  hop   shop / → proxy_pass http://api (line 7)
  log   upstream prematurely closed connection while reading response header from upstream
  fix   keepalive_timeout 4s;
  why   1.29.7: the default value for "proxy_http_version" is "1.1"
  keep  proxy_http_version 1.0;
  why   1.29.7: the "Connection" proxy header is not sent by default anymore
  keep  proxy_set_header Connection close;
  why   1.29.7: now the "keepalive" directive in the "upstream" block is enabled by default
  keep  keepalive 0; in the upstream block (1.29.7 and newer take it)

Becomes different, without a finding:

HTTP/1.0 becomes HTTP/1.1
  why   1.29.7: the default value for "proxy_http_version" is "1.1"
  keep  proxy_http_version 1.0;
  hop   shop /plain → proxy_pass http://127.0.0.1:3000 (nginx.conf:8)

"Connection: close" is no longer sent
  why   1.29.7: the "Connection" proxy header is not sent by default anymore
  keep  proxy_set_header Connection close;
  hop   shop /plain → proxy_pass http://127.0.0.1:3000 (nginx.conf:8)

May become different, by what the upstream answers:

a server that sends Transfer-Encoding in HTTP/1.1 only, but twice or beside Content-Length, or with another value than chunked, answers 502 from now on, where HTTP/1.0 gets a 200
  why   1.29.7: the default value for "proxy_http_version" is "1.1"
  keep  proxy_http_version 1.0;
  hops  shop / (nginx.conf:7)
        shop /plain (nginx.conf:8)

checked nginx.conf
2 hops · 1 error would appear · nothing would vanish · nginx 1.29.6 to 1.29.8
"""  # noqa: E501


@pytest.fixture
def site(run: Run, tmp_path: Path) -> Path:
    """A little site in the working directory."""
    (tmp_path / "nginx.conf").write_text(NGINX)
    (tmp_path / "upstreams.toml").write_text(
        '[upstream.api]\nport = 3000\nkeepalive = { idle_timeout = "5s" }\n'
    )
    return tmp_path


@pytest.mark.usefixtures("site")
def test_text(run: Run) -> None:
    assert run("upgrade", "--from", "1.29.6", "--to", "1.29.8") == (1, TEXT, "")


@pytest.mark.usefixtures("site")
def test_json(run: Run) -> None:
    code, out, err = run("upgrade", "--from", "1.29.6", "--to", "1.29.8", "--format", "json")
    value = json.loads(out)
    checked = json.loads(run("check", "--nginx-version", "1.29.8", "--format", "json").out)
    because = value["appear"][0].pop("because")
    assert (code, err) == (1, "")
    assert value["appear"] == checked["findings"]
    assert [(change["version"], change["keep"]) for change in because] == [
        ("1.29.7", "proxy_http_version 1.0;"),
        ("1.29.7", "proxy_set_header Connection close;"),
        ("1.29.7", "keepalive 0; in the upstream block (1.29.7 and newer take it)"),
    ]
    assert {
        key: value[key] for key in ("from", "to", "roots", "vanish", "problems", "summary")
    } == {
        "from": "1.29.6",
        "to": "1.29.8",
        "roots": ["nginx.conf"],
        "vanish": [],
        "problems": [],
        "summary": {
            "appear": {"errors": 1, "warnings": 0, "infos": 0},
            "vanish": {"errors": 0, "warnings": 0, "infos": 0},
            "changes": 3,
        },
    }


@pytest.mark.usefixtures("site")
def test_nothing_comes_of_it(run: Run) -> None:
    assert run("upgrade", "--from", "1.25.0", "--to", "1.26.3") == (
        0,
        "checked nginx.conf\n"
        "2 hops · nothing would appear · nothing would vanish · nginx 1.25.0 to 1.26.3\n"
        "5 other changes of behaviour on the way, of which lint502 knows nothing that bears on a "
        "hop: --format json has them\n",
        "",
    )


def test_the_settings_say_what_runs_now(run: Run, site: Path) -> None:
    (site / "lint502.toml").write_text('nginx_version = "1.29.6"\n')
    assert run("upgrade", "--to", "1.29.8") == (1, TEXT, "")


@pytest.mark.usefixtures("site")
def test_a_version_is_missing_or_older_or_newer_than_known(run: Run) -> None:
    missing = run("upgrade")
    older = run("upgrade", "--from", "1.26", "--to", "1.24")
    newer = run("upgrade", "--from", "1.29.8", "--to", "2.0")
    assert (missing.code, older.code, newer.code) == (2, 2, 0)
    assert "name the nginx that runs now, such as --from 1.26" in missing.err
    assert "1.24 is older than 1.26" in older.err
    assert newer.err.startswith("note: lint502 knows nginx up to ")


def test_a_file_that_cannot_be_read(run: Run, site: Path) -> None:
    (site / "nginx.conf").write_text("http {")
    result = run("upgrade", "--from", "1.26", "--to", "1.30")
    assert (result.code, result.err.count("error: nginx.conf")) == (2, 1)
