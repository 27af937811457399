"""The documents: their links lead somewhere, their TOML is what lint502 reads, and their commands
write what they show."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from lint502.declared.load import load_specs
from lint502.settings.load import load_settings
from tests.support.cli import Run
from tests.support.cli import run as run  # a fixture
from tests.support.sites import http, write

TOP = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "sample_configs/**/*.md", "rules/*.md")
    for path in TOP.glob(pattern)
)
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)")
_TOML = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPEC = re.compile(r"^(\[+(upstream|front)\.|complete\b)", re.MULTILINE)


def names(path: Path) -> str:
    return str(path.relative_to(TOP))


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_links_lead_to_files(document: Path) -> None:
    dead = [
        link
        for link in _LINK.findall(document.read_text())
        if not (document.parent / link).exists()
    ]
    assert dead == []


BLOCKS = {
    f"{names(document)}-{number}": text
    for document in DOCUMENTS
    if document.parent.name != "rules"  # those have tests of their own
    for number, text in enumerate(_TOML.findall(document.read_text()))
}


@pytest.mark.parametrize("block", list(BLOCKS))
def test_toml_is_what_lint502_reads(tmp_path: Path, block: str) -> None:
    text = BLOCKS[block]
    if _SPEC.search(text):
        path = tmp_path / "upstreams.toml"
        path.write_text(text)
        spec, problems = load_specs([path])
        assert problems == []
        assert spec.upstreams or spec.fronts
    else:
        file = "pyproject.toml" if "[tool.lint502" in text else "lint502.toml"
        (tmp_path / file).write_text(text)
        assert load_settings(tmp_path)[1] == ()


def test_the_example_for_python_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (TOP / "docs" / "api.md").read_text()
    (example,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    write(
        tmp_path,
        {
            "nginx/nginx.conf": http("server { location / { proxy_pass http://api:1; } }"),
            "nginx/upstreams.toml": "[upstream.api]\nport = 2\n",
        },
    )
    exec(example.replace("/srv/shop", str(tmp_path)), {})
    assert capsys.readouterr().out == (
        "nginx/nginx.conf:1:50 error nginx connects to api:1, but api listens on port 2\n"
    )


COMMANDS = re.compile(r"^```\n((?:\$ .*\n)+)((?:(?!```).*\n)*)```", re.MULTILINE)
FILES = re.compile(r"^```\w+\n# (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
HOW_TO = [path for path in DOCUMENTS if path.parent.name == "how-to"]


@pytest.mark.parametrize("document", HOW_TO, ids=names)
def test_the_commands_of_a_page_write_what_it_shows(
    document: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder of the samples, or with the files that the page shows."""
    text = document.read_text(encoding="utf-8")
    write(tmp_path, dict(FILES.findall(text)))
    for commands, output in COMMANDS.findall(text):
        *folder, command = commands.removeprefix("$ ").rstrip("\n").split("\n$ ")
        if folder:
            monkeypatch.chdir(TOP / folder[0].removeprefix("cd "))
        assert run(*shlex.split(command.removeprefix("lint502 "))).out == output


@pytest.mark.parametrize("page", ["compose", "kubernetes", "systemd"])
def test_a_way_of_running_it_has_a_page_with_a_run(page: str) -> None:
    assert COMMANDS.search((TOP / "docs" / "how-to" / f"{page}.md").read_text(encoding="utf-8"))


INDENTED = re.compile(r"^    (?:nginx -T \| |helm template \. \| )?(lint502 .*?)(?: +#.*)?$", re.M)
LINES = sorted(
    {
        line
        for document in DOCUMENTS
        if document.parent.name != "decisions" and document.name != "CHANGELOG.md"
        for line in INDENTED.findall(document.read_text(encoding="utf-8"))
    }
)


@pytest.mark.parametrize("line", LINES)
def test_each_command_has_options_that_there_are(line: str, run: Run) -> None:
    """No file is there, so that most of them check nothing; what is wrong is not the command."""
    alone = re.split(r" [<>|]", line)[0]
    words = shlex.split(alone.replace("RULE", "port-mismatch"))
    if {"prove", "--prove"}.isdisjoint(words):
        said = run(*words[1:]).err
        assert "No such option" not in said
        assert "Usage: " not in said or "does not exist" in said or "no deployment" in said


def test_the_readme_is_short() -> None:
    assert len((TOP / "README.md").read_text(encoding="utf-8").split()) <= 500


def test_nothing_names_an_address_that_nobody_has() -> None:
    places = [*DOCUMENTS, TOP / "ci/gitlab.yml", TOP / "action.yml", TOP / ".pre-commit-hooks.yaml"]
    for place in places:
        text = place.read_text(encoding="utf-8")
        assert not re.search(r"git\.example|example/lint502|pip install '?lint502", text), place


def keys_of_json(heading: str) -> set[str]:
    text = (TOP / "docs" / "json.md").read_text(encoding="utf-8").partition(f"| {heading} |")[2]
    table = text.partition("\n\n")[0]
    return {
        key
        for row in re.findall(r"^\| (`.*?) \|", table, re.M)
        for key in re.findall(r"`(\w+)`", row)
    }


def test_the_keys_of_json_are_documented(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(TOP / "sample_configs" / "containers" / "broken")
    report = json.loads(run("check", "--format", "json", "--statistics").out)
    assert keys_of_json("key") == set(report)
    documented = keys_of_json("key of a finding")
    assert {key for finding in report["findings"] for key in finding} - {"pairs"} <= documented
