"""A unit with its drop-ins, and what its settings say."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from lint502.deployment.repository import Repository
from lint502.deployment.systemd import syntax
from lint502.deployment.systemd.syntax import Entry
from lint502.deployment.texts import Text, Unread
from lint502.patterns import regex
from lint502.places import Place, SourceFile
from lint502.reading import UnreadableError

TEMPLATE = "is a template of a unit; lint502 reads what is rendered from it"

_TEMPLATE = regex(r"\{\{|\{%|<%")
_PUT_IN = regex(r"@[A-Za-z_]\w*@|__[A-Z]+__")
_YES = ("1", "yes", "true", "on")


class UnitFile(Struct, frozen=True):
    """A unit as its file and its drop-ins have it. ``settings`` are by section and key, the values
    in their order; an empty one takes back those before it. ``of_user``: a user's manager runs
    it."""

    name: str
    path: str
    place: Place
    settings: Mapping[tuple[str, str], Sequence[Entry]]
    of_user: bool = False

    def all(self, section: str, key: str) -> tuple[Entry, ...]:
        """The values of a setting that is a list."""
        found: list[Entry] = []
        for entry in self.settings.get((section, key), ()):
            if entry.value:
                found.append(entry)
            else:
                found.clear()
        return tuple(found)

    def last(self, section: str, key: str) -> Entry | None:
        """The value of a setting that has one."""
        found = self.settings.get((section, key), ())
        return found[-1] if found and found[-1].value else None

    def text(self, section: str, key: str) -> Text | None:
        """The value of a setting with its specifiers, None where it is not known."""
        found = self.last(section, key)
        return None if found is None else self.resolved(found)

    def resolved(self, entry: Entry) -> Text | None:
        """A value with its specifiers put in."""
        if is_open(entry.value):
            return None
        value = syntax.resolved(entry.value, self.name, of_user=self.of_user)
        return None if value is None else Text(value, entry.place)

    def says_yes(self, section: str, key: str) -> bool:
        """Whether a setting is switched on."""
        found = self.last(section, key)
        return found is not None and found.value.lower() in _YES


def is_open(value: str) -> bool:
    """Whether something is still put into a value before systemd sees it."""
    return _PUT_IN.search(value) is not None


def read(repository: Repository, path: str) -> tuple[UnitFile | None, list[Unread], list[str]]:
    """A unit with its drop-ins, None where it is none; what was not read, and the files."""
    entries: list[Entry] = []
    unread: list[Unread] = []
    files: list[str] = []
    for one in (path, *_drop_ins(repository, path)):
        try:
            source = repository.source(one)
        except UnreadableError as error:
            unread.append(Unread(Place(repository.name(one), error.line or 1, 1, 2), str(error)))
            continue
        template = _template(source)
        if template is not None:
            return None, [*unread, Unread(template, TEMPLATE)], files
        files.append(source.name)
        entries += syntax.entries(source)
    return _unit(path, entries), unread, files


def _unit(path: str, entries: Sequence[Entry]) -> UnitFile | None:
    name = os.path.basename(path)
    wanted = "Service" if name.endswith(".service") else "Socket"
    first = next((entry for entry in entries if entry.section == wanted), None)
    if first is None:
        return None
    settings: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        settings.setdefault((entry.section, entry.key), []).append(entry)
    targets = {entry.value for entry in settings.get(("Install", "WantedBy"), ())}
    of_user = "/user/" in path or "default.target" in targets
    return UnitFile(name, path, first.place, settings, of_user)


def _template(source: SourceFile) -> Place | None:
    """Where a file shows that it is a template."""
    found = _TEMPLATE.search(source.text)
    if found is None:
        return None
    line = source.text.count("\n", 0, found.start()) + 1
    text = source.line(line)
    return Place(source.name, line, 1, max(len(text) + 1, 2), text)


def _drop_ins(repository: Repository, path: str) -> Iterator[str]:
    folder = f"{path}.d"
    if repository.is_folder(folder):
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            return
        yield from (f"{folder}/{name}" for name in names if name.endswith(".conf"))
