"""The settings: the nearest ``lint502.toml``, or ``[tool.lint502]`` in ``pyproject.toml``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from lint502.checkout import Checkout, LeadsOutError
from lint502.findings import Problem
from lint502.nginx.files import PathMap, absolute_path
from lint502.reading import Reader, UnreadableError, shown
from lint502.suppression import PathIgnore

if TYPE_CHECKING:
    from lint502.places import SourceFile
    from lint502.settings.model import SettingsTable

FILE_NAME = "lint502.toml"
_PYPROJECT = "pyproject.toml"
_PYPROJECT_TABLE = ("tool", "lint502")
_LARGEST = 4 * 1024**2


class RootSettings(Struct, frozen=True):
    """A root with settings of its own, which come before those of all."""

    path: str
    specs: tuple[Path, ...] | None = None
    nginx_version: str | None = None
    maps: tuple[PathMap, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)


class Settings(Struct, frozen=True):
    """What a settings file says; what it leaves out is empty or None.

    ``file`` is its name as reports show it. Paths are absolute, except for the patterns of
    ``allow_missing``, which are matched with what an ``include`` says, and of ``known_directives``.
    ``nginx_version`` is a version or ``auto``; ``rules`` are the options of rules by name, times in
    milliseconds; ``own_roots`` the ``[[root]]`` tables.
    """

    file: str | None = None
    roots: tuple[str, ...] = ()
    own_roots: tuple[RootSettings, ...] = ()
    specs: tuple[Path, ...] | None = None
    nginx_version: str | None = None
    fail_on: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    allow_missing: tuple[str, ...] = ()
    known_directives: tuple[str, ...] = ()
    allow_paths: tuple[str, ...] = ()
    maps: tuple[PathMap, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    path_ignores: tuple[PathIgnore, ...] = ()
    baseline: str | None = None
    derive: bool = True
    allow_empty: bool = False


class _SettingsFile(Struct, frozen=True):
    """A settings file, and the key path of the table in it that holds the settings."""

    path: Path
    table: tuple[str, ...]


def checkout_of(
    working_directory: Path, allowed: Sequence[str] = (), reader: Reader | None = None
) -> Checkout:
    """The checkout that settings which count in ``working_directory`` speak of: its repository, or
    outside of one the folder of the settings."""
    found = _find(working_directory, Reader() if reader is None else reader)
    return Checkout.around(working_directory if found is None else found.path.parent, allowed)


def load_settings(
    working_directory: Path, reader: Reader | None = None, allowed: Sequence[str] = ()
) -> tuple[Settings | None, tuple[Problem, ...]]:
    """The settings that count in ``working_directory``, and everything that is wrong in them.

    Values with a problem are left out; None: the file as a whole cannot be read, or is a link that
    leads neither into the checkout nor below one of the folders ``allowed``.
    """
    reader = Reader() if reader is None else reader
    found = _find(working_directory, reader)
    if found is None:
        return Settings(), ()
    from lint502.toml.read import read_toml

    name = _name(found.path, working_directory)
    if Checkout.around(found.path.parent, allowed).leads_out(str(found.path)):
        return None, (Problem(name, None, f"this file {LeadsOutError()}"),)
    read = read_toml(found.path, name, reader)
    if isinstance(read, Problem):
        return None, (read,)
    source, data = read
    for key in found.table:
        data = data[key]
    if not isinstance(data, dict):
        return None, (Problem(name, None, f"{'.'.join(found.table)} must be a table"),)
    table, problems = _validate(data, source, found.table)
    settings = _settings(table, data.get("rules", {}), name, found.path.parent)
    if settings.path_ignores:
        settings = replace(settings, path_ignores=_placed(settings, table, source, found.table))
    return settings, problems


def _find(working_directory: Path, reader: Reader) -> _SettingsFile | None:
    """The nearest settings, up to the top of the repository or of the file system."""
    for folder in (working_directory, *working_directory.parents):
        path = folder / FILE_NAME
        if reader.exists(str(path)):
            return _SettingsFile(path, ())
        path = folder / _PYPROJECT
        if _is_ours(path, reader):
            return _SettingsFile(path, _PYPROJECT_TABLE)
        if os.path.lexists(folder / ".git"):
            return None
    return None


def _is_ours(pyproject: Path, reader: Reader) -> bool:
    """Whether a ``pyproject.toml`` has the table; a broken one that names lint502 counts."""
    try:
        data = reader.data(str(pyproject), _LARGEST)
    except UnreadableError:
        return False
    if b"lint502" not in data:
        return False
    import tomli

    try:
        tool = tomli.loads(data.decode()).get("tool", {})
    except (ValueError, RecursionError):
        return True
    return isinstance(tool, dict) and "lint502" in tool


def _name(path: Path, working_directory: Path) -> str:
    if path.parent == working_directory:
        return path.name
    return shown(str(path))


def _validate(
    data: dict[str, Any], source: SourceFile, above: Sequence[str]
) -> tuple[SettingsTable, tuple[Problem, ...]]:
    """The valid part of the settings, and a problem for each mistake in the rest."""
    from pydantic import ValidationError

    from lint502.settings.model import FORM, SettingsTable
    from lint502.toml import positions
    from lint502.toml.mistakes import mistakes

    try:
        return SettingsTable.model_validate(data), ()
    except ValidationError as error:
        found = mistakes(error, data, positions.scan(source.text), source, FORM, above)
    wrong = {_without(mistake.path) for mistake in found}
    for path in sorted(wrong, key=_backwards, reverse=True):
        _remove(data, path)
    problems = dict.fromkeys(mistake.problem for mistake in found)
    return (
        SettingsTable.model_validate(data),
        tuple(sorted(problems, key=lambda problem: problem.line or 0)),
    )


def _without(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """What goes with a value that is wrong: a ``[[root]]`` without its path is none."""
    whole = path[0] == "root" and (len(path) == 2 or path[-1] == "path")
    return path[:2] if whole else path


def _backwards(path: tuple[str | int, ...]) -> list[tuple[int, str]]:
    """An order in which an element of a list comes after those before it."""
    return [(key, "") if isinstance(key, int) else (0, key) for key in path]


def _remove(data: Any, path: tuple[str | int, ...]) -> None:
    for key in path[:-1]:
        data = data[key]
    if isinstance(data, dict):
        data.pop(path[-1], None)
    else:
        del data[path[-1]]


def _settings(
    table: SettingsTable, rules: Mapping[str, Mapping[str, Any]], name: str, folder: Path
) -> Settings:
    def absolute(path: str) -> str:
        return absolute_path(path, folder)

    def specs(paths: list[str] | None) -> tuple[Path, ...] | None:
        return None if paths is None else tuple(Path(absolute(path)) for path in paths)

    def maps(table: Mapping[str, str]) -> tuple[PathMap, ...]:
        return tuple(PathMap(absolute(source), absolute(to)) for source, to in table.items())

    own = tuple(
        RootSettings(
            absolute(one.path), specs(one.specs), one.nginx_version, maps(one.map), one.env
        )
        for one in table.root
    )
    return Settings(
        name,
        roots=tuple(absolute(root) for root in table.roots),
        own_roots=own,
        specs=specs(table.specs),
        baseline=None if table.baseline is None else absolute(table.baseline),
        nginx_version=table.nginx_version,
        fail_on=table.fail_on,
        select=tuple(table.select),
        ignore=tuple(table.ignore),
        path_ignores=tuple(
            PathIgnore(absolute(pattern), tuple(rules))
            for pattern, rules in table.ignore_in.items()
        ),
        allow_missing=tuple(table.allow_missing),
        known_directives=tuple(table.known_directives),
        allow_paths=tuple(absolute(path) for path in table.allow_paths),
        maps=maps(table.map),
        env=table.env,
        derive=table.derive,
        allow_empty=table.allow_empty,
        rules={rule: _rule_options(rule, given) for rule, given in rules.items()},
    )


def _placed(
    settings: Settings, table: SettingsTable, source: SourceFile, above: Sequence[str]
) -> tuple[PathIgnore, ...]:
    """The patterns of ``ignore_in`` with their places."""
    from lint502.toml import positions

    root = positions.scan(source.text)
    placed = []
    for ignore, written in zip(settings.path_ignores, table.ignore_in, strict=True):
        node = root.at((*above, "ignore_in", written))
        place = source.place(node.start, node.end)
        placed.append(replace(ignore, place=place, written=written))
    return tuple(placed)


def _rule_options(rule: str, given: Mapping[str, Any]) -> dict[str, int]:
    """The options of a rule that a settings file gives, as their types."""
    from lint502.checks import rule_of

    return {
        option.name: option.parse(given[option.name])
        for option in rule_of(rule).options
        if option.name in given
    }
