"""What puts files at a path in a container: COPY and ADD, volumes, configurations written inline.

The layers of a container stand in the order in which they come about: what an image has, then what
is mounted; a later one hides what an earlier one has put at the same path, or below it.
"""

from __future__ import annotations

from msgspec import Struct

from lint502.deployment.yaml import YamlText
from lint502.places import Place


class Files(Struct, frozen=True):
    """A file or folder of this machine that stands at ``target`` in the container; a folder stands
    there with all that is in it.

    ``source`` is an absolute path, which may not exist. ``merges``: what was in the folder before
    stays beside it (COPY and ADD); else it is hidden (a mount). ``from_image`` names an image that
    the file is copied from, and then ``source`` is a path in there. ``excluded`` are the patterns
    of a ``.dockerignore``, as they read from ``source``.
    """

    target: str
    source: str
    place: Place
    merges: bool = False
    from_image: str | None = None
    excluded: tuple[str, ...] = ()


class Inline(Struct, frozen=True):
    """A file whose text a file of the deployment has itself: ``content`` of a Compose
    configuration, a ConfigMap, a heredoc. ``text.place`` is where it starts. ``exact``: the file
    has the text as it is; else variables are put in, so that only its lines are where they
    stand."""

    target: str
    text: YamlText
    place: Place
    exact: bool = True


class Volume(Struct, frozen=True):
    """A folder whose content is not known: a named or anonymous volume, a secret, tmpfs.

    ``keeps``: an empty one takes over what the image has there, as a named volume does. ``name``
    is the same in all containers of a deployment that mount the same folder.
    """

    target: str
    place: Place
    keeps: bool = False
    name: str | None = None


class Removed(Struct, frozen=True):
    """What was at a path, perhaps a glob, and is no more: ``RUN rm``."""

    target: str
    place: Place


class Moved(Struct, frozen=True):
    """A file or folder of the container that stands at another path too, or instead: ``RUN cp``,
    ``mv``, ``ln -s``; with ``rendered``, by ``envsubst`` with the variables that it names (all
    where it is empty)."""

    source: str
    target: str
    place: Place
    kept: bool = True
    rendered: tuple[str, ...] | None = None


class Unseen(Struct, frozen=True):
    """Something that may have written anything at a path or below it, such as a script."""

    target: str
    place: Place


Layer = Files | Inline | Volume | Removed | Moved | Unseen
