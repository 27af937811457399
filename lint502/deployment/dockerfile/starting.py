"""What a container does to its files when it starts, as far as the words of its command say it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from lint502.deployment.containers import Program
from lint502.deployment.dockerfile.running import SHELLS, Taking
from lint502.deployment.dockerfile.state import State, absolute
from lint502.deployment.filesystem import ContainerFiles
from lint502.deployment.layers import Layer
from lint502.deployment.repository import Repository
from lint502.deployment.shell import ShellSyntaxError, commands
from lint502.places import Place

ENTRYPOINT_FOLDER = "/docker-entrypoint.d"
"""Whose scripts the entry point of nginx's image runs first."""

_LONGEST = 64 * 1024


def written_at_start(
    repository: Repository, program: Program, layers: Sequence[Layer], *, official: bool
) -> tuple[Layer, ...]:
    """The layers that come about when a program starts in a container with ``layers``; where the
    image is an ``official`` one, the scripts that it runs before come first."""
    values = {name: text.value for name, text in program.environment.items()}
    variables: dict[str, str | None] = {**values, **dict.fromkeys(program.unknown)}
    state = State(repository, "\\\\", program.image, variables, layers=list(layers))
    files = ContainerFiles(repository, layers)
    if official:
        for name in files.listing(ENTRYPOINT_FOLDER).names:
            if name.endswith((".sh", ".envsh")):
                _take(state, _script(files, f"{ENTRYPOINT_FOLDER}/{name}"), program.workdir)
    for text, place in _texts(program, files):
        _take(state, (text, place), program.workdir)
    return tuple(state.layers[len(layers) :])


def _texts(program: Program, files: ContainerFiles) -> Iterator[tuple[str, Place]]:
    """The texts of the shell that a program is: of ``sh -c``, or of a script of the repository."""
    words = program.words or program.arguments
    if words is None:
        return
    for index, word in enumerate(words.words[:3]):
        name = posixpath.basename(word)
        following = words.words[index + 1 : index + 3]
        if name in SHELLS and following[:1] and following[0].startswith("-"):
            if following[0].endswith("c") and following[1:]:
                yield following[1], words.place
            return
        if word.startswith(("/", "./")) or word.endswith(".sh"):
            script = _script(files, absolute(program.workdir, word))
            if script is not None:
                yield script


def _script(files: ContainerFiles, path: str) -> tuple[str, Place] | None:
    source = files.source(path)
    if source is None or len(source.text) > _LONGEST:
        return None
    first = source.line(1)
    if first.startswith("#!") and not any(shell in first for shell in SHELLS):
        return None
    return source.text, Place(source.name, 1, 1, 2, first)


def _take(state: State, script: tuple[str, Place] | None, folder: str) -> None:
    if script is None:
        return
    text, place = script
    try:
        found = commands(text)
    except ShellSyntaxError:
        return

    def place_of(start: int) -> Place:
        line = place.line + text.count("\n", 0, start)
        return Place(place.file, line, 1, 2)

    Taking(state, dict(state.variables)).take(found, place_of, folder)
