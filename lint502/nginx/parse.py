"""Text to directives: our tokens through crossplane's parser, one file at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from lint502.findings import Note, Problem
from lint502.nginx import directive_table
from lint502.nginx.envsubst import markers
from lint502.nginx.parser import Lexed, Statement, parse
from lint502.nginx.rendered import Rendered, Span
from lint502.nginx.symbols import UNKNOWN, Symbol, Symbolic, symbolic, symbols_in, written
from lint502.nginx.template_names import is_named_template
from lint502.nginx.tokens import (
    Comment,
    NginxSyntaxError,
    Token,
    Tokens,
    placed,
    token_at,
    tokenize,
)
from lint502.places import Place, SourceFile
from lint502.reading import not_utf8


class Directive(Struct, frozen=True, eq=False):
    """A directive as it is written: ``block`` is None for a simple one.

    The condition of an ``if`` is without its parentheses; a Lua block is one argument.
    ``conditional`` tells that a template has it in one branch of its logic, so that it may not be
    there; ``open`` that a template leaves some of its words open.
    """

    name: str
    args: tuple[str, ...]
    source: SourceFile
    line: int
    column: int
    end_column: int
    block: tuple[Directive, ...] | None = None
    conditional: bool = False
    open: bool = False

    def place(self, note: str = "") -> Place:
        """From the directive's name to the end of its last argument on the same line."""
        end = self.end_column
        args = self.args
        if args and not isinstance(args[0], Token):
            plain = " ".join((self.name, *args))
            if self.source.line(self.line).startswith(plain, self.column - 1):
                return self._place(self.line, self.column, self.column + len(plain), note)
        for arg in self.placed_args():
            if arg.line == self.line:
                end = max(end, arg.end_column)
        return self._place(self.line, self.column, end, note)

    def arg_place(self, index: int, note: str = "") -> Place:
        """The place of one argument; of the whole directive where it is not known."""
        args = self.placed_args()
        if index >= len(args):
            return self.place(note)
        arg = args[index]
        return self._place(arg.line, arg.column, arg.end_column, note)

    def placed_args(self) -> tuple[Token, ...]:
        """The arguments with their places; none where they are not written in the file."""
        args = tuple(arg for arg in self.args if isinstance(arg, Token))
        if len(args) == len(self.args):
            return args
        text = self.source.line(self.line)
        return placed((self.name, *self.args), text, self.line, self.column)[1:]

    def _place(self, line: int, column: int, end_column: int, note: str) -> Place:
        return Place(self.source.name, line, column, end_column, self.source.line(line), note)


class ParsedFile(Struct, frozen=True):
    """One file: its directives, without what it includes, and its comments; ``tokens`` is how many
    words, braces and comments it has. ``problems`` are those that nginx does not mind, or what of a
    template is not read.

    ``replaced`` is what stands in a template in the place of values, and symbols; ``unknown`` are
    the markers of it that are neither, whether they are meant to or not.
    """

    source: SourceFile
    directives: tuple[Directive, ...]
    comments: tuple[Comment, ...]
    tokens: int
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()
    replaced: tuple[Span, ...] = ()
    unknown: tuple[Span, ...] = ()


def parse_file(source: SourceFile, rendered: Rendered | None = None) -> ParsedFile:
    """Parse the text of one file, or what was rendered from it: its places are those of the file.

    Raises :class:`~lint502.nginx.tokens.NginxSyntaxError` where nginx would refuse it, and
    :class:`~lint502.nginx.parser.CrossplaneError`.
    """
    tokens = tokenize(source.text, places=False) if rendered is None else _tokens_of(rendered)
    statements = parse(_lexed(tokens), _bare_condition)
    comments = tuple(tokens.comments)
    size = len(tokens.items) + len(comments)
    directives = _directives(statements, source)
    if rendered is not None and rendered.symbols:
        directives = _with_open(directives)
    statements.clear()  # crossplane's parser keeps them, as it refers to itself
    if rendered is not None and rendered.branches:
        directives = _with_branches(directives, rendered, 0)
    problems = tuple(
        Problem(source.name, line, f"this file {message}")
        for line, message in not_utf8(source.text)
    )
    return ParsedFile(
        source,
        directives,
        comments,
        size,
        problems,
        replaced=() if rendered is None else tuple(rendered.spans()),
        unknown=tuple(_unknown(source, rendered, comments)),
    )


def _tokens_of(rendered: Rendered) -> Tokens:
    """The tokens of a rendered text at the places of its template."""
    try:
        tokens = tokenize(rendered.text)
    except NginxSyntaxError as error:
        raise error.moved(rendered.line) from None
    items = [
        _in_template(token, rendered) if isinstance(token, Token) else token
        for token in tokens.items
    ]
    comments = [
        comment
        for found in tokens.comments
        if (comment := _comment_of(found, rendered)) is not None
    ]
    return Tokens(items, comments)


