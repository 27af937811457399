"""The run: roots and spec files in, a report out. Prints nothing and opens no spec of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lint502.behaviour.error_pages import as_the_client_sees, replaced_statuses
from lint502.checks import Check, check_of
from lint502.checks.unused_ignore import unused
from lint502.declared.listeners import Spec
from lint502.findings import Edit, Finding, Frequency, Note, Problem, Severity
from lint502.nginx.envsubst import Replaced, Span, Values, without_edits_in
from lint502.nginx.files import Files, OnDisk, PathMap
from lint502.nginx.hops import Hop, find_hops
from lint502.nginx.parse import ForeignCrossplaneError, ParsedFile
from lint502.nginx.roots import RootLoader
from lint502.nginx.servers import find_servers
from lint502.nginx.tree import Tree
from lint502.nginx.version import NEWEST, Version
from lint502.pairing import Pair, Pairing
from lint502.places import Place
from lint502.reading import shown
from lint502.rule_names import RULES
from lint502.site import Site
from lint502.suppression import (
    MAX_IGNORES,
    Ignore,
    PathIgnore,
    Suppression,
    in_configuration,
    in_spec,
)

if TYPE_CHECKING:
    from lint502.lab.proof import Proof

State = Literal["passed", "failed", "undeclared", "undecidable"]
_Ordinals = dict[tuple[str, ...], int]
VersionOrigin = Literal["option", "config", "binary", "newest"]


@dataclass(frozen=True, slots=True)
class Options:
    """What a run is asked to do.

    ``roots`` as on the command line. ``specs``: the spec files; None: look for ``upstreams.toml``.
    ``version``: what rules and defaults go by, with its origin and, for one out of a settings
    file, that file's name. ``select`` and ``ignore`` name rules; an empty ``select`` is all.
    ``rules`` are the ``[rules.NAME]`` tables, ``path_ignores`` what is not reported in some files.
    ``overlay`` has texts of nginx files, by real path, that count instead of what the disk has.
    ``env`` are the values for templates.
    """

    working_directory: Path
    roots: tuple[str, ...]
    specs: tuple[Path, ...] | None = None
    version: Version = NEWEST
    version_origin: VersionOrigin = "newest"
    version_source: str | None = None
    maps: tuple[PathMap, ...] = ()
    allow_missing: tuple[str, ...] = ()
    allow_paths: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    path_ignores: tuple[PathIgnore, ...] = ()
    overlay: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)

    def runs(self, rule: str) -> bool:
        """Whether a rule is among those asked for."""
        return (not self.select or rule in self.select) and rule not in self.ignore


@dataclass(frozen=True, slots=True)
class TargetReport:
    """One target of a hop: its address, and the upstream that it reaches (None: undeclared)."""

    address: str
    upstream: str | None


@dataclass(frozen=True, slots=True)
class HopReport:
    """A hop as reports show it. ``place`` is its pass directive; ``reason`` says why it is
    undecidable, or was not looked at by the rules, if so."""

    id: str
    place: Place
    directive: str
    value: str
    server: str
    location: str
    state: State
    targets: tuple[TargetReport, ...]
    reason: str | None = None

    @property
    def label(self) -> str:
        """Its server, its location, and where it passes requests to."""
        where = " ".join(part for part in (self.server, self.location) if part)
        passes = f"{self.directive} {self.value}"
        return f"{where} → {passes}" if where else passes


@dataclass(frozen=True, slots=True)
class Report:
    """All that a run found; ``roots`` and ``specs`` by the names that reports show. ``suppressed``
    counts the findings that comments and settings ignore, ``known`` those of the baseline.
    ``proofs`` has what was watched of a finding, where somebody asked for that. ``root_versions``
    has the version that each root was checked for, where that is not the same for all."""

    version: Version
    version_origin: VersionOrigin
    version_source: str | None
    roots: tuple[str, ...]
    specs: tuple[str, ...]
    hops: tuple[HopReport, ...]
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]
    notes: tuple[Note, ...]
    suppressed: int = 0
    known: int = 0
    proofs: Mapping[Finding, Proof] = field(default_factory=dict)
    root_versions: Mapping[str, Version] = field(default_factory=dict)

    def changed(self, change: Callable[[Finding], Finding]) -> Report:
        """The report with something else in the place of each finding, which keeps its proof."""
        findings = {finding: change(finding) for finding in self.findings}
        return replace(
            self,
            findings=tuple(findings[finding] for finding in self.findings),
            proofs={findings[finding]: proof for finding, proof in self.proofs.items()},
        )

    def count(self, severity: Severity) -> int:
        """How many findings have this severity."""
        return sum(finding.severity is severity for finding in self.findings)

    def hop_states(self) -> dict[State, int]:
        """How many hops are in each state."""
        states: dict[State, int] = {"passed": 0, "failed": 0, "undeclared": 0, "undecidable": 0}
        for hop in self.hops:
            states[hop.state] += 1
        return states


@dataclass(frozen=True, slots=True)
class Examined:
    """A report, the sites that it is about, one for each root, and the names of the nginx files
    that were read; ``on_disk`` has those that are files, ``values`` those that templates were
    given, by their names."""

    report: Report
    sites: tuple[Site, ...]
    files: tuple[str, ...] = ()
    on_disk: Mapping[str, OnDisk] = field(default_factory=dict)
    values: tuple[tuple[str, str], ...] = ()


Begins = Callable[[str], None]
"""Is told what a run goes on with."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What was read for some roots: the trees that are compared with one spec, by its files."""

    options: Options
    trees: Mapping[tuple[Path, ...], Sequence[Tree]]
    specs: Mapping[tuple[Path, ...], tuple[Spec, Sequence[Problem]]]
    parsed: tuple[ParsedFile, ...]
    on_disk: Mapping[str, OnDisk]
    problems: Mapping[Problem, None]
    notes: Mapping[Note, None]


