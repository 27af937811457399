from __future__ import annotations

import time
from datetime import date, datetime
from typing import Any

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from lint502.places import SourceFile
from lint502.toml.positions import Key, Node, scan


def spots(text: str) -> dict[tuple[Key, ...], str]:
    """Every position in the text, as the characters that it covers, with line and column."""
    source = SourceFile("upstreams.toml", text)
    result: dict[tuple[Key, ...], str] = {}

    def walk(path: tuple[Key, ...], node: Node) -> None:
        if path:
            place = source.place(node.start, node.end)
            covered = place.text[place.column - 1 : place.end_column - 1]
            result[path] = f"{place.line}:{place.column} {covered}"
        for key, child in (node.children or {}).items():
            walk((*path, key), child)

    walk((), scan(text))
    return result


def test_tables_and_keys() -> None:
    text = """\
complete = true # all

  [upstream.api]   # the application
port = 3000\t
  [upstream.api.tls]
  versions = ["TLSv1.2", "TLSv1.3"]
[upstream]
"""
    assert spots(text) == {
        ("complete",): "1:1 complete = true",
        ("upstream",): "7:1 [upstream]",
        ("upstream", "api"): "3:3 [upstream.api]",
        ("upstream", "api", "port"): "4:1 port = 3000",
        ("upstream", "api", "tls"): "5:3 [upstream.api.tls]",
        ("upstream", "api", "tls", "versions"): '6:3 versions = ["TLSv1.2", "TLSv1.3"]',
    }


def test_arrays_of_tables() -> None:
    text = """\
[[upstream.api]]
port = 1
[upstream.api.tls]
sni = "required"
[[upstream.api]]
port = 2
[[upstream.api.deep]]
[[upstream.api.deep]]
x = 1
"""
    assert spots(text) == {
        ("upstream",): "1:1 [[upstream.api]]",
        ("upstream", "api"): "1:1 [[upstream.api]]",
        ("upstream", "api", 0): "1:1 [[upstream.api]]",
        ("upstream", "api", 0, "port"): "2:1 port = 1",
        ("upstream", "api", 0, "tls"): "3:1 [upstream.api.tls]",
        ("upstream", "api", 0, "tls", "sni"): '4:1 sni = "required"',
        ("upstream", "api", 1): "5:1 [[upstream.api]]",
        ("upstream", "api", 1, "port"): "6:1 port = 2",
        ("upstream", "api", 1, "deep"): "7:1 [[upstream.api.deep]]",
        ("upstream", "api", 1, "deep", 0): "7:1 [[upstream.api.deep]]",
        ("upstream", "api", 1, "deep", 1): "8:1 [[upstream.api.deep]]",
        ("upstream", "api", 1, "deep", 1, "x"): "9:1 x = 1",
    }


def test_dotted_and_quoted_keys() -> None:
    text = """\
a . "b.c" . 'd "e' = 1
"\\u00e9\\t" . f = 'x' # y
["g]" . 'h#']
"" = ""
"""
    assert spots(text) == {
        ("a",): '1:1 a . "b.c" . \'d "e\'',
        ("a", "b.c"): '1:1 a . "b.c" . \'d "e\'',
        ("a", "b.c", 'd "e'): '1:1 a . "b.c" . \'d "e\' = 1',
        ("é\t",): '2:1 "\\u00e9\\t" . f',
        ("é\t", "f"): "2:1 \"\\u00e9\\t\" . f = 'x'",
        ("g]",): "3:1 [\"g]\" . 'h#']",
        ("g]", "h#"): "3:1 [\"g]\" . 'h#']",
        ("g]", "h#", ""): '4:1 "" = ""',
    }


def test_inline_tables_and_arrays_of_them() -> None:
    text = """\
socket = { path = "/run/a,b}.sock", owner.name = 'x' , t = { m = [1, 2] } } # }
api = [ {port = 1}, [ {x = 2} ], 5, {} ]
"""
    assert spots(text) == {
        ("socket",): "1:1 " + text.split("\n")[0].removesuffix(" # }"),
        ("socket", "path"): '1:12 path = "/run/a,b}.sock"',
        ("socket", "owner"): "1:37 owner.name",
        ("socket", "owner", "name"): "1:37 owner.name = 'x'",
        ("socket", "t"): "1:56 t = { m = [1, 2] }",
        ("socket", "t", "m"): "1:62 m = [1, 2]",
        ("api",): "2:1 api = [ {port = 1}, [ {x = 2} ], 5, {} ]",
        ("api", 0): "2:9 {port = 1}",
        ("api", 0, "port"): "2:10 port = 1",
        ("api", 1): "2:21 [ {x = 2} ]",
        ("api", 1, 0): "2:23 {x = 2}",
        ("api", 1, 0, "x"): "2:24 x = 2",
        ("api", 3): "2:37 {}",
    }


