"""Directives of which it is not known what they say, and those that are kept all the same."""

from __future__ import annotations

from lint502.nginx.parse import Directive
from lint502.nginx.symbols import UNKNOWN
from lint502.patterns import regex

_CAPITALS = regex(r"\$(?:\{[A-Z]|[A-Z][A-Z0-9_]+(?![A-Za-z0-9_]))")
_FOLLOWED = frozenset(
    ("proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass", "set")
)
"""What they say is followed up to where it is not known."""

_ENTRIES = frozenset(("map", "geo", "split_clients"))
_WITHOUT_VARIABLES = frozenset(("listen", "server_name", "resolver", "keepalive"))
_NAMED = ("_set_header", "_param")
"""Lines that add up, each under a name of its own."""


def is_uncertain(context: str, directive: Directive) -> bool:
    """Whether it is not known what a line in such a context says, so that it is not among the
    items: a template has it in one branch of its logic, or leaves an argument open.

    Passes, variables and the servers of an ``upstream{}`` are kept, with what is open in them; so
    are headers and parameters whose name is known.
    """
    name, args = directive.name, directive.args
    if name in _WITHOUT_VARIABLES and any("$" in arg and _CAPITALS.search(arg) for arg in args):
        return True  # ${HOST} is no variable of nginx's here
    if not (directive.open or directive.conditional):
        return False
    if name in _FOLLOWED or context in _ENTRIES or (context == "upstream" and name == "server"):
        return False
    named = name.endswith(_NAMED) and len(args) > 1 and UNKNOWN not in args[0]
    return directive.conditional or not named
