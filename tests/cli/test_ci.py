"""What lint502 takes from the environment of a CI system, and what it leaves there."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from lint502.cli.ci import named_from_top
from lint502.findings import Edit, Fix, Problem, Severity
from lint502.places import Place
from lint502.report import FORMATS, Style, renderer
from tests.support.canned import CLEAN, FINDINGS, HOPS, REPORT
from tests.support.cli import Asked, Run


def output(format: str) -> str:
    return renderer(format)(REPORT, Style())


@pytest.mark.parametrize(
    ("value", "format"),
    [(None, "text"), ("", "text"), ("false", "text"), ("1", "text"), ("true", "github")],
)
def test_auto(
    run: Run, asked: Asked, monkeypatch: pytest.MonkeyPatch, value: str | None, format: str
) -> None:
    if value is not None:
        monkeypatch.setenv("GITHUB_ACTIONS", value)
    for arguments in ([], ["--format", "auto"]):
        assert run("check", "a.conf", *arguments)[:2] == (2, output(format))


def test_a_format_that_is_named_is_taken_everywhere(
    run: Run, asked: Asked, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert run("check", "a.conf", "--format=text").out == output("text")
    assert run("check", "a.conf", "--format=auto:out.txt", "--format=concise").out == output(
        "concise"
    )
    assert (tmp_path / "out.txt").read_text() == output("github")
    assert run("check", "a.conf", "--format=junit:out.xml").out == ""


def test_auto_is_a_format_like_the_others(run: Run, asked: Asked) -> None:
    code, out, err = run("check", "a.conf", "--format=auto", "--format=text")
    assert (code, out) == (2, "")
    assert "two reports would go to standard output" in err


@pytest.mark.parametrize("severity", list(Severity))
def test_the_exit_code_is_the_same_in_every_format(
    run: Run, asked: Asked, severity: Severity
) -> None:
    for fail_on in ("error", "warning", "info", "never"):
        for problems in ((), REPORT.problems):
            findings = tuple(one for one in FINDINGS if one.severity is severity)
            asked.report = replace(REPORT, findings=findings, problems=problems)
            arguments = ("check", "a.conf", "--fail-on", fail_on, "--format")
            codes = {run(*arguments, format).code for format in FORMATS}
            assert len(codes) == 1


@pytest.mark.parametrize("format", FORMATS)
def test_standard_output_has_the_report_and_nothing_else(
    run: Run, asked: Asked, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "/nowhere/summary.md")
    assert run("check", "a.conf", "--format", format).out == output(format)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with files, seen from a folder in it."""
    for file in ("deploy/nginx.conf", "deploy/sites/a.conf", "common/b.conf", "upstreams.toml"):
        path = tmp_path / "repository" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "outside.conf").touch()
    repository = tmp_path / "repository"
    (repository / "deploy/enabled.conf").symlink_to("sites/a.conf")
    (repository / "deploy/away.conf").symlink_to(tmp_path / "outside.conf")
    monkeypatch.chdir(repository / "deploy")
    for variable in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        monkeypatch.delenv(variable, raising=False)
    return repository


def names(repository: Path) -> list[str]:
    """What becomes of the names of files, those of a report of :func:`repository`."""
    files = ("nginx.conf", f"{repository}/common/b.conf", "enabled.conf", "away.conf")
    files = (*files, f"{repository.parent}/outside.conf", "missing.conf", "<stdin>", "sites")
    problems = tuple(Problem(file, None, "m") for file in files)
    return [one.file for one in named_from_top(replace(CLEAN, problems=problems)).problems]


UNCHANGED = ["missing.conf", "<stdin>", "sites"]


def test_names_count_from_the_top_of_the_repository(repository: Path) -> None:
    (repository / ".git").mkdir()
    assert names(repository) == [
        *("deploy/nginx.conf", "common/b.conf", "deploy/sites/a.conf", "away.conf"),
        *(f"{repository.parent}/outside.conf", *UNCHANGED),
    ]


