"""The GitHub action, the job for GitLab, the container, and what the documentation shows."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import tomli
import yaml
from msgspec.structs import replace
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lint502.cli.output import say_problems
from lint502.findings import Problem
from lint502.reading import shown
from lint502.report import AUTO, FORMATS, Style
from lint502.report.concise import render as render_concise
from tests.support.canned import CLEAN, FINDINGS
from tests.support.nginxes import lacks

CHECKOUT = Path(__file__).parents[1]
ACTION = yaml.safe_load((CHECKOUT / "action.yml").read_text())
INSTALL, CHECK = ACTION["runs"]["steps"]
WORKFLOWS = sorted((CHECKOUT / ".github/workflows").glob("*.yml"))
BIN = Path(sys.executable).parent

SITE = """\
events {}
http {
    server {
        location / { proxy_pass http://127.0.0.1:3001; }
    }
}
"""
SPEC = 'complete = true\n[upstream.api]\nhosts = ["127.0.0.1"]\nport = 3000\n'
SCRIPT = """\
#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys
from lint502.__main__ import process
sys.exit(process())
"""
"""As pip writes it where a path has a blank."""


def valid(schema: str, *files: Path) -> None:
    command = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}")
    result = subprocess.run([*command, *files], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_schemas() -> None:
    valid("github-actions", CHECKOUT / "action.yml")
    valid("gitlab-ci", CHECKOUT / "ci/gitlab.yml")
    valid("github-workflows", *WORKFLOWS)


def test_zizmor_finds_nothing() -> None:
    zizmor = shutil.which("zizmor", path=str(BIN))
    if zizmor is None:
        lacks("there is no zizmor for this machine")
    command = [zizmor, "--offline", "--pedantic", "--no-config", "action.yml", ".github"]
    result = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def blocks(file: str) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```", (CHECKOUT / file).read_text(), re.M | re.S)


def test_what_the_documentation_shows(tmp_path: Path) -> None:
    workflow, _ = blocks("docs/ci.md")
    steps, job, _ = blocks("docs/how-to/ci.md")
    whole = yaml.safe_load(workflow)
    (used,) = [step for step in whole["jobs"]["lint502"]["steps"] if "lint502" in step["uses"]]
    assert set(used["with"]) <= set(ACTION["inputs"])
    (short,) = [step for step in yaml.safe_load(steps) if "lint502" in step["uses"]]
    assert short["with"].items() <= used["with"].items()
    (tmp_path / "workflow.yml").write_text(workflow)
    (tmp_path / "job.yml").write_text(job)
    valid("github-workflows", tmp_path / "workflow.yml")
    valid("gitlab-ci", tmp_path / "job.yml")


def test_the_inputs_are_documented() -> None:
    documented = re.findall(r"^\| `([a-z-]+)` \| ", (CHECKOUT / "docs/ci.md").read_text(), re.M)
    inputs = list(ACTION["inputs"])
    start = documented.index(inputs[0])
    assert documented[start : start + len(inputs)] == inputs


def test_the_formats_are_documented() -> None:
    text = (CHECKOUT / "docs/ci.md").read_text()
    table = re.findall(r"^\| `([a-z]+)` \| .* \| .*\|$", text, re.M)
    assert table == [*FORMATS, AUTO]


def test_no_input_is_part_of_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
    used = json.dumps([step.get("env") for step in ACTION["runs"]["steps"]])
    used += CHECK["working-directory"]
    assert set(re.findall(r"inputs\.([a-z-]+)", used)) == set(ACTION["inputs"])


MATCHERS = "ci/problem-matcher.json"
OWNERS = ("lint502", "lint502-info", "lint502-problem")
MATCHER = [f"::remove-matcher owner={owner}::" for owner in OWNERS]


def annotated(line: str) -> dict[str, str] | None:
    """What the runner makes of a line of the log.

    Source: ``ConvertToIssue()`` in
    https://github.com/actions/runner/blob/main/src/Runner.Worker/Handlers/OutputManager.cs
    """
    for matcher in json.loads((CHECKOUT / MATCHERS).read_text())["problemMatcher"]:
        (pattern,) = matcher["pattern"]
        match = re.search(pattern["regexp"], line)
        if match is not None:
            groups = {name: match[at] for name, at in pattern.items() if name != "regexp"}
            found = {"severity": matcher.get("severity", "error"), **groups}
            assert found["severity"] in ("error", "warning", "notice")
            return found
    return None


def test_the_owners_of_the_problem_matchers() -> None:
    matchers = json.loads((CHECKOUT / MATCHERS).read_text())["problemMatcher"]
    assert tuple(one["owner"] for one in matchers) == OWNERS
    assert f'matchers="{" ".join(OWNERS)}"' in CHECK["run"]


def test_each_line_of_the_report_is_an_annotation() -> None:
    names = ("a b.conf", "a:80:1.conf", "C:\\x\\é.conf", "a: error.conf", "[a].conf")
    levels = {"error": "error", "warning": "warning", "info": "notice"}
    for name in names:
        for finding in FINDINGS:
            place = replace(finding.place, file=name)
            message = f"{finding.message} (b.conf:3:4 [x])"
            one = replace(finding, place=place, message=message)
            text = render_concise(replace(CLEAN, findings=(one,)), Style())
            assert annotated(text.removesuffix("\n")) == {
                "severity": levels[finding.severity.value],
                "file": shown(name),
                "line": str(place.line),
                "column": str(place.column),
                "message": shown(message),
                "code": finding.rule,
            }


def test_other_lines_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    for line in ("note: a.conf:3: x", "", "1 hop: 1 passed", "a.conf:3:4: error: x", "error: x"):
        assert annotated(line) is None
    say_problems((Problem("a b.conf", 3, "no [such] file: x"), Problem("b.conf", None, "y")))
    first, second = capsys.readouterr().err.splitlines()
    assert annotated(first) == {
        "severity": "error",
        "file": "a b.conf",
        "line": "3",
        "message": "no [such] file: x",
    }
    assert annotated(second) is None


class Ran(NamedTuple):
    code: int
    out: str
    outputs: dict[str, str]


class Runner:
    """Runs a step as GitHub's runner does, with a checkout of a site and lint502 installed."""

    def __init__(self, folder: Path) -> None:
        self.workspace = folder / "workspace"
        self.temporary = folder / "temp of runner"
        (self.workspace / ".git").mkdir(parents=True)
        self.temporary.mkdir()
        self.installed = self.temporary / "lint502"
        venv.create(self.installed, symlinks=True)
        (packages,) = self.installed.glob("lib/python*/site-packages")
        ours = [path for path in sys.path if path.endswith("-packages")]
        (packages / "ours.pth").write_text("\n".join((str(CHECKOUT), *ours)))
        script = self.installed / "bin/lint502"
        script.write_text(SCRIPT.format(python=self.installed / "bin/python"))
        script.chmod(0o755)

    def write(self, name: str, text: str) -> None:
        path = self.workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(
        self, step: dict[str, Any], variables: Mapping[str, str] | None = None, **inputs: str
    ) -> Ran:
        given = {name: value["default"] for name, value in ACTION["inputs"].items()}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}

        def expanded(text: str) -> str:
            return re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda match: given[match[1]], text)

        output = self.temporary / "output"
        output.write_text("")
        process = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.workspace / expanded(step.get("working-directory", ".")),
            env={
                "PATH": os.environ["PATH"],
                "GITHUB_ACTIONS": "true",
                "GITHUB_ACTION_PATH": "/the action",
                "GITHUB_OUTPUT": str(output),
                "GITHUB_WORKSPACE": str(self.workspace),
                "RUNNER_TEMP": str(self.temporary),
                **{name: expanded(value) for name, value in step["env"].items()},
                **(variables or {}),
            },
            capture_output=True,
            text=True,
        )
        lines = output.read_text().splitlines()
        pairs = dict(line.split("=", 1) for line in lines)
        return Ran(process.returncode, process.stdout, pairs)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    runner = Runner(tmp_path)
    runner.write("deploy/nginx.conf", SITE)
    runner.write("deploy/upstreams.toml", SPEC)
    return runner


