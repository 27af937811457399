"""What shows that nginx is not run by the unit that it comes with, on a real nginx."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests.support.nginxes import RELEASES, nginx_of


def config_test(release: str, folder: Path, line: str, *args: str, output: int) -> tuple[int, str]:
    """The status of ``nginx -t`` and what it says, with something as its standard output."""
    nginx = nginx_of(release)
    (folder / "logs").mkdir()
    text = f"{line} pid {folder}/pid; events {{}} http {{ access_log off; }}\n"
    (folder / "nginx.conf").write_text(text)
    command = [*nginx.command, "-t", "-p", str(folder), "-c", "nginx.conf", *args]
    done = subprocess.run(
        command,
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **nginx.environment},
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("line", ["error_log /dev/stdout;", "error_log /proc/self/fd/1;"])
def test_a_log_that_goes_to_the_journal(line: str, release: str, tmp_path: Path) -> None:
    journal, service = socket.socketpair()
    with journal, service:
        status, said = config_test(release, tmp_path, line, output=service.fileno())
    name = line.split()[1].rstrip(";")
    assert (status, f'open() "{name}" failed (6: No such device or address)' in said) == (1, True)


@pytest.mark.parametrize("release", RELEASES)
def test_debians_unit_and_daemon_off(release: str, tmp_path: Path) -> None:
    unit = "daemon on; master_process on;"
    status, said = config_test(
        release, tmp_path, "daemon off;", "-g", unit, output=subprocess.DEVNULL
    )
    assert (status, '"daemon" directive is duplicate' in said) == (1, True)
