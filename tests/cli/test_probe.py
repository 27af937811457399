from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lint502.probing import networks
from lint502.probing.networks import Resolved
from tests.support.cli import Run
from tests.support.probes import free_port, serving
from tests.support.sites import write

CONF = """\
events {{}}
http {{
    upstream api {{ server 127.0.0.1:{port}; keepalive 8; keepalive_timeout 60s; }}
    server {{
        location / {{
            proxy_pass http://api;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
}}
"""


def web(connection: socket.socket) -> None:
    """Keeps a connection for half a second."""
    connection.settimeout(0.5)
    while data := connection.recv(65536):
        head = b"HTTP/1.1 400 Bad Request"
        if b"HTTP/1." in data.partition(b"\r\n")[0]:
            head = b"HTTP/1.1 200 OK"
        connection.sendall(head + b"\r\nContent-Length: 2\r\n\r\nok")


@pytest.fixture
def port() -> Iterator[int]:
    with serving(web) as port:
        yield port


def site(folder: Path, port: int, spec: str = "") -> None:
    write(
        folder,
        {
            "nginx.conf": CONF.format(port=port),
            "upstreams.toml": f"[upstream.api] # the shop\nport = {port}\n{spec}",
        },
    )


def test_a_table(tmp_path: Path, run: Run, port: int) -> None:
    site(tmp_path, port, 'proxy_protocol = true # for the log\nprotocol = "http"\n')
    ran = run("probe", "--timeout", "500ms")
    lines = {line.split("  ")[0]: re.sub(r"  +", " | ", line) for line in ran.out.splitlines()}
    assert (ran.code, ran.err) == (1, "")
    assert lines[f"api: 127.0.0.1:{port} (nginx.conf:3)"]
    assert lines["protocol"] == "protocol | agrees | http (upstreams.toml:4) | http"
    differs = "proxy_protocol | differs | true (upstreams.toml:3) | false"
    assert lines["proxy_protocol"] == differs
    assert re.search(r"\d agrees, 1 differs, \d+ not claimed, 1 not seen; \d+ conn", ran.out)


def test_what_is_as_claimed(tmp_path: Path, run: Run, port: int) -> None:
    site(tmp_path, port, 'protocol = "http"\ntls = false\n')
    assert run("probe", "--timeout", "500ms").code == 0


def observed(ran_out: str) -> dict[str, Any]:
    (one,) = json.loads(ran_out)["upstreams"]
    return {fact["key"]: fact for fact in one["facts"]}


def test_json(tmp_path: Path, run: Run, port: int) -> None:
    site(tmp_path, port, 'keepalive.idle_timeout = "75s"\n')
    ran = run("probe", "--measure", "--longest", "1s", "--timeout", "500ms", "--format", "json")
    assert ran.code == 1
    whole = json.loads(ran.out)
    assert (whole["schema_version"], whole["problems"], whole["not_asked"]) == (1, [], [])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", whole["observed"])
    assert observed(ran.out)["keepalive.idle_timeout"] == {
        "key": "keepalive.idle_timeout",
        "agreement": "differs",
        "claimed": {
            "value": "75s",
            "file": "upstreams.toml",
            "line": 3,
            "by": None,
            "standing": "declared",
        },
        "observed": "500ms",
        "says": "500ms",
        "why": "",
    }
    (one,) = whole["upstreams"]
    assert one["connections"] == whole["summary"]["connections"] <= one["planned"]
    assert ran.err.startswith("measuring: at most ")


def test_what_was_observed_counts_in_a_check(tmp_path: Path, run: Run, port: int) -> None:
    site(tmp_path, port)
    ran = run("probe", "--measure", "--longest", "1s", "--timeout", "500ms", "--format", "json")
    write(tmp_path, {"probe.json": ran.out})
    line = 1 + ran.out.splitlines().index('          "observed": "500ms",')
    assert "keepalive-race" not in run("check", "--format", "json").out
    report = json.loads(run("check", "--observed", "probe.json", "--format", "json").out)
    (finding,) = (one for one in report["findings"] if one["rule"] == "keepalive-race")
    assert (finding["severity"], finding["standing"]) == ("error", "observed")
    places = [(one["file"], one["line"]) for one in finding["related"]]
    assert ("probe.json", line) in places
    assert re.search(r"\(observed at \d{4}-", json.dumps(finding))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "probe.json:1: this file is not what lint502 probe --format json writes"),
        ("[1, 2", "probe.json:2: this file is no YAML"),
        ('{"schema_version": 2}', "this file is not what lint502 probe"),
        (
            '{"schema_version": 1, "upstreams": [{"upstream": "api",\n'
            '"facts": [{"key": "tls", "observed": "perhaps"}]}]}',
            "probe.json:2: tls cannot be what it says here",
        ),
    ],
)
def test_what_is_no_probe(text: str, said: str, tmp_path: Path, run: Run) -> None:
    site(tmp_path, 8000)
    write(tmp_path, {"probe.json": text})
    ran = run("check", "--observed", "probe.json")
    assert (ran.code, said in ran.err) == (2, True), ran.err
    assert run("check", "--observed", "none.json").code == 2