def test_findings_fail_the_step(runner: Runner) -> None:
    ran = runner.run(CHECK, roots="deploy/nginx.conf", nginx_version="1.26.3")
    assert ran.code == 1
    assert ran.out.startswith("::error file=deploy/nginx.conf,line=4,col=33,")
    report = ran.outputs.pop("report")
    assert ran.outputs == {"errors": "1", "warnings": "0", "infos": "0"}
    nginx = json.loads(Path(report).read_text())["nginx"]
    assert nginx == {"version": "1.26.3", "from": "option"}


def test_every_input_arrives(runner: Runner) -> None:
    runner.write("deploy/second site.conf", SITE)
    runner.write("deploy/other.toml", SPEC.replace("3000", "3001"))
    ran = runner.run(
        CHECK,
        roots="nginx.conf\r\nsecond site.conf\n\n",
        specs="other.toml\n",
        format="concise\nsarif:out put.sarif\n",
        fail_on="info",
        working_directory="deploy",
        args="--ignore\nunused-upstream\n--color\nnever",
    )
    assert ran.code == 0
    assert set(ran.out.splitlines()) == {*MATCHER, "::add-matcher::/the action/" + MATCHERS}
    report = json.loads(Path(ran.outputs["report"]).read_text())
    assert report["roots"] == ["nginx.conf", "second site.conf"]
    assert (runner.workspace / "deploy/out put.sarif").is_file()
    assert runner.run(CHECK, roots="nginx.conf", working_directory="deploy").code == 1
    passed = runner.run(CHECK, roots="nginx.conf", working_directory="deploy", fail_on="never")
    assert (passed.code, passed.outputs["errors"]) == (0, "1")


