"""The directives of modules that are not in nginx's repository: their names, by module."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from textwrap import wrap
from typing import NamedTuple

from tools.from_nginx.documented import Documented

HEAD = """\
# Directives of modules that are not in nginx's repository, and of what is made from nginx.
#
# Written by: python -m tools.from_nginx. A row is a module, or a repository with several; `source`
# and `read` say where its names are from, and of which day that is; `prefixes` are how its names
# begin where nobody lists them. Read through lint502/nginx/known_directives.py.
"""
_NAME = re.compile(
    r'ngx_string\s*\(\s*"([A-Za-z]\w*)"\s*\)\s*,[^{}";]{0,400}?NGX_\w*CONF(?!IG)', re.ASCII
)
_RUST = re.compile(r'name:\s*ngx_string!\("([a-z]\w*)"\)')


class Module(NamedTuple):
    """A row of the table."""

    name: str
    source: str
    read: str
    names: frozenset[str]
    prefixes: tuple[str, ...] = ()


def names_in(path: str, text: str) -> frozenset[str]:
    """The directives of a source file of a module, in C, C++ or Rust."""
    return frozenset(_NAME.findall(text)) | frozenset(_RUST.findall(text))


def undocumented(pages: Iterable[Documented], known: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """What nginx's documentation has and its repository does not: commercial directives, and the
    modules that have a repository of their own; by module."""
    own = frozenset(known)
    found: dict[str, set[str]] = {}
    for one in pages:
        if one.name not in own:
            found.setdefault(one.module, set()).add(one.name)
    return {module: frozenset(names) for module, names in found.items()}


def table(modules: Iterable[Module]) -> str:
    """The text of the table."""
    lines = [HEAD]
    for one in sorted(modules, key=lambda module: module.name.lower()):
        lines.append(f'\n["{one.name}"]\nsource = "{one.source}"\nread = {one.read}\n')
        if one.prefixes:
            lines.append(f"prefixes = {list(one.prefixes)}\n".replace("'", '"'))
        names = wrap(" ".join(sorted(one.names)), 96)
        lines.append('names = """\n' + "\n".join(names) + '"""\n')
    return "".join(lines)
