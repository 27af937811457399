"""What an upgrade of nginx brings on: a plain ``upstream`` block before real servers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from lint502.lab.bench import LOOPBACK, Bench, LabError
from lint502.lab.binary import Nginx, Running
from lint502.lab.client import Request, send
from lint502.options import Options
from tests.support.nginxes import lacks, nginx_of
from tests.support.relay import Relay
from tests.support.sites import examine
from tools.measure.servers import families, start

LAG = 1.0
"""Seconds in which a request is to meet a connection that is being closed."""

LONGEST = 8.0
"""Seconds; Node says 5 and waits for 6."""

PLAIN = """
upstream api { server 127.0.0.1:PORT; }
server { listen LISTEN; location / { proxy_pass http://api; } }
"""
POOLED = """
upstream api { server 127.0.0.1:PORT; keepalive 8; }
server { listen LISTEN; location / { proxy_http_version 1.1; proxy_pass http://api; } }
"""


@dataclass(frozen=True, slots=True)
class Case:
    """``server`` behind a block, and the rule by which its POST is to fail, "" for none."""

    server: str
    release: str
    text: str
    rule: str


CASES = (
    Case("uwsgi", "trixie", PLAIN, ""),
    Case("uwsgi", "sid", PLAIN, "keepalive-unsupported"),
    # nginx asks for the end, and goes by the response, which does not say so
    Case("uwsgi", "trixie", POOLED, "keepalive-unsupported"),
    Case("gunicorn", "sid", PLAIN, ""),
    Case("gunicorn-gthread", "trixie", PLAIN, ""),
    Case("gunicorn-gthread", "sid", PLAIN, "keepalive-race"),
    Case("node", "trixie", PLAIN, ""),
    Case("node", "sid", PLAIN, "keepalive-race"),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """nginx before a relay before a server."""

    case: Case
    relay: Relay
    listen: int

    def send(self, method: str) -> int | None:
        return send(self.listen, Request(method, body=2 if method == "POST" else 0)).status


@pytest.mark.xdist_group("servers")
def test_what_lint502_says_of_a_plain_block_happens(tmp_path: Path) -> None:
    names = {case.server for case in CASES}
    nginx = {case.release: nginx_of(case.release) for case in CASES}
    with ExitStack() as stack:
        bench = stack.enter_context(Bench())
        try:
            wanted = [family for family in families() if family.name in names]
            servers = start(bench, wanted)
        except LabError as error:
            lacks(error)
        ports = {
            server.name: endpoint.port
            for server in servers
            for endpoint in server.endpoints
            if endpoint.speaks == "http"
        }
        stages = []
        for number, case in enumerate(CASES):
            relay = stack.enter_context(Relay(ports[case.server], LAG))
            listen = bench.port()
            text = case.text.replace("PORT", str(relay.port))
            text = text.replace("LISTEN", f"{LOOPBACK}:{listen}")
            assert rules(tmp_path, text, case.server, relay.port, nginx[case.release]) == (
                [case.rule] if case.rule else []
            )
            running = Running(bench, nginx[case.release], text, name=f"nginx-{number}")
            stack.callback(running.stop)
            stages.append(Stage(case, relay, listen))
        pool = stack.enter_context(ThreadPoolExecutor(len(stages)))
        seen = list(pool.map(outcome, stages))
    assert list(zip(CASES, seen, strict=True)) == [
        (case, 502 if case.rule else 200) for case in CASES
    ]


def outcome(stage: Stage) -> int | None:
    """What a POST gets at the moment at which the server closes the connection that a GET used."""
    assert stage.send("GET") == 200
    if stage.case.rule:
        assert stage.relay.closing.wait(LONGEST)
    return stage.send("POST")


def rules(folder: Path, text: str, server: str, port: int, nginx: Nginx) -> list[str]:
    """The rules that find something in a configuration before a server."""
    (folder / "nginx.conf").write_text(f"events {{}} http {{ {text} }}\n")
    protocol = 'protocol = "http"\nlimits.request_headers = 65535\n' if server == "uwsgi" else ""
    (folder / "upstreams.toml").write_text(
        f'[upstream.api]\nport = {port}\nserver = "{server}"\n{protocol}'
    )
    options = Options(folder, (str(folder / "nginx.conf"),), version=nginx.version)
    report = examine(options).report
    assert report.problems == ()
    return [finding.rule for finding in report.findings]
