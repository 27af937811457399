from __future__ import annotations

from pathlib import Path

import pytest

from lint502.diagnosis.diagnose import fronts_of
from lint502.options import Options
from tests.support.sites import examine, http, write


@pytest.mark.parametrize(
    ("front", "said"),
    [
        (
            'kind = "aws-alb"',
            "before nginx stands edge (AWS Application Load Balancer), which answers 502 by itself "
            "where nginx closes the connection: such a request is in no log of nginx",
        ),
        (
            'idle_timeout = "60s"',
            "before nginx stands edge: an error of its own is in no log of nginx",
        ),
    ],
)
def test_what_stands_before_nginx(tmp_path: Path, front: str, said: str) -> None:
    text = http("server { listen 80; location / { proxy_pass http://127.0.0.1:1; } }")
    spec = f'[upstream.a]\nhosts = ["127.0.0.1"]\nport = 1\n[front.edge]\n{front}\n'
    write(tmp_path, {"nginx.conf": text, "upstreams.toml": spec})
    found = examine(Options(tmp_path, ("nginx.conf",), specs=(tmp_path / "upstreams.toml",)))
    assert list(fronts_of(found)) == [said]
