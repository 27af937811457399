"""One command of a shell's text."""

from __future__ import annotations

from msgspec import Struct

from lint502.deployment.shell.words import Word


class Redirection(Struct, frozen=True):
    """``> file``; ``descriptor`` is the number before it, if there is one. A heredoc (``<<``) has
    its ``body``."""

    operator: str
    target: Word
    descriptor: int | None = None
    body: Word | None = None


class SimpleCommand(Struct, frozen=True):
    """A program with its words, or assignments alone.

    ``start`` is the index of its first character. ``before`` is what joins it to the one before:
    ``"&&"``, ``"||"``, ``"|"``, ``"&"``, or ``";"`` for what ends a list. ``conditional``: whether
    it is run depends on what only the running shell knows. ``function`` is the function that it is
    part of. ``subshells`` are the parentheses around it, by the index of each. ``replaces``: it is
    run by ``exec``, which is not among its words. ``compound``: it is a whole ``if``, loop or
    ``{…}`` with redirections or a pipe behind it; what is in it are the commands before it in the
    list that do not start before it does.
    """

    words: tuple[Word, ...]
    assignments: tuple[tuple[str, Word], ...] = ()
    redirections: tuple[Redirection, ...] = ()
    start: int = 0
    before: str = ";"
    conditional: bool = False
    function: str | None = None
    subshells: tuple[int, ...] = ()
    replaces: bool = False
    compound: bool = False
