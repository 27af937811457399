"""The stages of a Dockerfile: what each is built from, and which ones an image needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from lint502.deployment.dockerfile.instructions import Dockerfile, Instruction
from lint502.deployment.dockerfile.splitting import IS_TEMPLATE, KEYWORDS, TEMPLATE
from lint502.deployment.dockerfile.words import expanded, known
from lint502.deployment.shell import UNKNOWN
from lint502.patterns import regex
from lint502.reading import UnreadableError, shown

MAX_STAGES = 500

_STAGE_NAME = regex(r"[a-z][a-z0-9-_.]*")
PLATFORM = frozenset(
    ("TARGETPLATFORM", "TARGETOS", "TARGETOSVERSION", "TARGETARCH", "TARGETVARIANT", "TARGETSTAGE",
     "BUILDPLATFORM", "BUILDOS", "BUILDOSVERSION", "BUILDARCH", "BUILDVARIANT")
)  # fmt: skip
"""Arguments that Docker itself gives, as the machine is: https://docs.docker.com/reference/
dockerfile/#automatic-platform-args-in-the-global-scope."""


class Stage(Struct, frozen=True):
    """From one FROM to the next. ``parent`` is the index of the stage that it is built on, None for
    an image, whose name is ``base``; None where that is not known."""

    start: Instruction
    name: str
    base: str | None
    parent: int | None
    instructions: tuple[Instruction, ...]


class Stages(Struct, frozen=True):
    """All stages; ``arguments`` are those before the first one that are set, None for one whose
    value is not known."""

    stages: tuple[Stage, ...]
    arguments: Mapping[str, str | None]

    def find(self, name: str) -> int | None:
        """The index of the stage of a name or number; None where there is none."""
        if name.isascii() and name.isdigit():
            number = int(name) if len(name) < 5 else MAX_STAGES
            return number if number < len(self.stages) else None
        lowered = name.lower()
        for index in range(len(self.stages) - 1, -1, -1):
            if self.stages[index].name == lowered:
                return index
        return None

    def chosen(self, target: str | None) -> int:
        """The index of the stage that an image is made of. Raises
        :class:`~lint502.reading.UnreadableError`."""
        if not target:
            return len(self.stages) - 1
        found = self.find(target)
        if found is None:
            raise UnreadableError(f"has no stage {shown(target[:80])}", 1)
        return found

    def order(self, last: int) -> list[int]:
        """The stages that one needs, each behind those that it needs itself."""
        done: list[int] = []
        open_: set[int] = set()
        waiting = [last]
        while waiting:
            index = waiting[-1]
            if index in open_ or index in done:
                waiting.pop()
                if index in open_:
                    open_.discard(index)
                    done.append(index)
                continue
            open_.add(index)
            for needed in self._needed(index):
                if needed in open_:
                    line = self.stages[index].start.line
                    raise UnreadableError("has stages that need each other in a circle", line)
                if needed not in done:
                    waiting.append(needed)
        return done

    def _needed(self, index: int) -> list[int]:
        stage = self.stages[index]
        found = [] if stage.parent is None else [stage.parent]
        for one in stage.instructions:
            for name in sources(one):
                needed = self.find(name)
                if needed is not None:
                    found.append(needed)
        return found


def stages(
    dockerfile: Dockerfile, args: Mapping[str, str | None], contexts: Mapping[str, str]
) -> Stages:
    """The stages of a file. Raises :class:`~lint502.reading.UnreadableError`."""
    arguments: dict[str, str | None] = dict.fromkeys(PLATFORM)
    declared: set[str] = set()
    found: list[tuple[Instruction, list[Instruction]]] = []
    for one in dockerfile.instructions:
        _check(one)
        if one.keyword == "FROM":
            if len(found) >= MAX_STAGES:
                raise UnreadableError(f"has more than {MAX_STAGES} stages", one.line)
            found.append((one, []))
        elif found:
            found[-1][1].append(one)
        elif one.keyword == "ARG":
            declared.update(word.partition("=")[0] for word in one.words)
            arguments.update(given(one, args, arguments, dockerfile.escape))
        else:
            raise UnreadableError(f"has {one.keyword} before any FROM", one.line)
    if not found:
        raise UnreadableError("has no FROM: it builds no image", 1)
    made: list[Stage] = []
    for start, instructions in found:
        words = start.words
        if len(words) not in (1, 3) or (len(words) == 3 and words[1].lower() != "as"):
            raise UnreadableError(
                "has a FROM that is not followed by IMAGE or IMAGE AS NAME", start.line
            )
        name = words[2].lower() if len(words) == 3 else ""
        if name and not _STAGE_NAME.fullmatch(name):
            raise UnreadableError(f"has {shown(name[:80])} as the name of a stage", start.line)
        base: str | None = expanded(
            words[0],
            arguments,
            dockerfile.escape,
            empty=lambda name: name not in declared,
            optional=declared,
        )
        parent = None
        if base is None or UNKNOWN in base:
            base = None
        elif base not in contexts:
            lowered = base.lower()
            parent = next(
                (i for i in range(len(made) - 1, -1, -1) if made[i].name == lowered), None
            )
        made.append(Stage(start, name, base, parent, tuple(instructions)))
    return Stages(tuple(made), arguments)


def sources(instruction: Instruction) -> Iterator[str]:
    """The stages and images that COPY or the mounts of RUN name."""
    for flag in instruction.flags if instruction.keyword in ("COPY", "RUN") else ():
        name, _, written = flag.partition("=")
        if name == "--from" and written:
            yield written
        elif name == "--mount":
            pairs = (one.partition("=") for one in written.split(","))
            yield from (value for key, _, value in pairs if key.lower() == "from" and value)


def given(
    instruction: Instruction,
    args: Mapping[str, str | None],
    variables: Mapping[str, str | None],
    escape: str,
) -> dict[str, str | None]:
    """The arguments of an ARG that have a value, None for one that is not known; ``args`` are those
    that are given to the build, ``variables`` what is set before."""
    found: dict[str, str | None] = {}
    for word in instruction.words:
        name, equals, default = word.partition("=")
        if name in args:
            found[name] = args[name]
        elif equals:
            found[name] = known(default, {**variables, **found} if found else variables, escape)
    return found


def _check(instruction: Instruction) -> None:
    """Whether an instruction is one at all."""
    known = instruction.keyword in KEYWORDS
    if TEMPLATE.search(instruction.text) and (not known or instruction.keyword == "FROM"):
        raise UnreadableError(IS_TEMPLATE, instruction.line)
    if not known:
        named = shown(instruction.keyword[:40]) or "nothing"
        raise UnreadableError(f"has {named} where an instruction belongs", instruction.line)
