"""The page of a rule as it is shown to people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lint502.patterns import regex
from lint502.published import rule_address
from lint502.report.lines import status_words

if TYPE_CHECKING:
    from lint502.pages import Page


_LINK_TO_RULE = regex(r"\[([^\[\]]*)\]\(([a-z0-9-]+)\.md\)")


def explanation(page: Page) -> str:
    """The page, in Markdown, with the facts of its front matter below the title. Links to other
    pages have their published address, or are plain text."""
    title, _, rest = _LINK_TO_RULE.sub(_linked, page.body).partition("\n")
    facts = [f"**{page.severity.value}**", status_words(page.status, page.frequency)]
    line = " · ".join(fact for fact in (*facts, f"nginx {page.nginx}") if fact)
    log = f"    {page.log}\n\n" if page.log else ""
    return f"{title}\n\n{line}\n\n{page.summary}\n\n{log}{rest.lstrip()}"


def _linked(link: re.Match[str]) -> str:
    address = rule_address(link[2])
    return f"[{link[1]}]({address})" if address else link[1]
