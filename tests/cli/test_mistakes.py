"""What is said of a command line that somebody has written wrongly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = (
    '"check", "init", "prove", "upgrade", "diagnose", "probe", "path", "explain", "rules", '
    '"servers", "hops" or "schema"'
)
VERSION = "'{}' is not an nginx version such as 1.26.3, nor auto"
KEEPALIVE = (
    '"keepalive-race", "keepalive-unsupported", "keepalive-unused", "keepalive-order" or '
    '"front-keepalive-race"'
)


def run(folder: Path, *words: str) -> tuple[int, list[str]]:
    """The exit code and the lines of standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "lint502", *words], cwd=folder, capture_output=True, text=True
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr.splitlines()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nginx.conf"], 'there is no command "nginx.conf"; to check it: lint502 check nginx.conf'),
        (["a b.conf", "-q"], 'there is no command "a b.conf"; to check it: lint502 check '
         "'a b.conf' -q"),
        (["."], 'there is no command "."; to check it: lint502 check .'),
        (["chek"], 'there is no command "chek"; did you mean lint502 check?'),
        (["lint"], 'there is no command "lint"; write: lint502 check'),
        (["zzz"], f'there is no command "zzz"; there are {COMMANDS}'),
        (["a\x1b[31m"], f'there is no command "a\\x1b[31m"; there are {COMMANDS}'),
        (["502"], 'there is no command "502"; for what a status means: lint502 explain 502'),
        (["explain", "5022"], 'Invalid value for RULE: "5022" is no status, and no rule; "lint502 '
         'rules" lists the rules'),
        (["explain", "keepalive"], 'Invalid value for RULE: there is no rule "keepalive"; did you '
         f"mean {KEEPALIVE}?"),
        (["check", "--select", "keepalive"], 'Invalid value for --select: there is no rule '
         f'"keepalive"; did you mean {KEEPALIVE}?'),
        (["check", "nginx.conf", "--nginx-version", "1.26.x"],
         f"Invalid value for --nginx-version: {VERSION.format('1.26.x')}; write 1.26"),
        (["check", "nginx.conf", "--nginx-version", "nginx:1.26.3-alpine"],
         f"Invalid value for --nginx-version: {VERSION.format('nginx:1.26.3-alpine')}; "
         "write 1.26.3"),
        (["check", "nginx.conf", "--nginx-version", "newest"],
         f"Invalid value for --nginx-version: {VERSION.format('newest')}"),
    ],
)  # fmt: skip
def test_words(tmp_path: Path, words: list[str], message: str) -> None:
    (tmp_path / "nginx.conf").write_text("events {}\n")
    code, lines = run(tmp_path, *words)
    assert (code, lines[-1]) == (2, f"Error: {message}")


def test_paths_that_do_not_exist(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "nginx.conf").write_text("events {}\n")
    (tmp_path / "conf" / "upstreams.toml").write_text("[upstream.api]\n")
    code, lines = run(tmp_path, "check", "conf/ngnix.conf")
    assert code == 2
    assert lines[0] == (
        "error: conf/ngnix.conf: there is no such file or directory; did you mean conf/nginx.conf?"
    )
    code, lines = run(tmp_path, "check", "conf/nginx.conf", "--specs", "conf/upstream.toml")
    assert code == 2
    assert (
        "error: conf/upstream.toml: there is no such file; did you mean conf/upstreams.toml?"
        in lines
    )
    assert run(tmp_path, "check", "zzz")[1][0] == "error: zzz: there is no such file or directory"
