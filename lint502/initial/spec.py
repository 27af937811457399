"""The text of an ``upstreams.toml`` for what hops reach."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from itertools import islice

from lint502.initial.entries import Entry
from lint502.initial.facts import fact_lines, stated_by, toml, unknown_lines
from lint502.reading import shown
from lint502.report_model import HopReport
from lint502.wording import listed

_HEAD = """\
# What stands behind nginx. What other files state stands here as a comment, with its place: it
# counts from there. Fill in what only you know, without the "#" before it.
"""
_HEADERS_ONLY = "# What stands behind nginx: nothing that could be named was found.\n"


_MOST_HOPS = 50
"""As many undecidable hops as a file names."""


def spec_text(found: Sequence[Entry], hops: Sequence[HopReport]) -> str:
    """A whole file: a table for each upstream, and the hops whose targets are not known."""
    tables = tables_text(found, ())
    parts = [_HEAD if tables else _HEADERS_ONLY, *tables.values()]
    unknown = list(_undecidable(hops))
    if unknown:
        parts.append("".join(f"{line}\n" for line in unknown))
    return "\n".join(parts)


def tables_text(found: Sequence[Entry], known: Container[str]) -> dict[str, str]:
    """The tables of upstreams by their names, but those ``known``, which a file has."""
    return {
        entry.name: _table(entry)
        for entry in found
        if entry.name not in known and not entry.declared
    }


def _table(entry: Entry) -> str:
    """A table without a key that counts; of a name that none can have, a comment."""
    if not is_name(entry.name):
        return f"# {shown(entry.name)}: no table can have this name; declare it by its hosts\n"
    comments = list(_lines(entry))
    if not entry.listeners or not any(True for one in entry.listeners for _ in fact_lines(one)):
        comments.insert(0, "nothing states what stands there")
    lines = [_header(entry.name), *(f"# {shown(line)}" for line in comments)]
    return "".join(f"{line}\n" for line in lines)


def _header(name: str) -> str:
    """``[upstream.NAME]``, quoted where that takes it."""
    import tomlkit

    document, above = tomlkit.document(), tomlkit.table(is_super_table=True)
    above.append(name, tomlkit.table())
    document.append("upstream", above)
    return tomlkit.dumps(document).strip("\n")


def is_name(name: str) -> bool:
    """Whether a table can have a name, and show it as it is."""
    from lint502.declared.sources.upstreams_toml.values import name as checked

    try:
        return checked(name).isprintable()
    except ValueError:
        return False


def _lines(entry: Entry) -> Iterator[str]:
    groups = [
        [f"{line}  # {stated_by(fact)}" for line, fact in fact_lines(listener)]
        for listener in entry.listeners
    ]
    groups = [list(group) for group in dict.fromkeys(map(tuple, groups))]
    if len(groups) > 1:
        yield "several listeners: to say something of one, make it [[…]] tables, each with its port"
    for number, group in enumerate(groups):
        if number:
            yield "or:"
        yield from group
    yield from _connected_to(entry)
    yield from unknown_lines(entry.listeners, entry.kinds)


def _connected_to(entry: Entry) -> Iterator[str]:
    """What nginx connects to, which may be where the upstream listens."""
    found: dict[str, dict[str, None]] = {}
    hosts: dict[str, None] = {}
    for target in entry.targets:
        address, place = target.address, target.place()
        where = f"{place.file}:{place.line}"
        key = f"port = {address.port}"
        if address.socket is not None:
            key = f"socket = {toml(address.socket)}"
        elif address.host != entry.name.lower():
            hosts[address.host] = None
        found.setdefault(key, {})[where] = None
    if hosts:
        yield f"hosts = {toml(list(hosts))}  # to which nginx connects"
    for key, places in found.items():
        yield f"{key}  # to which nginx connects: {listed(places)}"


def _undecidable(hops: Sequence[HopReport]) -> Iterator[str]:
    unknown = {
        f"{hop.place.file}:{hop.place.line} {hop.directive} {hop.value}": hop.reason
        for hop in hops
        if hop.state == "undecidable"
    }
    if unknown:
        yield "# Where these hops go cannot be known from the files:"
    for hop, why in islice(unknown.items(), _MOST_HOPS):
        yield f"#   {shown(hop if why is None else f'{hop}: {why}')}"
    if len(unknown) > _MOST_HOPS:
        yield f"#   and {len(unknown) - _MOST_HOPS} more"
