"""What the build makes: in the metadata the published addresses, and the README with links that
lead somewhere from an index of packages, where relative ones are dead; in a wheel the tables as
JSON besides, which lint502 reads in a tenth of the time."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

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


class Tables(BuildHookInterface[Any]):
    """Puts the tables that ``lint502/packaged.py`` reads into the wheel as JSON, too. The checkout,
    also one that is installed as it is, has none: there they could be older than the TOML."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write those of :data:`_TABLES` for which JSON has all types."""
        if version != "standard":
            return
        self._made = Path(tempfile.mkdtemp())
        top = Path(self.root)
        for folder in _TABLES:
            for path in sorted((top / folder).glob("*.toml")):
                table = tomllib.loads(path.read_text(encoding="utf-8"))
                text = json.dumps(table, ensure_ascii=False, separators=(",", ":"), default=str)
                if json.loads(text) == table:
                    name = f"{folder}/{path.stem}.json"
                    made = self._made / name.replace("/", "-")
                    made.write_text(text, encoding="utf-8")
                    build_data["force_include"][str(made)] = name

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was written."""
        if version == "standard":
            shutil.rmtree(self._made)


_TABLES = ("lint502/behaviour", "lint502/diagnosis", "lint502/nginx")


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
