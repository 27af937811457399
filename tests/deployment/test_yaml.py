"""YAML as text, with places, within bounds."""

from __future__ import annotations

import pytest

from lint502.deployment.yaml import Yaml, YamlList, YamlMap, YamlText, documents
from lint502.places import SourceFile
from lint502.reading import UnreadableError


def read(text: str) -> Yaml:
    (found,) = documents(SourceFile("compose.yaml", text))
    return found


def plain(node: Yaml) -> object:
    """A node as Python has it, texts as they are written."""
    if isinstance(node, YamlMap):
        return {key: plain(value) for key, value in node.entries.items()}
    return [plain(one) for one in node.items] if isinstance(node, YamlList) else node.value


def test_scalars_stay_text() -> None:
    text = "a: 8025:25\nb: yes\nc: 0x10\nd: '~'\ne: ~\nf:\n- 2026-11-29\n"
    assert plain(read(text)) == {
        "a": "8025:25", "b": "yes", "c": "0x10", "d": "~", "e": "~", "f": ["2026-11-29"],
    }  # fmt: skip
    node = read(text)
    assert isinstance(node, YamlMap)
    assert (node.get("e"), node.text("d") is not None) == (None, True)


def test_places() -> None:
    node = read('services:\n  web:\n    image: "nginx:1.27"  # the proxy\n')
    assert isinstance(node, YamlMap)
    web = node.entries["services"].entries["web"]  # type: ignore[union-attr]
    image = web.text("image")  # type: ignore[union-attr]
    assert image is not None
    place = image.place
    assert (place.line, place.column, place.end_column) == (3, 12, 24)
    assert place.text[place.column - 1 : place.end_column - 1] == '"nginx:1.27"'
    assert web.keys["image"].column == 5  # type: ignore[union-attr]


def test_merge_keys_and_aliases() -> None:
    text = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  <<: [*x, *y]\n  a: 5\nw: *x\n"
    assert plain(read(text)) == {
        "x": {"a": "1", "b": "2"},
        "y": {"b": "3", "c": "4"},
        "z": {"a": "5", "b": "2", "c": "4"},
        "w": {"a": "1", "b": "2"},
    }


def test_own_tags_and_blocks() -> None:
    node = read("a: !reset []\nb: !override\n  c: d\ne: |\n  one\n   two\n")
    assert isinstance(node, YamlMap)
    assert [node.entries[key].tag for key in "ab"] == ["!reset", "!override"]
    block = node.entries["e"]
    assert isinstance(block, YamlText)
    assert (block.block, block.value, block.place.line) == ("|", "one\n two\n", 4)


def test_several_documents_and_empty_ones() -> None:
    found = documents(SourceFile("k8s.yaml", "---\na: 1\n---\n---\nb: 2\n"))
    assert [plain(one) for one in found] == [{"a": "1"}, {"b": "2"}]


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a: [1\nb: 2", "is no YAML: did not find expected ',' or ']'", 2),
        ("a: *x", "names *x, which is nowhere; lint502 stops here", 1),
        ("[" * 101, "is nested more than 100 deep; lint502 stops here", 1),
        (
            "a: \x07",
            "is no YAML: unacceptable character #x0007: control characters are not allowed",
            1,
        ),
        ("- 1\n" * 400_000, "has more than 400000 values; lint502 stops here", 399_998),
    ],
)
def test_refused(text: str, message: str, line: int) -> None:
    with pytest.raises(UnreadableError) as error:
        read(text)
    assert (str(error.value), error.value.line) == (message, line)


def test_aliases_that_explode() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for above, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join(['*' + above] * 9)}]")
    assert isinstance(read("\n".join(lines)), YamlMap)
    merges = ["a: &a {" + ", ".join(f"k{number}: 1" for number in range(1000)) + "}"]
    merges += [f"m{number}: {{<<: *a}}" for number in range(200)]
    with pytest.raises(UnreadableError, match="more than 100000 entries once merge keys"):
        read("\n".join(merges))


def test_no_utf_8() -> None:
    assert plain(read("a: \udcff")) == {"a": "�"}


@pytest.mark.parametrize(
    "text",
    [
        "data:\n  a.conf: |\n    one;\n\n      two;\n    three;\n",
        "data:\n  a.conf: |-\n\n      two;\n",
        "data:\n  a.conf: |2\n      one;\n    two;\n",
        "data:\n  a.conf:   one; two;\n",
        "data:\n  a.conf: 'one; two;'\n",
        'data: {"a.conf": "one; two;"}\n',
    ],
)
def test_a_text_as_a_file_with_its_words_in_place(text: str) -> None:
    node = read(text)
    assert isinstance(node, YamlMap)
    data = node.map("data")
    found = data.text("a.conf") if data is not None else None
    assert found is not None
    file = found.as_written()
    assert file.name == "compose.yaml"
    whole = text.split("\n")
    for number, line in enumerate(file.text.split("\n")):
        assert not line.strip() or whole[number].startswith(
            line.strip(), len(line) - len(line.lstrip())
        )
    assert [line.split() for line in file.text.splitlines() if line.strip()] == [
        line.split() for line in found.value.splitlines() if line.strip()
    ]
