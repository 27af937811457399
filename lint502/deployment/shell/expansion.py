"""What words are once variables are put in, as far as these are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lint502.deployment.shell import patterns
from lint502.deployment.shell.words import Literal, Part, Substitution, Variable, Word

UNKNOWN = "\0"
"""Stands in a text for what is not known. No file that is read has this character."""

Variables = Mapping[str, str | None]

MAX_TEXT = 65_536
"""Characters of an expanded word; a longer one is unknown."""


def expand(word: Word, variables: Variables, arguments: Sequence[str] | None = None) -> str:
    """A word as one text; :data:`UNKNOWN` stands for what is not known.

    ``variables`` has None for one that is set, but to what is not known. One that is absent is
    unknown by itself; where the text has a default for it, ``${PORT:-8000}``, that counts.
    ``arguments`` are the script's own (``$1``, ``$@``).
    """
    texts = [_value(one, variables, arguments) for one in word.parts]
    return _bounded("".join(texts))


def fields(
    word: Word, variables: Variables, arguments: Sequence[str] | None = None
) -> tuple[str, ...]:
    """The words that a shell makes of one: what an unquoted variable brings in is split at its
    blanks, ``"$@"`` is all arguments."""
    made: list[str] = []
    current: str | None = None
    for one in word.parts:
        if isinstance(one, Variable) and _is_each(one) and arguments is not None:
            for position, argument in enumerate(arguments):
                if position and current is not None:
                    made.append(current)
                    current = None
                current = (current or "") + argument
            continue
        value = _value(one, variables, arguments)
        if isinstance(one, Literal) or one.quoted:
            current = (current or "") + value
            continue
        pieces = value.split()
        if not pieces:
            if value and current is not None:
                made.append(current)
                current = None
            continue
        if value[0].isspace() and current is not None:
            made.append(current)
            current = None
        current = (current or "") + pieces[0]
        for piece in pieces[1:]:
            made.append(current)
            current = piece
        if value[-1].isspace():
            made.append(current)
            current = None
    if current is not None:
        made.append(current)
    return tuple(map(_bounded, made))


def _is_each(part: Variable) -> bool:
    return part.quoted and part.name == "@" and not part.operator


def _value(part: Part, variables: Variables, arguments: Sequence[str] | None) -> str:
    if isinstance(part, Literal):
        return part.text
    if isinstance(part, Substitution):
        return UNKNOWN
    value = _looked_up(part.name, variables, arguments)
    if not part.operator or part.word is None:
        return UNKNOWN if value is None else value
    kind = part.operator.lstrip(":")
    if kind in ("-", "=", "?", "+"):
        return _alternative(part, part.word, kind, value, variables, arguments)
    pattern = _pattern(part.word, variables, arguments)
    if value is None or UNKNOWN in value or pattern is None or len(value) > patterns.MAX_LENGTH:
        return UNKNOWN
    longest = len(kind) == 2
    if kind[0] == "#":
        return patterns.without_start(value, pattern, longest)
    if kind[0] == "%":
        return patterns.without_end(value, pattern, longest)
    by = "" if part.replacement is None else expand(part.replacement, variables, arguments)
    return patterns.replaced(value, pattern, by, longest)


def _alternative(
    part: Variable,
    word: Word,
    kind: str,
    value: str | None,
    variables: Variables,
    arguments: Sequence[str] | None,
) -> str:
    """What ``${NAME:-word}`` and its like are."""
    colon = part.operator.startswith(":")
    known = part.name in variables or part.name.isdigit()
    if value is None and known:
        return UNKNOWN
    if value is None or (colon and not value):
        if kind in "-=":
            return expand(word, variables, arguments)
        return "" if kind == "+" and value is not None else UNKNOWN
    if colon and UNKNOWN in value:
        return UNKNOWN
    return expand(word, variables, arguments) if kind == "+" else value


def _looked_up(name: str, variables: Variables, arguments: Sequence[str] | None) -> str | None:
    if arguments is not None:
        if name in ("@", "*"):
            return " ".join(arguments)
        if name == "#":
            return str(len(arguments))
        if name.isdigit() and name != "0":
            number = int(name) if len(name) < 5 else 10_000
            return arguments[number - 1] if number <= len(arguments) else ""
    return variables.get(name)


def _pattern(
    word: Word, variables: Variables, arguments: Sequence[str] | None
) -> tuple[str, ...] | None:
    """The pattern that a word is; None where that is not known."""
    found: list[str] = []
    for one in word.parts:
        text = _value(one, variables, arguments)
        if UNKNOWN in text or len(text) > patterns.MAX_LENGTH:
            return None
        if one.quoted:
            found += text
        elif "[" in text or "\\" in text:
            return None
        else:
            wild = {"*": patterns.MANY, "?": patterns.ONE}
            found += (wild.get(character, character) for character in text)
    return tuple(found)


def _bounded(text: str) -> str:
    return text if len(text) <= MAX_TEXT else UNKNOWN