def run(options: Options, standard_input: Callable[[], bytes]) -> Report:
    """Check the roots. Whatever goes wrong with a file is among the problems of the report."""
    return examine(options, standard_input).report


def examine(options: Options, standard_input: Callable[[], bytes]) -> Examined:
    """As :func:`run`, for those who go on with the hops and the upstreams that they reach."""
    return examine_together((options,), standard_input)


def examine_together(
    parts: Sequence[Options],
    standard_input: Callable[[], bytes],
    begins: Begins = lambda _: None,
) -> Examined:
    """As :func:`examine`, for roots with options of their own, in one report. What is to be run and
    to be reported is the same for all: the first ones say it."""
    begins("reading nginx's files")
    loaded = [_load(options, standard_input, begins) for options in parts]
    first = parts[0]
    chosen = [rule for rule in RULES if first.runs(rule)]
    problems: dict[Problem, None] = {}
    notes: dict[Note, None] = {}
    for part in loaded:
        problems.update(part.problems)
        notes.update(part.notes)
    suppression, mistakes = _suppression(first, loaded)
    problems.update(dict.fromkeys(mistakes))
    begins("finding the hops")
    sites = list(_all_sites(loaded))
    begins("loading the rules")
    checks = {rule: check_of(rule) for rule in chosen}
    found = [_found(site, checks, suppression, begins) for site in sites]
    begins("putting the report together")
    replaced = _replaced(loaded)
    findings = [without_edits_in(finding, replaced) for one in found for finding in one.findings]
    if "unused-ignore" in chosen:
        findings += [unused(ignore) for ignore in suppression.unused() if ignore.rule in chosen]
    versions = {site.tree.name: site.version for site in sites}
    report = Report(
        first.version,
        first.version_origin,
        first.version_source,
        tuple(site.tree.name for site in sites),
        tuple(
            dict.fromkeys(name for part in loaded for spec, _ in part.specs.values()
                          for name in spec.files)
        ),
        tuple(hop for one in found for hop in one.hops),
        tuple(sorted(_merged(findings), key=_order)),
        tuple(problems),
        tuple(notes),
        len({finding for one in found for finding in one.suppressed}),
        root_versions=versions if len(set(versions.values())) > 1 else {},
    )  # fmt: skip
    read = dict.fromkeys(one.source.name for part in loaded for one in part.parsed)
    on_disk = {name: file for part in loaded for name, file in part.on_disk.items()}
    names = {span.name for spans in replaced.values() for span in spans}
    given = dict.fromkeys(
        item for part in loaded for item in part.options.env.items() if item[0] in names
    )
    return Examined(report, tuple(sites), tuple(read), on_disk, tuple(given))


def _load(options: Options, standard_input: Callable[[], bytes], begins: Begins) -> _Loaded:
    """Read the roots and the spec files that they are compared with."""
    files = Files(options.working_directory, options.maps, options.allow_paths, options.overlay)
    problems: dict[Problem, None] = {}
    notes: dict[Note, None] = {}
    try:
        values = Values(options.env)
    except ValueError as error:
        values = Values()
        problems[Problem("the values for templates", None, str(error))] = None
    loader = RootLoader(files, options.allow_missing, standard_input, values)
    trees: dict[tuple[Path, ...], list[Tree]] = {}
    try:
        unspecified: dict[str, Note] = {}
        roots = loader.distinct(options.roots)
        for root, tree in zip(roots, loader.load_all(roots), strict=True):
            folder = loader.folder(root)
            paths = _spec_paths(folder, options, files)
            trees.setdefault(paths, []).append(tree)
            problems.update(dict.fromkeys(tree.problems))
            notes.update(dict.fromkeys(tree.notes))
            if not paths and options.specs is None and tree.main.items:
                unspecified.setdefault(folder, _no_spec(tree.name, files.name(folder)))
        notes.update(dict.fromkeys(unspecified.values()))
    except ForeignCrossplaneError as error:
        problems[Problem("crossplane", None, str(error))] = None
    begins("reading what is declared")
    specs = {paths: _load_spec(paths, files) for paths in trees}
    for _, wrong in specs.values():
        problems.update(dict.fromkeys(wrong))
    return _Loaded(options, trees, specs, tuple(loader.parsed()), files.on_disk(), problems, notes)


