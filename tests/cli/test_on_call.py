"""``lint502 diagnose`` on the logs of a real nginx of which some hops fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Run
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.on_call import Ran, run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=RELEASES)
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return run(nginx_of(request.param), tmp_path_factory.mktemp("nginx"))


def diagnosed(ran: Ran, run: Run, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:
    monkeypatch.chdir(ran.folder)
    code, out, err = run("diagnose", "logs/error.log", "--format", "json", *arguments)
    assert code == 1, err
    return json.loads(out)


def test_what_fails_where_and_why(ran: Ran, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    value = diagnosed(ran, run, monkeypatch, "--access-log", "logs/access.log")
    names = {number: name for name, number in ran.ports.items()}

    def port(upstream: str | None) -> str:
        end = (upstream or "").rpartition(":")[2]
        return names[int(end)] if end.isdigit() else end

    found = {
        (
            one["cause"],
            port(one["upstream"]),
            one["hop"] and one["hop"]["request"].partition(" ")[2],
            one["root"] and one["root"]["rule"],
            one["count"],
            tuple(one["answers"].items()),
        )
        for one in value["groups"]
        if one["failure"]
    }
    assert found == {
        ("refused", "CLOSED", "/refused/", "port-mismatch", 2, (("502", 2),)),
        ("closed-early", "CLOSING", "/closing/", None, 1, (("502", 1),)),
        ("response-timed-out", "SILENT", "/slow/", None, 1, (("504", 1),)),
        ("refused", "CLOSED", "/retried/", "port-mismatch", 2, (("200 after a retry", 2),)),
        ("refused", "CLOSED", "/dead/", "port-mismatch", 1, (("502", 1),)),
        ("refused", "SECOND", "/dead/", "port-mismatch", 1, (("502", 1),)),
        ("no-live-upstreams", "//dead", "/dead/", None, 1, (("502", 1),)),
        ("not-tls", "GOOD", "/tls/", "tls-mismatch", 1, (("502", 1),)),
        ("refused", "CLOSED", "= /auth", "port-mismatch", 1, ()),
        ("auth-request-failed", "", "/guarded/", None, 1, (("500", 1),)),
    }
    assert value["access"]["without_line"] == [
        {
            "from": "the upstream itself",
            "answer": "502",
            "upstream": f"127.0.0.1:{ran.ports['OWN']}",
            "count": 1,
        }
    ]
    assert value["totals"]["unread"] == value["totals"]["unknown"] == 0
    assert ran.statuses == (502, 502, 502, 504, 200, 200, 502, 502, 502, 502, 500, 200)


def test_the_configuration_tells_what_it_is(
    ran: Ran, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = diagnosed(ran, run, monkeypatch)
    (first,) = (one for one in value["groups"] if one["hop"]["request"].endswith(" /refused/"))
    text = (ran.folder / "nginx.conf").read_text(encoding="utf-8").splitlines()
    assert text[first["hop"]["line"] - 1].strip() == f"{first['hop']['passes']};"
    places = [(one["file"], one["line"]) for one in first["root"]["places"]]
    assert ("nginx.conf", first["hop"]["line"]) in places
    assert any(file == "upstreams.toml" for file, _ in places)


@pytest.mark.parametrize("format", ["text", "markdown", "html"])
def test_each_format(
    ran: Ran, run: Run, monkeypatch: pytest.MonkeyPatch, format: str, tmp_path: Path
) -> None:
    monkeypatch.chdir(ran.folder)
    code, out, _ = run("diagnose", "logs", "--format", format)
    assert code == 1
    assert f"127.0.0.1:{ran.ports['CLOSED']}" in out
    assert "port-mismatch" in out
