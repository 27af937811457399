"""Links of a file of the repository, as the site has them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

_FENCED = re.compile(r"^ {0,3}(```+|~~~+).*?^ {0,3}\1[ \t]*$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\((?!\w+:|#)([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Links:
    """Where files of the repository are on the site: ``{"docs/ci.md": "ci.md"}``; and the address
    of the repository, "" where it is not published."""

    pages: Mapping[str, str]
    repository: str

    def rewritten(self, text: str, source: str) -> str:
        """The Markdown of a file, with its relative links as its page on the site has them."""
        result, end = [], 0
        for fenced in _FENCED.finditer(text):
            result += [self._in_prose(text[end : fenced.start()], source), fenced[0]]
            end = fenced.end()
        return "".join((*result, self._in_prose(text[end:], source)))

    def _in_prose(self, text: str, source: str) -> str:
        def link(match: re.Match[str]) -> str:
            address = self._address(match[2], source)
            return match[1] if address is None else f"[{match[1]}]({address})"

        return _LINK.sub(link, text)

    def _address(self, target: str, source: str) -> str | None:
        """Where a link leads to; None where that is neither on the site nor published."""
        path, mark, anchor = target.partition("#")
        file = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        page = self.pages.get(file)
        if page is not None:
            here = posixpath.dirname(self.pages[source])
            return posixpath.relpath(page, here or ".") + mark + anchor
        return f"{self.repository}/blob/HEAD/{file}{mark}{anchor}" if self.repository else None
