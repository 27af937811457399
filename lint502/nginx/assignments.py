"""Where variables get their values: the lines that do it, and the levels that they stand in."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.nginx.parse import Directive
from lint502.nginx.tree import Context, once_a_context
from lint502.patterns import regex

_CODE = regex(
    r"(server_rewrite|rewrite|access|precontent|set|preread|content)_by_lua(_block|_file)?"
    r"|js_(access|content|filter|preread)|perl"
)


def deciding_level(context: Context, server: Context) -> Context:
    """The level whose ``set`` lines run last before a hop: its ``if``, its location, its server."""
    for level in context.up():
        if level.name in ("if", "location") or level is server:
            return level
    return server


def assigns(line: Directive) -> bool:
    """Whether a ``set`` line is as nginx takes it."""
    return len(line.args) == 2 and line.args[0].startswith("$")


def assigned_names(level: Context) -> Iterator[str]:
    """The names that the ``set`` lines of a level assign, those in its ``if`` too."""
    for inner in (level, *(child for child in level.children if child.name == "if")):
        for line in inner.by_name.get("set", ()):
            if assigns(line):
                yield line.args[0][1:]


def leads_on_by_rewrite(location: Context) -> bool:
    """Whether a ``rewrite`` here leads to another location."""
    levels = [location, *(child for child in location.children if child.name == "if")]
    return any(
        line.args[2:] in ((), ("last",))
        for level in levels
        for line in level.by_name.get("rewrite", ())
    )


@once_a_context
def is_conditional(block: Context) -> bool:
    """Whether a template has a block, or some of it, in one branch of its logic."""
    return block.conditional or any(item.conditional for item in block.items)


@once_a_context
def runs_code(level: Context) -> bool:
    """Whether Lua, njs or Perl run here, which may write any variable."""
    return any(_CODE.fullmatch(name) for name in level.by_name)
