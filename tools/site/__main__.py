"""``python -m tools.site``: build the site into ``site/``. A warning of Zensical is an error."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tools.site.prepared import TOP, prepare


def build(work: Path, site: Path) -> None:
    """Build the site, by way of a folder in which all but the result stays. Raises
    ``subprocess.CalledProcessError`` where Zensical has something to complain about."""
    work.mkdir(parents=True, exist_ok=True)
    prepare(work)
    subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--clean", "--strict"], cwd=work, check=True
    )
    shutil.rmtree(site, ignore_errors=True)
    shutil.move(work / "site", site)


if __name__ == "__main__":
    try:
        build(TOP / "build" / "documentation", TOP / "site")
    except subprocess.CalledProcessError:
        sys.exit("the site is not built: Zensical says above what is wrong")
