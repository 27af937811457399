"""What a Dockerfile builds: its instructions taken one by one, none of them run.

https://docs.docker.com/reference/dockerfile/ and https://github.com/moby/buildkit,
frontend/dockerfile/dockerfile2llb/convert.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from lint502.deployment import ignored
from lint502.deployment.containers import Image
from lint502.deployment.dockerfile.addresses import MAX_PORTS, checked, exposed
from lint502.deployment.dockerfile.copying import Context, copy
from lint502.deployment.dockerfile.instructions import Instruction
from lint502.deployment.dockerfile.mounts import mount, mounts, unmount
from lint502.deployment.dockerfile.parsing import parse
from lint502.deployment.dockerfile.running import run
from lint502.deployment.dockerfile.stages import Stage, Stages, given, stages
from lint502.deployment.dockerfile.state import SHELL, State, fresh
from lint502.deployment.layers import Volume
from lint502.deployment.repository import Repository
from lint502.deployment.shell import UNKNOWN
from lint502.deployment.texts import Text, Words
from lint502.places import SourceFile

_IMAGE = "docker-image://"


def build(
    repository: Repository,
    dockerfile: str | SourceFile,
    context: str,
    *,
    target: str | None = None,
    args: Mapping[str, Text | None] | None = None,
    contexts: Mapping[str, str] | None = None,
) -> Image:
    """The image that a Dockerfile, named by its absolute path, builds in the folder ``context``.

    ``target`` is the stage, the last one where it is None. ``args`` are the build's arguments, None
    for one whose value is not known; ``contexts`` other folders, and images with
    ``docker-image://`` in front, by the names that FROM and ``--from`` have for them.

    Raises :class:`~lint502.reading.UnreadableError`, worded to follow "this file".
    """
    source = repository.source(dockerfile) if isinstance(dockerfile, str) else dockerfile
    parsed = parse(source)
    files = [source.name]
    named = contexts or {}
    texts = {name: None if one is None else one.value for name, one in (args or {}).items()}
    found = stages(parsed, texts, named)
    last = found.chosen(target)
    path = dockerfile if isinstance(dockerfile, str) else None
    excluded = _excluded(repository, path, context, files)
    building = _Building(repository, parsed.escape, found, texts, Context(context, excluded, named))
    for index in found.order(last):
        building.take(index)
    return building.states[last].image(tuple(files))


def _excluded(
    repository: Repository, dockerfile: str | None, context: str, files: list[str]
) -> tuple[str, ...]:
    """The patterns of the ``.dockerignore`` that counts."""
    paths = [] if dockerfile is None else [f"{dockerfile}.dockerignore"]
    for path in (*paths, repository.absolute(".dockerignore", context)):
        if repository.is_file(path) and (source := repository.text(path)) is not None:
            files.append(source.name)
            return ignored.patterns(source.text)
    return ()


class _Building:
    """The stages of a build, each once."""

    def __init__(
        self,
        repository: Repository,
        escape: str,
        found: Stages,
        args: Mapping[str, str | None],
        context: Context,
    ) -> None:
        self.states: dict[int, State] = {}
        self._repository = repository
        self._escape = escape
        self._stages = found
        self._args = args
        self._context = context

    def take(self, index: int) -> None:
        """Take a stage; those that it needs have been taken."""
        stage = self._stages.stages[index]
        state = self._begun(stage)
        self.states[index] = state
        for instruction in stage.instructions:
            if instruction.keyword in ("COPY", "ADD", "RUN") and state.full:
                continue
            if instruction.keyword in ("COPY", "ADD"):
                self._copy(state, instruction)
            elif instruction.keyword == "RUN":
                self._run(state, instruction)
            elif instruction.keyword == "ARG":
                self._argue(state, instruction)
            elif (known := _INSTRUCTIONS.get(instruction.keyword)) is not None:
                known(state, instruction)

    def _begun(self, stage: Stage) -> State:
        if stage.parent is not None:
            return self.states[stage.parent].child()
        start = stage.start
        base = stage.base
        if base is not None and base in self._context.others:
            other = self._context.others[base]
            base = other.removeprefix(_IMAGE) if other.startswith(_IMAGE) else None
        place = start.of(start.words[0])
        text = None if not base else Text(base, place)
        state = fresh(self._repository, self._escape, text, {})
        if text is None:
            state.not_known(place, "the image that it is built from is not known")
        return state

    def _argue(self, state: State, instruction: Instruction) -> None:
        values = given(instruction, self._args, state.variables, self._escape)
        everywhere = self._stages.arguments
        for name in instruction.words:
            if name not in values and name in everywhere:
                values[name] = everywhere[name]
        state.variables.update(values)
        state.optional.update(name for name in instruction.words if name not in values)

    def _copy(self, state: State, instruction: Instruction) -> None:
        name = instruction.flag("from") if instruction.keyword == "COPY" else None
        context, source = self._source(state, name)
        copy(state, instruction, context, source)

    def _run(self, state: State, instruction: Instruction) -> None:
        before = len(state.layers)
        for one in mounts(instruction):
            context, source = self._source(state, one.source_of)
            mount(state, instruction, context, source, one.source, one.target)
        mounted = len(state.layers)
        run(state, instruction)
        if mounted > before:
            unmount(state, before, mounted)

    def _source(self, state: State, name: str | None) -> tuple[Context, State | str | None]:
        """The folder, or the stage or image, that ``--from`` names."""
        context = self._context
        if not name:
            return context, None
        if name in context.others:
            other = context.others[name]
            if other.startswith("/"):
                return Context(other, (), {}), None
            return context, other.removeprefix(_IMAGE) if other.startswith(_IMAGE) else UNKNOWN
        index = self._stages.find(name)
        return context, state.expanded(name) if index is None else self.states[index]


def _env(state: State, instruction: Instruction) -> None:
    words = instruction.words
    values: dict[str, Text | None] = {}
    for name, written in zip(words[::2], words[1::2], strict=True):
        value = state.expanded(written)
        place = instruction.of(f"{name}={written}")
        key = state.expanded(name)
        values[key] = None if UNKNOWN in value else Text(value, place)
        if UNKNOWN in value and not re.search(rf"\$\{{?{re.escape(name)}\b", written):
            state.not_known(place, f"the value of {name} is not known")
    state.environment.update(values)
    for key, text in values.items():
        state.variables[key] = None if text is None else text.value


def _expose(state: State, instruction: Instruction) -> None:
    for word in instruction.words:
        place = instruction.of(word)
        expanded = state.expanded(word)
        for one in expanded.split():
            if len(state.ports) >= MAX_PORTS:
                return
            ports = None if UNKNOWN in one else exposed(one, place)
            if ports is None:
                unknown = UNKNOWN in one
                why = f"nothing says which port {word} is" if unknown else f"{one} is no port"
                state.not_known(place, why)
            else:
                for port in ports:
                    state.ports.setdefault((port.number, port.protocol), port)


def _workdir(state: State, instruction: Instruction) -> None:
    for word in instruction.words:
        path = state.known(word)
        state.workdir = None if path is None else state.path(path)
        if state.workdir is None:
            state.not_known(instruction.place, "the working directory is not known")
        else:
            state.make_folder(state.workdir)


def _user(state: State, instruction: Instruction) -> None:
    for word in instruction.words:
        name = state.known(word)
        place = instruction.of(word)
        state.user = None if name is None else Text(name, place)


def _volume(state: State, instruction: Instruction) -> None:
    for word in instruction.words:
        path = state.known(word)
        where = None if path is None else state.path(path)
        if where is not None:
            state.put(Volume(where, instruction.of(word), keeps=True))


def _words(state: State, instruction: Instruction) -> Words:
    """What CMD or ENTRYPOINT runs."""
    words = instruction.words
    if not instruction.json and words:
        words = (*state.shell, *words)
    return Words(words, instruction.place)


def _cmd(state: State, instruction: Instruction) -> None:
    state.command = _words(state, instruction)
    state.own_command = True


def _entrypoint(state: State, instruction: Instruction) -> None:
    state.entrypoint = _words(state, instruction)
    if not state.own_command:  # Docker drops the one of the base
        state.command = Words((), instruction.place)


def _shell(state: State, instruction: Instruction) -> None:
    if instruction.json and instruction.words:
        state.shell = instruction.words


def _healthcheck(state: State, instruction: Instruction) -> None:
    words = instruction.words[1:]
    if not instruction.json and words:
        words = (*SHELL, *words)
    state.health = checked(words, instruction.place, state.variables, "HEALTHCHECK")


_INSTRUCTIONS: Mapping[str, Callable[[State, Instruction], None]] = {
    "ENV": _env,
    "EXPOSE": _expose,
    "WORKDIR": _workdir,
    "USER": _user,
    "VOLUME": _volume,
    "CMD": _cmd,
    "ENTRYPOINT": _entrypoint,
    "SHELL": _shell,
    "HEALTHCHECK": _healthcheck,
}
