"""Writes ``lint502/nginx/directive_syntax.toml`` from nginx's sources.

``python -m tools.directive_syntax CLONE`` reads the ``ngx_command_t`` tables of every release from
1.18.0 on in a clone of https://github.com/nginx/nginx with its tags.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from lint502.nginx.directive_syntax import MOST_ARGUMENTS
from lint502.nginx.version import OLDEST, Version

OUTPUT = Path(__file__).parent.parent / "lint502" / "nginx" / "directive_syntax.toml"

_RELEASE = re.compile(r"release-(\d+\.\d+\.\d+)")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_COMMAND = re.compile(r'\{\s*ngx_string\("([^"]+)"\),\s*((?:NGX_\w+_CONF\w*|NGX_CONF_\w+|[|\s])+),')
_CONTEXTS = {
    "NGX_MAIN_CONF": "main",
    "NGX_EVENT_CONF": "events",
    "NGX_HTTP_MAIN_CONF": "http",
    "NGX_HTTP_SRV_CONF": "http.server",
    "NGX_HTTP_LOC_CONF": "http.location",
    "NGX_HTTP_UPS_CONF": "http.upstream",
    "NGX_HTTP_SIF_CONF": "http.server.if",
    "NGX_HTTP_LIF_CONF": "http.location.if",
    "NGX_HTTP_LMT_CONF": "http.limit_except",
    "NGX_STREAM_MAIN_CONF": "stream",
    "NGX_STREAM_SRV_CONF": "stream.server",
    "NGX_STREAM_UPS_CONF": "stream.upstream",
    "NGX_MAIL_MAIN_CONF": "mail",
    "NGX_MAIL_SRV_CONF": "mail.server",
}
_NAMESAKES = frozenset(("sticky",))
"""What modules of others call their directives too, with other arguments."""

_HEAD = """\
# How nginx's directives are written: in which blocks, and with how many arguments.
#
# Written by: python -m tools.directive_syntax, from the ngx_command_t tables of nginx's sources
# (https://github.com/nginx/nginx), releases 1.18.0 to {newest}: what one of them takes counts as
# taken. Read through lint502/nginx/directive_syntax.py.
#
# A name has its blocks, then after a colon the numbers of arguments; "1+" is one or more, and "{{"
# tells that a block follows. "; " separates blocks that take other numbers.

"""

Found = dict[str, dict[str, set[str]]]


def main() -> None:
    """Write the file."""
    clone = sys.argv[1]
    releases = sorted(_releases(clone))
    found: Found = {}
    for release in releases:
        for name, contexts, takes in _commands(_sources(clone, f"release-{release}")):
            for context in contexts:
                found.setdefault(name, {}).setdefault(context, set()).update(takes)
    lines = (f'{name} = "{_written(found[name])}"' for name in sorted(found.keys() - _NAMESAKES))
    OUTPUT.write_text(_HEAD.format(newest=releases[-1]) + "\n".join(lines) + "\n")


def _releases(clone: str) -> Iterator[Version]:
    tags = subprocess.run(
        ["git", "-C", clone, "tag"], check=True, capture_output=True, text=True
    ).stdout.split()
    for match in filter(None, map(_RELEASE.fullmatch, tags)):
        version = Version.parse(match[1])
        if version >= OLDEST:
            yield version


def _sources(clone: str, tag: str) -> str:
    """The text of all C files of a release that have a table of directives."""
    done = subprocess.run(
        ["git", "-C", clone, "grep", "-h", "-A", "12", "ngx_string(\"", tag, "--", "src/*.c"],
        check=True,
        capture_output=True,
        text=True,
    )  # fmt: skip
    return _COMMENT.sub("", done.stdout)


def _commands(text: str) -> Iterator[tuple[str, list[str], set[str]]]:
    """Name, contexts, and what follows it, as ``"1"``, ``"1+"`` or ``"{"``."""
    for match in _COMMAND.finditer(text):
        flags = set(re.findall(r"\w+", match[2]))
        contexts = [context for flag, context in _CONTEXTS.items() if flag in flags]
        if "NGX_ANY_CONF" in flags:
            contexts = ["any"]
        yield match[1], contexts, set(_takes(flags))


def _takes(flags: set[str]) -> Iterator[str]:
    """Source: ``ngx_conf_handler()`` in ``src/core/ngx_conf_file.c``."""
    if "NGX_CONF_BLOCK" in flags:
        yield "{"
    if "NGX_CONF_ANY" in flags:
        yield "0+"
    elif "NGX_CONF_FLAG" in flags:
        yield "1"
    elif "NGX_CONF_1MORE" in flags:
        yield "1+"
    elif "NGX_CONF_2MORE" in flags:
        yield "2+"
    else:
        if "NGX_CONF_NOARGS" in flags:
            yield "0"
        for flag in flags:
            if flag.startswith("NGX_CONF_TAKE"):
                yield from flag.removeprefix("NGX_CONF_TAKE")


def _written(contexts: dict[str, set[str]]) -> str:
    alike: dict[str, list[str]] = {}
    for context, takes in contexts.items():
        least = min((int(one[0]) for one in takes if one.endswith("+")), default=MOST_ARGUMENTS + 1)
        numbers = [
            one for one in sorted(takes - {"{"}) if one == f"{least}+" or int(one[0]) < least
        ]
        alike.setdefault(" ".join((*numbers, *(takes & {"{"}))), []).append(context)
    order = ["any", *_CONTEXTS.values()]
    return "; ".join(
        f"{' '.join(sorted(names, key=order.index))}: {numbers}" for numbers, names in alike.items()
    )


if __name__ == "__main__":
    main()