@pytest.mark.parametrize("input", ["roots", "specs", "nginx_version", "format", "fail_on", "args"])
@pytest.mark.parametrize("text", ["$(touch pwned)", "`touch pwned`", '"; touch pwned; "', "--help"])
def test_no_input_is_run(runner: Runner, input: str, text: str) -> None:
    inputs = {"roots": "deploy/nginx.conf", input: text}
    runner.run(CHECK, **inputs)
    assert not (runner.workspace / "pwned").exists()


def test_what_the_step_prints_is_annotated_once(runner: Runner) -> None:
    ran = runner.run(
        CHECK, roots="deploy/nginx.conf", format="concise", args="--select\nport-mismatch"
    )
    lines = ran.out.splitlines()
    assert lines[0] == f"::add-matcher::/the action/{MATCHERS}"
    assert lines[-3:] == MATCHER
    (found,) = [annotated(line) for line in lines[1:-3]]
    assert found is not None
    assert (found["file"], found["line"], found["code"]) == (
        "deploy/nginx.conf",
        "4",
        "port-mismatch",
    )
    for format in ("github", "text", "github\nconcise:out.txt"):
        out = runner.run(CHECK, roots="deploy/nginx.conf", format=format).out
        assert "-matcher" not in out


def test_what_is_wrong_is_not_taken_for_an_old_report(runner: Runner) -> None:
    assert runner.run(CHECK, roots="deploy/nginx.conf").outputs["errors"] == "1"
    assert runner.run(CHECK, fail_on="sometimes") == (2, "", {})


def test_no_text_forges_an_output(runner: Runner) -> None:
    name = "x\nerrors=0\nreport<<X\n/etc/passwd\nX\n##[set-output name=errors]0"
    runner.write(f"deploy/{name}.conf", SITE.replace("3001", "$port"))
    runner.write("deploy/lint502.toml", f"roots = [{json.dumps(name + '.conf')}, 'nginx.conf']")
    ran = runner.run(CHECK, working_directory="deploy", format="concise")
    lines = (runner.temporary / "output").read_text().splitlines()
    expected = ["errors=1", "warnings=0", "infos=0", f"report={runner.temporary}/lint502.json"]
    assert (ran.code, lines) == (1, expected)


@pytest.mark.parametrize(
    ("root", "fail_on", "code"),
    [("nginx.conf", "", 1), ("nginx.conf", "never", 1), ("none.conf", "", 2)],
)
def test_the_exit_code_where_the_report_cannot_be_read(
    runner: Runner, root: str, fail_on: str, code: int
) -> None:
    """It fails the step, but with the code of lint502 where that has failed."""
    over = f"text:{runner.temporary}/./lint502.json"
    ran = runner.run(CHECK, roots=f"deploy/{root}", fail_on=fail_on, format=over)
    assert (ran.code, ran.outputs) == (code, {})


@pytest.mark.parametrize(("version", "package"), [("", "/the action"), ("0.1.0", "lint502==0.1.0")])
def test_what_is_installed(runner: Runner, tmp_path: Path, version: str, package: str) -> None:
    bin = tmp_path / "bin"
    bin.mkdir()
    python = runner.installed / "bin/python"
    python.unlink()
    for path, log in ((bin / "python3", "venv"), (python, "pip")):
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >"{tmp_path}/{log}"\n')
        path.chmod(0o755)
    variables = {"PATH": f"{bin}:{os.environ['PATH']}"}
    assert runner.run(INSTALL, variables, version=version).code == 0
    made = (tmp_path / "venv").read_text().splitlines()
    assert made == ["-I", "-m", "venv", str(runner.installed)]
    assert (tmp_path / "pip").read_text().splitlines()[-2:] == ["--", package]


