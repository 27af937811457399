"""The page of a rule as it is shown to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lint502.report.lines import status_words

if TYPE_CHECKING:
    from lint502.pages import Page


def explanation(page: Page) -> str:
    """The page, in Markdown, with the facts of its front matter below the title."""
    title, _, rest = page.body.partition("\n")
    facts = [f"**{page.severity.value}**", status_words(page.status, page.frequency)]
    line = " · ".join(fact for fact in (*facts, f"nginx {page.nginx}") if fact)
    log = f"    {page.log}\n\n" if page.log else ""
    return f"{title}\n\n{line}\n\n{page.summary}\n\n{log}{rest.lstrip()}"