def test_values_over_several_lines_end_with_the_first_line() -> None:
    text = (
        '''\
hosts = [ "a",   # the first
  "b" ]   # ]
text = """one \\"""\x20\x20
two""""" # not it
raw = \'\'\'
'''.rstrip()
        + "x\n'' y'''\nnested = [ { a = 1, b = [ 2,\n 3 ], c = 4 }\n, {d = 5} ]\nend = 1\n"
    )
    assert spots(text) == {
        ("hosts",): '1:1 hosts = [ "a",',
        ("text",): '3:1 text = """one \\"""  ',
        ("raw",): "5:1 raw = '''x",
        ("nested",): "7:1 nested = [ { a = 1, b = [ 2,",
        ("nested", 0): "7:12 { a = 1, b = [ 2,",
        ("nested", 0, "a"): "7:14 a = 1",
        ("nested", 0, "b"): "7:21 b = [ 2,",
        ("nested", 0, "c"): "8:7 c = 4",
        ("nested", 1): "9:3 {d = 5}",
        ("nested", 1, "d"): "9:4 d = 5",
        ("end",): "10:1 end = 1",
    }


def test_windows_line_ends_and_dates_with_a_blank() -> None:
    text = 'a = "x"\r\nb = """p\r\nq"""\r\nc = [\r\n1 ]\r\nd = 1979-05-27 07:32:00 # c\r\n[t]\r\n'
    assert spots(text) == {
        ("a",): '1:1 a = "x"',
        ("b",): '2:1 b = """p',
        ("c",): "4:1 c = [",
        ("d",): "6:1 d = 1979-05-27 07:32:00",
        ("t",): "7:1 [t]",
    }


def test_a_path_beyond_the_file_gives_the_deepest_place() -> None:
    root = scan("[upstream.api]\nport = 1\n")
    assert root.at(("upstream", "api", "socket", "path")) is root.at(("upstream", "api"))
    assert root.at(("front",)) is root


@pytest.mark.parametrize("text", ["", "\n", "# only a comment", " \t# x\r\n"])
def test_no_keys(text: str) -> None:
    assert spots(text) == {}


@pytest.mark.parametrize(
    "text",
    [
        "x = [" + "[],{}," * 100_000 + "]",
        "x = '''" + "\\\n''" * 200_000 + "'''",
        'x = """' + '\\"\n' * 200_000 + '"""',
        "".join(f"[a{i}]\nx.y = 1\n" for i in range(30_000)),
        "[[a]]\n" * 60_000,
        "".join(f"[{'.'.join('a' * 300)}.b{i}]\n" for i in range(500)),
        "x = " + "[" * 300 + "\n" * 300_000 + "]" * 300,
    ],
    ids=["array", "raw", "text", "tables", "arrays of tables", "long keys", "nested"],
)
def test_large_files_take_linear_time(text: str) -> None:
    started = time.process_time()
    scan(text)
    assert time.process_time() - started < 10


# Whole documents, written in every way that TOML knows, against what tomli reads.

BARE = st.text("abzAZ09_-", min_size=1, max_size=4)
NAMES = BARE | st.text(st.characters(codec="utf-8", exclude_characters="\x7f"), max_size=4)
BLANKS = st.sampled_from(["", " ", "\t", "  "])
BREAKS = st.sampled_from(["", " ", "\n", "\r\n  ", " # ] } ' \" = ,\n", "\n\n\t"])


def quoted(text: str) -> str:
    escaped = (
        f"\\u{ord(char):04x}" if ord(char) < 32 or char in '"\\\x7f' else char for char in text
    )
    return '"' + "".join(escaped) + '"'


@st.composite
def keys(draw: st.DrawFn) -> str:
    name = draw(NAMES)
    ways = [quoted(name)]
    if name and all(char in "abzAZ09_-" for char in name):
        ways.append(name)
    if all(ord(char) >= 32 and char != "'" for char in name):
        ways.append(f"'{name}'")
    return draw(st.sampled_from(ways))


