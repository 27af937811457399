"""Reading the roots of a run, and the files that they are compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from lint502.checkout import LeadsOutError
from lint502.declared.claims import Claims
from lint502.declared.listeners import Spec
from lint502.deployment.repository import Repository
from lint502.findings import Note, Problem
from lint502.nginx.envsubst import Values
from lint502.nginx.files import Files, OnDisk
from lint502.nginx.parse import ParsedFile
from lint502.nginx.parser import CrossplaneError
from lint502.nginx.refused_addresses import refused_addresses
from lint502.nginx.roots import RootLoader
from lint502.nginx.tree import Tree
from lint502.nginx.version import Version
from lint502.options import Options, Progress
from lint502.places import Place, SourceFile
from lint502.reading import Reader, UnreadableError, decode

if TYPE_CHECKING:
    from lint502.deployment.ansible import RoleVariables
    from lint502.deployment.deployed import Around, Deployed
    from lint502.deployment.viewpoint import Viewpoint


_LARGEST_PROBE = 4 * 1024**2


class Loaded(Struct, frozen=True):
    """What was read for some roots: the trees that are compared with one spec, by its files."""

    options: Options
    trees: Mapping[tuple[Path, ...], Sequence[Tree]]
    specs: Mapping[tuple[Path, ...], tuple[Spec, Sequence[Problem]]]
    parsed: tuple[ParsedFile, ...]
    on_disk: Mapping[str, OnDisk]
    problems: Mapping[Problem, None]
    notes: Mapping[Note, None]

    def stating(self) -> Iterator[SourceFile]:
        """The files of the deployment, and those of others that state something in it."""
        options = self.options
        deployed = options.deployed or options.around
        if deployed is None:
            return
        names = set() if options.deployed is None else set(options.deployed.nginx.project.files)
        for spec, _ in self.specs.values():
            for upstream in spec.upstreams:
                for listener in upstream.listeners:
                    names.update(place.file for place in (listener.place, *listener.stated_at))
        nginx = {(one.source.name, one.source.text) for one in self.parsed}
        for one in deployed.repository.sources():
            if one.name in names and (one.name, one.text) not in nginx:
                yield one


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
    if options.deployed is not None:
        files.allow(options.deployed.folder)

    @cache
    def roles() -> RoleVariables:
        from lint502.deployment.ansible import RoleVariables

        return RoleVariables(Repository(options.working_directory, reader, options.checkout))

    loader = RootLoader(
        files,
        options.allow_missing,
        standard_input,
        values,
        named=options.named_roots,
        defaults=lambda source: roles().of(files.absolute(source.name)),
    )
    trees: dict[tuple[Path, ...], list[Tree]] = {}
    unspecified: dict[str, Note] = {}
    try:
        for folder, tree in _trees(options, loader, files):
            paths = _spec_paths(folder, options, files)
            if options.specs is None and any(files.leads_out(str(path)) for path in paths):
                name = files.name(str(paths[0]))
                problems[Problem(name, None, f"this file {LeadsOutError()}")] = None
                paths = ()
            elif (
                not paths and options.specs is None and options.deployed is None and tree.main.items
            ):
                unspecified.setdefault(folder, _no_spec(tree.name, files.name(folder)))
            trees.setdefault(paths, []).append(tree)
            problems.update(dict.fromkeys(tree.problems))
            problems.update(dict.fromkeys(refused_addresses(tree)))
            notes.update(dict.fromkeys(tree.notes))
    except CrossplaneError as error:
        problems[Problem("crossplane", None, str(error))] = None
    if options.deployed is not None and trees:
        notes.update(dict.fromkeys(_left_out(options.deployed, loader)))
    progress("reading what is declared")
    derived: Sequence[Claims] = ()
    viewpoint = None
    if options.around is not None and trees:
        derived, viewpoint = _around(options.around)
    if options.deployed is not None and trees:
        derived, viewpoint = _derived(options.deployed, loader, files, options.version)
    if not derived:
        notes.update(dict.fromkeys(unspecified.values()))
    observed: tuple[Claims, ...] = ()
    if options.observed is not None and trees:
        observed, unseen = _observed(options.observed, files, reader)
        problems.update(dict.fromkeys(unseen))
    specs = {
        paths: _load_spec(paths, files, reader, derived, viewpoint, observed) for paths in trees
    }
    for _, wrong in specs.values():
        problems.update(dict.fromkeys(wrong))
    return Loaded(options, trees, specs, tuple(loader.parsed()), files.on_disk(), problems, notes)


def _trees(options: Options, loader: RootLoader, files: Files) -> Iterator[tuple[str, Tree]]:
    """The trees of the roots, each with the folder that it stands in."""
    if options.deployed is not None:
        from lint502.deployment.nginx_files import store_of

        store = store_of(options.deployed.nginx, files)
        tree = loader.load_from(store, options.deployed.nginx.main)
        yield options.deployed.folder, replace(tree, name=options.deployed.name)
        return
    roots = loader.distinct(options.roots)
    for root, tree in zip(roots, loader.load_all(roots), strict=True):
        yield loader.folder(root), tree


def _left_out(deployed: Deployed, loader: RootLoader) -> Iterator[Note]:
    """The files that a deployment puts where its nginx does not read them."""
    read = {parsed.source.name for parsed in loader.parsed()}
    container = deployed.nginx.container.name
    for name, path in deployed.left_out(read):
        said = f"stands at {path} in {container}, where nothing includes it: it is not read"
        yield Note(name, None, said)


def _around(around: Around) -> tuple[tuple[Claims, ...], Viewpoint]:
    """What an nginx on the machine reaches of the deployments of its repository; one in a container
    that no file says more of sees what is not known."""
    from lint502.declared.sources.containers import claims_on_machine
    from lint502.deployment.viewpoint import Viewpoint

    project = around.projects[0]
    place = Place(next(iter(project.files), project.name), 1, 1, 2)
    if around.contained:
        return (), Viewpoint(project.name, "nginx", place)
    claims = tuple(claims_on_machine(around.projects, around.repository))
    return claims, Viewpoint(project.name, "nginx", place, on_machine=True)


def _derived(
    deployed: Deployed, loader: RootLoader, files: Files, version: Version
) -> tuple[tuple[Claims, ...], Viewpoint]:
    """What a deployment states of the upstreams of its nginx, and from where that sees them."""
    from lint502.declared.sources.containers import claims_of
    from lint502.declared.sources.nginx_server import listeners
    from lint502.declared.sources.viewpoints import viewpoint_of
    from lint502.deployment.nginx_files import store_of

    nginx = deployed.nginx
    servers = {
        other.container.name: listeners(
            loader.load_from(store_of(other, files), other.main), version
        )
        for other in deployed.others
    }
    claims = claims_of(nginx, deployed.repository, servers)
    return tuple(claims), viewpoint_of(nginx, deployed.repository)


def _load_spec(
    paths: Sequence[Path],
    files: Files,
    reader: Reader,
    derived: Sequence[Claims],
    viewpoint: Viewpoint | None,
    observed: Sequence[Claims],
) -> tuple[Spec, Sequence[Problem]]:
    if not paths and viewpoint is None:
        return Spec(), ()
    from lint502.declared.load import load_specs

    return load_specs(
        paths, lambda path: files.name(str(path)), reader, derived, viewpoint, observed
    )


def _observed(
    path: Path, files: Files, reader: Reader
) -> tuple[tuple[Claims, ...], Sequence[Problem]]:
    """What a probe saw."""
    from lint502.declared.sources.probe_json import observed_in

    name = files.name(str(path))
    try:
        text = decode(reader.data(str(path), _LARGEST_PROBE))
    except UnreadableError as error:
        return (), (Problem(name, error.line, f"this file {error}"),)
    return observed_in(SourceFile(name, text))


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
