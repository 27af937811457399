"""Files that list processes: ``Procfile`` and ``Makefile``.

Sources: https://ddollar.github.io/foreman/, https://honcho.readthedocs.io/en/latest/,
https://www.gnu.org/software/make/manual/make.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from msgspec.structs import replace

from lint502.declared.sources.commands.calls import NOTHING, Call, Next, Result, ShellText
from lint502.declared.sources.commands.options import Options, spelled
from lint502.declared.sources.commands.words import UNKNOWN, Word
from lint502.deployment.texts import Unread
from lint502.patterns import regex
from lint502.places import Place, SourceFile

MAX_TARGETS = 50

_PROCESS = regex(r"^([A-Za-z0-9_-]+):\s*(.+)$")
_TARGET = regex(r"^([\w./% -]+?)\s*::?(?!=)\s*([^=#]*)")
_ASSIGNED = regex(r"^(?:export\s+)?(\w+)\s*(?::{0,3}|\?|\+)=\s*(.*)$")


def _foreman(call: Call) -> Next | Result:
    options = Options(
        call.arguments,
        spelled(
            file="-f --procfile", env="-e --env -d --app-root -m --formation", port="-p --port"
        ),
    )
    command, *names = [word.text for word in options.arguments] or [""]
    if command not in ("start", "run"):
        return NOTHING
    file = options.last("file")
    source = call.source("Procfile" if file is None else file.text)
    if source is None:
        place = call.place if file is None else file.place
        return Result(whole=False, unread=(Unread(place, "the Procfile cannot be read"),))
    texts = []
    base = options.last("port") or call.variable("PORT")
    for number, (name, word) in enumerate(processes(source)):
        if names and name not in names:
            continue
        port = base if base is not None and number == 0 else Word(UNKNOWN, word.place)
        inner = replace(call, variables={**call.variables, "PORT": port})
        texts.append(ShellText(word.text, word.place, inner))
    return Next(texts=tuple(texts))


def processes(source: SourceFile) -> list[tuple[str, Word]]:
    """The processes of a Procfile, each with its command."""
    found = []
    for number, line in enumerate(source.text.split("\n"), 1):
        if match := _PROCESS.match(line.rstrip()):
            place = Place(source.name, number, match.start(2) + 1, match.end(2) + 1, line.rstrip())
            found.append((match[1], Word(match[2], place)))
    return found


def _make(call: Call) -> Next | Result:
    options = Options(call.arguments, spelled(folder="-C --directory", file="-f --file"))
    folder, file = options.last("folder"), options.last("file")
    if folder is not None:
        call = replace(call, folder=call.path(folder.text))
    names = ("Makefile", "makefile", "GNUmakefile") if file is None else (file.text,)
    source = call.first_source(*names)
    if source is None:
        return Result(whole=False, unread=(Unread(call.place, "the Makefile cannot be read"),))
    wanted = [word.text for word in options.arguments if "=" not in word.text]
    targets, variables = _read(source)
    given = dict(word.text.split("=", 1) for word in options.arguments if "=" in word.text)
    variables |= given
    if not wanted:
        wanted = [next((name for name in targets if not name.startswith(".")), "")]
    texts: list[ShellText] = []
    seen: set[str] = set()
    for name in wanted:
        _recipe(call, source, name, targets, variables, seen, texts)
    return Next(texts=tuple(texts))


def _read(
    source: SourceFile,
) -> tuple[dict[str, tuple[list[str], list[tuple[int, str]]]], dict[str, str]]:
    """The targets of a Makefile, with what each needs and its recipe, and the variables."""
    targets: dict[str, tuple[list[str], list[tuple[int, str]]]] = {}
    variables: dict[str, str] = {}
    current: list[tuple[int, str]] | None = None
    joined = ""
    start = 0
    for number, line in enumerate(source.text.split("\n"), 1):
        line = line.rstrip("\r")
        if joined:
            line = joined + line.lstrip()
        start = start if joined else number
        joined = ""
        if line.endswith("\\"):
            joined = line[:-1]
            continue
        if line.startswith("\t"):
            if current is not None:
                current.append((start, line.strip()))
        elif match := _ASSIGNED.match(line):
            variables[match[1]] = match[2].strip()
            current = None
        elif match := _TARGET.match(line):
            current = []
            for name in match[1].split():
                targets[name] = (match[2].partition(";")[0].split(), current)
        elif line.strip() and not line.lstrip().startswith("#"):
            current = None
    return targets, variables


def _recipe(
    call: Call,
    source: SourceFile,
    name: str,
    targets: Mapping[str, tuple[list[str], list[tuple[int, str]]]],
    variables: Mapping[str, str],
    seen: set[str],
    texts: list[ShellText],
) -> None:
    """Add the recipe of a target behind those of the targets that it needs."""
    if name in seen or name not in targets or len(seen) > MAX_TARGETS:
        return
    seen.add(name)
    needed, recipe = targets[name]
    for other in needed:
        _recipe(call, source, other, targets, variables, seen, texts)
    for number, line in recipe:
        text = source.line(number)
        place = Place(source.name, number, 1, len(text) + 1, text)
        expanded = _expanded(line.lstrip("@-+ "), variables)
        if "\0" not in expanded or _known_part(expanded):
            texts.append(ShellText(expanded.replace("\0", "${_}"), place, call))


def _expanded(text: str, variables: Mapping[str, str]) -> str:
    """With ``$(NAME)`` put in; ``$$`` is one for the shell."""

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        return variables.get(match[1] or match[2], "\0")

    for _ in range(3):
        if "$(" not in text and "${" not in text and "$$" not in text:
            break
        text = re.sub(r"\$\$|\$\((\w+)\)|\$\{(\w+)\}", value, text)
    return text


def _known_part(text: str) -> bool:
    return not text.startswith("\0")


PROGRAMS: Mapping[str, Callable[[Call], Next | Result]] = {
    "foreman": _foreman,
    "honcho": _foreman,
    "make": _make,
    "gmake": _make,
}
