"""The run: roots and spec files in, a report out. Prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from lint502.checks import rule_of
from lint502.checks.unstated_version import unstated
from lint502.checks.unused_ignore import unused, unused_path
from lint502.concerns import concerns
from lint502.disagreements import Disagreement
from lint502.findings import Finding, Note, Problem
from lint502.hop_states import hop_reports
from lint502.loading import Loaded, load
from lint502.merging import merged, of_one_cause, order
from lint502.nginx.alike import with_others
from lint502.nginx.envsubst import Replaced, without_edits_in
from lint502.nginx.files import OnDisk
from lint502.nginx.noting import NotingVersion
from lint502.nginx.rendered import Span
from lint502.nginx.unknown_directives import notes_on, unknown_directives
from lint502.nginx.version import NEWEST, Version
from lint502.older_versions import older_findings, run_noting
from lint502.options import Options, Progress
from lint502.report_model import DeploymentReport, HopReport, Older, Report
from lint502.rule_names import RULES
from lint502.server_reports import front_reports, server_reports
from lint502.site import Site
from lint502.sites import all_sites
from lint502.suppression import (
    Ignore,
    Suppression,
    in_configuration,
    in_source,
    in_spec,
)

UNSTATED = "unstated-version"


class Result(Struct, frozen=True):
    """A report, the sites that it is about, one for each root, and the names of the nginx files
    that were read. ``apart`` are the findings, hidden ones too, for each upstream one; ``on_disk``
    has those files that are on the disk, ``values`` those that templates were given, by their
    names."""

    report: Report
    sites: tuple[Site, ...]
    apart: tuple[Finding, ...] = ()
    files: tuple[str, ...] = ()
    on_disk: Mapping[str, OnDisk] = field(default_factory=dict)
    values: tuple[tuple[str, str], ...] = ()


def run(
    parts: Sequence[Options],
    standard_input: Callable[[], bytes],
    progress: Progress = lambda _: None,
) -> Result:
    """Check the roots of each part, in one report. Whatever goes wrong with a file is among its
    problems.

    The parts may differ in how their roots are read; what is to be reported the first one says. All
    rules run, for what one finds bears on what the client sees of another.
    """
    progress("reading nginx's files")
    first = parts[0]
    if first.runs(UNSTATED):
        parts = [_noting(options) for options in parts]
    loaded = [load(options, standard_input, progress) for options in parts]
    problems: dict[Problem, None] = {}
    notes: dict[Note, None] = {}
    for part in loaded:
        problems.update(part.problems)
        notes.update(part.notes)
    unknown = unknown_directives(
        (tree for part in loaded for trees in part.trees.values() for tree in trees),
        first.known_directives,
    )
    newest = max((part.options.version for part in loaded), default=first.version)
    notes.update(dict.fromkeys(notes_on(unknown, Version(*newest))))
    suppression, mistakes = _suppression(first, loaded)
    problems.update(dict.fromkeys(mistakes))
    progress("finding the hops")
    sites = list(all_sites(loaded))
    for site in sites:
        problems.update(dict.fromkeys(site.problems))
    found = [_found(site, first.runs, suppression, progress) for site in sites]
    progress("putting the report together")
    replaced = _replaced(loaded)
    findings = [without_edits_in(finding, replaced) for one in found for finding in one.findings]
    older = tuple(item for one in found for item in one.older)
    if older:
        left = suppression.left(unstated(older), {})
        findings += [] if left is None else [left]
    if first.runs("unused-ignore"):
        findings += [unused(ignore) for ignore in suppression.unused() if first.runs(ignore.rule)]
        findings += _unused_paths(first, suppression, loaded)
    apart = sorted(merged(findings), key=order)
    findings = of_one_cause(apart)
    versions = {site.tree.name: Version(*site.version) for site in sites}
    specs = (spec for part in loaded for spec, _ in part.specs.values())
    report = Report(
        first.version,
        first.version_origin,
        first.version_source,
        tuple(site.tree.name for site in sites),
        tuple(dict.fromkeys(name for spec in specs for name in spec.files)),
        tuple(hop for one in found for hop in one.hops),
        tuple(finding for finding in findings if not finding.behind),
        tuple(problems),
        tuple(notes),
        tuple(finding for finding in findings if finding.behind),
        len({finding for one in found for finding in one.suppressed}),
        root_versions=versions if len(set(versions.values())) > 1 else {},
        older=older,
        deployments=tuple(_deployments(loaded)),
        servers=tuple(server for site in sites for server in server_reports(site)),
        fronts=tuple(front_reports(sites)),
        unknown_directives=tuple(unknown),
    )
    read = dict.fromkeys(one.source.name for part in loaded for one in part.parsed)
    on_disk = {name: file for part in loaded for name, file in part.on_disk.items()}
    names = {span.name for spans in replaced.values() for span in spans}
    given = dict.fromkeys(
        item for part in loaded for item in part.options.env.items() if item[0] in names
    )
    return Result(report, tuple(sites), tuple(apart), tuple(read), on_disk, tuple(given))


def _deployments(loaded: Iterable[Loaded]) -> Iterator[DeploymentReport]:
    """The deployments that were checked, each with its roots."""
    for part in loaded:
        if part.options.deployed is not None:
            nginx = part.options.deployed.nginx
            roots = tuple(tree.name for trees in part.trees.values() for tree in trees)
            project = nginx.project
            yield DeploymentReport(project.name, project.kind, nginx.container.name, roots)


def _noting(options: Options) -> Options:
    """Where nobody states the version, one that notes what depends on it."""
    if options.version_origin != "newest" or options.version != NEWEST:
        return options
    return replace(options, version=NotingVersion.of(options.version))


class _OfRoot(Struct, frozen=True):
    """What the rules find in one root, the findings that are not to be reported, and what older
    versions would bring, where nobody says which one runs."""

    findings: tuple[Finding, ...]
    suppressed: tuple[Finding, ...]
    hops: tuple[HopReport, ...]
    older: tuple[Older, ...]


def _found(
    site: Site,
    reported: Callable[[str], bool],
    suppression: Suppression,
    progress: Progress,
) -> _OfRoot:
    passes = {hop.id: hop.directive for hop in site.every_hop}
    standing: dict[str, tuple[str, ...]] = {}
    findings, suppressed = [], []
    runs = []
    for name in RULES:
        if concerns(name, site):
            progress(f"rule {name}")
            runs.append(run_noting(rule_of(name), site))
    progress("putting the report together")
    newest = _verdicts(site, [one for run in runs for one in run.found])
    for finding in newest:
        if not reported(finding.rule):
            continue
        if site.same and finding.hops:
            finding = replace(finding, hops=with_others(finding.hops, site.same, standing))
        left = suppression.left(finding, passes)
        if left is not None:
            findings.append(replace(left, roots=(site.tree.name,)))
        elif not finding.behind:
            suppressed.append(replace(finding, hops=(), frequency=None))
    hops = tuple(hop_reports(site, findings))
    older: list[Older] = []
    if isinstance(site.version, NotingVersion):
        progress("looking at older versions of nginx")
        older = older_findings(
            runs,
            newest,
            lambda one: reported(one.rule) and suppression.left(one, passes) is not None,
        )
        root = (site.tree.name,)
        older = [replace(one, finding=replace(one.finding, roots=root)) for one in older]
    return _OfRoot(tuple(findings), tuple(suppressed), hops, tuple(older))


def _verdicts(site: Site, found: Sequence[Disagreement | Finding]) -> list[Finding]:
    if not found:
        return []
    from lint502.verdict import verdicts

    return verdicts(site, found)


def _unused_paths(
    options: Options, suppression: Suppression, loaded: Sequence[Loaded]
) -> list[Finding]:
    """What patterns of the settings ignore for nothing. One that fits no file may be about other
    roots than those that somebody has named."""
    read = {one.source.name for part in loaded for one in part.parsed}
    read |= {name for part in loaded for spec, _ in part.specs.values() for name in spec.files}
    return [
        unused_path(one)
        for one in suppression.unused_paths(read)
        if options.runs(one.rule) and (one.fits or not options.named_roots)
    ]


def _replaced(loaded: Iterable[Loaded]) -> Replaced:
    """What stands in templates in the place of values."""
    replaced: dict[tuple[str, int], list[Span]] = {}
    for part in loaded:
        for parsed in part.parsed:
            for span in parsed.replaced:
                replaced.setdefault((parsed.source.name, span.line), []).append(span)
    return replaced


def _suppression(options: Options, loaded: Iterable[Loaded]) -> tuple[Suppression, list[Problem]]:
    """What the files and the settings say is not to be reported, and what is wrong with that."""
    ignores: list[Ignore] = []
    problems: list[Problem] = []
    parsed = {(one.source.name, one.source.text): one for part in loaded for one in part.parsed}
    specs = {
        source.name: source
        for part in loaded
        for spec, _ in part.specs.values()
        for source in spec.sources
    }
    known: set[tuple[str, int]] = set()
    stating = {source.name: source for part in loaded for source in part.stating()}
    for ignored, wrong in (
        *map(in_configuration, parsed.values()),
        *map(in_spec, specs.values()),
        *(in_source(source) for name, source in stating.items() if name not in specs),
    ):
        # an nginx file may stand in a script
        found = [one for one in ignored if (one.place.file, one.place.line) not in known]
        known.update((one.place.file, one.place.line) for one in found)
        ignores += found
        problems += wrong
    here = options.working_directory
    return Suppression(ignores, options.path_ignores, here), problems
