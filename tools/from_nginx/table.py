"""The table of directives: what all releases have, put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from lint502.nginx.directive_syntax import MOST_ARGUMENTS
from lint502.nginx.version import Version
from tools.from_nginx.commands import CONTEXTS, Command

HEAD = """\
# nginx's directives by module: in which blocks they stand, and with how many arguments.
#
# Written by: python -m tools.from_nginx, from the ngx_command_t tables of nginx's sources
# (https://github.com/nginx/nginx), releases {oldest} to {newest}, and for what is newer than these
# from tools/from_nginx/later.toml. What one release takes counts as taken. Read through
# lint502/nginx/directive_table.py.
#
# A name has its blocks, then after a colon the numbers of arguments; "1+" is one or more, and "{{"
# tells that a block follows. "; " separates blocks that take other numbers. `since` is the first
# release that has it, where that is later than the oldest; `before` the first that has it no more.
"""
_NAMESAKES = frozenset(("sticky",))
"""What modules of others call their directives too, with other arguments: they take any."""

_ORDER = ("any", *CONTEXTS.values())


class Directive:
    """One directive of a module, with the releases that have it."""

    def __init__(self) -> None:
        self.contexts: dict[str, set[str]] = {}
        self.releases: list[Version] = []

    def add(self, release: Version, command: Command) -> None:
        """Take in what a release has of it."""
        takes = {"0+"} if command.name in _NAMESAKES else command.takes
        for context in command.contexts:
            self.contexts.setdefault(context, set()).update(takes)
        if release not in self.releases[-1:]:
            self.releases.append(release)

    @property
    def takes(self) -> str:
        """As the table writes it."""
        alike: dict[str, list[str]] = {}
        for context in sorted(self.contexts, key=_ORDER.index):
            alike.setdefault(_numbers(self.contexts[context]), []).append(context)
        return "; ".join(f"{' '.join(contexts)}: {takes}" for takes, contexts in alike.items())


def table(found: Mapping[Version, Iterable[Command]]) -> str:
    """The text of the table. ``found`` has the directives of each release, the oldest first."""
    releases = list(found)
    modules: dict[str, dict[str, Directive]] = {}
    for release, commands in found.items():
        for command in commands:
            module = modules.setdefault(command.module, {})
            module.setdefault(command.name, Directive()).add(release, command)
    lines = [HEAD.format(oldest=releases[0], newest=releases[-1])]
    for name in sorted(modules):
        lines.append(f"\n[{name}]\n")
        lines += (
            f"{directive} = {_row(one, releases)}\n"
            for directive, one in sorted(modules[name].items())
        )
    return "".join(lines)


def _row(directive: Directive, releases: list[Version]) -> str:
    parts = [f'"{directive.takes}"', *_bounds(directive.releases, releases)]
    return parts[0] if len(parts) == 1 else f"{{ takes = {', '.join(parts)} }}"


def _bounds(own: list[Version], releases: list[Version]) -> Iterator[str]:
    if own[0] != releases[0]:
        yield f'since = "{own[0]}"'
    if own[-1] != releases[-1]:
        yield f'before = "{releases[releases.index(own[-1]) + 1]}"'


def _numbers(takes: set[str]) -> str:
    least = min((int(one[0]) for one in takes if one.endswith("+")), default=MOST_ARGUMENTS + 1)
    numbers = [one for one in sorted(takes - {"{"}) if one == f"{least}+" or int(one[0]) < least]
    return " ".join((*numbers, *(takes & {"{"})))