def _all_sites(loaded: Iterable[_Loaded]) -> Iterator[Site]:
    """Every root, its hops paired; alike hops are told apart over all of them."""
    ordinals: _Ordinals = {}
    alike: dict[tuple[Path, ...], list[Site]] = {}
    for part in loaded:
        for paths, trees in part.trees.items():
            spec, wrong = part.specs[paths]
            pairing = Pairing(spec, whole=not wrong)
            alike.setdefault(paths, []).extend(_sites(trees, part.options, spec, pairing, ordinals))
    for sites in alike.values():
        reached = [site.reached for site in sites if site.reached is not None]
        whole = frozenset().union(*reached) if len(reached) == len(sites) else None
        yield from (replace(site, reached=whole) for site in sites)


@dataclass(frozen=True, slots=True)
class _Found:
    """What the rules find in one root, and the findings that are not to be reported."""

    findings: tuple[Finding, ...]
    suppressed: tuple[Finding, ...]
    hops: tuple[HopReport, ...]


def _found(
    site: Site, checks: Mapping[str, Check], suppression: Suppression, begins: Begins
) -> _Found:
    replaced = {hop.id: replaced_statuses(hop) for hop in site.hops}
    passes = {hop.id: hop.directive.place() for hop in site.hops}
    findings, suppressed = [], []
    raw: list[Finding] = []
    for rule, check in checks.items():
        begins(f"rule {rule}")
        raw += check(site)
    begins("putting the report together")
    for merged in _merged(raw):
        finding = as_the_client_sees(merged, replaced)
        left = suppression.left(finding, passes)
        if left is None:
            suppressed.append(replace(finding, hops=(), frequency=None))
        else:
            findings.append(replace(left, roots=(site.tree.name,)))
    return _Found(tuple(findings), tuple(suppressed), tuple(_hop_reports(site, findings)))


def _replaced(loaded: Iterable[_Loaded]) -> Replaced:
    """What stands in templates in the place of values."""
    replaced: dict[tuple[str, int], list[Span]] = {}
    for part in loaded:
        for parsed in part.parsed:
            for span in parsed.replaced:
                replaced.setdefault((parsed.source.name, span.line), []).append(span)
    return replaced


def _suppression(options: Options, loaded: Iterable[_Loaded]) -> tuple[Suppression, list[Problem]]:
    """What the files and the settings say is not to be reported, and what is wrong with that."""
    ignores: list[Ignore] = []
    problems: list[Problem] = []
    parsed = {one.source.name: one for part in loaded for one in part.parsed}
    sources = {
        source.name: source
        for part in loaded
        for spec, _ in part.specs.values()
        for source in spec.sources
    }
    for ignored, wrong in (
        *map(in_configuration, parsed.values()),
        *map(in_spec, sources.values()),
    ):
        ignores += ignored
        problems += wrong
    if len(ignores) > MAX_IGNORES:
        last = ignores[MAX_IGNORES].place
        said = f"more than {MAX_IGNORES} rules are ignored by comments; those from here on are not"
        problems.append(Problem(last.file, last.line, said))
        del ignores[MAX_IGNORES:]
    here = options.working_directory
    return Suppression(ignores, options.path_ignores, frozenset(sources), here), problems


def _load_spec(paths: Sequence[Path], files: Files) -> tuple[Spec, Sequence[Problem]]:
    if not paths:
        return Spec(), ()
    from lint502.declared.load import load_specs

    return load_specs(paths, lambda path: files.name(str(path)))


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


def _sites(
    trees: Sequence[Tree], options: Options, spec: Spec, pairing: Pairing, ordinals: _Ordinals
) -> list[Site]:
    """The roots that are compared with one spec, each with its hops paired; what is reached is
    told over all of them."""
    reached: set[str] | None = set()
    sites = []
    for tree in trees:
        hops, blocks = find_hops(tree, options.version, ordinals, pairing.behind)
        pairs = {hop.id: tuple(pairing.pair(hop, target) for target in hop.targets) for hop in hops}
        unseen = tree.fragment or tree.problems or not tree.main.seen_whole
        if unseen or any(hop.unknown for hop in hops):
            reached = None
        if reached is not None:
            reached.update(
                name for found in pairs.values() for pair in found for name in _meant(pair)
            )
            used = {block.name for hop in hops for block in hop.blocks}  # also when all are down
            reached.update(item.name for item in spec.upstreams if item.name.lower() in used)
        sites.append(
            Site(
                tree=tree,
                version=options.version,
                spec=spec,
                hops=tuple(hop for hop in hops if hop.reached),
                every_hop=tuple(hops),
                blocks=tuple(blocks),
                servers=tuple(find_servers(tree)),
                pairs=pairs,
                reached=None,
                options=options.rules,
            )
        )
    if reached is None:
        return sites
    return [replace(site, reached=frozenset(reached)) for site in sites]


