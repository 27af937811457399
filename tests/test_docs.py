"""The documents: their links lead somewhere, their TOML is what lint502 reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lint502.declared.load import load_specs
from lint502.settings.load import load_settings
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
