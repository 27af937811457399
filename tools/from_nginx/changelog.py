"""The releases of nginx, and what changed in each."""

from __future__ import annotations

import json
from collections.abc import Iterable

from lint502.nginx.version import OLDEST, Version
from tools.from_nginx.documented import Release

RELEASES_HEAD = """\
# The releases of nginx that lint502 knows, each with its day.
#
# Written by: python -m tools.from_nginx, from docs/xml/nginx/changes.xml of
# https://github.com/nginx/nginx, and for what is newer from tools/from_nginx/later.toml. Read
# through lint502/nginx/releases.py.

"""
CHANGES_HEAD = """\
# What changed in each release of nginx, in the words of https://nginx.org/en/CHANGES.
#
# Written by: python -m tools.from_nginx, from docs/xml/nginx/changes.xml of
# https://github.com/nginx/nginx, and for what is newer from tools/from_nginx/later.toml. Entries on
# security are left out. What of this bears on a hop stands in changes.toml. Read through
# lint502/nginx/changelog.py.
"""
KINDS = ("change", "feature", "bugfix", "workaround", "other")
_BRANCH = "stable branch"


def known(found: Iterable[Release]) -> dict[Version, Release]:
    """The releases from the oldest on that lint502 knows, in the order of their numbers."""
    each = {Version.parse(release.version): release for release in found}
    return {version: each[version] for version in sorted(each) if version >= OLDEST}


def releases(found: dict[Version, Release]) -> str:
    """The text of ``releases.toml``."""
    return RELEASES_HEAD + "".join(
        f'"{version}" = {release.date}\n' for version, release in found.items()
    )


def changes(found: dict[Version, Release]) -> str:
    """The text of ``changelog.toml``."""
    lines = [CHANGES_HEAD]
    for version, release in found.items():
        entries = [one for one in release.entries if one.kind in KINDS and _BRANCH not in one.text]
        if entries:
            lines.append(f'\n["{version}"]\n')
        for kind in KINDS:
            texts = [one.text for one in entries if one.kind == kind]
            if texts:
                lines.append(f"{kind} = [\n")
                lines += (f"    {json.dumps(text, ensure_ascii=False)},\n" for text in texts)
                lines.append("]\n")
    return "".join(lines)
