from __future__ import annotations

from pathlib import Path

import pytest

from lint502 import pages
from lint502.findings import Severity
from lint502.nginx.version import Version
from lint502.pages import HEADINGS, CodeBlock, Page, PageError, blocks, page

TEXT = """\
+++
severity = "error"
status = 502
frequency = "always"
log = "connect() failed (111: Connection refused)"
nginx = ">=1.18"
summary = "nginx connects to a port on which nothing listens"
+++

# port-mismatch

## What it means

Two ports.

## Why it answers 502

Nobody listens.

## Example

```nginx
# a comment, no title
## another
server 127.0.0.1:3001;  # <- port-mismatch
```

It contradicts:

```toml
[upstream.api]
port = 3000
```

## Instead

~~~~nginx
server 127.0.0.1:3000;
~~~
## no heading
~~~~

## References

- https://nginx.org
"""

BODY = TEXT.partition("\n+++\n")[2].lstrip("\n")


def broken(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new)


def test_a_page(tmp_path: Path) -> None:
    (tmp_path / "port-mismatch.md").write_text(TEXT)
    result = page("port-mismatch", tmp_path)
    example = BODY.partition("## Example\n\n")[2].partition("\n## Instead")[0]
    assert result == Page(
        name="port-mismatch",
        severity=Severity.ERROR,
        status=502,
        frequency="always",
        log="connect() failed (111: Connection refused)",
        nginx=">=1.18",
        summary="nginx connects to a port on which nothing listens",
        body=BODY,
        sections={
            "What it means": "Two ports.\n",
            "Why it answers 502": "Nobody listens.\n",
            "Example": example,
            "Instead": "~~~~nginx\nserver 127.0.0.1:3000;\n~~~\n## no heading\n~~~~\n",
            "References": "- https://nginx.org\n",
        },
    )
    assert tuple(result.sections) == HEADINGS


def test_blocks_of_a_page() -> None:
    result = pages.parse("port-mismatch", TEXT)
    assert result.blocks("Example", "nginx") == (
        "# a comment, no title\n## another\nserver 127.0.0.1:3001;  # <- port-mismatch\n",
    )
    assert result.blocks("Example", "toml") == ("[upstream.api]\nport = 3000\n",)
    assert result.blocks("Instead", "nginx") == ("server 127.0.0.1:3000;\n~~~\n## no heading\n",)
    assert result.blocks("Instead", "toml") == ()


def test_an_info_has_no_status() -> None:
    text = broken('severity = "error"\nstatus = 502\nfrequency = "always"\n', 'severity = "info"\n')
    result = pages.parse("port-mismatch", text)
    assert (result.severity, result.status, result.frequency) == (Severity.INFO, None, None)


def test_blocks() -> None:
    assert blocks("a\n``` nginx title\nx\n```\n```\ny\n```\n") == (
        CodeBlock("nginx", "x\n"),
        CodeBlock("", "y\n"),
    )
    assert blocks("`inline`\n") == ()
    with pytest.raises(PageError, match="a block that starts with ``` is not closed"):
        blocks("```\nx\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# port-mismatch\n", "a page starts with its front matter, between two lines +++"),
        ("x\n" + TEXT, "a page starts with its front matter, between two lines +++"),
        (
            broken("status = 502", "status = "),
            "its front matter is not valid TOML: Invalid value (at line 2, column 10)",
        ),
        (broken('nginx = ">=1.18"', ""), "its front matter needs nginx, a str"),
        (broken('nginx = ">=1.18"', "nginx = 1"), "its front matter needs nginx, a str"),
        (broken("status = 502", "state = 502"), "its front matter has an unknown key: state"),
        (broken("status = 502", 'status = "502"'), "status in its front matter must be a int"),
        (
            broken('"error"', '"bad"'),
            "severity in its front matter must be error, warning or info",
        ),
        (
            broken('"always"', '"never"'),
            "frequency in its front matter must be always or sometimes",
        ),
        (
            broken("# port-mismatch\n", "# ports\n"),
            "its title must be 'port-mismatch', once, not ['ports']",
        ),
        (
            broken("## Instead", "## Otherwise"),
            "its headings must be What it means, Why it answers 502, Example, Instead, References, "
            "not What it means, Why it answers 502, Example, Otherwise, References",
        ),
    ],
)
def test_what_is_no_page(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "port-mismatch.md"
    path.write_text(text)
    with pytest.raises(PageError) as caught:
        page("port-mismatch", tmp_path)
    assert str(caught.value) == f"{path}: {message}"


def test_a_missing_page(tmp_path: Path) -> None:
    with pytest.raises(PageError, match=r"/no-such\.md cannot be read: .*No such file"):
        page("no-such", tmp_path)


def test_where_the_pages_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "lint502"
    monkeypatch.setattr(pages, "__file__", str(package / "pages.py"))
    assert pages.folder() == tmp_path / "rules"
    (package / "rules").mkdir(parents=True)
    assert pages.folder() == package / "rules"


def test_what_happens_always_in_some_versions_only() -> None:
    old, new = Version.parse("1.18.0"), Version.parse("1.20.0")
    text = broken('frequency = "always"\n', 'frequency = "always"\nsometimes = "<1.19.9"\n')
    result = pages.parse("port-mismatch", text)
    assert [result.frequency_in(version) for version in (old, new)] == ["sometimes", "always"]
    plain = pages.parse("port-mismatch", TEXT)
    assert [plain.frequency_in(version) for version in (old, new)] == ["always", "always"]
