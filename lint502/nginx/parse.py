"""Text to directives: our tokens through crossplane's parser, one file at a time."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from lint502.nginx.tokens import Comment, Tokens, tokenize
from lint502.places import Place, SourceFile


@dataclass(frozen=True, slots=True, eq=False)
class Directive:
    """A directive as it is written: ``block`` is None for a simple one.

    ``args`` are :class:`~lint502.nginx.tokens.Token` where the tokenizer made them (they know
    their places), plain ``str`` for the condition of an ``if``, which crossplane takes apart.
    """

    name: str
    args: tuple[str, ...]
    source: SourceFile
    line: int
    column: int
    end_column: int
    block: tuple[Directive, ...] | None = None

    def place(self, note: str = "") -> Place:
        """From the directive's name to the end of its last argument on the same line."""
        end = self.end_column
        for arg in self.args:
            if getattr(arg, "line", None) == self.line:
                end = max(end, arg.end_column)  # type: ignore[attr-defined]
        return self._place(self.line, self.column, end, note)

    def arg_place(self, index: int, note: str = "") -> Place:
        """The place of one argument; of the whole directive where it is not known."""
        arg = self.args[index] if index < len(self.args) else ""
        line = getattr(arg, "line", None)
        if line is None:
            return self.place(note)
        return self._place(line, arg.column, arg.end_column, note)  # type: ignore[attr-defined]

    def _place(self, line: int, column: int, end_column: int, note: str) -> Place:
        return Place(self.source.name, line, column, end_column, self.source.line(line), note)


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """One file: its directives, without what it includes, and its comments."""

    source: SourceFile
    directives: tuple[Directive, ...]
    comments: tuple[Comment, ...]


class ForeignCrossplaneError(Exception):
    """Another package answers to the import name ``crossplane``."""


def parse_file(source: SourceFile) -> ParsedFile:
    """Parse the text of one file.

    Raises :class:`~lint502.nginx.tokens.NginxSyntaxError` where nginx would refuse it, and
    :class:`ForeignCrossplaneError`.
    """
    tokens = tokenize(source.text)
    payload = _crossplane_parse(tokens)
    return ParsedFile(source, _directives(payload, source), tuple(tokens.comments))


def _crossplane_parse(tokens: Tokens) -> list[dict[str, Any]]:
    def lex(_filename: str) -> Iterator[tuple[str, int, bool]]:
        return iter(tokens.items)

    parse = _parse_fed_by(lex)
    payload = parse(
        "", single=True, check_ctx=False, check_args=False, strict=False, catch_errors=False
    )
    if payload["errors"]:  # the tokenizer refuses first whatever crossplane would
        raise AssertionError(f"crossplane refused what the tokenizer took: {payload['errors']}")
    parsed: list[dict[str, Any]] = payload["config"][0]["parsed"]
    return parsed


def _parse_fed_by(lex: Callable[[str], Iterator[tuple[str, int, bool]]]) -> Callable[..., Any]:
    """crossplane's ``parse`` with ``lex`` in place of its lexer.

    A copy of the function with globals of its own, so that crossplane stays as it is for whoever
    else uses it in this process.
    """
    parse = _genuine_parse()
    return types.FunctionType(
        parse.__code__, {**parse.__globals__, "lex": lex}, "parse", parse.__defaults__
    )


@cache
def _genuine_parse() -> types.FunctionType:
    import crossplane
    from crossplane import parser

    parse = parser.parse
    if hasattr(crossplane, "parse_string") or "lex" not in parse.__code__.co_names:
        raise ForeignCrossplaneError(
            f"the package that answers to the name crossplane here ({crossplane.__file__}) is not "
            "nginxinc's crossplane: gixy-ng installs a fork under the same name. Install lint502 "
            "where gixy-ng is not, for example with: pipx install lint502"
        )
    function: types.FunctionType = parse
    return function


def _directives(statements: list[dict[str, Any]], source: SourceFile) -> tuple[Directive, ...]:
    result = []
    for statement in statements:
        name = statement["directive"]
        block = statement.get("block")
        result.append(
            Directive(
                name,
                tuple(statement["args"]),
                source,
                statement["line"],
                name.column,
                name.end_column,
                None if block is None else _directives(block, source),
            )
        )
    return tuple(result)
