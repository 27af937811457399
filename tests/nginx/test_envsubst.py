"""Rendering as envsubst does, and the way back to the template's places."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lint502.findings import Edit, Finding, Fix, Severity
from lint502.nginx.envsubst import (
    FILTER,
    MAX_VALUE_BYTES,
    Values,
    markers,
    render,
    without_edits_in,
)
from lint502.nginx.files import MAX_FILE_BYTES
from lint502.nginx.parse import parse_file
from lint502.nginx.rendered import Rendered, Span
from lint502.nginx.tokens import Comment, NginxSyntaxError, Token, tokenize
from lint502.places import Place, SourceFile
from lint502.reading import UnreadableError
from tests.support.nginxes import lacks

VALUES = {
    "A": "one",
    "AB": "",
    "B_2": "two words",
    "_c": "x; y {\n z; }",
    "D": "$A ${AB} $host",
    "Q": "'\"",
    "N": "\n",
}


def rendered(template: str, values: dict[str, str] | None = None) -> Rendered:
    return render(template, Values(VALUES if values is None else values))


class TestText:
    @pytest.mark.parametrize(
        ("template", "text"),
        [
            ("$A ${A} $A1 ${A1} $AB$A", "one one $A1 ${A1} one"),
            ("$$A ${$A} ${A${A} ${A }${A-x} $", "$one ${one} ${Aone ${A }${A-x} $"),
            ("\\$A '$A' \"${A}\" # $A", "\\one 'one' \"one\" # one"),
            ("$host ${request_uri} $1 $Aé", "$host ${request_uri} $1 oneé"),
            ("${D}", "$A ${AB} $host"),
            ("a${_c}b", "ax; y {\n z; }b"),
            ("", ""),
        ],
    )
    def test_what_becomes_of_it(self, template: str, text: str) -> None:
        assert rendered(template).text == text

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.sampled_from([*"$${{}}AB_12ch \n\\é-", *VALUES])).map("".join))
    def test_as_the_real_envsubst(self, template: str) -> None:
        program = shutil.which("envsubst")
        if program is None:
            lacks("there is no envsubst here (Debian: gettext-base)")
        done = subprocess.run(
            [program, " ".join(f"${{{name}}}" for name in VALUES)],
            input=template.encode(),
            env=VALUES,
            capture_output=True,
            check=True,
        )
        assert rendered(template).text == done.stdout.decode()

    @given(st.text(alphabet="$${}AB_ab \n;#'\"\\"))
    def test_without_values_it_stays_as_it_is(self, template: str) -> None:
        same = rendered(template, {})
        assert (same.text, same.changed, list(same.spans()), same.names()) == (
            template, False, [], [],
        )  # fmt: skip

    def test_what_was_replaced(self) -> None:
        found = rendered("a $A\n  ${AB}$A $host ${X}")
        assert (found.changed, found.names()) == (True, ["A", "AB"])
        assert list(found.spans()) == [
            Span(1, 3, 5, "A", False),
            Span(2, 3, 8, "AB", True),
            Span(2, 8, 10, "A", False),
        ]

    def test_a_text_that_grows_too_large(self) -> None:
        values = {"A": "x" * MAX_VALUE_BYTES}
        most = MAX_FILE_BYTES // MAX_VALUE_BYTES
        assert len(rendered("${A}" * most, values).text) == MAX_FILE_BYTES
        with pytest.raises(UnreadableError) as caught:
            rendered("${A}" * most + "x", values)
        assert str(caught.value) == "has more than 64 MB with the values that are given"
        with pytest.raises(UnreadableError):
            rendered("${A}" * 1_000_000, values)


def tokens_of(template: str, values: dict[str, str]) -> list[tuple[str, int, int, int]]:
    """Each word of a rendered template with its place."""
    found = parse_file(SourceFile("t", template), rendered(template, values))
    result: list[tuple[str, int, int, int]] = []

    def add(items: tuple[object, ...]) -> None:
        for item in items:
            result.append((item.name, item.line, item.column, item.end_column))  # type: ignore[attr-defined]
            result.extend(
                (str(arg), arg.line, arg.column, arg.end_column)
                for arg in item.args  # type: ignore[attr-defined]
            )
            add(item.block or ())  # type: ignore[attr-defined]

    add(found.directives)
    return result


NAMES = {"A": "one", "E": "", "W": "two three", "S": "x;y", "L": "a\nb", "C": "# c\nd"}
PIECES = st.sampled_from(
    ["a", "bc", " ", "\n", ";", "$host", "${other}", "é", *(f"${{{n}}}" for n in NAMES), "$A"]
)


class TestPlaces:
    def test_within_a_word(self) -> None:
        assert tokens_of("  pass http://${H}:$P/x a;", {"H": "api", "P": "3000"}) == [
            ("pass", 1, 3, 7),
            ("http://api:3000/x", 1, 8, 24),
            ("a", 1, 25, 26),
        ]

    def test_words_out_of_a_value(self) -> None:
        assert tokens_of("a;\n b ${V} c;\n  ${W}d;", {"V": "1 '2' 3", "W": "x; y {}\nz"}) == [
            ("a", 1, 1, 2),
            ("b", 2, 2, 3),
            ("1", 2, 4, 8),
            ("2", 2, 4, 8),
            ("3", 2, 4, 8),
            ("c", 2, 9, 10),
            ("x", 3, 3, 7),
            ("y", 3, 3, 7),
            ("zd", 3, 3, 8),
        ]

    def test_what_comes_after_lines_in_a_value(self) -> None:
        assert tokens_of("${V}\na\n b;", {"V": "x;\ny;\n\n"})[-2:] == [
            ("a", 2, 1, 2),
            ("b", 3, 2, 3),
        ]

    def test_an_empty_value(self) -> None:
        assert tokens_of("${E}a ${E} b${E}c d${E};", {"E": ""}) == [
            ("a", 1, 5, 6),
            ("bc", 1, 12, 18),
            ("d", 1, 19, 20),
        ]

    def test_a_string_of_several_lines(self) -> None:
        assert tokens_of('a "x\n${V}\ny" b;', {"V": "1\n2"}) == [
            ("a", 1, 1, 2),
            ("x\n1\n2\ny", 1, 3, 5),
            ("b", 3, 4, 5),
        ]

    def test_the_condition_of_an_if(self) -> None:
        (found,) = parse_file(
            SourceFile("t", "if ($x = ${V}) { }"), rendered("if ($x = ${V}) { }", {"V": "1"})
        ).directives
        places = [(str(arg), arg.column, arg.end_column) for arg in found.args]  # type: ignore[attr-defined]
        assert places == [("$x", 5, 7), ("=", 8, 9), ("1", 10, 14)]

    @settings(max_examples=400, deadline=None)
    @given(st.lists(PIECES, max_size=30).map("".join))
    def test_every_word_is_where_it_comes_from(self, template: str) -> None:
        found = rendered(template, NAMES)
        try:
            plain = tokenize(found.text)
        except NginxSyntaxError:
            return
        moved = parse_file(SourceFile("t", template), found)
        lines = template.split("\n")
        texts = found.text.split("\n")
        words = [word for directive in moved.directives for word in (directive, *directive.args)]
        unmoved = [token for token in plain.items if isinstance(token, Token)]
        assert len(words) == len(unmoved)
        last = (1, 1)
        for word, token in zip(words, unmoved, strict=True):
            line, start, end = word.line, word.column, word.end_column  # type: ignore[union-attr]
            written = lines[line - 1][start - 1 : end - 1]
            assert str(token) in rendered(written, NAMES).text
            if written == rendered(written, NAMES).text:
                assert written == str(token)
            assert (line, start) >= last
            last = (line, start)
            assert texts[token.line - 1][token.column - 1 : token.end_column - 1] == str(token)


class TestLines:
    @pytest.mark.parametrize(
        ("template", "line", "message"),
        [
            ("a {\n${V}\nb", 3, 'the file ends before the ";" of this directive'),
            ("${V}\na {\n", 2, 'the file ends before the "}" of the block that opens on line 2'),
            ("\n${V} }", 2, 'unexpected "}": no block is open here'),
            ("\n${V}\nx }", 3, 'unexpected "}"; a ";" is missing before it'),
        ],
    )
    def test_of_a_syntax_error(self, template: str, line: int, message: str) -> None:
        with pytest.raises(NginxSyntaxError) as caught:
            parse_file(SourceFile("t", template), rendered(template, {"V": "x;\n\ny;\n"}))
        assert (caught.value.line, str(caught.value)) == (line, message)

    def test_of_comments(self) -> None:
        template = "${V} # one $A\n# ${A} two\r\n${C} three\n# four"
        values = {"V": "x;\n", "A": "value", "C": "y; # five"}
        assert parse_file(SourceFile("t", template), rendered(template, values)).comments == (
            Comment(1, " one $A"),
            Comment(2, " ${A} two"),
            Comment(4, " four"),
        )


class TestMarkers:
    def test_in_capital_letters(self) -> None:
        assert [
            (span.name, span.line, span.column, span.end_column, span.braced)
            for span in markers("$AB ${C}\n $host $Host ${Ab} $A $Ab_C ${D_1}$E2;")
        ] == [
            ("AB", 1, 1, 4, False),
            ("C", 1, 5, 9, True),
            ("D_1", 2, 29, 35, True),
            ("E2", 2, 35, 38, False),
        ]


class TestValues:
    @pytest.mark.parametrize(
        ("pattern", "taken"),
        [
            ("", ["APP_A", "API", "x"]),
            ("^APP_", ["APP_A"]),
            ("^(APP|API)", ["APP_A", "API"]),
            ("A$", ["APP_A"]),
            ("[a-z]+", ["x"]),
            ("^AP.*", ["APP_A", "API"]),
            ("NO", []),
        ],
    )
    def test_the_filter(self, pattern: str, taken: list[str]) -> None:
        given = {"APP_A": "1", "API": "2", "x": "3"}
        values = Values({**given, FILTER: pattern})
        assert [name for name in given if name in values] == taken
        assert [name for name in given if values.filtered(name)] == [
            name for name in given if name not in taken
        ]

    @pytest.mark.parametrize(
        "pattern", ["(a+)+$", "a?" * 30, "(a|a)" * 40, "[[:upper:]]", "a{2}", "(", "a" * 300, "\\w"]
    )
    def test_a_filter_that_is_not_read(self, pattern: str) -> None:
        with pytest.raises(ValueError, match=r"lint502 reads only simple patterns of names"):
            Values({"A": "1", FILTER: pattern})

    def test_bounds(self) -> None:
        assert "A" in Values({"A": "é" * (MAX_VALUE_BYTES // 2)})
        with pytest.raises(ValueError, match=r"^the value of A has 65537 bytes; lint502 takes at "):
            Values({"A": "x" * (MAX_VALUE_BYTES + 1)})
        with pytest.raises(ValueError, match=r"^the value of A has a NUL byte, which no "):
            Values({"A": "s3cret\0"})
        with pytest.raises(ValueError, match=r"^the name A{20}… is longer than 1000 characters$"):
            Values({"A" * 1001: "1"})

    def test_names_that_envsubst_never_takes(self) -> None:
        values = Values({"A-B": "1", "": "2", "1": "3"})
        assert not values
        assert render("${A-B}$1${}", values).text == "${A-B}$1${}"


class TestEdits:
    @pytest.mark.parametrize(
        ("line", "column", "end", "kept"),
        [
            (3, 10, 14, False),
            (3, 5, 11, False),
            (3, 13, 20, False),
            (3, 1, 40, False),
            (3, 11, 11, False),
            (3, 5, 10, True),
            (3, 14, 20, True),
            (3, 10, 10, False),
            (3, 9, 9, True),
            (3, 14, 14, True),
            (2, 10, 14, True),
        ],
    )
    def test_none_touches_a_value(self, line: int, column: int, end: int, kept: bool) -> None:
        fix = Fix("x;", True, (Edit("t", 9, 1, 2, ""), Edit("t", line, column, end, "new")))
        place = Place("t", 1, 1, 2)
        finding = Finding("retry-off", Severity.ERROR, 502, "always", "m", place, fix=fix)
        left = without_edits_in(
            finding,
            {("t", 3): [Span(3, 10, 14, "V", True)], ("u", 2): [Span(2, 10, 14, "V", True)]},
        )
        assert left.fix == (fix if kept else Fix("x;", True, ()))
        assert without_edits_in(finding, {}) is finding
