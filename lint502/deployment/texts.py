"""Texts of files that say how a repository is run, each with the place where it stands."""

from __future__ import annotations

from msgspec import Struct

from lint502.places import Place

UNKNOWN = "\0"
"""Stands in a text for what is not known, such as a variable without a value: no file, argument or
address can have it."""


class Text(Struct, frozen=True):
    """A value as a file writes it, or as it is once variables are put in, and where it stands.

    ``example``: it rests on what only an example says (``.env.example``), so that it is a hint.
    """

    value: str
    place: Place
    example: bool = False


class Words(Struct, frozen=True):
    """What is run: a program and its arguments, ``("gunicorn", "-b", ":8000", "app")``.

    What a file writes as one text for the shell has the words ``("/bin/sh", "-c", text)``. The
    place is that of the whole. A part of a word that is not known is :data:`UNKNOWN`;
    ``example``: a part rests on what only an example says (``.env.example``).
    """

    words: tuple[str, ...]
    place: Place
    example: bool = False


class Unread(Struct, frozen=True):
    """Something that could not be made out, at a place, and why: a clause for people."""

    place: Place
    why: str
