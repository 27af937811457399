"""supervisord: the programs of its configuration.

Source: http://supervisord.org/configuration.html
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from lint502.declared.sources.commands.calls import Call, Facts, Next
from lint502.declared.sources.commands.facts import ALL, address, mode_fact, socket_fact, speaks
from lint502.declared.sources.commands.ini import Line, lines
from lint502.declared.sources.commands.options import Options, spelled
from lint502.declared.sources.commands.words import UNKNOWN, Word
from lint502.deployment.texts import Unread
from lint502.places import SourceFile

MAX_FILES = 200

_HTTP = ("inet_http_server", "unix_http_server")
_DEFAULTS = (
    "supervisord.conf",
    "etc/supervisord.conf",
    "/etc/supervisord.conf",
    "/etc/supervisor/supervisord.conf",
)


class _Section(Struct):
    """A program: its settings, and the file that it is in."""

    name: str
    folder: str
    settings: dict[str, Word] = field(default_factory=dict)


def _supervisord(call: Call) -> Next:
    options = Options(call.arguments, spelled(config="-c --configuration"))
    named = options.last("config")
    paths = _DEFAULTS if named is None else (named.text,)
    path, source = next(
        ((path, found) for path in paths if (found := call.source(path)) is not None), ("", None)
    )
    if source is None:
        place = call.place if named is None else named.place
        unread = Unread(place, "supervisord's configuration cannot be read")
        return Next(known=False, programs=("supervisord",), unread=(unread,))
    sections: dict[str, _Section] = {}
    known = _read(call, source, call.path(path), sections)
    calls = []
    unread_commands = []
    listeners = [facts for one in sections.values() if (facts := _own(one)) is not None]
    for section in sections.values():
        made = _program(call, section)
        if isinstance(made, Unread):
            unread_commands.append(made)
        elif made is not None:
            calls.append(made)
    return Next(
        tuple(calls),
        (),
        known and not unread_commands,
        ("supervisord",),
        tuple(unread_commands),
        tuple(listeners),
    )


def _read(call: Call, source: SourceFile, path: str, sections: dict[str, _Section]) -> bool:
    """Take the sections of a file and of those that it includes; whether all could be read."""
    included: list[Word] = []
    folder = posixpath.dirname(path)
    for line in lines(source, inline=" ;", folded=True):
        if line.section == "include" and line.key == "files":
            included += [line.value.cut(text) for text in line.value.text.split()]
        else:
            _take(line, folder, sections)
    known = True
    for word in included[:MAX_FILES]:
        pattern = posixpath.normpath(posixpath.join(folder, word.text.replace("%(here)s", folder)))
        for name, one in call.surroundings.matching(pattern)[:MAX_FILES]:
            _read_plain(one, posixpath.dirname(name), sections)
    return known


def _read_plain(source: SourceFile, folder: str, sections: dict[str, _Section]) -> None:
    """Those of an included file, which includes none itself."""
    for line in lines(source, inline=" ;", folded=True):
        _take(line, folder, sections)


def _take(line: Line, folder: str, sections: dict[str, _Section]) -> None:
    if line.section.startswith(("program:", "fcgi-program:")) or line.section in _HTTP:
        section = sections.setdefault(line.section, _Section(line.section, folder))
        section.settings[line.key] = line.value


def _program(call: Call, section: _Section) -> Call | Unread | None:
    """What a program runs; None for one that is not started by itself."""
    command = section.settings.get("command")
    autostart = section.settings.get("autostart")
    if command is None or (autostart and autostart.text.lower() in ("false", "0", "off", "no")):
        return None
    variables = dict(call.variables)
    environment = section.settings.get("environment")
    if environment is not None:
        for name, value in _pairs(environment.text):
            text = _expanded(value, section, call)
            variables[name] = environment.cut(text)
    try:
        texts = shlex.split(_expanded(command.text, section, call))
    except ValueError:
        texts = []
    if not texts:
        return Unread(command.place, "this command cannot be read")
    words = tuple(command.cut(text) for text in texts)
    directory = section.settings.get("directory")
    folder = call.folder
    if directory is not None:
        folder = call.path(_expanded(directory.text, section, call))
    return replace(call, words=words, variables=variables, folder=folder)


def _own(section: _Section) -> Facts | None:
    """What supervisord listens at itself: its HTTP server, and the socket that the processes of a
    FastCGI program share."""
    if section.name in _HTTP:
        word = section.settings.get("port" if section.name == _HTTP[0] else "file")
        if word is None:
            return None
        at = address(word, host=ALL) if section.name == _HTTP[0] else socket_fact(word)
        return {**speaks("http", word.place), **at}
    word = section.settings.get("socket")
    if word is None or not section.name.startswith("fcgi-program:"):
        return None
    facts = {**speaks("fastcgi", word.place), **address(word, host=ALL)}
    if "socket" in facts:
        facts |= mode_fact(section.settings.get("socket_mode"))
    return facts


def _expanded(text: str, section: _Section, call: Call) -> str:
    """With what stands in ``%(…)s`` put in."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name.startswith("ENV_"):
            word = call.variables.get(name[4:])
            return UNKNOWN if word is None else word.text
        known = {
            "here": section.folder,
            "program_name": section.name.partition(":")[2],
            "group_name": section.name.partition(":")[2],
            "process_num": "0",
        }
        return known.get(name, UNKNOWN)

    return re.sub(r"%\((\w+)\)0?\d*[sd]", value, text).replace("%%", "%")


def _pairs(text: str) -> list[tuple[str, str]]:
    """``A="b",C=d`` as pairs."""
    found = re.finditer(r"(\w+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^,]*))", text)
    return [(one[1], next(v for v in one.groups()[1:] if v is not None).strip()) for one in found]


PROGRAMS: Mapping[str, Callable[[Call], Next]] = {"supervisord": _supervisord}