def test_the_job_for_gitlab(runner: Runner) -> None:
    job = yaml.safe_load((CHECKOUT / "ci/gitlab.yml").read_text())["lint502"]
    check = job["script"][-1]
    process = subprocess.run(
        ["bash", "-e", "-c", check],
        cwd=runner.workspace,
        env={
            "PATH": f"{runner.installed}/bin:{os.environ['PATH']}",
            "LINT502_ARGS": "deploy/nginx.conf --nginx-version 1.26.3",
        },
        capture_output=True,
        text=True,
    )
    assert process.returncode == 1, process.stderr
    assert "port-mismatch" in process.stdout
    reports = job["artifacts"]["reports"]
    (entry,) = json.loads((runner.workspace / reports["codequality"]).read_text())
    assert entry["location"] == {"path": "deploy/nginx.conf", "lines": {"begin": 4}}
    assert "<failure" in (runner.workspace / reports["junit"]).read_text()


def test_actions_are_pinned_by_commit() -> None:
    for workflow in WORKFLOWS:
        used = re.findall(r"uses: (.*)", workflow.read_text())
        pinned = [line for line in used if re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", line)]
        assert used == pinned != []


def test_a_release_publishes_what_was_tested() -> None:
    jobs = yaml.safe_load((CHECKOUT / ".github/workflows/release.yml").read_text())["jobs"]
    assert {name: job.get("needs") for name, job in jobs.items()} == {
        "build": None,
        "test": "build",
        "attest": "test",
        "publish": "attest",
    }
    trusted = [name for name, job in jobs.items() if "id-token" in job["permissions"]]
    assert trusted == ["attest", "publish"]
    assert jobs["publish"]["environment"]["name"] == "pypi"
    classifiers = re.findall(r"Python :: (3\.\d+)", (CHECKOUT / "pyproject.toml").read_text())
    assert classifiers == jobs["test"]["strategy"]["matrix"]["python"]


def test_the_container_is_not_root_and_has_what_it_is_built_from() -> None:
    lines = (CHECKOUT / "Dockerfile").read_text().splitlines()
    (user,) = [line for line in lines if line.startswith("USER ")]
    assert re.fullmatch(r"USER [1-9]\d*:[1-9]\d*", user)
    ignore = (CHECKOUT / ".dockerignore").read_text().splitlines()
    copied = {line.removeprefix("!") for line in ignore if line.startswith("!")}
    built_from = {"pyproject.toml", "hatch_build.py", "README.md", "LICENSE"}
    assert copied == {"container", "lint502", "rules", *built_from}
    assert all((CHECKOUT / name).exists() for name in copied)


def test_the_container_says_what_it_is() -> None:
    text = (CHECKOUT / "Dockerfile").read_text()
    labels = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="(.*?)"', text))
    project = tomli.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    assert labels == {
        "title": project["name"],
        "description": project["description"],
        "licenses": project["license"],
        "source": "$SOURCE",
        "version": "$VERSION",
    }
    assert {"ARG SOURCE", "ARG VERSION"} < set(text.splitlines())


PYTHON = {"python_version": "3.13", "python_full_version": "3.13.0"}
"""That of the container."""


@pytest.mark.parametrize("file", ["requirements.txt", "build.txt"])
def test_what_the_container_installs_is_pinned(file: str) -> None:
    """And is what pyproject.toml asks for, so that a new bound or library is not forgotten."""
    text = (CHECKOUT / "container" / file).read_text()
    pins = dict(re.findall(r"^([\w-]+)==(\S+)", text, re.MULTILINE))
    assert len(pins) <= text.count("--hash=sha256:")
    settings = tomli.loads((CHECKOUT / "pyproject.toml").read_text())
    asked = settings["build-system"]["requires"]
    if file == "requirements.txt":
        project = settings["project"]
        asked = [*project["dependencies"], *project["optional-dependencies"]["lab"]]
    for requirement in map(Requirement, asked):
        if requirement.marker is not None and not requirement.marker.evaluate(PYTHON):
            continue
        assert pins[canonicalize_name(requirement.name)] in requirement.specifier


def test_hadolint_finds_nothing() -> None:
    hadolint = shutil.which("hadolint", path=str(BIN))
    if hadolint is None:
        lacks("there is no hadolint for this machine")
    result = subprocess.run([hadolint, "Dockerfile"], cwd=CHECKOUT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
