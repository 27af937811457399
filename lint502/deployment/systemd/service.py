"""The process of a service, as its unit has it: systemd.service(5), systemd.exec(5)."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Sequence

from lint502.deployment.containers import HOST, Container, Program
from lint502.deployment.layers import Files
from lint502.deployment.repository import Repository
from lint502.deployment.systemd import commands, environment_files, syntax
from lint502.deployment.systemd.commands import Environment
from lint502.deployment.systemd.syntax import Entry
from lint502.deployment.systemd.unit_file import UnitFile, is_open
from lint502.deployment.texts import Text, Unread, Words
from lint502.deployment.units import Directory, Listener, Unit
from lint502.patterns import regex

_FOLDERS = regex(r"/(?:etc|lib|usr/lib|usr/local/lib)/systemd/(?:system|user)$")
_DIRECTORIES = {
    "RuntimeDirectory": "/run",
    "StateDirectory": "/var/lib",
    "CacheDirectory": "/var/cache",
    "LogsDirectory": "/var/log",
}
_VARIABLES = {
    "RuntimeDirectory": "RUNTIME_DIRECTORY",
    "StateDirectory": "STATE_DIRECTORY",
    "CacheDirectory": "CACHE_DIRECTORY",
    "LogsDirectory": "LOGS_DIRECTORY",
}


def container(
    repository: Repository, unit: UnitFile, name: str, given: tuple[Listener, ...]
) -> Container:
    """The process of a service."""
    unread: list[Unread] = []
    environment = _environment(repository, unit)
    written = unit.all("Service", "ExecStart")
    words, place = None, unit.place
    if written:
        place = written[-1].place
        words = _words(unit, written, environment, unread)
    workdir = unit.text("Service", "WorkingDirectory")
    folder = "/" if workdir is None else posixpath.normpath(workdir.value.lstrip("-"))
    program = Program(
        words=words,
        image=None,
        environment=environment.values,
        unknown=frozenset(environment.unknown),
        workdir=folder if folder.startswith("/") else "/",
        user=unit.text("Service", "User"),
        open=environment.open,
    )
    return Container(
        name=name,
        place=place,
        program=program,
        namespace=_network(unit, name),
        layers=tuple(_layers(repository, unit)),
        unread=tuple(unread),
        unit=_unit(unit, given),
    )


def _words(
    unit: UnitFile, written: Sequence[Entry], environment: Environment, unread: list[Unread]
) -> Words | None:
    """The one command that a service runs."""
    found = []
    for entry in written:
        if is_open(entry.value):
            unread.append(Unread(entry.place, "has something that is put in later"))
            return None
        lines = commands.lines(entry, unit.name, environment, of_user=unit.of_user)
        if lines is None:
            unread.append(Unread(entry.place, "has a quote that is not closed"))
            return None
        found += [Words(line, entry.place) for line in lines]
    if len(found) > 1:
        unread.append(Unread(written[-1].place, "is one of several commands, one after the other"))
    return found[0] if len(found) == 1 else None


def _network(unit: UnitFile, name: str) -> str:
    """Whose loopback a service has: the machine's, its own, or "" where that is not known."""
    if unit.last("Service", "NetworkNamespacePath") is not None:
        return ""
    if not unit.says_yes("Service", "PrivateNetwork"):
        return HOST
    return name if unit.last("Unit", "JoinsNamespaceOf") is None else ""


def _environment(repository: Repository, unit: UnitFile) -> Environment:
    found = Environment()
    for key, variable in _VARIABLES.items():
        paths = [one.path for one in _directories(unit, key)]
        entry = unit.last("Service", key)
        if entry is not None:
            found.put(variable, Text(":".join(paths), entry.place) if paths else None)
    for entry in unit.all("Service", "Environment"):
        for word in syntax.words(entry.value) or ():
            name, equals, value = word.partition("=")
            known = syntax.resolved(value, unit.name, of_user=unit.of_user)
            if equals:
                unknown = known is None or is_open(known)
                found.put(name, None if unknown else Text(known or "", entry.place))
    for entry in unit.all("Service", "EnvironmentFile"):
        path = unit.resolved(entry)
        file = None if path is None else _own_file(repository, unit, path.value.lstrip("-"))
        source = None if file is None else repository.text(file)
        if source is None:
            found.open = True
            continue
        for name, text in environment_files.variables(source).items():
            found.put(name, text)
    for entry in unit.all("Service", "PassEnvironment"):
        found.unknown.update(entry.value.split())
    return found


def _own_file(repository: Repository, unit: UnitFile, path: str) -> str | None:
    """The file of the repository that stands at a path of the machine: below the folder that has
    the unit at its own path there, or below the working directory, which the repository is."""
    path = posixpath.normpath(path)
    above = _FOLDERS.search(os.path.dirname(unit.path))
    places = [] if above is None else [os.path.dirname(unit.path)[: above.start()] + path]
    places += (
        f"{layer.source}/{path[len(layer.target) + 1 :]}"
        for layer in reversed(_layers(repository, unit))
        if path.startswith(f"{layer.target}/")
    )
    return next((one for one in places if repository.is_file(one)), None)


def _layers(repository: Repository, unit: UnitFile) -> list[Files]:
    """The repository as it stands at the working directory: from its top, or from a folder of it
    that ends in the same names."""
    workdir = unit.text("Service", "WorkingDirectory")
    folder = "" if workdir is None else posixpath.normpath(workdir.value.lstrip("-"))
    if workdir is None or not folder.startswith("/") or folder.count("/") < 2:
        return []
    names = folder.strip("/").split("/")
    inner = (repository.absolute("/".join(names[start:])) for start in range(len(names) - 1, 0, -1))
    sources = [repository.folder, *filter(repository.is_folder, inner)]
    return [Files(folder, source, workdir.place, merges=True) for source in sources]


def _directories(unit: UnitFile, key: str) -> Iterator[Directory]:
    """The folders that a setting creates."""
    mode = unit.text("Service", f"{key}Mode")
    if unit.of_user:
        return
    for entry in unit.all("Service", key):
        value = unit.resolved(entry)
        for word in () if value is None else value.value.split():
            name = word.partition(":")[0]
            if not name.startswith("/") and ".." not in name.split("/"):  # it ignores such
                folder = posixpath.normpath(f"{_DIRECTORIES[key]}/{name}")
                yield Directory(folder, entry.place, mode)


def _unit(unit: UnitFile, given: tuple[Listener, ...]) -> Unit:
    directories = [one for key in _DIRECTORIES for one in _directories(unit, key)]
    dynamic = unit.says_yes("Service", "DynamicUser")
    written = unit.last("Service", "PrivateTmp")
    private: bool | None = dynamic or unit.says_yes("Service", "PrivateTmp")
    if written is not None and written.value.lower() in ("connected", "disconnected"):
        private = True
    if private and unit.last("Unit", "JoinsNamespaceOf") is not None:
        private = None
    return Unit(
        name=unit.name,
        listeners=given,
        group=unit.text("Service", "Group"),
        umask=unit.text("Service", "UMask"),
        directories=tuple(directories),
        private_tmp=private,
        dynamic_user=dynamic,
        root=unit.text("Service", "RootDirectory"),
    )
