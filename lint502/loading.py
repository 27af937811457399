"""Reading the roots of a run, and the files that they are compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lint502.checkout import LeadsOutError
from lint502.declared.listeners import Spec
from lint502.deployment.ansible import RoleVariables
from lint502.deployment.repository import Repository
from lint502.findings import Note, Problem
from lint502.nginx.envsubst import Values
from lint502.nginx.files import Files, OnDisk
from lint502.nginx.parse import ForeignCrossplaneError, ParsedFile
from lint502.nginx.refused_addresses import refused_addresses
from lint502.nginx.roots import RootLoader
from lint502.nginx.tree import Tree
from lint502.options import Options, Progress
from lint502.reading import Reader


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read for some roots: the trees that are compared with one spec, by its files."""

    options: Options
    trees: Mapping[tuple[Path, ...], Sequence[Tree]]
    specs: Mapping[tuple[Path, ...], tuple[Spec, Sequence[Problem]]]
    parsed: tuple[ParsedFile, ...]
    on_disk: Mapping[str, OnDisk]
    problems: Mapping[Problem, None]
    notes: Mapping[Note, None]


def load(options: Options, standard_input: Callable[[], bytes], progress: Progress) -> Loaded:
    """Read the roots and the spec files that they are compared with."""
    reader = Reader(options.overlay)
    files = Files(
        options.working_directory, options.maps, options.allow_paths, reader, options.checkout
    )
    problems: dict[Problem, None] = {}
    notes: dict[Note, None] = {}
    try:
        values = Values(options.env)
    except ValueError as error:
        values = Values()
        problems[Problem("the values for templates", None, str(error))] = None
    roles = RoleVariables(Repository(options.working_directory, reader, options.checkout))
    loader = RootLoader(
        files,
        options.allow_missing,
        standard_input,
        values,
        named=options.named_roots,
        defaults=lambda source: roles.of(files.absolute(source.name)),
    )
    trees: dict[tuple[Path, ...], list[Tree]] = {}
    try:
        unspecified: dict[str, Note] = {}
        roots = loader.distinct(options.roots)
        for root, tree in zip(roots, loader.load_all(roots), strict=True):
            folder = loader.folder(root)
            paths = _spec_paths(folder, options, files)
            if options.specs is None and any(files.leads_out(str(path)) for path in paths):
                name = files.name(str(paths[0]))
                problems[Problem(name, None, f"this file {LeadsOutError()}")] = None
                paths = ()
            elif not paths and options.specs is None and tree.main.items:
                unspecified.setdefault(folder, _no_spec(tree.name, files.name(folder)))
            trees.setdefault(paths, []).append(tree)
            problems.update(dict.fromkeys(tree.problems))
            problems.update(dict.fromkeys(refused_addresses(tree)))
            notes.update(dict.fromkeys(tree.notes))
        notes.update(dict.fromkeys(unspecified.values()))
    except ForeignCrossplaneError as error:
        problems[Problem("crossplane", None, str(error))] = None
    progress("reading what is declared")
    specs = {paths: _load_spec(paths, files, reader) for paths in trees}
    for _, wrong in specs.values():
        problems.update(dict.fromkeys(wrong))
    return Loaded(options, trees, specs, tuple(loader.parsed()), files.on_disk(), problems, notes)


def _load_spec(
    paths: Sequence[Path], files: Files, reader: Reader
) -> tuple[Spec, Sequence[Problem]]:
    if not paths:
        return Spec(), ()
    from lint502.declared.load import load_specs

    return load_specs(paths, lambda path: files.name(str(path)), reader)


def _spec_paths(folder: str, options: Options, files: Files) -> tuple[Path, ...]:
    """The spec files that a root in a folder is compared with: those that are named, else the
    nearest ``upstreams.toml``."""
    if options.specs is not None:
        return options.specs
    spec = files.nearest(folder, "upstreams.toml")
    return () if spec is None else (Path(spec),)


def _no_spec(root: str, folder: str) -> Note:
    return Note(
        root,
        None,
        f"no upstreams.toml was found from {folder} upwards: only rules that need no declaration "
        "can find anything",
    )
