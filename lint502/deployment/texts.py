"""Texts of files that say how a repository is run, each with the place where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from lint502.places import Place


@dataclass(frozen=True, slots=True)
class Text:
    """A value as a file writes it, or as it is once variables are put in, and where it stands."""

    value: str
    place: Place


@dataclass(frozen=True, slots=True)
class Words:
    """What is run: a program and its arguments, ``("gunicorn", "-b", ":8000", "app")``.

    What a file writes as one text for the shell has the words ``("/bin/sh", "-c", text)``. The
    place is that of the whole.
    """

    words: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that could not be made out, at a place, and why: a clause for people."""

    place: Place
    why: str
