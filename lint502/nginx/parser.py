"""crossplane's parser, with other tokens than those of its own lexer.

Two packages install the import name ``crossplane``: nginxinc's crossplane, and ngxparse, a fork of
it that gixy-ng brings. In one environment the files of the one overwrite those of the other, and
go with either; so lint502 takes what it finds, where that parses as it has to.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.machinery import PathFinder
from operator import attrgetter
from typing import Any

from lint502 import installation

Lexed = tuple[str, int, bool]
"""A token: its text, its line, and whether it was quoted."""
Statement = dict[str, Any]
"""As crossplane has it: ``directive``, ``line``, ``args``, and ``block`` where there is one."""


class CrossplaneError(Exception):
    """There is no crossplane, or what answers to its name is something else."""


def parse(tokens: Iterable[Lexed], prepare_if: Callable[[Statement], None]) -> list[Statement]:
    """The statements of a file's tokens, with ``prepare_if`` for each ``if``.

    Raises :class:`CrossplaneError`, and what giving the tokens raises.
    """
    return _parse(_module(), tokens, prepare_if)


class _File(str):
    """The name of a file, as crossplane hands it to its lexer, with the tokens of the file."""

    tokens: Iterator[Lexed]


def _parse(
    module: types.ModuleType, tokens: Iterable[Lexed], prepare_if: Callable[[Statement], None]
) -> list[Statement]:
    file = _File()
    file.tokens = iter(tokens)
    payload = _functions(module, prepare_if)["parse"](
        file, single=True, check_ctx=False, check_args=False, strict=False, catch_errors=False
    )
    del file.tokens  # crossplane's parser refers to itself, and nobody collects garbage
    if payload["errors"]:  # the tokenizer refuses first whatever crossplane would
        raise AssertionError(f"crossplane refused what the tokenizer took: {payload['errors']}")
    parsed: list[Statement] = payload["config"][0]["parsed"]
    return parsed


@cache
def _functions(
    module: types.ModuleType, prepare_if: Callable[[Statement], None]
) -> Mapping[str, Any]:
    """The functions of crossplane's parser, copied with globals of their own: crossplane stays as
    it is for whoever else uses it in this process."""
    copied: dict[str, Any] = dict(vars(module))
    for name, value in vars(module).items():
        if isinstance(value, types.FunctionType) and value.__globals__ is vars(module):
            copied[name] = types.FunctionType(
                value.__code__, copied, name, value.__defaults__, value.__closure__
            )
    copied |= {"lex": attrgetter("tokens"), "_prepare_if_args": prepare_if}
    return copied


@cache
def _module() -> types.ModuleType:
    try:
        module = import_module("crossplane.parser")
    except ImportError:
        pass
    else:
        if _parses(module):
            return module
    again = installation.command("crossplane", again=True)
    spec = PathFinder.find_spec("crossplane")
    if spec is None or spec.origin is None:
        raise CrossplaneError(
            "this package is not installed here any more: it goes when ngxparse is uninstalled, "
            f"which gixy-ng brings. Install it again with: {again}"
        )
    raise CrossplaneError(
        f"what is installed here under this name ({spec.origin}) is not what lint502 needs. "
        "Install lint502 with pipx, or in an environment of its own; or put crossplane back with: "
        + again
    )


_TOKENS = (("a", 1), ("b", 2), ("{", 2), ("if", 3), ("c", 3), ("{", 3), ("}", 3), ("}", 4))
_STATEMENTS = [
    {
        "directive": "a",
        "line": 1,
        "args": ["b"],
        "block": [{"directive": "if", "line": 3, "args": ["c", "prepared"], "block": []}],
    }
]


def _parses(module: types.ModuleType) -> bool:
    """Whether the module's parser takes other tokens and makes of them what it should."""

    def prepare_if(statement: Statement) -> None:
        statement["args"].append("prepared")

    try:
        tokens = ((text, line, False) for text, line in _TOKENS)
        return _parse(module, tokens, prepare_if) == _STATEMENTS
    except Exception:  # whatever it is, it is not what lint502 knows
        return False
