"""Files as nginx reads them, each parsed once: as they stand, or with what templates are given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from lint502.findings import Note, Problem
from lint502.nginx.builtin import is_builtin
from lint502.nginx.envsubst import Values, braced_names, markers, pieces
from lint502.nginx.files import MAX_TOTAL_BYTES
from lint502.nginx.parse import ParsedFile, parse_file
from lint502.nginx.placeholders import placeholders
from lint502.nginx.rendered import Branch, Piece, Rendered
from lint502.nginx.symbols import HOW, Symbol
from lint502.nginx.template_names import is_named_template
from lint502.nginx.templates import has_tags, is_template, set_names
from lint502.nginx.tokens import NginxSyntaxError
from lint502.places import SourceFile
from lint502.reading import UnreadableError

MAX_TOKENS = 3_000_000
"""Words, braces and comments of all files of a run."""

_MOST_NAMED = 6

_Names = frozenset[str]


class Given(Struct, frozen=True):
    """A value for a template that a file gives."""

    value: str
    file: str


Defaults = Callable[[SourceFile], Mapping[str, Given]]
"""The values that files give for a template in another language than envsubst's, by name."""


class FileParser:
    """Parses files, with the values that are given for templates."""

    def __init__(self, values: Values, defaults: Defaults = lambda _: {}) -> None:
        self._values = values
        self._defaults = defaults
        self._parsed: dict[tuple[SourceFile, _Names], ParsedFile | Problem] = {}
        self._tokens = 0
        self._rendered = 0

    def parsed(self) -> Iterator[ParsedFile]:
        """The files that were read and could be parsed, each once: as they were read last."""
        last = {source: parsed for (source, _), parsed in self._parsed.items()}
        return (parsed for parsed in last.values() if isinstance(parsed, ParsedFile))

    def parse(self, source: SourceFile, unset: _Names = frozenset()) -> ParsedFile | Problem:
        """A file as nginx reads it: with the values, where they are to be put in; ``unset`` are
        names of variables that nothing in the
        configuration sets: those without a value stay symbols."""
        parsed = self._parsed.get((source, unset))
        if parsed is None:
            try:
                parsed = self._parse_anew(source, unset)
            except UnreadableError as error:
                parsed = Problem(source.name, error.line, f"this file {error}")
            self._parsed[source, unset] = parsed
        return parsed

    def parse_dumped(self, source: SourceFile) -> ParsedFile | Problem:
        """What nginx has read is no template any more."""
        parsed = self._parsed.get((source, frozenset()))
        if parsed is None:
            parsed = self._too_many(source)
            if parsed is None:
                try:
                    parsed = self._counted(parse_file(source))
                except NginxSyntaxError as error:
                    parsed = _problem(source, error)
            self._parsed[source, frozenset()] = parsed
        return parsed

    def _parse_anew(self, source: SourceFile, unset: _Names) -> ParsedFile | Problem:
        too_many = self._too_many(source)
        if too_many is not None:
            return too_many
        filled = self.fill(source, unset, braces=False)
        try:
            return self._noted(parse_file(source, filled.rendered), filled)
        except NginxSyntaxError as error:
            refused = error
        braced = self.fill(source, unset, braces=True)
        if len(braced.pieces) > len(filled.pieces):
            try:
                return self._noted(parse_file(source, braced.rendered), braced)
            except NginxSyntaxError as error:
                refused, filled = error, braced
        problem = _problem(source, refused)
        left_open = filled.rendered is not None and filled.rendered.symbols
        if not left_open and not is_named_template(source.name):
            return problem
        cut = filled.up_to(refused)
        try:
            parsed = self._noted(parse_file(source, cut.rendered), cut)
        except NginxSyntaxError:
            return problem
        return replace(parsed, problems=(*parsed.problems, problem))

    def _too_many(self, source: SourceFile) -> Problem | None:
        if self._tokens <= MAX_TOKENS:
            return None
        message = f"the files read have more than {MAX_TOKENS} words; lint502 stops here"
        return Problem(source.name, 1, message)

    def _counted(self, parsed: ParsedFile) -> ParsedFile:
        self._tokens += parsed.tokens
        return parsed

    def _noted(self, parsed: ParsedFile, filled: Filled) -> ParsedFile:
        self._counted(parsed)
        source = parsed.source
        notes = []
        if filled.rendered is not None:
            names = filled.rendered.names()
            if names and not is_template(source):
                defaults = self._defaults(source)
                files = dict.fromkeys(
                    defaults[name].file
                    for name in names
                    if name in defaults and name not in self._values
                )
                where = f" ({', '.join(files)})" if files else ""
                said = f"a template, read with the values of {', '.join(names)}{where}"
                notes.append(Note(source.name, None, said))
            if filled.rendered.symbols:
                notes.append(Note(source.name, None, _open(filled.rendered.symbols)))
        if not (notes or filled.problems):
            return parsed
        return replace(parsed, notes=tuple(notes), problems=(*parsed.problems, *filled.problems))

    def fill(self, source: SourceFile, unset: _Names, *, braces: bool) -> Filled:
        """What is put into a file."""
        text = source.text
        branches: tuple[Branch, ...] = ()
        problems: tuple[Problem, ...] = ()
        found: list[Piece] = []
        if has_tags(source):
            from lint502.nginx.template_logic import read_template

            defaults = self._defaults(source)
            read = read_template(source.name, text, lambda name: self._value(name, defaults))
            found, branches, problems = list(read.pieces), read.branches, read.problems
        found = _beside(found, placeholders(text, self._values.get, braces=braces))
        found = _beside(found, self._of_envsubst(source, unset))
        if any(piece.symbol is not None for piece in found):
            from lint502.nginx.template_logic import with_whole_lines

            found = with_whole_lines(text, found)
        filled = Filled(text, tuple(found), branches, problems)
        if filled.rendered is not None:
            self._rendered += len(filled.rendered.text)
            if self._rendered > MAX_TOTAL_BYTES:
                raise UnreadableError(
                    f"and those before it come to more than {MAX_TOTAL_BYTES // 1024**2} MB with "
                    "the values that are given; lint502 stops here"
                )
        return filled

    def _value(self, name: str, defaults: Mapping[str, Given]) -> str | None:
        value = self._values.get(name)
        if value is None and name in defaults:
            return defaults[name].value
        return value

    def _of_envsubst(self, source: SourceFile, unset: _Names) -> Iterator[Piece]:
        if "$" not in source.text:
            return iter(())
        taken = self._taken(source)
        return pieces(
            source.text,
            self._values,
            lambda name: name in unset or taken(name),
            unset,
            alone=True,
        )

    def _taken(self, source: SourceFile) -> Callable[[str], bool]:
        """Tells the names that are replaced in a file.

        In a file that is no template by its looks, only a ``${NAME}`` tells that it is one all the
        same, unless it is a variable of its own, or one of nginx's.
        """
        if is_template(source) or not self._values:
            return _all
        given = {span.name: span.braced for span in markers(source.text)}
        marked = any(braced and name in self._values for name, braced in given.items())
        small = {
            name
            for name in braced_names(source.text)
            if name in self._values and not is_builtin(name)
        }
        if not (marked or small):
            return _none
        own = _own_names(source)
        names = {name for name in given if name in self._values and name.lower() not in own}
        names |= {name for name in small if name.lower() not in own}
        return names.__contains__


