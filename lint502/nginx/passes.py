"""The ``*_pass`` lines of a configuration, each read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from lint502.nginx.addresses import Url
from lint502.nginx.parse import Directive
from lint502.nginx.pass_values import Kind, parse_pass
from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.tree import Context, once_a_context

_HTTP_PASSES: Mapping[str, Kind] = {
    "proxy_pass": "proxy",
    "fastcgi_pass": "fastcgi",
    "uwsgi_pass": "uwsgi",
    "scgi_pass": "scgi",
    "grpc_pass": "grpc",
    "memcached_pass": "memcached",
}
_WITHOUT_PASSES = frozenset(("upstream", "map", "geo", "split_clients"))
_STREAM_PASSES: Mapping[str, Kind] = {"proxy_pass": "stream"}


class Pass(Struct, frozen=True, eq=False):
    """One pass, and the context that it stands in. ``url`` is its value, where no variable or
    template says any of it; ``refusal`` is what nginx says of it instead, where it does not take
    it."""

    context: Context
    directive: Directive
    kind: Kind
    url: Url | None
    refusal: str | None


@once_a_context
def passes(area: Context) -> Sequence[Pass]:
    """Each pass of an ``http{}`` or ``stream{}``, in its order."""
    found: list[Pass] = []
    _collect(area, _STREAM_PASSES if area.name == "stream" else _HTTP_PASSES, found)
    return found


def _collect(context: Context, kinds: Mapping[str, Kind], found: list[Pass]) -> None:
    for item in context.items:
        if isinstance(item, Context):
            if item.name not in _WITHOUT_PASSES:
                _collect(item, kinds, found)
        elif item.name in kinds and item.args and item.block is None:
            found.append(_read(context, item, kinds[item.name]))


def _read(context: Context, directive: Directive, kind: Kind) -> Pass:
    value = directive.args[0]
    if not is_literal(value):
        return Pass(context, directive, kind, None, None)
    try:
        return Pass(context, directive, kind, parse_pass(kind, value), None)
    except ValueError as error:
        return Pass(context, directive, kind, None, str(error))


def is_literal(value: str) -> bool:
    """Whether nginx, and not a variable or a template, says all of it."""
    return "$" not in value and UNKNOWN not in value
