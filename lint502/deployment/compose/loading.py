"""The model that Compose makes of one or several files: read, variables put in, ``include`` and
``extends`` followed, merged."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field

from lint502.deployment.compose.env_files import EnvFiles
from lint502.deployment.compose.extending import MAX_DEEP, Extending
from lint502.deployment.compose.merging import merge
from lint502.deployment.compose.recognise import is_compose, is_old
from lint502.deployment.compose.values import (
    Bounds,
    Keyed,
    Scalar,
    Value,
    each,
    each_text,
    with_variables,
)
from lint502.deployment.interpolation import Stacked, Variables
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Text, Unread
from lint502.deployment.yaml import YamlMap, documents
from lint502.places import Place
from lint502.reading import MissingFileError, UnreadableError

SECTIONS = ("services", "networks", "volumes", "configs", "secrets")

_REMOTE = ("https://", "http://", "git://", "ssh://", "oci://", "github.com/", "git@")


class Model(Struct, frozen=True):
    """What Compose makes of files: each section merged. ``name`` is the project's, ``folder`` that
    of the first file; ``files`` are all that were read, ``included`` those of ``include``.
    ``old``: they have the first form, which knows no networks."""

    sections: Mapping[str, Keyed]
    name: str | None
    folder: str
    variables: Variables
    files: tuple[str, ...]
    included: frozenset[str] = frozenset()
    unread: tuple[Unread, ...] = ()
    old: bool = False


class _File(Struct):
    """A file with its variables put in."""

    path: str
    sections: dict[str, Keyed]
    include: Value | None = None
    name: str | None = None
    old: bool = False


class _Notes(Struct):
    """What loading has come by: files read, files included, what could not be read."""

    files: dict[str, None] = field(default_factory=dict)
    included: dict[str, None] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)


def start_of(repository: Repository, path: str) -> Place:
    """The place of a file as a whole."""
    source = repository.text(path)
    text = "" if source is None else source.line(1)
    return Place(repository.name(path), 1, 1, max(len(text) + 1, 2), text)


class Loader:
    """Loads models; each YAML file is parsed once."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.bounds = Bounds()
        self.env_files = EnvFiles(repository)
        self._variables: dict[tuple[str, ...], tuple[Variables, tuple[Unread, ...]]] = {}
        self._documents: dict[str, tuple[YamlMap, ...] | UnreadableError] = {}

    def documents(self, path: str) -> tuple[YamlMap, ...]:
        """The Compose documents of a file. Raises :class:`~lint502.reading.UnreadableError`."""
        found = self._documents.get(path)
        if found is None:
            try:
                every = tuple(documents(self.repository.source(path)))
                found = tuple(one for one in every if isinstance(one, YamlMap) and is_compose(one))
                if not found:
                    found = tuple(one for one in every[:1] if isinstance(one, YamlMap))
            except UnreadableError as error:
                found = error
            self._documents[path] = found
        if isinstance(found, UnreadableError):
            raise found.with_traceback(None)
        return found

    def variables(
        self, folder: str, unread: list[Unread], env_files: Sequence[str] | None = None
    ) -> Variables:
        """The variables that Compose has in a project's folder: those of ``.env``; those that only
        an example has besides. What cannot be read is added to ``unread``."""
        paths = (os.path.join(folder, ".env"),) if env_files is None else tuple(env_files)
        if paths not in self._variables:
            noted: list[Unread] = []
            self._variables[paths] = (self._read_variables(paths, noted), tuple(noted))
        found, notes = self._variables[paths]
        unread += notes
        return found

    def _read_variables(self, paths: Sequence[str], unread: list[Unread]) -> Variables:
        known: dict[str, Text] = {}
        unknown: set[str] = set()
        examples: Mapping[str, Text] = {}
        for path in paths:
            read = self._env_file(path, known, unread)
            if read is not None:
                known.update(read.known)
                unknown |= read.unknown
            examples = Stacked(self.env_files.examples(path), examples)
        return Variables(known, frozenset(unknown - known.keys()), examples)

    def _env_file(
        self, path: str, known: Mapping[str, Text], unread: list[Unread]
    ) -> Variables | None:
        if os.path.isdir(path):
            return None
        try:
            read = self.env_files.read(path, Variables(known))
        except MissingFileError:
            return None
        except UnreadableError as error:
            unread.append(Unread(start_of(self.repository, path), str(error)))
            return None
        unread += read.unread
        return read.variables

    def model(self, paths: Sequence[str]) -> Model:
        """The model of files that are given with ``-f``, in this order. Raises
        :class:`~lint502.reading.UnreadableError` where one of them cannot be read."""
        folder = os.path.dirname(paths[0])
        notes = _Notes()
        variables = self.variables(folder, notes.unread)
        own = {"PWD": Text(folder, start_of(self.repository, paths[0])), **self._named(paths)}
        known = Stacked(variables.known, own)
        variables = Variables(known, variables.unknown, variables.examples)
        merged, name, old = self._merged(paths, folder, variables, notes, ())
        return Model(
            merged,
            name,
            folder,
            variables,
            tuple(notes.files),
            frozenset(notes.included),
            tuple(notes.unread),
            old,
        )

    def _named(self, paths: Sequence[str]) -> dict[str, Text]:
        """The project's name as a variable, where a file says it as it is."""
        names = (one.text("name") for path in paths for one in self.documents(path))
        found = [one for one in names if one is not None and "$" not in one.value]
        return {"COMPOSE_PROJECT_NAME": Text(found[-1].value, found[-1].place)} if found else {}

    def _merged(
        self,
        paths: Sequence[str],
        folder: str,
        variables: Variables,
        notes: _Notes,
        trail: tuple[str, ...],
    ) -> tuple[dict[str, Keyed], str | None, bool]:
        """The sections of files merged, the project's name, and whether the form is the old one."""
        sections: dict[str, Keyed] = {}
        name, old = None, False
        for path in paths:
            file = self._file(path, folder, variables)
            notes.files[path] = None
            self._include(file, folder, variables, notes, (*trail, path))
            self._extend(file, variables, notes)
            for section, value in file.sections.items():
                sections[section] = self._over(sections.get(section), value)
            name, old = file.name or name, old or file.old
        return sections, name, old

    def _over(self, below: Keyed | None, above: Keyed) -> Keyed:
        """A section over another one: each service, network … over the one of its name."""
        if below is None:
            return above
        entries = {key: one for key, one in below.entries.items() if key not in above.removed}
        for key, value in above.entries.items():
            base = entries.get(key)
            replaced = key in above.replaced
            if isinstance(base, Keyed) and isinstance(value, Keyed) and not replaced:
                entries[key] = merge(base, value, self.bounds)
            elif base is None or not (isinstance(value, Scalar) and value.null):
                entries[key] = value
        return Keyed(entries, {**above.keys, **below.keys}, below.place)

    def _file(self, path: str, folder: str, variables: Variables) -> _File:
        """A file with its variables put in; its documents are merged."""
        file = _File(path, {})
        for document in self.documents(path):
            found = with_variables(self._parts(document), variables, folder, self.bounds)
            if not isinstance(found, Keyed):
                continue
            file.old = file.old or ("services" not in document.entries and is_old(document))
            for section in SECTIONS:
                value = found.keyed(section)
                if value is not None:
                    file.sections[section] = self._over(file.sections.get(section), value)
            file.include = found.get("include") or file.include
            file.name = found.text("name") or file.name
        return file

    def _parts(self, document: YamlMap) -> YamlMap:
        """The parts of a document that count; of the old form the services."""
        if is_old(document):
            services = {key: one for key, one in document.entries.items() if key[:2] != "x-"}
            inner = YamlMap(services, document.keys, document.place)
            return YamlMap({"services": inner}, {"services": document.place}, document.place)
        wanted = {
            key: one
            for key, one in document.entries.items()
            if key in SECTIONS or key in ("include", "name")
        }
        return YamlMap(wanted, document.keys, document.place)

    def _include(
        self,
        file: _File,
        folder: str,
        variables: Variables,
        notes: _Notes,
        trail: tuple[str, ...],
    ) -> None:
        """Put below the sections of a file those of the files that it includes."""
        below: dict[str, Keyed] = {}
        for item in each(file.include):
            self.bounds.take(100)
            texts = list(each_text(item.get("path") if isinstance(item, Keyed) else item))
            paths = self._paths(texts, notes)
            if not paths:
                continue
            inner = os.path.dirname(paths[0])
            env_files: list[str] | None = None
            if isinstance(item, Keyed):
                given = item.scalar("project_directory")
                if given is not None and given.known:
                    inner = self.repository.absolute(given.text, folder)
                if item.get("env_file") is not None:
                    env_files = self._paths(each_text(item.get("env_file")), notes)
            if paths[0] in trail or len(trail) > MAX_DEEP:
                notes.unread.append(Unread(texts[0].place, "includes itself"))
                continue
            notes.included.update(dict.fromkeys(paths))
            own = self.variables(inner, notes.unread, env_files)
            both = Variables(
                Stacked(variables.known, own.known),
                own.unknown,
                Stacked(variables.examples, own.examples),
            )
            try:
                found, _, _ = self._merged(paths, inner, both, notes, trail)
            except UnreadableError as error:
                notes.unread.append(Unread(texts[0].place, f"names a file that {error}"))
                continue
            for section, value in found.items():
                below[section] = self._over(below.get(section), value)
        for section, value in below.items():
            own_section = file.sections.get(section)
            file.sections[section] = (
                value if own_section is None else self._over(value, own_section)
            )

    def _paths(self, texts: Iterable[Scalar], notes: _Notes) -> list[str]:
        """The files of this machine that texts name."""
        found = []
        for text in texts:
            why = self._unreachable(text)
            if why is None:
                found.append(self.repository.absolute(text.text, text.folder))
            else:
                notes.unread.append(Unread(text.place, why))
        return found

    def _unreachable(self, text: Scalar) -> str | None:
        if not text.known:
            return (
                f"names a file by ${text.missing[0]}, which has no value"
                if text.missing
                else ("names a file by a variable without a value")
            )
        if text.text.startswith(_REMOTE) or "://" in text.text:
            return "names a file of another machine, which lint502 does not fetch"
        if text.text == "/dev/null":
            return "names no file"
        path = self.repository.absolute(text.text, text.folder)
        if not self.repository.is_file(path):
            return f"names {self.repository.name(path)}, which is no file of this repository"
        return None

    def _extend(self, file: _File, variables: Variables, notes: _Notes) -> None:
        """Put below each service of a file the one that it extends."""
        services = file.sections.get("services")
        if services is not None:
            other = _Others(self, variables, notes)
            extending = Extending(self.bounds, other, notes.unread)
            file.sections["services"] = extending.services(file.path, services)

    def services_of(self, path: str, variables: Variables) -> Keyed | None:
        """The services of a file, as another one extends them: before they extend others."""
        return self._file(path, os.path.dirname(path), variables).sections.get("services")

    def path_of(self, text: Scalar, notes: _Notes) -> str | None:
        """The file that a text names; what is not there is noted."""
        return next(iter(self._paths((text,), notes)), None)


class _Others:
    """The services of the files that a file extends, each read once."""

    def __init__(self, loader: Loader, variables: Variables, notes: _Notes) -> None:
        self._loader = loader
        self._variables = variables
        self._notes = notes
        self._read: dict[str, Keyed | None] = {}

    def __call__(self, file: Scalar) -> tuple[str, Keyed] | None:
        path = self._loader.path_of(file, self._notes)
        if path is None:
            return None
        if path not in self._read:
            self._read[path] = self._services(path, file)
        services = self._read[path]
        return None if services is None else (path, services)

    def _services(self, path: str, file: Scalar) -> Keyed | None:
        try:
            services = self._loader.services_of(path, self._variables)
        except UnreadableError as error:
            self._notes.unread.append(Unread(file.place, f"names a file that {error}"))
            return None
        self._notes.files[path] = None
        if services is None:
            self._notes.unread.append(Unread(file.place, "names a file without services"))
        return services
