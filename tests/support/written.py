"""A small configuration as it is written: a plan that replaces addresses and nothing else.

For files of one ``http {}`` or ``stream {}``, as the pages of the rules have them. Times become
shorter where they are written, and the defaults of the pass directives' timeouts are written out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from lint502.lab.behind import Planned
from lint502.lab.names import dns_mark
from lint502.lab.plan import CERTIFICATES, LISTEN, Plan
from lint502.nginx.directives import directive
from lint502.nginx.hops import Hop, Target
from lint502.nginx.parse import Directive
from lint502.nginx.tree import Context, Tree
from lint502.nginx.values import parse_time
from lint502.nginx.version import Version

_FAMILIES = ("proxy", "fastcgi", "uwsgi", "scgi", "grpc", "memcached")
_TIMEOUTS = ("connect_timeout", "send_timeout", "read_timeout")


@dataclass(frozen=True, slots=True)
class _Edit:
    line: int
    column: int
    end_column: int
    text: str


def as_written(plan: Plan, text: str, tree: Tree, hops: Sequence[Hop], version: Version) -> Plan:
    """The plan of a hop with the whole text of its file in the place of the smallest one, but for
    what an nginx of this version does not know."""
    areas = [child for child in tree.main.children if child.name in ("http", "stream")]
    assert len(areas) == 1, "a page has one http {} or stream {}"
    edits = {
        (edit.line, edit.column): edit
        for edit in (
            *_addresses(target for hop in hops for target in hop.targets),
            *_down(areas[0]),
            *_directives(areas[0], plan.factor, version),
            *_ports(hops),
        )
    }
    inner = _inside(_edited(text, edits.values()), areas[0].name)
    known = {server.address for server in plan.servers}
    others = {target.address for hop in hops for target in hop.targets} - known
    plan = replace(
        plan, servers=(*plan.servers, *(Planned(address, None, False) for address in others))
    )
    if areas[0].name == "stream":
        return replace(plan, stream=inner)
    defaults = "".join(_defaults(areas[0], plan.factor)) if plan.factor != 1 else ""
    return replace(plan, http=defaults + inner)


def _addresses(targets: Iterable[Target]) -> Iterator[_Edit]:
    for target in targets:
        if not target.needs_resolver:
            yield from _replaced(target.written, target.arg, str(target.address))


def _ports(hops: Sequence[Hop]) -> Iterator[_Edit]:
    """The port behind a name that is looked up at run time."""
    for hop in hops:
        for target in hop.targets:
            if target.needs_resolver:
                place = hop.directive.arg_place(0)
                written = hop.value.replace(
                    f":{target.address.port}", f":@port of {target.address}@"
                )
                yield _Edit(place.line, place.column, place.end_column, written)


def _down(area: Context) -> Iterator[_Edit]:
    """Servers that are down need an address that exists, and no more."""
    for block in area.children:
        for line in block.by_name.get("server", ()) if block.name == "upstream" else ():
            if "down" in line.args:
                place = line.arg_place(0)
                yield _Edit(place.line, place.column, place.end_column, "127.0.0.1:9")


def _replaced(line: Directive, arg: int, address: str) -> Iterator[_Edit]:
    place, written = line.arg_place(arg), line.args[arg]
    host = address.rpartition(":")[0] if address not in written else address
    text = written.replace(host, f"@{address}@", 1)
    yield _Edit(place.line, place.column, place.end_column, text)


def _directives(context: Context, factor: float, version: Version) -> Iterator[_Edit]:
    """``listen`` and ``resolver`` lead to the lab; times become shorter."""
    for item in context.items:
        if isinstance(item, Context):
            yield from _directives(item, factor, version)
            continue
        place = item.arg_place(0)
        area = "upstream" if context.name == "upstream" else "http"
        info = directive(area, item.name)
        if item.name == "listen":
            yield _Edit(place.line, place.column, place.end_column, LISTEN)
        elif item.name == "resolver":
            yield from _name_servers(item)
        elif (file := _certificate(item.name)) is not None:
            yield _Edit(place.line, place.column, place.end_column, f"{CERTIFICATES}/{file}")
        elif info is not None and info.since is not None and info.since > version:
            yield _Edit(item.line, item.column, place.end_column, "set $unknown_to_it on")
        elif info is not None and info.type == "time" and factor != 1:
            time = max(1, round(parse_time(item.args[0]) / factor))
            yield _Edit(place.line, place.column, place.end_column, f"{time}ms")


def _name_servers(resolver: Directive) -> Iterator[_Edit]:
    servers = [index for index, arg in enumerate(resolver.args) if "=" not in arg]
    for number, index in enumerate(servers):
        place = resolver.arg_place(index)
        yield _Edit(place.line, place.column, place.end_column, dns_mark(number))


def _certificate(name: str) -> str | None:
    """The lab's own file in the place of one that a directive names."""
    suffix = name.rpartition("ssl_")[2]
    return {
        "trusted_certificate": "ca.pem",
        "certificate": "client.pem",
        "certificate_key": "client.key",
    }.get(suffix)


def _defaults(area: Context, factor: float) -> Iterator[str]:
    for name in (f"{family}_{timeout}" for family in _FAMILIES for timeout in _TIMEOUTS):
        info = directive("http", name)
        if info is not None and name not in area.by_name:
            milliseconds = round(parse_time(info.defaults[-1][1]) / factor)
            yield f"    {name} {milliseconds}ms;\n"
    if "keepalive_timeout" not in area.by_name:
        yield f"    keepalive_timeout {round(75_000 / factor)}ms;\n"


def _edited(text: str, edits: Iterable[_Edit]) -> str:
    lines = text.splitlines()
    for edit in sorted(edits, key=lambda edit: (edit.line, edit.column), reverse=True):
        line = lines[edit.line - 1]
        lines[edit.line - 1] = line[: edit.column - 1] + edit.text + line[edit.end_column - 1 :]
    return "\n".join(lines) + "\n"


def _inside(text: str, area: str) -> str:
    match = re.search(rf"^{area} \{{\n(.*)^\}}\n", text, re.MULTILINE | re.DOTALL)
    assert match is not None, f"a page has {area} {{}} on lines of its own"
    return match[1]
