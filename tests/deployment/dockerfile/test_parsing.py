"""Dockerfiles, instruction by instruction, as BuildKit reads them."""

from __future__ import annotations

import pytest

from lint502.deployment.dockerfile import Instruction, parse
from lint502.places import SourceFile
from lint502.reading import UnreadableError


def instructions(text: str) -> tuple[Instruction, ...]:
    return parse(SourceFile("Dockerfile", text)).instructions


def one(text: str) -> Instruction:
    (found,) = instructions(text)
    return found


def refused(text: str) -> tuple[str, int | None]:
    with pytest.raises(UnreadableError) as error:
        instructions(text)
    return str(error.value), error.value.line


@pytest.mark.parametrize(
    ("text", "keyword", "flags", "words", "json"),
    [
        ("from a as b", "FROM", (), ("a", "as", "b"), False),
        ("FROM --platform=linux/amd64 a", "FROM", ("--platform=linux/amd64",), ("a",), False),
        ('CMD ["a", "-g", "b c"]', "CMD", (), ("a", "-g", "b c"), True),
        ("CMD ['a']", "CMD", (), ("['a']",), False),
        ("CMD []", "CMD", (), (), True),
        ("RUN a \\\n  # no\n\n  b", "RUN", (), ("a   b",), False),
        ("RUN --mount=type=cache,target=/x --network=none a", "RUN",
         ("--mount=type=cache,target=/x", "--network=none"), ("a",), False),
        ("COPY --chown=a:b --from=c x y\\ z", "COPY", ("--chown=a:b", "--from=c"),
         ("x", "y\\", "z"), False),
        ('COPY ["a b", "c"]', "COPY", (), ("a b", "c"), True),
        ("ENV a=b c='d e' f=\\ g", "ENV", (), ("a", "b", "c", "'d e'", "f", "\\ g"), False),
        ("ENV a b=c d", "ENV", (), ("a", "b=c d"), False),
        ('ARG a b="c d"', "ARG", (), ("a", 'b="c d"'), False),
        ("HEALTHCHECK --start-period=5s CMD curl a", "HEALTHCHECK", ("--start-period=5s",),
         ("CMD", "curl a"), False),
        ('HEALTHCHECK CMD ["a", "b"]', "HEALTHCHECK", (), ("CMD", "a", "b"), True),
        ("HEALTHCHECK none", "HEALTHCHECK", (), ("none",), False),
        ("EXPOSE 80\t443/tcp", "EXPOSE", (), ("80", "443/tcp"), False),
        ("# escape=`\nRUN a `\n c:\\", "RUN", (), ("a  c:\\",), False),
        ("# Syntax = x\n# check=skip=all\n# ESCAPE=`\nRUN a`\nb", "RUN", (), ("ab",), False),
        ("# no directive\n# escape=`\nRUN a \\\nb", "RUN", (), ("a b",), False),
        ("\ufeff  RUN a\r\n", "RUN", (), ("a",), False),
        ("RUN a \\\r\n  b\r\n", "RUN", (), ("a   b",), False),
        ("RUN a \\", "RUN", (), ("a",), False),
        ("RUN a \\  \nb", "RUN", (), ("a b",), False),
        ("RUN a \\\\\n", "RUN", (), ("a \\\\",), False),
        ("RUN echo $((1 << 2))", "RUN", (), ("echo $((1 << 2))",), False),
    ],
)  # fmt: skip
def test_one_instruction(
    text: str, keyword: str, flags: tuple[str, ...], words: tuple[str, ...], json: bool
) -> None:
    found = one(text)
    assert (found.keyword, found.flags, found.words, found.json) == (keyword, flags, words, json)


def test_heredocs() -> None:
    run, copy, expose = instructions(
        'RUN <<EOF <<-"E2"\nEXPOSE 1\n\\\nEOF\n\t$a\n\tE2\nCOPY <<X x /y\n\nX\nEXPOSE 2\n'
    )
    assert [(h.name, h.text, h.content, h.line, h.expands) for h in run.heredocs] == [
        ("EOF", "EXPOSE 1\n\\\n", "EXPOSE 1\n\\\n", 2, True),
        ("E2", "\t$a\n", "$a\n", 5, False),
    ]
    assert [(h.name, h.text, h.line) for h in copy.heredocs] == [("X", "\n", 8)]
    assert (run.line, run.last, copy.line, expose.line, expose.words) == (1, 6, 7, 10, ("2",))


@pytest.mark.parametrize(
    "text",
    ["RUN cat <<<EOF", 'RUN ["a", "<<EOF"]', "CMD a <<EOF", "RUN a '<<EOF'", "RUN echo \"<<EOF\"",
     "RUN a \\<<EOF", "ENV A=<<EOF"],
)  # fmt: skip
def test_what_is_no_heredoc(text: str) -> None:
    assert one(text).heredocs == ()


def test_onbuild() -> None:
    inner = one("ONBUILD COPY --from=a <<E /x\nb\nE\n").inner
    assert inner is not None
    assert (inner.keyword, inner.flags, inner.words) == ("COPY", ("--from=a",), ("<<E", "/x"))
    assert [h.text for h in inner.heredocs] == ["b\n"]
    assert inner.place.column == 9


def test_places() -> None:
    found = one("\n  EXPOSE 8080 \\\n    80 $P\n")
    assert (found.place.line, found.place.column, found.place.end_column) == (2, 3, 16)
    place = found.of("80")
    assert (place.line, place.column, place.end_column, place.text) == (3, 5, 7, "    80 $P")
    assert (found.of("8080").column, found.of("8080").end_column) == (10, 14)
    assert found.of("nothing") == found.place


@pytest.mark.parametrize(
    ("text", "why", "line"),
    [
        ("", "has no instruction", 1),
        ("# a\n\n", "has no instruction", 1),
        ("FROM a\nRUN <<EOF\na\n", "has a heredoc here that no line EOF ends", 2),
        ("CMD [1]", "has a list that has not only texts in quotes", 1),
        ("FROM a\nENV A", "has ENV A, without a value", 2),
        ("ENV A=1 B", "has B in ENV, without a value", 1),
        ("# escape=x\nFROM a", "has x as its escape character, which can be \\ or `", 1),
        ("# escape=`\n# escape=`\nFROM a", "has the directive escape twice", 2),
        ("ONBUILD ONBUILD RUN a", "has ONBUILD in ONBUILD", 1),
        ("RUN a\n" * 20_001, "has more than 20000 instructions; lint502 stops here", 20_001),
        ("RUN " + "ä" * 32_766,
         "has a line of more than 65535 bytes, which Docker does not read", 1),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, why: str, line: int) -> None:
    assert refused(text) == (why, line)
