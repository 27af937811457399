"""Refuse a release that is not ready: ``python -m tools.release v1.2.3``.

It needs no package, so that a workflow can run it first.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

_VERSION = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)
_ADDRESS = re.compile(r'^(DOCUMENTATION|REPOSITORY)\b.* = ""$', re.MULTILINE)


def obstacles(top: Path, tag: str) -> Iterator[str]:
    """What stands in the way of releasing the repository at ``top`` with this tag."""
    found = _VERSION.search((top / "lint502/__init__.py").read_text(encoding="utf-8"))
    version = "" if found is None else found[1]
    if tag != f"v{version}":
        yield f"the tag {tag} is not that of lint502/__init__.py, v{version}"
    changelog = (top / "CHANGELOG.md").read_text(encoding="utf-8")
    section = rf"^## \[?{re.escape(version)}\]?(?: [^\n]*)?\n(.*?)(?=^## |\Z)"
    lines = re.search(section, changelog, re.MULTILINE | re.DOTALL)
    if lines is None:
        yield f"CHANGELOG.md has no section of {version}"
    elif not lines[1].strip():
        yield f"the section of {version} in CHANGELOG.md says nothing"
    published = top / "lint502/published.py"
    for name in _ADDRESS.findall(published.read_text(encoding="utf-8")):
        yield f"lint502/published.py has no address as {name}"


def main() -> int:
    """Say what stands in the way of the tag that is given; 0 where nothing does."""
    if len(sys.argv) != 2:
        sys.exit("which tag? python -m tools.release v1.2.3")
    found = list(obstacles(Path.cwd(), sys.argv[1]))
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
