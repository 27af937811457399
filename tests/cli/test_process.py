"""What only a process of its own shows: streams, signals, terminals, imports."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lint502 import __version__, workspace
from lint502.cli.output import Colour, style
from lint502.report import Style
from tests.support.cli import Asked, Run
from tests.support.signals import interrupts

LINT502 = [sys.executable, "-m", "lint502"]
CHECKOUT = Path(__file__).parents[2]
SITE = """\
events {}
http {
    server {
        location / { proxy_pass http://127.0.0.1:3001; }
    }
}
"""
SPEC = 'complete = true\n[upstream.api]\nhosts = ["127.0.0.1"]\nport = 3000\n'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "nginx.conf").write_text(SITE)
    (tmp_path / "upstreams.toml").write_text(SPEC)
    return tmp_path


def environment(**more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "PYTHONPATH": str(CHECKOUT), "LC_ALL": "C.UTF-8", **more}


@contextmanager
def started(
    site: Path, *arguments: str, env: dict[str, str] | None = None, **more: object
) -> Iterator[subprocess.Popen[bytes]]:
    """A run that does not outlive the test, also where this fails."""
    more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    with subprocess.Popen(  # type: ignore[call-overload]
        [*LINT502, *arguments], cwd=site, env=env or environment(), **more
    ) as process:
        try:
            yield process
        finally:
            process.kill()  # nothing, where it has been waited for


def finished(
    site: Path, *arguments: str, env: dict[str, str] | None = None, **more: object
) -> tuple[int, str, str]:
    with started(site, *arguments, env=env, **more) as process:
        out, err = process.communicate(timeout=60)
    return process.returncode, (out or b"").decode(), (err or b"").decode()


def test_python_m(site: Path) -> None:
    assert finished(site, "--version") == (0, f"lint502 {__version__}\n", "")


def imported(site: Path, *arguments: str) -> set[str]:
    """The modules that a run imports."""
    code = (
        "import sys\nfrom lint502.__main__ import main\n"
        f"sys.argv = ['lint502', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=site, env=environment(), capture_output=True, text=True
    )
    return set(result.stderr.split())


def test_what_is_imported(site: Path) -> None:
    assert imported(site, "--version").isdisjoint({"typer", "rich", "pydantic", "dataclasses"})
    assert imported(site, "--help").isdisjoint({"rich", "pydantic", "crossplane", "tomli"})
    assert imported(site, "check", "--color=always").isdisjoint({"rich", "pygments"})
    unneeded = {"pydantic", "lint502.settings.model", "xml.etree.ElementTree", "yaml"}
    unneeded |= {"lint502.cli.prove", "lint502.deployment.discovery"}
    for given in ([], ["--format", "json"], ["nginx.conf", "--select", "port-mismatch"]):
        assert imported(site, "check", *given).isdisjoint(unneeded)
    for given in ([], ["--jobs", "2"]):
        assert imported(site, "diagnose", "nginx.conf", *given).isdisjoint(
            {"lint502.diagnosis.export", "pydantic"}
        )


def test_nobody_reads(site: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    with started(site, "check", stdout=write) as process:
        os.close(write)
        assert (process.communicate(timeout=60)[1], process.returncode) == (b"", 1)


def test_standard_output_that_is_full_or_closed(site: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        assert finished(site, "check", stdout=full) == (
            2,
            "",
            "error: cannot write to standard output: No space left on device\n",
        )
    command = f"exec {' '.join(LINT502)} check >&- 2>&- <&-"
    process = subprocess.run(command, shell=True, cwd=site, env=environment(), timeout=60)
    assert process.returncode == 1


def test_standard_input(site: Path) -> None:
    read, write = os.pipe()
    os.write(write, SITE.encode())
    os.close(write)
    code, out, err = finished(site, "check", "-", "--format", "concise", stdin=read)
    assert (code, err) == (1, "")
    assert out.startswith("<stdin>:4:")


def test_an_encoding_without_the_characters(site: Path) -> None:
    (site / "nginx.conf").write_text(SITE.replace("location /", "location /é"))
    code, out, err = finished(site, "check", env=environment(PYTHONIOENCODING="ascii"))
    assert (code, err) == (1, "")
    lines = out.splitlines()
    assert lines[1].startswith("    4 |         location /\\xe9 { proxy_pass")
    assert lines[0] == "nginx.conf:4:34  error  port-mismatch  -  502 on every request"
    assert "  hop   /\\xe9" in lines


def on_a_terminal(site: Path, *arguments: str, **variables: str) -> str:
    main, other = pty.openpty()
    with started(
        site, *arguments, env=environment(**variables), stdout=other, stderr=other, stdin=other
    ) as process:
        os.close(other)
        output = b""
        while True:
            try:
                output += (data := os.read(main, 4096))
            except OSError:  # how Linux says that the other end is closed
                break
            if not data:
                break
        os.close(main)
        process.wait(timeout=60)
    return output.decode()


def test_a_terminal(site: Path) -> None:
    assert "\x1b[1;31merror\x1b[0m" in on_a_terminal(site, "check", TERM="xterm")
    assert "\x1b" not in on_a_terminal(site, "check", TERM="dumb")
    assert "\x1b" not in on_a_terminal(site, "check", TERM="xterm", NO_COLOR="1")
    assert "\x1b" not in on_a_terminal(site, "check", "--color", "never", TERM="xterm")
    assert "\x1b" not in finished(site, "check", env=environment(TERM="xterm"))[1]


def test_a_terminal_has_links_of_lint502_alone(site: Path) -> None:
    evil = "\x1b]8;;evil\x1b\\.conf"
    (site / evil).write_text(SITE)
    output = on_a_terminal(site, "check", evil, TERM="xterm")
    links = re.findall(r"\x1b\]8;;(.*?)\x1b\\", output)
    assert [link.rpartition("/")[2] for link in links] == ["port-mismatch.md", ""]
    assert "\\x1b]8;;evil\\x1b\\.conf:4:33" in output
    assert "\x1b]" not in finished(site, "check", "--color=always", env=environment())[1]


class Stream:
    def __init__(self, terminal: bool) -> None:
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize(
    ("when", "terminal", "variables", "colour"),
    [
        ("auto", True, {}, True),
        ("auto", True, {"TERM": "xterm"}, True),
        ("auto", True, {"TERM": "dumb"}, False),
        ("auto", False, {}, False),
        ("auto", True, {"NO_COLOR": "1"}, False),
        ("auto", True, {"NO_COLOR": ""}, True),
        ("auto", False, {"FORCE_COLOR": "1"}, True),
        ("auto", False, {"FORCE_COLOR": ""}, False),
        ("auto", False, {"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        ("auto", True, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ("always", False, {"NO_COLOR": "1", "TERM": "dumb"}, True),
        ("never", True, {"FORCE_COLOR": "1"}, False),
    ],
)
def test_when_there_is_colour(
    monkeypatch: pytest.MonkeyPatch,
    when: str,
    terminal: bool,
    variables: dict[str, str],
    colour: bool,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "77")
    wanted = Style(colour, 77, links=colour and terminal)
    assert style(Colour(when), Stream(terminal)) == wanted  # type: ignore[arg-type]


def test_a_fault(run: Run, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: object) -> None:
        raise ValueError("bad \x1b[31m")

    monkeypatch.setattr(workspace, "run", fault)
    code, out, err = run("check", "a.conf")
    lines = err.splitlines()
    assert (code, out) == (3, "")
    assert lines[:3] == [
        "lint502 has failed. This is a fault of lint502, not of your configuration; please report",
        "it with the command that you ran and these lines:",
        "",
    ]
    assert lines[3].startswith(f"lint502 {__version__}, Python {sys.version.split()[0]}, ")
    assert lines[4] == "Traceback (most recent call last):"
    assert lines[-1] == "ValueError: bad \\x1b[31m"


def test_an_interrupt(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(workspace, "run", interrupted)
    assert run("check", "a.conf") == (130, "", "")


@pytest.mark.parametrize(("ignored", "code"), [(False, 130), (True, 1)])
def test_an_interrupt_from_outside(site: Path, ignored: bool, code: int) -> None:
    read, write = os.pipe()
    with interrupts(ignored=ignored), started(site, "check", "-", stdin=read) as process:
        time.sleep(1)  # it waits for its standard input by then
        process.send_signal(signal.SIGINT)
        os.write(write, SITE.encode())
        os.close(write)
        out, err = process.communicate(timeout=60)
    os.close(read)
    assert (process.returncode, bool(out), err) == (code, ignored, b"")


def completed(site: Path, words: str) -> list[str]:
    env = environment(
        _LINT502_COMPLETE="complete_bash",
        COMP_WORDS=words,
        COMP_CWORD=str(len(words.split(" ")) - 1),
    )
    return finished(site, env=env)[1].split()


def test_completion(site: Path) -> None:
    assert completed(site, "lint502 e") == ["explain"]
    assert completed(site, "lint502 explain port") == ["port-mismatch"]
    assert completed(site, "lint502 check --select tls-mismatch,port") == [
        "tls-mismatch,port-mismatch"
    ]
    assert completed(site, "lint502 check --format j") == ["json", "junit"]
    assert completed(site, "lint502 check --format a") == ["auto"]
    assert completed(site, "lint502 check --fail-on w") == ["warning"]


def test_show_and_install_completion(site: Path) -> None:
    command = f"{' '.join(LINT502)} --show-completion; true"
    env = environment(HOME=str(site))
    shown = subprocess.run(
        ["bash", "-c", command], cwd=site, env=env, capture_output=True, text=True
    )
    assert "_LINT502_COMPLETE=complete_bash" in shown.stdout
    command = f"{' '.join(LINT502)} --install-completion; true"
    subprocess.run(["bash", "-c", command], cwd=site, env=env, capture_output=True, check=True)
    assert "lint502" in (site / ".bashrc").read_text()
