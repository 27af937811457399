"""What was measured as tables of Markdown, in a document and out of it, and compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from measuring import Sample
from programs import CROSSPLANE, LINT502, NGINX, PASS

BEGIN = "<!-- benchmarks/run.py --write: begin -->"
END = "<!-- benchmarks/run.py --write: end -->"
WORSE = 1.25
"""A ratio that has grown by more than this has become worse."""

Figures = Mapping[tuple[str, str], list[Sample]]
"""The samples of each input and program, one a round, in the order of the rounds."""

HEAD = f"""| input | program | CPU | × `{PASS}` | × `{CROSSPLANE}` | peak memory |
|---|---|---:|---:|---:|---:|
"""
INCOMPLETE = ", not complete"


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure of lint502 is to be at most: its CPU in times of another program's (``of``),
    or its peak memory in MiB; without ``most``: that it checks everything."""

    input: str
    of: str
    most: float | None


MEMORY = "peak memory"
COMPLETE = "complete"
TARGETS = (
    Target("1 site", PASS, 7.0),
    Target("1,000 sites", CROSSPLANE, 2.0),
    Target("1,000 sites", "gixy-ng", 0.4),
    Target("1,000 sites", "Gixy-Next", 0.25),
    Target("1,000 sites", MEMORY, 60),
    Target("10,000 sites", NGINX, 1.0),
    Target("20,000 sites", COMPLETE, None),
)


def ratio(figures: Figures, given: str, program: str, of: str) -> float | None:
    """How many times the CPU of ``of`` a program takes for an input: the median of the ratios of
    the rounds in which both ran."""
    pairs = zip(figures.get((given, program), ()), figures.get((given, of), ()), strict=False)
    ratios = [one.cpu / other.cpu for one, other in pairs]
    return median(ratios) if ratios else None


def table(figures: Figures) -> str:
    """A row for Python that does nothing, and one for each input and program."""
    nothing = [one for (_, program), each in figures.items() if program == PASS for one in each]
    rows = []
    if nothing:
        cpu = _seconds(median(one.cpu for one in nothing))
        rows.append(f"| nothing | `{PASS}` | {cpu} | 1.00 | | {_mebibytes(nothing):.0f} MiB |\n")
    for (given, program), samples in figures.items():
        if program == PASS or not samples:
            continue
        name = program if all(one.complete for one in samples) else program + INCOMPLETE
        cells = (
            given,
            f"`{name}`" if program in (PASS, CROSSPLANE, NGINX) else name,
            _seconds(median(one.cpu for one in samples)),
            _times(ratio(figures, given, program, PASS)),
            _times(ratio(figures, given, program, CROSSPLANE)) if program != CROSSPLANE else "",
            f"{_mebibytes(samples):.0f} MiB",
        )
        rows.append(f"| {' | '.join(cells)} |\n")
    return HEAD + "".join(rows)


def targets(figures: Figures) -> str:
    """A row for each target, with what was measured."""
    rows = []
    for target in TARGETS:
        samples = figures.get((target.input, LINT502))
        wanted, measured, met = (
            _against(target, figures, samples) if samples else _unmeasured(target)
        )
        rows.append(f"| {target.input} | {wanted} | {measured} | {met} |\n")
    return "| input | target | measured | |\n|---|---|---:|---|\n" + "".join(rows)


def _wanted(target: Target) -> str:
    if target.most is None:
        return "everything is checked"
    if target.of == MEMORY:
        return f"≤ {target.most:g} MiB"
    return f"≤ {target.most:g} × `{target.of}`"


def _unmeasured(target: Target) -> tuple[str, str, str]:
    return _wanted(target), "", "not measured"


def _against(target: Target, figures: Figures, samples: list[Sample]) -> tuple[str, str, str]:
    wanted = _wanted(target)
    complete = all(one.complete for one in samples)
    if target.most is None:
        return wanted, "yes" if complete else "no", "met" if complete else "missed"
    if target.of == MEMORY:
        value: float | None = _mebibytes(samples)
    else:
        value = ratio(figures, target.input, LINT502, target.of)
    if value is None:
        return _unmeasured(target)
    shown = f"{value:.0f} MiB" if target.of == MEMORY else f"{_times(value)} ×"
    if not complete:
        return wanted, shown, "missed: not everything is checked"
    return wanted, shown, "met" if value <= target.most else "missed"


def worse(figures: Figures, document: str) -> list[str]:
    """A sentence for each ratio of lint502 that is worse than the one of the document by more than
    :data:`WORSE`, and for each input that is not checked completely any more, or not at all. What
    the document lacks is not compared."""
    recorded = records(document)
    said = []
    for (given, program), samples in figures.items():
        if program != LINT502 or given not in recorded:
            continue
        if not samples:
            said.append(f"{given}: lint502 fails")
        complete, before = recorded[given]
        if complete and not all(one.complete for one in samples):
            said.append(f"{given}: not everything is checked any more")
        for of, was in before.items():
            now = ratio(figures, given, LINT502, of)
            if now is not None and now > was * WORSE:
                said.append(f"{given}: {_times(now)} × {of}, recorded is {_times(was)} ×")
    return said


def records(document: str) -> dict[str, tuple[bool, dict[str, float]]]:
    """For each input of the table in a document whether lint502 checked everything, and its ratios
    to other programs."""
    found = {}
    row = rf"^\| ([^|]+) \| {LINT502}({INCOMPLETE})? \| [^|]+ \|([^|]*)\|([^|]*)\| [^|]+ \|$"
    for given, incomplete, *cells in re.findall(row, _between(document)[1], re.MULTILINE):
        of = zip((PASS, CROSSPLANE), cells, strict=True)
        ratios = {name: float(cell.replace(",", "")) for name, cell in of if cell.strip()}
        found[given] = (not incomplete, ratios)
    return found


def written(document: str, text: str) -> str:
    """The document with another text between the markers."""
    before, _, after = _between(document)
    return f"{before}\n\n{text.strip()}\n\n{after}"


def _between(document: str) -> tuple[str, str, str]:
    """What is up to the first marker, between them, and from the last one on."""
    head, begin, rest = document.partition(BEGIN)
    text, end, tail = rest.partition(END)
    if not end:
        raise SystemExit(f"there are no two lines {BEGIN} and {END}")
    return head + begin, text, end + tail


def _mebibytes(samples: Iterable[Sample]) -> float:
    return median(one.memory for one in samples) / 1024


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def _times(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