SCALARS = (
    st.sampled_from(
        [
            "true", "-17", "0x1F", "1_000", "3.5e-2", "inf", "1979-05-27", "07:32:00",
            "1979-05-27 07:32:00Z", "''", "'#]}'", "''''''", "'''a\n'b''#'''", "'''\r\n\\'''",
            '""', '"\\"#]}"', '"""x""""', '"""\n\\""" ""\\\n  b"""', '"""a\r\nb"""""', '"""\\\\"""',
        ]
    )
    | st.text(max_size=6).map(quoted).filter(lambda text: text.isprintable())
)  # fmt: skip


@st.composite
def arrays(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    items = [draw(BREAKS) + item + draw(BREAKS) for item in draw(st.lists(values, max_size=3))]
    tail = draw(BREAKS) if not items else draw(st.sampled_from(["", ",", ",\n", ", # ]\n"]))
    return "[" + ",".join(items) + tail + "]"


@st.composite
def pairs(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    dotted = f"{draw(BLANKS)}.{draw(BLANKS)}".join(draw(st.lists(keys(), min_size=1, max_size=3)))
    return f"{dotted}{draw(BLANKS)}={draw(BLANKS)}{draw(values)}"


@st.composite
def inline_tables(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    items = [
        draw(BLANKS) + item + draw(BLANKS) for item in draw(st.lists(pairs(values), max_size=3))
    ]
    return "{" + ",".join(items) + "}"


VALUES = st.recursive(SCALARS, lambda inner: arrays(inner) | inline_tables(inner), max_leaves=6)


@st.composite
def statements(draw: st.DrawFn) -> str:
    kind = draw(st.integers(0, 5))
    if kind == 0:
        body = "# [x] = 'y"
    elif kind in (1, 2):
        dots = f"{draw(BLANKS)}.{draw(BLANKS)}".join(draw(st.lists(keys(), min_size=1, max_size=3)))
        name = draw(BLANKS) + dots + draw(BLANKS)
        body = f"[{name}]" if kind == 1 else f"[[{name}]]"
    else:
        body = draw(pairs(VALUES))
    comment = draw(st.sampled_from(["", "# c = [", "  # \"'"]))
    return (
        draw(BLANKS) + body + draw(BLANKS) + comment + draw(st.sampled_from(["\n", "\r\n", "\n\n"]))
    )


def leaves(value: Any, path: tuple[Key, ...] = ()) -> list[tuple[tuple[Key, ...], Any]]:
    """All paths to what is no table, as the scanner keeps them: an array is one, too."""
    found: list[tuple[tuple[Key, ...], Any]] = []
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(inner, dict):
                found.append(((*path, key), inner))
            found += leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += leaves(inner, (*path, index))
    return found


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and repr(one) == repr(other)


def states(covered: str, names: list[str], value: Any) -> bool:
    """Whether ``covered`` is TOML that gives the last of these keys this value."""
    try:
        read = tomli.loads(covered)
    except tomli.TOMLDecodeError:
        return False
    chain: list[str] = []
    while isinstance(read, dict) and len(read) == 1:
        ((key, read),) = read.items()
        chain.append(key)
        if chain == names[-len(chain) :] and same(read, value):
            return True
    return False


@settings(max_examples=300, deadline=None)
@given(st.lists(statements(), max_size=12))
def test_every_leaf_is_where_tomli_read_it(parts: list[str]) -> None:
    text = ""
    for part in parts:  # what makes the document invalid (a key twice) is left out
        try:
            tomli.loads(text + part)
        except tomli.TOMLDecodeError:
            continue
        text += part
    root = scan(text)
    for path, value in leaves(tomli.loads(text)):
        node = root
        for key in path:
            assert node.children is not None and key in node.children, (path, text)
            node = node.children[key]
        covered = text[node.start : node.end]
        if covered.startswith("[["):  # an array of tables: its first header
            assert tomli.loads(covered + "\n") != {}
            continue
        names = [key for key in path if isinstance(key, str)]
        if states(covered, names, value):
            continue
        # Otherwise the value goes on in the next line: nothing in this line states it.
        rest = text[node.start :].partition("\n")[0]
        assert not any(states(rest[:end], names, value) for end in range(len(rest) + 1)), covered
        assert covered == rest[: len(covered)].rstrip("\r") and "=" in covered


def test_the_property_sees_dates() -> None:
    assert leaves(tomli.loads("a.b = 1979-05-27\nc = [{d = 1979-05-27 07:32:00}]")) == [
        (("a", "b"), date(1979, 5, 27)),
        (("c",), [{"d": datetime(1979, 5, 27, 7, 32)}]),
        (("c", 0, "d"), datetime(1979, 5, 27, 7, 32)),
    ]
