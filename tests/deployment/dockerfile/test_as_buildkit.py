"""Dockerfiles held against BuildKit's own parser."""

from __future__ import annotations

import importlib.util
import re
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lint502.deployment.dockerfile import Instruction, parse
from lint502.places import SourceFile
from lint502.reading import UnreadableError
from tests.support.nginxes import in_ci

if not in_ci() and importlib.util.find_spec("dockerfile") is None:
    pytestmark = pytest.mark.skip("the package dockerfile has no wheel for this machine")

LINES = st.sampled_from(
    ["FROM a AS b", "from --platform=$X a", "RUN a && b", "RUN a \\", "  b \\", "# c", "", "  ",
     "RUN <<EOF", "EOF", "COPY <<-E <<'F' /x/", "\tE", "F", "E", "CMD [\"a\", \"b\"]", "CMD [a]",
     "ENV a=b c=\"d e\" \\", "ENV a b c", "LABEL x=\"y\\", "z\"", "HEALTHCHECK --interval=5s CMD a",
     "ARG A=\"x y\" B", "EXPOSE 80 $P", "ONBUILD RUN a", "# escape=`", "RUN a `", "# syntax=x",
     "WORKDIR /a b", "USER a", "VOLUME [\"/a\"]", "VOLUME /a /b", "ADD --chown=a a b /c",
     "COPY a\\ b c",
     "RUN echo '<<EOF'", "RUN echo \\\\", "SHELL [\"a\"]", "STOPSIGNAL 9", "MAINTAINER a b", "X y",
     "RUN --mount=type=bind,target=/a b", "COPY --from=\"a b\" c d", "RUN a \\ ", "RUN 2<<E cat"]
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(st.lists(LINES, max_size=9), st.sampled_from(["\n", "\r\n"]), st.booleans())
@example(["RUN a \\", "# c", "", "  b"], "\n", False)
@example(["COPY <<-E <<'F' /x/", "\tE", "F"], "\r\n", True)
def test_as_buildkit_reads_it(lines: list[str], end: str, ended: bool) -> None:
    assert_same(end.join(lines) + (end if ended else ""))


@settings(max_examples=600, deadline=None)
@given(st.text(alphabet="ab=\\\"' \t$<-[],{}#\n1", max_size=40), st.sampled_from(
    ["RUN", "COPY", "ENV", "CMD", "LABEL", "ARG", "HEALTHCHECK", "VOLUME", "EXPOSE", "ONBUILD RUN"]
))  # fmt: skip
def test_any_words_are_those_of_buildkit(text: str, keyword: str) -> None:
    assume(not re.search(r"\[.*\].|<<-?\s", text, re.DOTALL))
    assert_same(f"{keyword} {text}")


def assert_same(text: str) -> None:
    """As BuildKit reads it. The package has an old version, which knows no ``# check=`` and no
    blank between ``<<`` and the name of a heredoc, and which takes ``["a"] b`` for a list."""
    import dockerfile

    try:
        real = dockerfile.parse_string(text)
    except dockerfile.GoParseError:
        with pytest.raises(UnreadableError):
            parse(SourceFile("Dockerfile", text))
        return
    ours = [shape(one) for one in parse(SourceFile("Dockerfile", text)).instructions]
    assert ours == [real_shape(one) for one in real]


def shape(instruction: Instruction) -> tuple[object, ...]:
    inner = instruction.inner or instruction
    return (
        instruction.keyword, instruction.flags, inner.words, inner.json, instruction.line,
        instruction.last, [(h.name, h.text) for h in instruction.heredocs],
    )  # fmt: skip


def real_shape(command: Any) -> tuple[object, ...]:
    words = () if command.value == ("",) else command.value
    return (
        (command.cmd or "").upper(), command.flags, words, command.json, command.start_line,
        command.end_line, [(h.name, h.content) for h in command.heredocs],
    )  # fmt: skip