def _in_template(token: Token, rendered: Rendered) -> Token:
    """A token at its place in the template, with its symbols."""
    count = token.count(UNKNOWN)
    found = rendered.symbols_at(token.line, token.column, count) if count else ()
    line, column = rendered.start(token.line, token.column)
    end_line, end = rendered.end(token.line, token.end_column)
    token.line, token.column = line, column
    token.end_column = end if end_line == line else len(rendered.template_line(line)) + 1
    return symbolic(token, token, found) if count else token


def _is_open(words: Iterable[str]) -> bool:
    return any(UNKNOWN in word for word in words)


def _with_open(directives: Iterable[Directive]) -> tuple[Directive, ...]:
    """Directives that know whether one of their words has a symbol."""
    return tuple(
        replace(
            one,
            block=None if one.block is None else _with_open(one.block),
            open=_is_open((one.name, *one.args)),
        )
        for one in directives
    )


def _with_branches(
    directives: Iterable[Directive], rendered: Rendered, around: int
) -> tuple[Directive, ...]:
    """Directives that know whether they stand in a branch of a template that what is around them
    does not; arguments in another branch than the directive's name are not known."""
    result = []
    for one in directives:
        branch = rendered.branch(one.line, one.column)
        block = one.block
        args = tuple(_argument(arg, rendered, branch) for arg in one.args)
        result.append(
            replace(
                one,
                args=args,
                open=one.open or _is_open(args),
                block=None if block is None else _with_branches(block, rendered, branch),
                conditional=branch != around,
            )
        )
    return tuple(result)


def _argument(arg: str, rendered: Rendered, branch: int) -> str:
    if not isinstance(arg, Token) or rendered.branch(arg.line, arg.column) == branch:
        return arg
    text = written(arg)
    why = f"{text} is what one branch of a template says; another may say something else"
    return symbolic(arg, UNKNOWN, (Symbol(text, why),))


def _comment_of(comment: Comment, rendered: Rendered) -> Comment | None:
    """A comment as the template has it; one that comes out of a value is none."""
    text = rendered.text_line(comment.line).rstrip("\r")
    column = len(text) - len(comment.text)
    if rendered.in_value(comment.line, column):
        return None
    line, column = rendered.start(comment.line, column)
    return Comment(line, rendered.template_line(line)[column:].rstrip("\r"))


def _unknown(
    source: SourceFile, rendered: Rendered | None, comments: Iterable[Comment]
) -> Iterator[Span]:
    """The markers in capital letters, outside comments, that were not replaced."""
    if "$" not in source.text:
        return
    replaced = () if rendered is None else tuple(rendered.spans())
    starts = {(span.line, span.column) for span in replaced}
    commented = {
        comment.line: len(source.line(comment.line)) - len(comment.text) for comment in comments
    }
    for span in markers(source.text, small=is_named_template(source.name)):
        in_comment = commented.get(span.line, span.column) < span.column
        if not in_comment and (span.line, span.column) not in starts:
            yield span


def _lexed(tokens: Tokens) -> Iterator[Lexed]:
    for token in tokens.items:
        if isinstance(token, Token):
            yield token, token.line, token.quoted
        else:
            yield token, 0, False


def _bare_condition(statement: Statement) -> None:
    """Take the parentheses off the condition of an ``if``; what is left keeps its place."""
    args: list[Token] = statement["args"]
    if args and args[0].startswith("(") and args[-1].endswith(")"):
        args[0] = _cut(args[0], 1, 0)
        args[-1] = _cut(args[-1], 0, 1)
        args[:] = args[not args[0] : len(args) - (not args[-1])]


def _cut(token: Token, at_start: int, at_end: int) -> Token:
    cut = token_at(
        token[at_start : len(token) - at_end],
        token.line,
        token.column + at_start,
        token.end_column - (0 if "\n" in token else at_end),
        token.quoted,
    )
    return symbolic(cut, cut, symbols_in(token)) if isinstance(token, Symbolic) else cut


def _directives(statements: list[Statement], source: SourceFile) -> tuple[Directive, ...]:
    result = []
    known = directive_table.interned()
    for statement in statements:
        name = statement["directive"]
        block = statement.get("block")
        result.append(
            Directive(
                known.get(name, name),  # one text for all of a name is found at once everywhere
                tuple(statement["args"]),
                source,
                statement["line"],
                name.column,
                name.end_column,
                None if block is None else _directives(block, source),
            )
        )
    return tuple(result)