class Filled:
    """What is put into a text; ``rendered`` is None where that is nothing."""

    def __init__(
        self,
        text: str,
        pieces_: tuple[Piece, ...],
        branches: tuple[Branch, ...],
        problems: tuple[Problem, ...],
    ) -> None:
        self._text = text
        self._branches = branches
        self.pieces = pieces_
        self.problems = problems
        self.rendered = Rendered(text, pieces_, branches) if pieces_ else None

    def up_to(self, error: NginxSyntaxError) -> Filled:
        """The text as far as it can be read; what follows is one symbol at the end of each block
        that is open there."""
        start = error.complete
        if self.rendered is not None:
            start = self.rendered.offset(start)
        rest = Symbol.computed("the rest of this file")
        kept = [piece for piece in self.pieces if piece.end <= start]
        closing = Piece.closing(start, len(self._text), rest, error.depth)
        return Filled(self._text, (*kept, closing), self._branches, self.problems)


def text_as_read(source: SourceFile) -> str:
    """The text of a file as it is parsed where no values are given. Raises
    :class:`~lint502.reading.UnreadableError`."""
    rendered = FileParser(Values()).fill(source, frozenset(), braces=False).rendered
    return source.text if rendered is None else rendered.text


def _all(_name: str) -> bool:
    return True


def _none(_name: str) -> bool:
    return False


def _own_names(source: SourceFile) -> frozenset[str]:
    """The variables that a file defines for nginx; none where it is nothing that nginx reads."""
    try:
        return frozenset(set_names(parse_file(source).directives))
    except NginxSyntaxError:
        return frozenset()


def _beside(found: list[Piece], others: Iterable[Piece]) -> list[Piece]:
    """Pieces in order with others, of which those are left out that overlap one of them."""
    added = list(others)
    if not (found and added):
        return found or added
    result: list[Piece] = []
    index = 0
    for piece in added:
        while index < len(found) and found[index].start < piece.end:
            result.append(found[index])
            index += 1
        if not (index and found[index - 1].end > piece.start):
            result.append(piece)
    return sorted([*result, *found[index:]], key=lambda piece: piece.start)


def _problem(source: SourceFile, error: NginxSyntaxError) -> Problem:
    return Problem(source.name, error.line, str(error), error.column)


def _open(symbols: Iterable[Symbol]) -> str:
    """What a template leaves open, and how to give it."""
    names = list(dict.fromkeys(symbol.written for symbol in symbols))
    shown = ", ".join(names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED} more" if names[_MOST_NAMED:] else ""
    return (
        f"without a value: {shown}{more}; what they reach is unknown. Give values with "
        f"--env NAME=VALUE, {HOW}"
    )
