from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from lint502 import __version__
from lint502.evidence import Proof
from lint502.nginx.version import Version
from lint502.report import FORMATS, Style, counted, renderer
from tests.support.canned import CLEAN, FINDINGS, REPORT

EXPECTED = Path(__file__).parent / "expected"


@pytest.mark.parametrize(
    ("format", "style", "name"),
    [
        ("text", Style(), "text.txt"),
        ("text", Style(width=60), "text-60-columns.txt"),
        ("text", Style(colour=True), "text-colour.txt"),
        ("concise", Style(), "concise.txt"),
        ("concise", Style(colour=True), "concise-colour.txt"),
        ("json", Style(), "json.json"),
        ("json", Style(colour=True, width=60), "json.json"),
        ("github", Style(), "github.txt"),
        ("gitlab", Style(), "gitlab.json"),
        ("junit", Style(), "junit.xml"),
        ("checkstyle", Style(), "checkstyle.xml"),
        ("rdjson", Style(colour=True, width=60), "rdjson.json"),
        ("sonarqube", Style(colour=True, width=60), "sonarqube.json"),
        ("markdown", Style(colour=True, width=60), "markdown.md"),
        ("mermaid", Style(colour=True, width=60), "mermaid.mmd"),
    ],
)
def test_whole_output(format: str, style: Style, name: str) -> None:
    expected = (EXPECTED / name).read_text(encoding="utf-8")
    for written in ('"lint502": "{}"', '<checkstyle version="{}">'):
        expected = expected.replace(written.format("0.1.0"), written.format(__version__))
    assert renderer(format)(REPORT, style) == expected


def test_every_format_has_its_module() -> None:
    modules = {path.stem for path in Path(renderer.__code__.co_filename).parent.glob("*.py")}
    assert set(FORMATS) <= modules
    for name in FORMATS:
        assert renderer(name)(CLEAN, Style()).isascii() or name == "text"


@pytest.mark.parametrize("style", [Style(), Style(width=40), Style(width=60)])
@pytest.mark.parametrize("format", FORMATS)
def test_nothing_reaches_the_terminal_unescaped(format: str, style: Style) -> None:
    output = renderer(format)(REPORT, style)
    assert all(character.isprintable() or character == "\n" for character in output)
    output.encode()


def test_clean_text() -> None:
    assert renderer("text")(CLEAN, Style()) == (
        "checked a.conf, b.conf, c.conf and 2 more\n"
        "1 hop: 1 passed · 0 errors, 0 warnings · nginx 1.26 (newest known)\n"
        "1 hop: 1 compared with upstreams.toml\n"
    )
    assert renderer("concise")(CLEAN, Style()) == ""


@pytest.mark.parametrize(
    ("origin", "source", "shown"),
    [
        ("option", None, "--nginx-version"),
        ("config", "pyproject.toml", "pyproject.toml"),
        ("binary", None, "installed nginx"),
        ("newest", None, "newest known"),
    ],
)
def test_where_the_version_comes_from(origin: str, source: str | None, shown: str) -> None:
    report = replace(CLEAN, version_origin=origin, version_source=source, roots=(), hops=())
    assert renderer("text")(report, Style()) == (
        f"0 hops · 0 errors, 0 warnings · nginx 1.26 ({shown})\n"
    )
    value = json.loads(renderer("json")(report, Style()))
    assert value["nginx"] == {"version": "1.26", "from": origin}


def test_equal_findings_have_fingerprints_of_their_own() -> None:
    report = replace(REPORT, findings=(FINDINGS[0], FINDINGS[0], FINDINGS[0]))
    findings = json.loads(renderer("json")(report, Style()))["findings"]
    first = FINDINGS[0].fingerprint
    assert [finding["fingerprint"] for finding in findings] == [first, f"{first}-2", f"{first}-3"]


def test_names_that_are_not_utf8_survive_json() -> None:
    findings = json.loads(renderer("json")(REPORT, Style()))["findings"]
    assert findings[4]["file"] == "nginx/\x1b]0;evil\x07\udcff.conf"


@pytest.mark.parametrize(
    ("format", "seen"),
    [
        ("github", "%0Asaw: cannot be shown here on nginx 1.26.3: no \\x1b[31m nginx\n::error "),
        ("junit", "\n  saw: cannot be shown here on nginx 1.26.3: no \\x1b[31m nginx\n\n"),
        ("markdown", "<br>saw: cannot be shown here on nginx 1.26.3: no \\\\x1b\\[31m nginx | "),
        ("sarif", '"evidence": [\n              "cannot be shown here on nginx 1.26.3: no '),
    ],
)
def test_what_was_watched(format: str, seen: str) -> None:
    proof = Proof("cannot be shown here", "no \x1b[31m nginx", "hop-1", Version(1, 26, 3))
    report = replace(REPORT, proofs={FINDINGS[0]: proof})
    assert seen in renderer(format)(report, Style())


def test_counted() -> None:
    assert [counted("a" * number, "hop") for number in range(3)] == ["0 hops", "1 hop", "2 hops"]
