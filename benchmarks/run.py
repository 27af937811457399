"""lint502 beside what else reads nginx's files, in turn, on inputs of several sizes.

    make bench
    python benchmarks/run.py [--only NAME]... [--rounds N] [--large] [--traps] [--write | --check]

Each round runs every program once, each a process of its own; what counts is the CPU time, user and
system, of the process with its children, and its peak memory. Printed are the medians, and for each
program the median of its ratios to others in the same round. The programs are installed below
``--cache``, each in an environment of its own: lint502 each time, the others once.

``--write`` puts the tables into docs/performance.md. ``--check`` compares the ratios of lint502
with those that are written there, and exits with 1 where one is worse by more than 25 %.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median

import fleets
import programs
import tables
from measuring import ENVIRONMENT, Failed, Sample, measured
from programs import LINT502, PASS, Program

DOCUMENT = programs.TOP / "docs" / "performance.md"
TRAPS = Path(__file__).with_name("traps.py")
ROUNDS = 5
BASELINES = 3
"""So often a round runs Python that does nothing, which takes as long as a clock is coarse."""
PATIENCE = 20.0
"""A rival that takes more CPU seconds for an input is run once."""

Write = Callable[[Path], None]
Figures = dict[tuple[str, str], list[Sample]]


@dataclass(frozen=True, slots=True)
class Case:
    """An input by its name for ``--only``, and what the tables call it; the arguments of lint502,
    run in its folder. ``alone``: no other program does the like. ``changes``: each run has a copy
    of its own. ``rounds`` are those for ``--rounds 1``."""

    name: str
    title: str
    write: Write
    arguments: tuple[str, ...] = ("check", "nginx.conf")
    rounds: float = 1
    alone: bool = False
    changes: bool = False
    large: bool = False


def sites(number: int) -> Write:
    return lambda folder: fleets.fleet(folder, number)


UPGRADE = ("upgrade", "nginx.conf", "--from", "1.26")
PROVE = ("prove", "nginx.conf", "--rule", "port-mismatch")
ONE_SITE = Case("sites-1", "1 site", sites(1), rounds=3)
CASES = (
    Case("version", "`--version`", sites(1), ("--version",), rounds=3, alone=True),
    ONE_SITE,
    Case("sites-100", "100 sites", sites(100), rounds=2),
    Case("sites-1000", "1,000 sites", sites(1_000)),
    Case("sites-10000", "10,000 sites", sites(10_000), rounds=0.6),
    Case("sites-20000", "20,000 sites", sites(20_000), rounds=0.2, large=True),
    Case("compose", "Compose, 20 services", fleets.composed, ("check",), rounds=3, alone=True),
    Case(
        *("fix", "`--fix`, 100 findings", fleets.to_fix, ("check", "nginx.conf", "--fix")),
        alone=True,
        changes=True,
    ),
    Case("upgrade", "`upgrade`, 1,000 sites", sites(1_000), UPGRADE, alone=True),
    Case("prove", "`prove`, 1 finding", fleets.to_prove, PROVE, alone=True),
)


def main() -> None:
    arguments = asked()
    let_open_files()
    try:
        own = programs.running() if arguments.here else programs.installed(arguments.cache)
    except Failed as error:
        sys.exit(f"lint502 cannot be installed: {error}")
    others, said = programs.rivals(arguments.cache)
    chosen = [
        case
        for case in CASES
        if (case.name in arguments.only if arguments.only else arguments.large or not case.large)
    ]
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as name:
        compared(ONE_SITE, [*own, *others], 1, Path(name))  # modules are compiled, files are cached
        for number, case in enumerate(chosen):
            print(f"{case.title} …", file=sys.stderr, flush=True)
            rounds = max(1, round(arguments.rounds * case.rounds))
            running = [*own, *others] if not case.alone else [own[0], own[2]]
            each, failures = compared(case, running, rounds, Path(name, str(number)))
            figures |= each
            said += failures
    text = shown(figures, [*own, *others], said)
    print(text, flush=True)
    if arguments.traps and TRAPS.exists():
        python = own[0].command[0]
        command = [sys.executable, str(TRAPS), "--python", python]
        subprocess.run(command, check=True, env=ENVIRONMENT)
    document = DOCUMENT.read_text(encoding="utf-8")
    if arguments.write:
        DOCUMENT.write_text(tables.written(document, text), encoding="utf-8")
    if arguments.check:
        if not tables.records(document):
            sys.exit(f"nothing is recorded in {DOCUMENT}; --write does that")
        worse = tables.worse(figures, document)
        print("\n".join(worse) or "no ratio is worse than the one that is recorded")
        sys.exit(1 if worse else 0)


def asked() -> argparse.Namespace:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    names = [case.name for case in CASES]
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", default=[],
                        help=f"only this input; may be repeated: {', '.join(names)}")  # fmt: skip
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"{ROUNDS} without it; of small "
                        "inputs three times as many, of large ones fewer")  # fmt: skip
    parser.add_argument("--large", action="store_true", help="also 20,000 sites")
    parser.add_argument("--traps", action="store_true", help="also benchmarks/traps.py")
    parser.add_argument("--here", action="store_true", help="the lint502 of the Python that runs "
                        "this, and not one that is installed for it")  # fmt: skip
    parser.add_argument("--cache", type=Path, default=programs.cache_folder())
    then = parser.add_mutually_exclusive_group()
    then.add_argument("--write", action="store_true", help="into docs/performance.md")
    then.add_argument("--check", action="store_true", help="compare with docs/performance.md")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds is at least 1")
    if arguments.write and arguments.only:
        parser.error("--write is for all inputs")
    return arguments


def let_open_files() -> None:
    """nginx opens a log for each site."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def compared(
    case: Case, running: list[Program], rounds: int, folder: Path
) -> tuple[Figures, list[str]]:
    """The samples of each program for an input, and a sentence for each that failed: it has none,
    and is not run again."""
    made = folder / "made"
    made.mkdir(parents=True)
    case.write(made)
    figures: Figures = {(case.title, program.name): [] for program in running}
    failures = []
    left = list(running)
    for _ in range(rounds):
        for program in list(left):
            try:
                sample = sampled(case, program, folder)
            except Failed as error:
                failures.append(f"{program.name}, {case.title}: {error}")
                figures[case.title, program.name] = []
                left.remove(program)
                continue
            figures[case.title, program.name].append(sample)
            if program.fine == (0, 1) and program.name != LINT502 and sample.cpu > PATIENCE:
                left.remove(program)
    shutil.rmtree(folder)
    return figures, failures


