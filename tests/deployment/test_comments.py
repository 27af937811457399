"""The comments of files that say how something is run, and the lines that they are about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lint502.deployment.comments import Comment, comments
from lint502.places import SourceFile


def about(name: str, text: str) -> list[tuple[str, int, int]]:
    """What each comment says, and the first and last line that it is about."""
    return [(one.text.strip(), one.first, one.last) for one in comments(SourceFile(name, text))]


YAML = """\
# one
services:
  # two
  web:   # three
    image: x
    command: >  # four
      a # no
      # no
      b
    # five
    ports: # six
    # seven
    - "80 # no"   # eight
    - 'a
      # no
      b'  # nine
    -
      # ten
      name: x
      value: y#no
    env: {a: b, # eleven
      # twelve
      c: d}
    plain: a
      b  # thirteen
    last: |
      # no

# fourteen
"""


@pytest.mark.parametrize("name", ["compose.yaml", "a/b.yml", "Kustomization"])
def test_yaml(name: str) -> None:
    assert about(name, YAML) == [
        ("one", 2, 27),
        ("two", 4, 27),
        ("three", 4, 4),
        ("four", 6, 9),
        ("five", 11, 20),
        ("six", 11, 11),
        ("seven", 13, 13),
        ("eight", 13, 13),
        ("nine", 14, 16),
        ("ten", 19, 20),
        ("eleven", 21, 21),
        ("twelve", 23, 23),
        ("thirteen", 24, 25),
        ("fourteen", 29, 29),
    ]


def test_several_documents_of_yaml() -> None:
    text = "a: 1\n# one\n---\n# two\nb:\n  c: *x\n...\n".replace("*x", "[&x 1, *x] # three")
    assert about("a.yaml", text) == [("one", 5, 6), ("two", 5, 6), ("three", 6, 6)]


@pytest.mark.parametrize(
    "text",
    [
        "a: '# no'\n",
        'a: "x\n  # no"\n',
        "a: b#no\n",
        "a: |\n  x\n  # no\n",
        "a: |+\n  x\n\n  # no\n\n",
        "a:\n  - >-\n    # no\n",
        "'# no': a\n",
        '{"a # no": "b # no"}\n',
    ],
)
def test_what_is_no_comment_in_yaml(text: str) -> None:
    assert about("a.yaml", text) == []


@pytest.mark.parametrize(
    "text", ["a: [\n# one\n", "{% if x %}\n# one\na: b\n", "a: b: c # one\n", "\t# x"]
)
def test_what_is_no_yaml_has_no_comments(text: str) -> None:
    assert about("a.yaml", text) == []


def test_the_place_of_a_comment() -> None:
    text = "é😀: x  # one\r\nb:\u2028  # two\r\n"
    assert next(comments(SourceFile("a.yaml", text))) == Comment(" one", 1, 8, 1, 1)


DOCKERFILE = """\
# one
FROM x
  # two
RUN a \\
  # three

  && b # no
RUN a <<A && b <<B
# no
A
# no
B
COPY <<EOF /etc/nginx/conf.d/a.conf
# no
EOF
# four

# five
CMD x
# six
"""


@pytest.mark.parametrize("name", ["Dockerfile", "api.Dockerfile", "x/Containerfile.prod"])
def test_dockerfiles(name: str) -> None:
    assert about(name, DOCKERFILE) == [
        ("one", 2, 2),
        ("two", 4, 7),
        ("three", 4, 7),
        ("four", 19, 19),
        ("five", 19, 19),
        ("six", 20, 20),
    ]


VARIABLES = """\
# one
A=1 # two
B="x # no
# no
y" # three
  # four

C=d#no
D='# no'
# five
"""


@pytest.mark.parametrize("name", [".env", ".env.example", "web.env", "env-sample"])
def test_variables(name: str) -> None:
    assert about(name, VARIABLES) == [
        ("one", 2, 2),
        ("two", 2, 2),
        ("three", 3, 5),
        ("four", 8, 8),
        ("five", 10, 10),
    ]


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("start.sh", "# one\n\nexec a \\\n  -b # no\nx\n", [("one", 3, 4)]),
        ("uwsgi.ini", "[uwsgi]\n; one\n# two\nhttp = :80 # no\n", [("one", 4, 4), ("two", 4, 4)]),
        ("server.js", "  // one\napp.listen(3000) // no\n", [("one", 2, 2)]),
        ("gunicorn.conf.py", "bind = ':80'  # no\n# one", [("one", 2, 2)]),
        ("web.service", "ExecStart=a \\\n# one\n  b\n", [("one", 3, 3)]),
        ("package.json", '{"scripts": {"start": "# no"}}\n', []),
    ],
)
def test_other_files(name: str, text: str, found: list[tuple[str, int, int]]) -> None:
    assert about(name, text) == found


@given(
    st.sampled_from(["a.yaml", "Dockerfile", ".env", "x.sh"]),
    st.text(st.sampled_from("#a:=-'\"|>{}[],&*\\ \n\r\t<E\u2028\udce2\ufeff")),
)
def test_whatever_a_file_has(name: str, text: str) -> None:
    """Every comment stands where its mark is, and is about lines of the file."""
    source = SourceFile(name, text)
    for one in comments(source):
        line = source.line(one.line)
        assert line[one.column - 1 :].startswith(("#", ";", "//"))
        assert line.endswith(one.text)
        assert 1 <= one.first <= one.last <= text.count("\n") + 1


def test_a_huge_file() -> None:
    text = "# lint502: ignore[x] y\na: [b]\n" * 20_000
    assert len(list(comments(SourceFile("x.sh", text)))) == 20_000
    assert len(list(comments(SourceFile(".env", text)))) == 20_000
    assert len(list(comments(SourceFile("a.yaml", text)))) == 20_000
