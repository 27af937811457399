"""The parts of ``benchmarks/run.py``: what it measures, writes and compares."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import fleets
import measuring
import pytest
import run as benchmark
import tables
from measuring import Failed, Sample, measured
from programs import CROSSPLANE, LINT502, NGINX, PASS, Program

from tests.support.cli import Run
from tests.support.cli import run as run  # a fixture
from tests.support.real_nginx import nginx_command

TOP = Path(__file__).parents[1]


def samples(*seconds: float, mebibytes: int = 50, complete: bool = True) -> list[Sample]:
    return [Sample(cpu, mebibytes * 1024, complete) for cpu in seconds]


FIGURES = {
    ("1 site", PASS): samples(0.01, 0.01, 0.02, mebibytes=8),
    ("1 site", LINT502): samples(0.05, 0.08, 0.08, mebibytes=30),
    ("1,000 sites", PASS): samples(0.01, mebibytes=8),
    ("1,000 sites", CROSSPLANE): samples(0.5),
    ("1,000 sites", LINT502): samples(1.25, mebibytes=61),
    ("1,000 sites", "gixy-ng"): samples(4.0, mebibytes=60),
    ("1,000 sites", "Gixy-Next"): [],
    ("10,000 sites", PASS): samples(0.01, 0.01, mebibytes=8),
    ("10,000 sites", LINT502): samples(10.0, 12.0, complete=False),
    ("10,000 sites", NGINX): samples(20.0, 8.0, mebibytes=90),
}
TABLE = """\
| input | program | CPU | × `python -c pass` | × `crossplane.parse` | peak memory |
|---|---|---:|---:|---:|---:|
| nothing | `python -c pass` | 10 ms | 1.00 | | 8 MiB |
| 1 site | lint502 | 80 ms | 5.00 |  | 30 MiB |
| 1,000 sites | `crossplane.parse` | 500 ms | 50.0 |  | 50 MiB |
| 1,000 sites | lint502 | 1.2 s | 125 | 2.50 | 61 MiB |
| 1,000 sites | gixy-ng | 4.0 s | 400 | 8.00 | 60 MiB |
| 10,000 sites | lint502, not complete | 11.0 s | 1,100 |  | 50 MiB |
| 10,000 sites | `nginx -t` | 14.0 s | 1,400 |  | 90 MiB |
"""
TARGETS = """\
| input | target | measured | |
|---|---|---:|---|
| 1 site | ≤ 7 × `python -c pass` | 5.00 × | met |
| 1,000 sites | ≤ 2 × `crossplane.parse` | 2.50 × | missed |
| 1,000 sites | ≤ 0.4 × `gixy-ng` | 0.31 × | met |
| 1,000 sites | ≤ 0.25 × `Gixy-Next` |  | not measured |
| 1,000 sites | ≤ 60 MiB | 61 MiB | missed |
| 10,000 sites | ≤ 1 × `nginx -t` | 1.00 × | missed: not everything is checked |
| 20,000 sites | everything is checked |  | not measured |
"""
DOCUMENT = f"# Title\n\n{tables.BEGIN}\nold\n{tables.END}\n\nMore.\n"


def test_a_row_has_medians_and_the_median_of_the_ratios_of_the_rounds() -> None:
    assert tables.table(FIGURES) == TABLE


def test_targets_stand_beside_what_is_measured() -> None:
    assert tables.targets(FIGURES) == TARGETS


def test_what_is_written_stands_between_the_markers_and_is_read_again() -> None:
    document = tables.written(DOCUMENT, TABLE + "\n" + TARGETS)
    assert document == (f"# Title\n\n{tables.BEGIN}\n\n{TABLE}\n{TARGETS}\n{tables.END}\n\nMore.\n")
    assert tables.written(document, TABLE + "\n" + TARGETS) == document
    assert tables.records(document) == {
        "1 site": (True, {PASS: 5.0}),
        "1,000 sites": (True, {PASS: 125.0, CROSSPLANE: 2.5}),
        "10,000 sites": (False, {PASS: 1100.0}),
    }


def test_a_document_without_markers_is_refused() -> None:
    with pytest.raises(SystemExit, match="there are no two lines"):
        tables.written("# Title\n", TABLE)


SAME = {"pass": 0.01, "crossplane": 0.5, "lint502": 1.25}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, []),
        ({"pass": 0.1, "crossplane": 5.0, "lint502": 12.5}, []),  # a slower machine
        ({"lint502": 1.5}, []),
        ({"lint502": 0.5}, []),
        ({"crossplane": 0.39}, ["1,000 sites: 3.21 × crossplane.parse, recorded is 2.50 ×"]),
        (
            {"lint502": 1.6},
            [
                "1,000 sites: 160 × python -c pass, recorded is 125 ×",
                "1,000 sites: 3.20 × crossplane.parse, recorded is 2.50 ×",
            ],
        ),
    ],
)
def test_ratios_are_compared_and_not_times(changed: dict[str, float], said: list[str]) -> None:
    seconds = SAME | changed
    figures = {
        ("1,000 sites", PASS): samples(seconds["pass"]),
        ("1,000 sites", CROSSPLANE): samples(seconds["crossplane"]),
        ("1,000 sites", LINT502): samples(seconds["lint502"]),
        ("1,000 sites", "gixy-ng"): samples(9999.0),
        ("a new input", PASS): samples(0.01),
        ("a new input", LINT502): samples(9999.0),
    }
    assert tables.worse(figures, tables.written(DOCUMENT, TABLE)) == said


def test_what_is_not_checked_any_more_is_worse() -> None:
    figures = {
        ("1 site", LINT502): samples(0.01, complete=False),
        ("1,000 sites", LINT502): [],
        ("10,000 sites", LINT502): samples(0.01, complete=False),
    }
    assert tables.worse(figures, tables.written(DOCUMENT, TABLE)) == [
        "1 site: not everything is checked any more",
        "1,000 sites: lint502 fails",
    ]


def test_the_page_has_the_markers() -> None:
    tables.records(benchmark.DOCUMENT.read_text(encoding="utf-8"))


def test_a_run_counts_with_its_children(tmp_path: Path) -> None:
    child = "x = bytearray(100 << 20)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    sample = measured([sys.executable, "-c", parent], tmp_path, (0,))
    assert sample.complete
    assert sample.cpu > 0
    assert 100 * 1024 < sample.memory < 200 * 1024


def test_what_ends_as_it_should_not_is_said(tmp_path: Path) -> None:
    def ends(code: str) -> Sample:
        return measured([sys.executable, "-c", code], tmp_path, (0, 1))

    assert ends("raise SystemExit(1)").complete
    assert not ends("raise SystemExit(2)").complete
    with pytest.raises(Failed, match=r"^ends with 3: no$"):
        ends("import sys; print('no', file=sys.stderr); sys.exit(3)")
    with pytest.raises(Failed, match=r"^ends with 1: ZeroDivisionError"):
        ends("1 / 0")
    with pytest.raises(Failed, match="No such file"):
        measured([str(tmp_path / "gixy")], tmp_path, (0, 1))


def test_what_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "CPU_SECONDS", 1)
    with pytest.raises(Failed, match=r"^takes more than 1 s of CPU$"):
        measured([sys.executable, "-c", "while True: pass"], tmp_path, (0,))
    monkeypatch.setattr(measuring, "CLOCK_SECONDS", 1)
    with pytest.raises(Failed, match=r"^has not ended after 1 s$"):
        measured(["sleep", "60"], tmp_path, (0,))


def found(run: Run, *arguments: str) -> tuple[dict[str, int], list[str]]:
    """The hops by their state, and the rules that found something."""
    report = json.loads(run(*arguments, "--format", "json").out)
    assert report["problems"] == []
    states = [hop["state"] for hop in report["hops"]]
    counts = {state: states.count(state) for state in states}
    return counts, sorted(finding["rule"] for finding in report["findings"])


def test_the_inputs_are_what_they_are_called(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {}
    for case in benchmark.CASES:
        if case.name not in ("sites-1", "compose", "fix", "prove"):
            continue
        folder = tmp_path / case.name
        folder.mkdir()
        case.write(folder)
        monkeypatch.chdir(folder)
        seen[case.name] = found(run, "check", *(["nginx.conf"] if case.name != "compose" else []))
    assert seen == {
        "sites-1": ({"passed": 2}, []),
        "compose": ({"passed": 19}, []),
        "fix": ({"failed": 100, "passed": 100}, ["keepalive-race"] * 100),
        "prove": ({"failed": 1}, ["port-mismatch", "unused-upstream"]),
    }


@pytest.mark.slow
def test_nginx_takes_a_fleet(tmp_path: Path) -> None:
    fleets.fleet(tmp_path, 3)
    command = [*nginx_command(), "-t", "-p", f"{tmp_path}/", "-c", "nginx.conf"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, "warn" in done.stderr) == (0, False), done.stderr


def test_the_commands_that_are_written_down_have_options_that_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = (TOP / name for name in ("CONTRIBUTING.md", "docs/performance.md"))
    command = re.compile(r"^    python benchmarks/(run\.py .*?)(?: +#.*)?$", re.MULTILINE)
    lines = [line for text in texts for line in command.findall(text.read_text(encoding="utf-8"))]
    assert len(lines) == 5
    for line in lines:
        monkeypatch.setattr(sys, "argv", shlex.split(line))
        benchmark.asked()


def test_other_inputs_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (["--only", "sites-2"], ["--only", "sites-1", "--write"], ["--rounds", "0"]):
        monkeypatch.setattr(sys, "argv", ["run.py", *arguments])
        with pytest.raises(SystemExit, match="2"):
            benchmark.asked()
    assert "--write is for all inputs" in capsys.readouterr().err


def test_a_program_that_fails_is_not_run_again_and_said(tmp_path: Path) -> None:
    def program(name: str, *code: str) -> Program:
        return Program(name, "1", (sys.executable, "-c", *code))

    running = [program(PASS, "pass"), program(LINT502, "pass"), program("gixy-ng", "1 / 0")]
    figures, failures = benchmark.compared(benchmark.ONE_SITE, running, 2, tmp_path / "work")
    counts = {program: len(each) for (_, program), each in figures.items()}
    assert counts == {PASS: 2, LINT502: 2, "gixy-ng": 0}
    (failure,) = failures
    assert failure.startswith("gixy-ng, 1 site: ends with 1: ZeroDivisionError")
    assert list(tmp_path.iterdir()) == []


def test_each_run_of_fix_has_a_copy_of_its_own(tmp_path: Path) -> None:
    """The stand-in for lint502 fails where it has run before."""
    (case,) = (case for case in benchmark.CASES if case.name == "fix")
    program = Program(LINT502, "1", (sys.executable, "-c", "import os; os.mkdir('was-here')"))
    figures, failures = benchmark.compared(case, [program], 3, tmp_path / "work")
    assert (len(figures[case.title, LINT502]), failures) == (3, [])