def sampled(case: Case, program: Program, folder: Path) -> Sample:
    """One run of a program in the folder of an input, or in a copy; of Python that does nothing the
    median of some."""
    made = folder / "made"
    if program.name == PASS:
        several = [measured([*program.command], made, program.fine) for _ in range(BASELINES)]
        return Sample(median(one.cpu for one in several), several[0].memory)
    if program.name != LINT502:
        return measured([*program.command, "nginx.conf"], made, program.fine)
    command = [*program.command, *case.arguments]
    if not case.changes:
        return measured(command, made, program.fine)
    copy = folder / "copy"
    shutil.copytree(made, copy)
    try:
        return measured(command, copy, program.fine)
    finally:
        shutil.rmtree(copy)


def shown(figures: Figures, running: list[Program], said: list[str]) -> str:
    """The tables, what was run where, and what could not be run."""
    versions = ", ".join(f"{one.name} {one.version}" for one in running if one.name != PASS)
    made = (
        f"Measured on {date.today().isoformat()} with Python {platform.python_version()} on "
        f"{os.cpu_count()} cores ({platform.machine()}): {versions}."
    )
    lacking = "".join(f"- {line}\n" for line in said)
    parts = (made, tables.table(figures), tables.targets(figures), lacking)
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


if __name__ == "__main__":
    main()
