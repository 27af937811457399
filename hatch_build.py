"""What the build puts into the metadata: the published addresses, and the README with links that
lead somewhere from an index of packages, where relative ones are dead."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_RELATIVE_LINK = re.compile(r"\]\((?!\w+:|#|/)([^)\s]+)\)")


class PublishedAddresses(MetadataHookInterface):
    """Fills in ``urls`` and ``readme`` from ``lint502/published.py``."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add to the metadata what ``dynamic`` leaves open."""
        top = Path(self.root)
        published = runpy.run_path(str(top / "lint502" / "published.py"))
        repository = published["REPOSITORY"]
        metadata["urls"] = urls(published["DOCUMENTATION"], repository)
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": with_whole_links((top / "README.md").read_text(encoding="utf-8"), repository),
        }


def urls(documentation: str, repository: str) -> dict[str, str]:
    """``[project.urls]``: of the addresses those that are not empty."""
    found = {"Documentation": documentation} if documentation else {}
    if repository:
        found["Source"] = repository
        found["Changelog"] = f"{repository}/blob/HEAD/CHANGELOG.md"
        found["Issues"] = f"{repository}/issues"
    return found


def with_whole_links(text: str, repository: str) -> str:
    """Markdown with its relative links made whole; as it is where there is no repository."""
    if not repository:
        return text
    return _RELATIVE_LINK.sub(rf"]({repository}/blob/HEAD/\1)", text)