@pytest.mark.parametrize("variable", ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"])
def test_or_from_what_was_checked_out(
    repository: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    here = ["nginx.conf", f"{repository}/common/b.conf", "sites/a.conf", "away.conf"]
    rest = [f"{repository.parent}/outside.conf", *UNCHANGED]
    assert names(repository) == [*here, *rest]
    monkeypatch.setenv(variable, f"{repository}/common")
    assert names(repository) == [*here, *rest]
    monkeypatch.setenv(variable, str(repository))
    assert names(repository)[:2] == ["deploy/nginx.conf", "common/b.conf"]


def test_every_place_is_named_from_the_top(repository: Path) -> None:
    (repository / ".git").mkdir()
    place = Place("nginx.conf", 1, 1, 2)
    moved = Place("deploy/nginx.conf", 1, 1, 2)
    edit = Edit("nginx.conf", 1, 1, 2, "x")
    finding = replace(
        FINDINGS[0], place=place, related=(place,), fix=Fix("f", edits=(edit,)), hops=()
    )
    other = replace(finding, fix=None)
    report = replace(
        CLEAN,
        findings=(finding, other),
        hops=(replace(HOPS[0], place=place),),
        problems=(Problem("nginx.conf", 1, "m"),),
        proofs={other: "proof"},
    )
    assert named_from_top(report) == replace(
        report,
        findings=(
            expected := replace(
                finding,
                place=moved,
                related=(moved,),
                fix=Fix("f", edits=(replace(edit, file="deploy/nginx.conf"),)),
            ),
            replace(expected, fix=None),
        ),
        hops=(replace(HOPS[0], place=moved),),
        problems=(Problem("deploy/nginx.conf", 1, "m"),),
        proofs={replace(expected, fix=None): "proof"},
    )


@pytest.mark.parametrize("format", FORMATS)
def test_which_formats_name_files_so(
    run: Run, asked: Asked, repository: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    (repository / ".git").mkdir()
    monkeypatch.chdir(repository / "deploy")
    place = Place("nginx.conf", 1, 1, 2, "x")
    asked.report = replace(CLEAN, findings=(replace(FINDINGS[0], place=place, hops=()),))
    out = run("check", "a.conf", "--format", format).out
    from_top = ("sarif", "github", "gitlab", "junit", "rdjson", "sonarqube")
    assert ("deploy/nginx.conf" in out) is (format in from_top)


@pytest.fixture
def summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:
    """The file that GitHub takes the summary of a job from."""
    file = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    return file


def test_the_summary_of_a_job(run: Run, asked: Asked, summary: Path) -> None:
    summary.write_text("before\n")
    run("check", "a.conf", "--format=github", "--format=sarif:out.sarif")
    run("check", "a.conf", "--format=github:out.txt")
    assert summary.read_text() == "before\n" + 2 * f"{output('markdown')}\n"


def test_only_with_annotations(run: Run, asked: Asked, summary: Path) -> None:
    for format in FORMATS:
        if format != "github":
            run("check", "a.conf", "--format", format)
    assert not summary.exists()


def test_a_summary_of_too_much_is_shortened(run: Run, asked: Asked, summary: Path) -> None:
    findings = tuple(replace(FINDINGS[0], message=f"reason {n}") for n in range(9000))
    asked.report = replace(REPORT, findings=findings)
    run("check", "a.conf", "--format=github")
    assert summary.read_text().count("| error ") == 50
    summary.unlink()
    run("check", "a.conf", "--format=github", "--all")
    assert 200_000 < summary.stat().st_size < 1024**2


def test_no_summary(run: Run, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    asked.report = CLEAN
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "")
    assert run("check", "a.conf", "--format=github") == (0, "", "")


def test_a_summary_that_cannot_be_written(
    run: Run, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked.report = CLEAN
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "/nowhere\x1b/summary.md")
    assert run("check", "a.conf", "--format=github") == (
        0,
        "",
        "note: the summary of the job cannot be written to /nowhere\\x1b/summary.md: "
        "No such file or directory\n",
    )
    assert run("check", "a.conf", "--format=github", "--quiet") == (0, "", "")
