"""Our tokens through crossplane's parser."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.nginx.parse import Directive, parse_file
from lint502.nginx.tokens import MAX_DEPTH, Comment, NginxSyntaxError, token_at
from lint502.places import Place, SourceFile

CONFIGS = Path(__file__).parent / "configs"


def parsed(text: str) -> tuple[Directive, ...]:
    return parse_file(SourceFile("nginx.conf", text)).directives


def outline(directives: tuple[Directive, ...]) -> list[object]:
    """Names, arguments and blocks, without places."""
    return [
        (d.name, *d.args) if d.block is None else (d.name, *d.args, outline(d.block))
        for d in directives
    ]


def test_directives_blocks_and_arguments() -> None:
    text = "http {\n server { listen 80; location / { } }\n upstream 'a b' { server ${H} down; } }"
    assert outline(parsed(text)) == [
        (
            "http",
            [
                ("server", [("listen", "80"), ("location", "/", [])]),
                ("upstream", "a b", [("server", "${H}", "down")]),
            ],
        )
    ]


def test_places() -> None:
    source = SourceFile("nginx.conf", "http {\n  proxy_pass  'http://a'\r\n    b;\r\n}\n")
    (http,) = parse_file(source).directives
    assert http.block is not None
    (directive,) = http.block
    line = "  proxy_pass  'http://a'"
    assert directive.place() == Place("nginx.conf", 2, 3, 25, line)
    assert directive.place("here") == Place("nginx.conf", 2, 3, 25, line, "here")
    assert directive.arg_place(0) == Place("nginx.conf", 2, 15, 25, line)
    assert directive.arg_place(1, "there") == Place("nginx.conf", 3, 5, 6, "    b;", "there")
    assert directive.arg_place(2) == directive.place()
    assert http.place() == Place("nginx.conf", 1, 1, 5, "http {")
    assert directive.source is source


@pytest.mark.parametrize(
    ("text", "end"),
    [("a;", 2), ("a b c;", 6), ("a  b\tc ;", 7), ("a 'b' c;", 8), ("a b\n c;", 4), ("a b {}", 4)],
)
def test_a_directive_ends_with_its_last_argument_on_the_line(text: str, end: int) -> None:
    (directive,) = parsed("  " + text)
    assert directive.place() == Place("nginx.conf", 1, 3, end + 2, ("  " + text).split("\n")[0])


def test_what_is_written_elsewhere_has_no_place_of_its_own() -> None:
    source = SourceFile("nginx.conf", "include mime.types;")
    stock = Directive("default_type", ("text/html",), source, 1, 1, 8)
    assert stock.placed_args() == ()
    assert stock.arg_place(0) == stock.place() == Place("nginx.conf", 1, 1, 8, source.text)


@pytest.mark.parametrize("name", ["plain", "messy", "comments", "quotes", "languages", "variables"])
def test_every_directive_and_argument_knows_its_place(name: str) -> None:
    text = (CONFIGS / f"{name}.conf").read_text("utf-8")
    lines = text.split("\n")
    unseen = list(parsed(text))
    while unseen:
        directive = unseen.pop()
        unseen += directive.block or ()
        args = directive.placed_args()
        assert args == directive.args
        name = (directive.name, directive.line, directive.column, directive.end_column)
        for token in (token_at(*name), *args):
            written = lines[token.line - 1][token.column - 1 : token.end_column - 1]
            if "\n" in token:
                assert written == '"' + token.split("\n")[0]
            else:
                assert written in (token, f"'{token}'", f'"{token}"')


@pytest.mark.parametrize(
    ("condition", "expected", "columns"),
    [
        ("($a)", ["$a"], [(5, 7)]),
        ("( $a )", ["$a"], [(6, 8)]),
        ("($a = b)", ["$a", "=", "b"], [(5, 7), (8, 9), (10, 11)]),
        ("( $a = 'b c' )", ["$a", "=", "b c"], [(6, 8), (9, 10), (11, 16)]),
        ('($a ~ "b")', ["$a", "~", "b"], [(5, 7), (8, 9), (10, 13)]),
        ("(!-f $a )", ["!-f", "$a"], [(5, 8), (9, 11)]),
        ("($a ~* ^(b|c))", ["$a", "~*", "^(b|c)"], [(5, 7), (8, 10), (11, 17)]),
        # not what nginx takes; it stays as it is written
        ("$a", ["$a"], [(4, 6)]),
        ("($a", ["($a"], [(4, 7)]),
        ("()", [], []),
    ],
)
def test_if_conditions(condition: str, expected: list[str], columns: list[tuple[int, int]]) -> None:
    (directive,) = parsed(f"if {condition} {{ }}")
    assert list(directive.args) == expected
    places = [directive.arg_place(index) for index in range(len(expected))]
    assert [(place.column, place.end_column) for place in places] == columns


def test_an_escaped_parenthesis_in_a_condition() -> None:
    (directive,) = parsed(r"if ($a ~ \"\)) { }")
    assert list(directive.args) == ["$a", "~", '"\\)']
    assert directive.arg_place(2).column == 10
    assert directive.arg_place(2).end_column == 14


def test_names_that_could_mislead_the_parser() -> None:
    assert outline(parsed("'#a' b; '}' c; a '{' ';' '}' '#'; \\#a; include a*; a;")) == [
        ("#a", "b"),
        ("}", "c"),
        ("a", "{", ";", "}", "#"),
        ("\\#a",),
        ("include", "a*"),
        ("a",),
    ]


def test_what_crossplane_would_refuse_is_not_its_business() -> None:
    """No table of contexts and argument counts stands in the way of a newer directive."""
    text = "server { nosuch a b c { listen; http { } } } proxy_pass; types { a b; } if { }"
    assert [d.name for d in parsed(text)] == ["server", "proxy_pass", "types", "if"]


def test_lua_is_one_argument() -> None:
    (http,) = parsed((CONFIGS / "lua.conf").read_text("utf-8"))
    assert outline(http.block or ()) == [
        ("init_by_lua_block", '\n        greeting = "hello { world"\n    '),
        (
            "server",
            [
                (
                    "location",
                    "/",
                    [
                        (
                            "content_by_lua_block",
                            " ngx.say(greeting) if x then y = { z = {} } end ",
                        ),
                        ("add_header", "X", "a"),
                    ],
                )
            ],
        ),
    ]
    lua = (http.block or ())[0]
    assert lua.arg_place(0) == Place("nginx.conf", 2, 23, 24, "    init_by_lua_block {")
    assert lua.place() == Place("nginx.conf", 2, 5, 24, "    init_by_lua_block {")


def test_comments_are_kept_aside() -> None:
    file = parse_file(SourceFile("a", "# one\na # two\n b;\n'# no'; # three"))
    assert file.comments == (Comment(1, " one"), Comment(2, " two"), Comment(4, " three"))
    assert outline(file.directives) == [("a", "b"), ("# no",)]


def test_a_syntax_error_is_ours() -> None:
    with pytest.raises(NginxSyntaxError) as caught:
        parsed((CONFIGS / "broken.conf").read_text("utf-8"))
    assert caught.value.line == 4


def test_blocks_nested_as_deep_as_they_may_be() -> None:
    directives = parsed("a {" * MAX_DEPTH + "}" * MAX_DEPTH)
    for _ in range(MAX_DEPTH):
        (directive,) = directives
        assert directive.block is not None
        directives = directive.block
    assert directives == ()