def test_a_dry_run_opens_nothing(tmp_path: Path, run: Run) -> None:
    seen = []
    with serving(seen.append) as port:
        site(tmp_path, port)
        ran = run("probe", "--dry-run", "--measure", "--longest", "1m")
        plan = json.loads(run("probe", "--dry-run", "--format", "json").out)
    assert (ran.code, seen) == (0, [])
    assert "keeps a connection until it is closed" in ran.out
    assert re.search(r"at most \d+ connections, one at a time, in \d+ seconds; nothing", ran.out)
    (one,) = plan["plan"]
    assert one["address"] == f"127.0.0.1:{port}"
    assert one["connections"] == sum(each["connections"] for each in one["questions"]) > 20


def test_a_dry_run_looks_no_name_up(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(networks, "resolve", None)
    write(
        tmp_path,
        {
            "nginx.conf": "events {}\nhttp { server { location / { proxy_pass http://api; } } }\n",
            "upstreams.toml": '[upstream.api]\nhosts = ["api.test"]\nport = 80\n',
        },
    )
    assert run("probe", "--dry-run").code == 0


def test_writing(tmp_path: Path, run: Run, port: int) -> None:
    site(tmp_path, port, "proxy_protocol = true # for the log\n")
    ran = run("probe", "--timeout", "500ms", "--write")
    assert (ran.code, ran.err) == (
        1,
        "corrected in upstreams.toml: api: proxy_protocol = false\n",
    )
    text = f"[upstream.api] # the shop\nport = {port}\nproxy_protocol = false # for the log\n"
    assert (tmp_path / "upstreams.toml").read_text() == text
    again = run("probe", "--timeout", "500ms", "--write")
    assert (again.code, (tmp_path / "upstreams.toml").read_text()) == (0, text)
    assert again.err == "nothing differs that upstreams.toml could say; nothing is written\n"


def test_a_link_is_not_written_through(tmp_path: Path, run: Run, port: int) -> None:
    site(tmp_path, port, "proxy_protocol = true\n")
    (tmp_path / "upstreams.toml").rename(tmp_path / "real.toml")
    (tmp_path / "upstreams.toml").symlink_to("real.toml")
    before = (tmp_path / "real.toml").read_text()
    ran = run("probe", "--timeout", "500ms", "--write")
    assert (ran.code, (tmp_path / "real.toml").read_text()) == (2, before)
    assert "is elsewhere, or a link" in ran.err


def test_nothing_listens(tmp_path: Path, run: Run) -> None:
    port = free_port()
    site(tmp_path, port)
    ran = run("probe", "api")
    assert ran.code == 1
    assert "Connection refused (111): nothing listens there" in ran.out


def test_another_network_is_asked_only_if_told_to(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    """A name that leads to where nobody asked for."""
    from lint502.probing import asking

    public = Resolved(socket.AF_INET, ("127.0.0.1", port), "203.0.113.9")
    monkeypatch.setattr(asking, "resolve", lambda *_: (public,))
    site(tmp_path, port)
    ran = run("probe", "--timeout", "500ms")
    assert ran.code == 2
    assert ran.err.startswith("not asked: api: 127.0.0.1:")
    assert "203.0.113.9" in ran.err
    assert "0 connections to 0 addresses" in ran.out
    assert run("probe", "--timeout", "500ms", "--yes").code == 0


def test_an_unknown_upstream(tmp_path: Path, run: Run) -> None:
    site(tmp_path, 8000)
    ran = run("probe", "apy")
    assert ran.code == 2
    assert "nothing is claimed of apy; did you mean api?" in ran.err


def test_nothing_is_claimed(tmp_path: Path, run: Run) -> None:
    write(tmp_path, {"nginx.conf": CONF.format(port=8000)})
    ran = run("probe")
    assert (ran.code, "nothing could be asked" in ran.err) == (2, True)


def test_a_network_of_containers(tmp_path: Path, run: Run) -> None:
    write(
        tmp_path,
        {
            "nginx.conf": "events {}\nhttp { server { location / { proxy_pass http://api; } } }\n",
            "compose.yaml": """\
services:
  web:
    image: nginx:1.27
    volumes: ["./nginx.conf:/etc/nginx/nginx.conf:ro"]
  api:
    image: python:3.12
    command: gunicorn -b 0.0.0.0:80 app:app
""",
        },
    )
    ran = run("probe", "--measure")
    assert ran.code == 2
    assert "not asked: api: api:80 is in the network of web, not in this one\n" in ran.err
    assert "lint502 probe --here --measure --longest 90000ms\n" in ran.err


@pytest.mark.parametrize("longest", ["0s", "2h", "long"])
def test_a_time_that_is_none(longest: str, tmp_path: Path, run: Run) -> None:
    site(tmp_path, 8000)
    assert run("probe", "--longest", longest).code == 2
