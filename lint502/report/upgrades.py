"""What ``lint502 upgrade`` shows: findings that come and go, and what else becomes different."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lint502 import __version__
from lint502.findings import Severity, unique_fingerprints
from lint502.reading import shown
from lint502.report import Style, counted, json
from lint502.report.blocks import finding_lines
from lint502.report.layout import labelled, room, running
from lint502.report.lines import hop_lines, in_brief
from lint502.report.palette import Palette
from lint502.report_model import HopReport
from lint502.upgrade import Because, Changed, Upgrade
from lint502.wording import listed

_MOST_HOPS = 3


def render(upgrade: Upgrade, style: Style) -> str:
    """What appears in full, what vanishes and what changes in brief, and a summary."""
    palette = Palette(style.colour)
    hops = {hop.id: hop for hop in upgrade.after.hops}
    version = upgrade.after.version
    sections = [
        (
            f"With nginx {version} appears:",
            [_appears(one, hops, style, palette) for one in upgrade.appear],
        ),
        (
            f"With nginx {version} vanishes:",
            [_vanishes(one, style, palette) for one in upgrade.vanish],
        ),
        (
            "Becomes different, without a finding:",
            _changes(upgrade.changes, hops, style, palette, in_general=False),
        ),
        (
            "May become different, by what the upstream answers:",
            _changes(upgrade.changes, hops, style, palette, in_general=True),
        ),
    ]
    blocks = []
    for title, items in sections:
        if items:
            blocks += [palette.bold(title), *items]
    return "\n\n".join([*blocks, _summary(upgrade, style, palette)]) + "\n"


def render_json(upgrade: Upgrade) -> str:
    """The same for programs."""
    after = upgrade.after
    return json.dump(
        {
            "schema_version": json.SCHEMA_VERSION,
            "lint502": __version__,
            "from": str(upgrade.before.version),
            "to": str(after.version),
            "roots": list(after.roots),
            "appear": _objects(upgrade.appear),
            "vanish": _objects(upgrade.vanish),
            "changes": [_change(changed) for changed in upgrade.changes],
            "other_changes": [
                {"version": str(one.version), "entry": one.text} for one in upgrade.others
            ],
            "hops": json.hop_objects(after.hops),
            "problems": [json.problem_object(problem) for problem in upgrade.problems],
            "summary": {
                "appear": _by_severity(upgrade.appear),
                "vanish": _by_severity(upgrade.vanish),
                "changes": len(upgrade.changes),
            },
        }
    )


def _objects(items: Sequence[Because]) -> list[dict[str, Any]]:
    fingerprints = unique_fingerprints([item.finding for item in items])
    return [
        {
            **json.finding_object(item.finding, fingerprint),
            "because": [_change(changed) for changed in item.changes],
        }
        for item, fingerprint in zip(items, fingerprints, strict=True)
    ]


def _change(changed: Changed) -> dict[str, Any]:
    change = changed.change
    return {
        "version": str(change.version),
        "entry": change.entry,
        "source": change.source,
        "what": changed.what,
        "keep": changed.keep,
        "general": change.in_general,
        "hops": list(changed.hops),
    }


def _by_severity(items: Sequence[Because]) -> dict[str, int]:
    return {
        f"{severity.value}s": sum(item.finding.severity is severity for item in items)
        for severity in Severity
    }


def _appears(item: Because, hops: Mapping[str, HopReport], style: Style, palette: Palette) -> str:
    lines = finding_lines(item.finding, hops, style, palette)
    for changed in item.changes:
        lines += _change_lines(changed, style, palette)
    return "\n".join(lines)


def _vanishes(item: Because, style: Style, palette: Palette) -> str:
    lines = in_brief(item.finding, style, palette)
    lines += labelled("why", [_entry(changed) for changed in item.changes], style.width, palette)
    return "\n".join(lines)


def _changes(
    changes: Sequence[Changed],
    hops: Mapping[str, HopReport],
    style: Style,
    palette: Palette,
    *,
    in_general: bool,
) -> list[str]:
    return [
        "\n".join(
            [
                *running(changed.what, style.width),
                *_change_lines(changed, style, palette),
                *_hop_lines(changed, hops, style, palette),
            ]
        )
        for changed in changes
        if changed.change.in_general is in_general
    ]


def _hop_lines(
    changed: Changed, hops: Mapping[str, HopReport], style: Style, palette: Palette
) -> list[str]:
    """The hops that it bears on, the first few of them."""
    known = [hops[id] for id in changed.hops if id in hops]
    label = "hops" if len(known) > 1 else "hop"
    return labelled(
        label, hop_lines(known, _MOST_HOPS, width=room(style.width)), style.width, palette
    )


def _change_lines(changed: Changed, style: Style, palette: Palette) -> list[str]:
    lines = labelled("why", [_entry(changed)], style.width, palette)
    if changed.keep is not None:
        lines += labelled("keep", [changed.keep], style.width, palette)
    return lines


def _entry(changed: Changed) -> str:
    return f"{changed.change.version}: {changed.change.entry}"


def _summary(upgrade: Upgrade, style: Style, palette: Palette) -> str:
    after = upgrade.after
    counts = {
        severity: sum(item.finding.severity is severity for item in upgrade.appear)
        for severity in Severity
    }
    appear = [
        palette.severity(severity, counted(range(count), severity.value))
        for severity, count in counts.items()
        if count
    ]
    parts = [
        counted(after.hops, "hop"),
        f"{', '.join(appear) or 'nothing'} would appear",
        f"{len(upgrade.vanish) or 'nothing'} would vanish",
        f"nginx {upgrade.before.version} to {after.version}",
    ]
    line = " · ".join(parts)
    if upgrade.problems:
        count = counted(upgrade.problems, "problem")
        line += " " + palette.severity(Severity.ERROR, f"(could not check everything: {count})")
    checked = f"checked {listed(map(shown, after.roots))}"
    roots = [palette.dim(text) for text in running(checked, style.width)] if after.roots else []
    others = []
    if upgrade.others:
        count = counted(upgrade.others, "other change")
        others = running(
            f"{count} of behaviour on the way, of which lint502 knows nothing that bears on a hop: "
            "--format json has them",
            style.width,
        )
    return "\n".join([*roots, *running(line, style.width), *others])
