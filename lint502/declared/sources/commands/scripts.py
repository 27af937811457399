"""Scripts of the repository that are run as programs, and those of images that only hand on."""

from __future__ import annotations

import posixpath

from lint502.declared.sources.commands.calls import Call, Next, Result, ShellText
from lint502.declared.sources.commands.words import Word, name_of
from lint502.deployment.texts import Unread
from lint502.places import Place, SourceFile

_SHELLS = ("sh", "bash", "ash", "dash", "zsh", "ksh", "with-contenv")
_HANDING_ON = frozenset(
    (
        "docker-entrypoint.sh",
        "docker-entrypoint",
        "docker-php-entrypoint",
        "docker-php-serversideup-entrypoint",
        "nvidia_entrypoint.sh",
        "launcher",
        "__cacert_entrypoint.sh",
    )
)
"""Entry points of official images, which run what they are given once they have prepared it.
Source: the Dockerfiles at https://github.com/docker-library/official-images, and
https://github.com/nginx/docker-nginx/blob/master/entrypoint/docker-entrypoint.sh"""

_FOLDERS = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin")


def script_of(call: Call) -> Call | Next | Result | None:
    """What a program runs that is a script of the repository, or the entry point of an image;
    None where it is neither."""
    source = script_source(call, call.words[0].text)
    if source is not None:
        return run_script(call, source, call.arguments)
    if hands_on(call.words[0]):
        return handed_on(call)
    return None


def script_source(call: Call, name: str) -> SourceFile | None:
    """The text of a script, by its path or by a name that PATH finds."""
    if "/" in name:
        return call.source(name)
    return call.first_source(*(f"{folder}/{name}" for folder in _FOLDERS))


def hands_on(program: Word) -> bool:
    """Whether a program is the entry point of an image that runs what it is given."""
    return name_of(program) in _HANDING_ON


def handed_on(call: Call) -> Call | Result:
    """The program that an entry point is given; one that is given options alone starts what the
    image is for."""
    if not call.arguments:
        return Result(whole=False)
    first = call.arguments[0]
    if first.text.startswith("-"):
        programs = {"docker-php-entrypoint": "php"}
        program = programs.get(call.name)
        if program is None:
            return Result(
                whole=False,
                unread=(Unread(first.place, "which program these options are for is not known"),),
            )
        return call.running((first.cut(program), *call.arguments))
    return call.running(call.arguments)


def beginning(source: SourceFile) -> Place:
    """The first line of a file that has something; what another file writes inline begins with
    empty ones, so that its lines are where they stand there."""
    number, line = next(
        ((number, line) for number, line in enumerate(source.text.split("\n"), 1) if line.strip()),
        (1, ""),
    )
    return Place(source.name, number, 1, len(line) + 1, line.rstrip("\r"))


def run_script(
    call: Call, source: SourceFile, arguments: tuple[Word, ...]
) -> Call | Next | Result | None:
    """What a script runs, by what its first line names."""
    place = beginning(source)
    first = place.text.strip()
    if not first.startswith("#!"):
        if source.text[:200].isprintable() or "\n" in source.text[:200]:
            return Next(texts=(ShellText(source.text, place, call, arguments, source),))
        return None
    interpreter = [posixpath.basename(word) for word in first[2:].split()]
    if interpreter[:1] == ["env"]:
        interpreter = [word for word in interpreter[1:] if not word.startswith("-")]
    if not interpreter:
        return None
    if interpreter[0] in _SHELLS:
        return Next(texts=(ShellText(source.text, place, call, arguments, source),))
    if interpreter[0].startswith(("python", "node", "ruby", "php")):
        return call.running((call.words[0].cut(interpreter[0]), *call.words))
    return None
