"""Templates as they are read, written down: each line with its place and what is open in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lint502.nginx.envsubst import Values
from lint502.nginx.files import Files
from lint502.nginx.hops import find_hops
from lint502.nginx.parse import Directive
from lint502.nginx.roots import RootLoader
from lint502.nginx.symbols import written
from lint502.nginx.tree import Context, Tree
from lint502.nginx.version import NEWEST


def read(
    folder: Path, text: str, name: str = "a.conf", values: dict[str, str] | None = None
) -> Tree:
    """The tree of one file."""
    (folder / name).write_text(text)
    return RootLoader(Files(folder), (), lambda: b"", Values(values)).load(str(folder / name))


def outline(tree: Tree) -> list[str]:
    """Each line of the tree but for the contexts around a fragment, indented: ``?`` before what may
    not be there, ``~`` before what is not known of it, ``…`` before what may be anything."""
    context = tree.main
    while tree.fragment and len(context.items) == 1 and not context.unseen:
        (inner,) = context.items
        if not isinstance(inner, Context) or not inner.partial:
            break
        context = inner
    return list(_lines(context, ""))


def _lines(context: Context, indent: str) -> Iterator[str]:
    for item in context.items:
        if isinstance(item, Context):
            opener = item.opener
            assert opener is not None, "it is written"
            yield indent + _line(opener, "?" if item.conditional else "")
            yield from _lines(item, indent + "  ")
        else:
            yield indent + _line(item, "?" if item.conditional else "")
    for lines in context.uncertain.values():
        yield from (indent + _line(line, "~") for line in lines)
    yield from (indent + _line(line, "…") for line in context.unseen)


def _line(line: Directive, mark: str) -> str:
    words = " ".join(map(written, (line.name, *line.args)))
    return f"{line.line}:{line.column} {mark}{words}"


def hops(tree: Tree) -> list[tuple[int, str, list[str], str | None]]:
    """Each hop: its line, its value, its targets, and why not all are known."""
    return [
        (
            hop.directive.line,
            hop.written,
            [str(target.address) for target in hop.targets],
            hop.unknown,
        )
        for hop in find_hops(tree, NEWEST, {})[0]
    ]
