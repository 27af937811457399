"""Which targets of a pass a request is for, where a ``map`` chooses them by what is known of it.

Source: ``ngx_http_map_find()`` in ``src/http/ngx_http_variables.c``: exact keys without regard to
case, then regular expressions in their order, then the default.
"""

from __future__ import annotations

from lint502.behaviour.rewriting import Asked, Request, value_of
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.regexes import search
from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.tree import Context
from lint502.patterns import regex

_VARIABLE = regex(r"\$(?:\{(\w+)\}|(\w+))")
_SPECIAL = ("default", "hostnames", "volatile", "include")


def groups_of(hop: Hop, request: Request, asked: Asked) -> frozenset[int] | None:
    """The groups of its targets that a request is for; None where that is not known."""
    used = _VARIABLE.findall(hop.value)
    if len(used) != 1:
        return None
    name = used[0][0] or used[0][1]
    chosen = _chosen(hop.context, name, request, asked)
    texts = hop.variables.expand(hop.value, hop.context)
    if chosen is None or texts is None or "$" in chosen or UNKNOWN in chosen:
        return None
    made = _VARIABLE.sub(lambda _: chosen, hop.value)
    found = frozenset(number for number, one in enumerate(texts) if one.text == made)
    return found or None


def _chosen(context: Context, name: str, request: Request, asked: Asked) -> str | None:
    """What a variable is, where a ``map`` makes it of what is known."""
    area = context.enclosing("http")
    blocks = [] if area is None else [one for one in area.children if one.name == "map"]
    found = [one for one in blocks if one.args[1:2] == (f"${name}",)]
    source = _VARIABLE.fullmatch(found[0].args[0]) if len(found) == 1 else None
    if source is None or found[0].unseen or found[0].uncertain or found[0].conditional:
        return None
    known = value_of(source[1] or source[2], request, asked)
    return None if known is None or known.open else _looked_up(found[0], known.text)


def _looked_up(block: Context, key: str) -> str | None:
    lines = [one for one in block.items if isinstance(one, Directive)]
    for line in lines:
        written = line.name.removeprefix("\\")
        if line.name not in _SPECIAL and written.lower() == key.lower() and written[:1] != "~":
            return _value(line)
    if "hostnames" in block.by_name:
        return None
    for line in lines:
        if line.name.startswith("~"):
            folded = line.name.startswith("~*")
            matched = search(line.name[1 + folded :], key, case=not folded).matches
            if matched is None:
                return None
            if matched:
                return _value(line)
    default = block.by_name.get("default", ())
    return _value(default[-1]) if default else ""


def _value(line: Directive) -> str | None:
    return line.args[0] if len(line.args) == 1 else None
