"""What of a request, besides its path and method, decides where a server leads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lint502.nginx.tree import Context, once_a_context
from lint502.patterns import regex

_TARGET = regex(r"\$\{?(arg|is_args|query|request_uri)")


class Depends(NamedTuple):
    """What the ways in a server depend on besides path and method: the host of the request, and its
    arguments."""

    host: bool
    target: bool


@once_a_context
def depends(server: Context) -> Depends:
    """What the lines of a server that lead requests on look at."""
    around = (arg for level in server.up() for arg in _leading_at(level))
    text = " ".join((*around, *_leading(server)))
    return Depends("host" in text, _TARGET.search(text) is not None)


def _leading(level: Context) -> Iterator[str]:
    yield from _leading_at(level)
    for child in level.children:
        if child.name == "if":
            yield from child.args
        yield from _leading(child)


def _leading_at(level: Context) -> Iterator[str]:
    for name in ("rewrite", "error_page", "try_files", "post_action"):
        for line in level.by_name.get(name, ()):
            yield from (arg for arg in line.args if "$" in arg)
