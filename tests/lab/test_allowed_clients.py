"""What a real PHP-FPM does with connections from other addresses than those that it allows."""

from __future__ import annotations

import pytest

from lint502.lab.bench import LOOPBACK, Bench, LabError
from lint502.lab.binary import Running
from lint502.lab.client import Request, send
from tests.support.nginxes import RELEASES, lacks, nginx_of
from tools.measure import servers
from tools.measure.servers import php


@pytest.mark.parametrize("release", [RELEASES[0], RELEASES[-1]])
def test_it_closes_them(release: str, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = f"{php._CONFIGURATION.rstrip()}\nlisten.allowed_clients = 127.0.0.9\n"
    monkeypatch.setattr(php, "_CONFIGURATION", configuration)
    with Bench() as bench:
        try:
            (fpm,) = servers.start(bench, [php.FAMILY])
        except LabError as error:
            lacks(error)
        (endpoint,) = fpm.endpoints
        script = fpm.folder / "index.php"
        passes = (
            f"fastcgi_param REQUEST_METHOD GET; fastcgi_param SCRIPT_FILENAME {script}; "
            f"fastcgi_pass {endpoint.address};"
        )
        port = bench.port()
        text = (
            f"server {{ listen {LOOPBACK}:{port}; location / {{ {passes} }} "
            f"location /allowed {{ fastcgi_bind 127.0.0.9; {passes} }} }}\n"
        )
        running = Running(bench, nginx_of(release), text)
        got = [send(port, Request(path=path)).status for path in ("/allowed", "/", "/")]
        running.stop()
    assert got == [200, 502, 502]
