"""Locations whose name is a variable, which decides whether they take a request: ``location $api``.

Source: ``ngx_http_core_find_location()`` in ``src/http/ngx_http_core_module.c``, and
https://nginx.org/en/docs/http/ngx_http_core_module.html#location
"""

from __future__ import annotations

from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.tree import Context, once_a_context
from lint502.nginx.variables import Variables
from lint502.nginx.version import Version

PREDICATES = Version(1, 31, 5)
"""The first release with them; in older ones it is the beginning of a URI, and no URI begins so."""


def is_predicate(location: Context) -> bool:
    """Whether the name of a location is a variable."""
    return len(location.args) == 1 and location.args[0].startswith("$")


@once_a_context
def holds(location: Context) -> bool | None:
    """Whether such a location takes the requests for which nginx comes to it: all of them where its
    variable is neither empty nor ``0``, whatever is asked for; None where that is not known."""
    server = location.enclosing("server")
    if server is None or server.parent is None or not server.seen_whole:
        return None
    written = location.args[0]
    if any(_may_set(level, written) for level in server.locations()):
        return None  # a request may come here again, after a rewrite there
    texts = _variables(server.parent).expand(written, server)
    answers = {_is_true(text.text) for text in texts or ()}
    return answers.pop() if len(answers) == 1 else None


def _is_true(text: str) -> bool | None:
    """Whether a text is neither empty nor ``0``; None where what is open in it decides that."""
    known = text.replace(UNKNOWN, "")
    if UNKNOWN in text and known in ("", "0"):
        return None
    return known not in ("", "0")


def _may_set(level: Context, variable: str) -> bool:
    inner = (level, *(child for child in level.children if child.name == "if"))
    lines = (line for one in inner for line in one.by_name.get("set", ()))
    return any(one.uncertain_of("set") for one in inner) or any(
        line.args[:1] == (variable,) for line in lines
    )


@once_a_context
def _variables(area: Context) -> Variables:
    return Variables(area)
