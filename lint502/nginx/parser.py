"""crossplane's parser, with other tokens than those of its own lexer.

Two packages install the import name ``crossplane``: nginxinc's crossplane, and ngxparse, a fork of
it that gixy-ng brings. In one environment the files of the one overwrite those of the other, and
go with either; so lint502 takes what it finds, where that parses as it has to.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from importlib.machinery import PathFinder
from typing import Any

from lint502 import installation

Lexer = Callable[[str], Iterator[tuple[str, int, bool]]]
"""From the name of a file to its tokens: text, line, and whether it was quoted."""
Statement = dict[str, Any]
"""As crossplane has it: ``directive``, ``line``, ``args``, and ``block`` where there is one."""


class CrossplaneError(Exception):
    """There is no crossplane, or what answers to its name is something else."""


def parse(lex: Lexer, prepare_if: Callable[[Statement], None]) -> list[Statement]:
    """The statements of the tokens that ``lex`` gives, with ``prepare_if`` for each ``if``.

    Raises :class:`CrossplaneError`, and what ``lex`` raises.
    """
    payload = _parse(_module(), lex, prepare_if)
    if payload["errors"]:  # the tokenizer refuses first whatever crossplane would
        raise AssertionError(f"crossplane refused what the tokenizer took: {payload['errors']}")
    parsed: list[Statement] = payload["config"][0]["parsed"]
    return parsed


def _parse(module: types.ModuleType, lex: Lexer, prepare_if: Callable[[Statement], None]) -> Any:
    """What the module's ``parse`` returns, from copies of its functions with globals of their own:
    crossplane stays as it is for whoever else uses it in this process."""
    copied: dict[str, Any] = dict(vars(module))
    for name, value in vars(module).items():
        if isinstance(value, types.FunctionType) and value.__globals__ is vars(module):
            copied[name] = types.FunctionType(
                value.__code__, copied, name, value.__defaults__, value.__closure__
            )
    copied |= {"lex": lex, "_prepare_if_args": prepare_if}
    try:
        return copied["parse"](
            "", single=True, check_ctx=False, check_args=False, strict=False, catch_errors=False
        )
    finally:
        copied.clear()  # they refer to themselves, and nobody collects garbage


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

    def lex(_filename: str) -> Iterator[tuple[str, int, bool]]:
        return ((text, line, False) for text, line in _TOKENS)

    def prepare_if(statement: Statement) -> None:
        statement["args"].append("prepared")

    try:
        payload = _parse(module, lex, prepare_if)
        return bool(not payload["errors"] and payload["config"][0]["parsed"] == _STATEMENTS)
    except Exception:  # whatever it is, it is not what lint502 knows
        return False
