"""Clears up after a bench whose process is gone: ends its children, removes its folder.

It runs as ``python -I -S keeper.py FOLDER`` in a session of its own, so that neither Ctrl-C nor a
closing terminal reaches it. Standard input brings the process group of each child, one number a
line; its end means that the bench is gone, whichever way.
"""

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path


def main() -> None:
    """Wait for the end of standard input, then clear up."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    groups = [int(line) for line in sys.stdin if line.strip().isdecimal()]
    for group in (*groups, *_untold(Path(sys.argv[1]).resolve())):
        with contextlib.suppress(OSError):
            os.killpg(group, signal.SIGKILL)
    with contextlib.suppress(OSError):
        for folder in filter(Path.is_dir, Path(sys.argv[1]).iterdir()):
            folder.chmod(0o700)  # one that was closed on purpose cannot be emptied
    shutil.rmtree(sys.argv[1], ignore_errors=True)


def _untold(folder: Path) -> Iterator[int]:
    """The process groups of children of which a bench that was interrupted had no time to tell:
    they run in the folder, and, other than the shell of somebody who looks, without a terminal."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (process / "stat").read_text(errors="replace").rpartition(")")[2].split()
            group, terminal = fields[2], fields[4]
            if terminal == "0" and (process / "cwd").readlink().is_relative_to(folder):
                yield int(group)


if __name__ == "__main__":
    main()