def _merged(findings: Iterable[Finding]) -> list[Finding]:
    """Findings that are equal but for their hops and roots become one, with all edits of the fix;
    equal texts at two places stay two.

    What happens always at one of the hops is not called "sometimes" for the others' sake. Where one
    of them has no edits, the others' would not mend it, so that none has.
    """
    hops: dict[Finding, dict[str, None]] = {}
    roots: dict[Finding, dict[str, None]] = {}
    frequency: dict[Finding, Frequency | None] = {}
    edits: dict[Finding, dict[Edit, None]] = {}
    for finding in findings:
        fix = finding.fix
        plain = None if fix is None else replace(fix, edits=())
        key = replace(finding, hops=(), roots=(), frequency=None, fix=plain)
        here = fix.edits if fix is not None else ()
        if key not in hops:
            edits[key] = dict.fromkeys(here)
        elif here and edits[key]:
            edits[key].update(dict.fromkeys(here))
        else:
            edits[key] = {}
        hops.setdefault(key, {}).update(dict.fromkeys(finding.hops))
        roots.setdefault(key, {}).update(dict.fromkeys(finding.roots))
        if frequency.get(key) != "always":
            frequency[key] = finding.frequency
    return [
        replace(
            key,
            hops=tuple(found),
            roots=tuple(roots[key]),
            frequency=frequency[key],
            fix=None if key.fix is None else replace(key.fix, edits=tuple(edits[key])),
        )
        for key, found in hops.items()
    ]


def _order(finding: Finding) -> tuple[str, int, int, int, str]:
    place = finding.place
    return place.file, place.line, place.column, finding.severity.rank, finding.rule


def _hop_reports(site: Site, findings: Sequence[Finding]) -> list[HopReport]:
    failed = {
        hop for finding in findings if finding.severity is not Severity.INFO for hop in finding.hops
    }
    return [_hop_report(hop, site.pairs[hop.id], hop.id in failed) for hop in site.every_hop]


def _hop_report(hop: Hop, pairs: tuple[Pair, ...], failed: bool) -> HopReport:
    state: State
    reason = hop.unknown or _unseen(hop)
    passed_by = None if hop.reached else "a return answers before requests get here"
    if failed:
        state = "failed"
    elif reason is not None:
        state = "undecidable"
    elif any(pair.listener is None and _upstream_of(pair) is None for pair in pairs):
        state = "undeclared"
    else:
        state = "passed"
    targets = dict.fromkeys(
        TargetReport(str(pair.target.address), _upstream_of(pair)) for pair in pairs
    )
    return HopReport(
        hop.id,
        hop.directive.place(),
        hop.directive.name,
        hop.value,
        hop.server,
        hop.location,
        state,
        tuple(targets),
        reason or passed_by,
    )


def _unseen(hop: Hop) -> str | None:
    """What bears on a hop but could not be seen, if anything does."""
    for level in hop.context.up():
        if level.unseen and level.name not in ("http", "stream", "main"):
            include = level.unseen[0]
            written = shown(str(include.args[0]))
            return f"include {written} ({include.source.name}:{include.line}) was not seen"
    if (
        any(target.needs_resolver for target in hop.targets)
        and hop.scope.absent("resolver") is None
    ):
        return "whether a resolver is set cannot be seen from here"
    return None


def _upstream_of(pair: Pair) -> str | None:
    if pair.listener is not None:
        return pair.listener.upstream
    return pair.mismatch.upstream if pair.mismatch is not None else None


def _meant(pair: Pair) -> Iterator[str]:
    """The upstreams of which a target may be meant to reach one."""
    name = _upstream_of(pair)
    if name is not None:
        yield name
    elif pair.mismatch is not None and pair.mismatch.elsewhere:
        yield from (listener.upstream for listener in pair.mismatch.nearest)


def installed_version() -> Version | None:
    """The version of the nginx on the PATH; None where there is none."""
    import subprocess

    binary = shutil.which("nginx")
    if binary is None:
        return None
    try:
        output = subprocess.run(
            [binary, "-v"], capture_output=True, text=True, timeout=10, check=False
        ).stderr
        return Version.parse(output.rpartition("/")[2].split()[0])
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired):
        return None
