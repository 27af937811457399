"""Lines that set one thing more often than is looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.sites import check, http


@pytest.mark.parametrize("number", [20, 21, 25])
def test_what_is_set_very_often_is_looked_at_so_many_times(tmp_path: Path, number: int) -> None:
    lines = "".join(
        f"proxy_set_header {name} upgrade;\n" for name in ("Connection", "X-A") * number
    )
    body = f"server {{\n{lines}location / {{ proxy_pass http://127.0.0.1:3000; }}\n}}"
    spec = "[upstream.api]\nport = 3000\n"
    report = check(tmp_path, {"nginx.conf": http(body), "upstreams.toml": spec})
    found = [one for one in report.findings if one.rule == "connection-header"]
    assert len(found) == 20
    said = "stands here {} times; lint502 looks at the first 20"
    wanted = [f"proxy_set_header {name} {said.format(number)}" for name in ("Connection", "X-A")]
    problems = [(one.message, one.line) for one in report.problems]
    first = next(one.place.line for one in found)
    assert problems == [
        (message, first + 40 + at) for at, message in enumerate(wanted) if number > 20
    ]
