"""The words of a Dockerfile with their variables, as BuildKit's own lexer reads them.

https://docs.docker.com/reference/dockerfile/#environment-replacement and
https://github.com/moby/buildkit, frontend/dockerfile/shell/lex.go: there are no commands to
substitute, and blanks stand for themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from lint502.deployment.shell import UNKNOWN, Literal, Part, Substitution, Variable, Word, expand
from lint502.patterns import regex

MAX_NESTED = 20

_NAME = regex(r"[^\W\d]\w*|\d+|[@*#?$!-]")
_NAME_IN_BRACES = regex(r"[^\W\d]\w*|\d+")
_OPERATOR = regex(r":?[-+?]|##?|%%?|//?")


def expanded(
    text: str,
    variables: Mapping[str, str | None],
    escape: str = "\\",
    quotes: bool = True,
    empty: Callable[[str], bool] | None = None,
    optional: Collection[str] = (),
) -> str:
    """A word with its variables put in; what is not known is ``UNKNOWN``. Without ``quotes``,
    these stand for themselves, as in a heredoc. ``empty`` tells of a variable that is not there
    whether it is set nowhere else, and so is empty. ``optional`` are arguments without a value:
    ``${ARG:+x}`` and ``${ARG:-x}`` are what they are without one, ``$ARG`` alone is not known."""
    word, _ = _word(text, 0, escape, quotes, "", 0)
    used = list(_used(word))
    bare = {name for name, operator in used if operator != "+"}
    filled = {name for name, operator in used if operator == "+" and name in optional} - bare
    if empty is not None:
        filled.update(name for name, _ in used if empty(name))
    return expand(word, {**dict.fromkeys(filled, ""), **variables} if filled else variables)


def known(text: str, variables: Mapping[str, str | None], escape: str = "\\") -> str | None:
    """A word with its variables put in; None where some of it is not known."""
    found = expanded(text, variables, escape)
    return None if UNKNOWN in found else found


def _used(word: Word) -> Iterator[tuple[str, str]]:
    """The variables for which a word has nothing else, each with its operator."""
    for part in word.parts:
        if isinstance(part, Variable):
            operator = part.operator.lstrip(":")
            if operator not in ("-", "?"):
                yield part.name, operator
            yield from _used(part.word) if part.word else ()


def _word(
    text: str, at: int, escape: str, quotes: bool, stops: str, nested: int
) -> tuple[Word, int]:
    """The word from an index up to one of the characters that stop it."""
    parts: list[Part] = []
    quote = ""
    while at < len(text):
        character = text[at]
        if not quote and character in stops:
            break
        if character == "$" and quote != "'":
            part, at = _variable(text, at, escape, quotes, nested)
            parts.append(part)
            continue
        at += 1
        if quote and character == quote:
            quote = ""
        elif quotes and not quote and character in "'\"":
            quote = character
        elif character == escape and quote != "'" and at < len(text):
            if not quote or text[at] in ('"', "$", escape):
                parts.append(Literal(text[at], True))
                at += 1
            else:
                parts.append(Literal(character, True))
        elif character != escape or quote == "'":
            parts.append(Literal(character, bool(quote)))
    return Word(tuple(parts)), at


def _variable(text: str, at: int, escape: str, quotes: bool, nested: int) -> tuple[Part, int]:
    if not text.startswith("{", at + 1):
        match = _NAME.match(text, at + 1)
        return (Literal("$"), at + 1) if match is None else (Variable(match[0]), match.end())
    name = _NAME_IN_BRACES.match(text, at + 2)
    operator = _OPERATOR.match(text, name.end()) if name else None
    if name is not None and text.startswith("}", name.end()):
        return Variable(name[0]), name.end() + 1
    if name is None or operator is None or nested >= MAX_NESTED:
        end = text.find("}", at)
        end = len(text) if end == -1 else end + 1
        return Substitution(text[at:end]), end
    replacement = None
    slash = operator[0].startswith("/")
    word, end = _word(text, operator.end(), escape, quotes, "/" if slash else "}", nested + 1)
    if slash and text.startswith("/", end):
        replacement, end = _word(text, end + 1, escape, quotes, "}", nested + 1)
    return Variable(name[0], operator[0], word, replacement), min(end + 1, len(text))
