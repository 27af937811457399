"""The URI that ``proxy_pass`` puts in the place of its location's path.

Source: ``ngx_http_proxy_create_request()``: with a variable in the directive the URI is sent as it
stands, and without one the request's own, as a ``rewrite`` has left it.
"""

from __future__ import annotations

import re

from lint502.nginx.addresses import split_scheme
from lint502.nginx.hops import Hop
from lint502.patterns import regex

_PLAIN = regex(r"/[\w./~-]*", re.ASCII)
"""Paths that mean the same in a pattern, with their dots escaped, and in a ``rewrite``."""


def written_uri(hop: Hop) -> str:
    """The URI of a pass; "" where it has none."""
    _, rest = split_scheme(hop.value)
    if hop.kind != "proxy":
        return ""
    if rest[:5].lower() == "unix:":
        return rest[5:].partition(":")[2]
    start = next((i for i, character in enumerate(rest) if character in "/?"), len(rest))
    return rest[start:]


def rewrite_for(hop: Hop) -> str | None:
    """The ``rewrite`` that does what the URI of a pass does, "" where nothing needs to be done;
    None where none does."""
    uri, location = written_uri(hop), hop.context.enclosing("location")
    if not uri:
        return ""
    if location is None or not _PLAIN.fullmatch(uri):
        return None
    *modifier, path = location.args
    if not _PLAIN.fullmatch(path) or modifier not in ([], ["^~"], ["="]):
        return None
    if modifier == ["="]:
        return "" if uri == path else f"rewrite ^ {uri} break;"
    return "" if uri == path else f"rewrite ^{re.escape(path)}(.*)$ {uri}$1 break;"
