"""A template says nothing that what is rendered from it does not bear out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lint502.findings import Severity
from lint502.nginx.envsubst import Values
from lint502.nginx.file_parser import FileParser
from lint502.nginx.parse import Directive, ParsedFile
from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.tokens import Token, tokenize
from lint502.pages import page
from lint502.places import SourceFile
from lint502.report_model import Report
from lint502.rule_names import RULES
from tests.support.sites import check

_SYMBOLS = ("{{ s }}", "${SYMBOL}", "<%= s %>", "@SYMBOL@", "{% if s %}a{% else %}b{% endif %}")

Shown = set[tuple[str, int]]


def claims(report: Report) -> Shown:
    """The rules that find something, each with the line of a hop, or its own."""
    lines = {hop.id: hop.place.line for hop in report.hops}
    return {
        (finding.rule, line)
        for finding in (*report.findings, *report.hidden)
        if finding.severity is not Severity.INFO
        for line in ([lines[hop] for hop in finding.hops] or [finding.place.line])
    }


def unreached(report: Report) -> set[int]:
    """The lines of the hops that no request gets to."""
    return {hop.place.line for hop in report.hops if hop.reason and hop.state != "undecidable"}


class Example:
    """The blocks of a page, with parts of the configuration replaced."""

    def __init__(self, rule: str, folder: Path) -> None:
        (self.text,) = page(rule).blocks("Example", "nginx")
        (self._spec,) = page(rule).blocks("Example", "toml")
        self._folder = folder
        self.rendered = self.check(self.text)

    def check(self, text: str) -> Report:
        return check(self._folder, {"nginx.conf": text, "upstreams.toml": self._spec})

    def words(self) -> list[Token]:
        return [
            item
            for item in tokenize(self.text).items
            if isinstance(item, Token) and "\n" not in item and not item.endswith("_lua_block")
        ]

    def directives(self) -> list[tuple[Token, int]]:
        """The simple directives that stand on one line: the name, and the column of the ``;``."""
        found = []
        words: list[Token] = []
        for item in tokenize(self.text).items:
            if isinstance(item, Token):
                words.append(item)
            else:
                line = self.text.split("\n")[words[-1].line - 1] if words else ""
                end = line.find(";", words[-1].end_column - 1) if words else -1
                if item == ";" and end != -1 and words[0].line == words[-1].line:
                    found.append((words[0], end + 1))
                words = []
        return found

    def contradicts(self, text: str) -> Shown:
        """What a template claims, and what is rendered from it does not."""
        report = self.check(text)
        assert report.problems == self.rendered.problems
        cut_off = unreached(self.rendered)
        return {
            claim for claim in claims(report) - claims(self.rendered) if claim[1] not in cut_off
        }


def replaced(text: str, edits: list[tuple[int, int, int, str]]) -> str:
    """A text with stretches of its lines replaced: line, column, end column, and by what."""
    lines = text.split("\n")
    for line, start, end, new in sorted(edits, reverse=True):
        old = lines[line - 1]
        lines[line - 1] = old[: start - 1] + new + old[end - 1 :]
    return "\n".join(lines)


def examples() -> list[str]:
    return [rule for rule in RULES if page(rule).blocks("Example", "nginx")]


@pytest.mark.slow
@pytest.mark.parametrize("rule", examples())
def test_each_word_left_open(tmp_path: Path, rule: str) -> None:
    example = Example(rule, tmp_path)
    for number, word in enumerate(example.words()):
        symbol = _SYMBOLS[number % len(_SYMBOLS)]
        text = replaced(example.text, [(word.line, word.column, word.end_column, symbol)])
        assert example.contradicts(text) == set(), (word, word.line)


@pytest.mark.slow
@pytest.mark.parametrize("rule", examples())
def test_each_directive_in_a_branch(tmp_path: Path, rule: str) -> None:
    example = Example(rule, tmp_path)
    for name, end in example.directives():
        edits = [
            (name.line, name.column, name.column, "{% if s %}"),
            (name.line, end + 1, end + 1, "{% endif %}"),
        ]
        assert example.contradicts(replaced(example.text, edits)) == set(), (name, name.line)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_several_at_once(data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        example = Example(data.draw(st.sampled_from(examples())), Path(folder))
        words = data.draw(st.sets(st.sampled_from(range(len(example.words()))), max_size=4))
        edits = [
            (one.line, one.column, one.end_column, data.draw(st.sampled_from(_SYMBOLS)))
            for one in (example.words()[index] for index in words)
        ]
        starts = {(line, column) for line, column, *_ in edits}
        for name, end in example.directives():
            if (name.line, name.column) not in starts and data.draw(st.booleans()):
                edits += [
                    (name.line, name.column, name.column, "{% for x in s %}"),
                    (name.line, end + 1, end + 1, "{%- endfor %}"),
                ]
        assert example.contradicts(replaced(example.text, edits)) == set()


_TAGS = st.sampled_from(
    ["{{ a }}", "{{ a\n | b }}", "x{{ a }};", "{{ a }}y;", "${A}", "$AB", "<%= a %>", "@AB@",
     "{{{a}}}", "{{ a }} {{ b }} # d", "k2 {% if x %}1{% endif %};", "{# c #}", "{# c\n c #}",
     "{% set a = 1 %}", "<%# c\n%>", "{{/* c */}}", "{{! c }}"]
)  # fmt: skip
_PARTS = st.lists(
    st.one_of(st.tuples(st.just("word"), st.sampled_from(["ab", "c;", "'d e'", "é", "f{", "}"])),
              st.tuples(st.just("tag"), _TAGS),
              st.tuples(st.just("blank"), st.sampled_from([" ", "\n", "\r\n  ", "\t"]))),
    max_size=30,
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(_PARTS)
def test_every_word_keeps_its_place(parts: list[tuple[str, str]]) -> None:
    text = "k {{ first }};\n"
    expected = []
    depth = 0
    for kind, part in parts:
        if kind == "word":
            if part == "}":
                if not depth:
                    continue
                depth -= 1
            depth += part == "f{"
            part = f"{part} " if part in ("c;", "f{", "}") else f"{part};"
            name = part.strip("; {")
            if name != "}":
                line = text.count("\n") + 1
                column = len(text) - text.rfind("\n")
                expected.append((name.strip("'"), line, column))
        text += f"\n{part}\n" if kind == "tag" else part
    text += "}" * depth
    parsed = FileParser(Values()).parse(SourceFile("a.j2", text))
    assert isinstance(parsed, ParsedFile)
    assert parsed.problems == ()
    found = [
        (one.name, one.line, one.column)
        for one in _all(parsed.directives)
        if UNKNOWN not in one.name and one.name[:1] not in "k$"
    ]
    assert found == expected


def _all(directives: tuple[Directive, ...]) -> Iterator[Directive]:
    for one in directives:
        yield one
        yield from _all(one.block or ())


_BITS = st.sampled_from(
    ["{{", "}}", "{%", "%}", "{#", "#}", "<%", "%>", "<?php", "?>", "{{{", "}}}", "{{!--", "--}}",
     " if x ", " else ", " endif ", " for ", " end ", " macro ", " endmacro ", " raw ", " endraw ",
     " define ", "/x", "#x", "^", "-", "=", "{", "}", ";", "\n", " ", "a", "'", '"', "\\", "#",
     "${A}", "$A", "@AB@", "%AB%", "<AB>", "{AB}", "__A__", "server", "proxy_pass http://a:1",
     "upstream", "%{ if x }", "%{ endif }", "{{ a }}", "{% if x %}", "{% else %}", "{% endif %}"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(_BITS, max_size=60).map("".join), st.sampled_from(["a.j2", "a.conf", "a.template"]))
def test_no_text_is_too_much(text: str, name: str) -> None:
    """Whatever stands in a file, it is read, or it is said what is wrong."""
    with TemporaryDirectory() as folder:
        report = check(Path(folder), {name: text}, name)
    assert report.problems or report.hops or report.notes is not None
    assert all(UNKNOWN not in problem.message for problem in report.problems)
    assert all(UNKNOWN not in note.message for note in report.notes)
    assert all(UNKNOWN not in f"{hop.value}{hop.reason}{hop.location}" for hop in report.hops)
    assert all(UNKNOWN not in finding.message for finding in report.findings)


def test_no_edit_touches_a_symbol_or_a_tag(tmp_path: Path) -> None:
    passes = {
        "proxy_pass http://api:3001;": True,
        "proxy_pass http://api:3001/{{ path }};": False,
        "proxy_pass http://api:3001/${PATH_OF};": False,
        "{% if s %}proxy_pass http://api:3001;{% endif %}": True,
        "proxy_pass {# c #}http://api:3001;": True,
        "proxy_pass http://api:{# c #}3001;": False,
    }
    locations = "\n".join(f"location /{n} {{ {line} }}" for n, line in enumerate(passes))
    files = {
        "nginx.conf.j2": f"events {{}} http {{ server {{ listen 80;\n{locations}\n}} }}",
        "upstreams.toml": "[upstream.api]\nport = 3000\n",
    }
    report = check(tmp_path, files, "nginx.conf.j2")
    assert report.problems == ()
    edited = {
        finding.place.line - 2: bool(finding.fix and finding.fix.edits)
        for finding in report.findings
        if finding.rule == "port-mismatch"
    }
    assert edited == dict(enumerate(passes.values()))
