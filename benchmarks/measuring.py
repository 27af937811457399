"""What a command takes: CPU and memory, of a whole process with its children."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CHILD = Path(__file__).with_name("child.py")
CPU_SECONDS = 90
"""After so many a command is ended."""
CLOCK_SECONDS = 600
"""After so many, too: it waits for something."""

ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LINT502"))
}
"""That of the commands: Python writes and reads compiled modules as it does by itself."""


class Failed(Exception):
    """A command that ended otherwise than it should, or not at all."""


@dataclass(frozen=True, slots=True)
class Sample:
    """CPU seconds, user and system, and the peak memory in KiB of one run."""

    cpu: float
    memory: int
    complete: bool = True


def measured(command: list[str], folder: Path, fine: tuple[int, ...]) -> Sample:
    """One run in a folder. ``fine`` are the exit codes of a run that did all its work; with one
    more, 2 of lint502, it is not complete. Raises :class:`Failed`."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(CHILD), str(CPU_SECONDS), *command],
        cwd=folder,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        out, said = process.communicate(timeout=CLOCK_SECONDS)
    except subprocess.TimeoutExpired:
        raise Failed(f"has not ended after {CLOCK_SECONDS} s") from None
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    words = out.split()
    if len(words) != 3:
        raise Failed(last_line(said))
    code, cpu, memory = int(words[0]), float(words[1]), int(words[2])
    if code == -signal.SIGXCPU:
        raise Failed(f"takes more than {CPU_SECONDS} s of CPU")
    if "Traceback (most recent call last)" in said or code not in (*fine, 2):
        raise Failed(f"ends with {code}: {last_line(said)}")
    return Sample(cpu, memory, complete=code in fine)


def last_line(text: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "nothing is said of why"
