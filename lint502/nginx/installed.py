"""The nginx that is installed."""

from __future__ import annotations

from lint502 import programs
from lint502.nginx.derivatives import Named, said

_PROGRAMS = ("nginx", "angie", "openresty", "tengine", "freenginx")


def installed_version() -> Named | None:
    """The version of the nginx on the PATH, or of what is made from it; None where there is
    none."""
    import subprocess

    for name in _PROGRAMS:
        binary = programs.found(name)
        if binary is None:
            continue
        try:
            output = subprocess.run(
                [binary, "-v"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=10,
                check=False,
            ).stderr
        except (OSError, subprocess.TimeoutExpired):
            continue
        found = said(output)
        if found is not None:
            return found
    return None
