"""The nginx that is installed."""

from __future__ import annotations

from lint502 import programs
from lint502.nginx.version import Version


def installed_version() -> Version | None:
    """The version of the nginx on the PATH; None where there is none."""
    import subprocess

    binary = programs.found("nginx")
    if binary is None:
        return None
    try:
        output = subprocess.run(
            [binary, "-v"], capture_output=True, text=True, timeout=10, check=False
        ).stderr
        return Version.parse(output.rpartition("/")[2].split()[0])
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired):
        return None
