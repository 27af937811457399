"""Dockerfiles that somebody has written to do harm."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lint502.deployment.containers import Image
from lint502.deployment.dockerfile import build
from lint502.deployment.filesystem import ContainerFiles
from lint502.deployment.repository import Repository
from lint502.places import SourceFile
from lint502.reading import UnreadableError
from tests.support.sites import write


def built(folder: Path, text: str) -> Image:
    write(folder, {"Dockerfile": text})
    return build(Repository(folder), str(folder / "Dockerfile"), str(folder))


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\n" + "ENV A=$A$A$A$A\n" * 15_000,
        "FROM a\nENV A=aaaaaaaaaaaaaaaa\n" + "ENV A=$A$A$A$A$A$A$A$A\n" * 1_000,
        "FROM a\n" + "COPY x* /y/\n" * 15_000,
        "FROM a\n" + "RUN rm /a\n" * 15_000,
        "FROM a\n" + "RUN cp /a /b && cp /b /a\n" * 1_500 + "COPY --from=0 /a /b\nFROM a\n",
        "FROM a AS s0\nCOPY . /\n"
        + "".join(f"FROM s{n} AS s{n + 1}\nCOPY --from=s{n} / /\n" for n in range(400)),
        "FROM a AS s0\nCOPY . /x\nRUN mv /x /y\nFROM b\n" + "COPY --from=s0 /y /z\n" * 3_000,
        "FROM a\nRUN " + "(" * 30_000,
        "FROM a\nRUN " + "echo ${A:-" * 5_000,
        "FROM a\nENV A=" + "${B:-" * 5_000,
        "FROM a\nRUN " + "$(" * 20_000 + "\n",
        "FROM a\nRUN " + '"$(' * 15_000 + "\n",
        "FROM a\n" + "EXPOSE 1-1000\n" * 3_000,
        "FROM a\nEXPOSE " + "9" * 60_000,
        "FROM a\nHEALTHCHECK CMD " + "http://" * 8_000,
        "FROM a\nHEALTHCHECK CMD " + "http://a@" * 6_000,
        "FROM a\nRUN <<E " + "<<E " * 15_000 + "\n" + "E\n" * 15_001,
        "FROM a\n" + "RUN a << 2\n" * 19_000,
        "FROM a\nRUN " + "a;\\\n" * 19_000,
        "FROM a\nRUN <<E\n" + "a;\n" * 40_000 + "E\n",
        "FROM a\n" + "RUN <<E\n" * 10 + "x\n" * 300_000,
        "FROM a\nRUN " + "a \\\n" * 100_000,
        "FROM a\nRUN " + "a\\" * 30_000,
        "# escape=`\nFROM a\nRUN " + "`" * 60_000,
        "FROM a\nCMD " + "[" * 60_000,
        "FROM a\nENV A=${B/" + "*a" * 2_000 + "/x}\n",
        "FROM a\nENV B=" + "a" * 4_000 + "\n" + "ENV A=${B//*a*a*a*a*b/x}\n" * 300,
        "FROM a\nWORKDIR " + "../" * 20_000 + "\nCOPY " + "*/" * 20_000 + " x\n",
        "FROM a\nRUN " + "cd a && " * 8_000 + "rm b",
        "FROM a\n" + "WORKDIR a\n" * 15_000,
        "FROM a\nRUN " + "(cd a; " * 150 + "rm b" + ")" * 150,
        "FROM a\nRUN " + "sh -c '" * 2_000,
        "FROM a\nONBUILD " + "ONBUILD " * 5_000 + "RUN a",
        "FROM a\nADD " + "a.git#" * 10_000 + " /b",
        "FROM a\nCOPY --from=99999999999999999999 / /\nCOPY --from=\u0663 / /",
        "FROM a\nRUN a\x00b",
        "\ufeff\ufeffFROM a",
        "FROM a\nENV \udcff=\udcfe\nCOPY \udcff /\udcff\nRUN rm \udcff",
    ],
)
def test_it_ends(tmp_path: Path, text: str) -> None:
    start = time.monotonic()
    write(tmp_path, {f"x/{n}": "" for n in range(20)})
    (tmp_path / "Dockerfile").write_bytes(text.encode("utf-8", "surrogateescape"))
    try:
        image = build(Repository(tmp_path), str(tmp_path / "Dockerfile"), str(tmp_path))
    except UnreadableError as error:
        assert str(error).isprintable()
    else:
        assert all(one.why.isprintable() for one in image.unread)
        ContainerFiles(Repository(tmp_path), image.layers).find("/etc/nginx/nginx.conf")
    assert time.monotonic() - start < 20


LINES = st.lists(
    st.sampled_from(
        ["FROM a AS b", "FROM b", "FROM $X", "ARG A=1", "ARG A", "ENV A=$A B=${A:-x}", "ENV A b $A",
         "COPY . /x", "COPY --from=b / /y/", "COPY --from=0 /x/a /", "COPY <<E <<F /z/", "E", "F",
         "ADD a b c", "RUN <<E", "RUN cp /x/* /y && mv /y /z", "RUN { echo a; } | tee /x",
         "WORKDIR a",
         "WORKDIR $A", "USER $A", "EXPOSE $A 80-90", "VOLUME [\"/a\", \"\"]", "CMD a",
         "ENTRYPOINT []",
         "SHELL []", "SHELL [\"\"]", "RUN []", "RUN [\"\"]", "CMD []", "HEALTHCHECK CMD",
         "HEALTHCHECK CMD []", "HEALTHCHECK", "EXPOSE", "COPY", "COPY a", "ADD []", "ENV", "USER",
         "RUN --mount=type=bind,target=/m cp /m/a /b", "RUN --mount=target=. rm /", "RUN cd; rm a",
         "RUN ln -s", "RUN ln -s a", "RUN install -d", "RUN sed -i", "RUN cat > /a <<E", "RUN exec",
         "RUN sudo", "RUN env A=1", "RUN sh -c", "RUN pip install", "RUN git clone", "RUN cp -t",
         "RUN envsubst < /a > /b", "RUN printf '%s' > /a", "RUN > /a", "RUN tee", "ONBUILD",
         "ONBUILD RUN"]
    )
    | st.text(max_size=20),
    max_size=12,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(LINES)
def test_any_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any"
    write(folder, {"a": "", "x/b": ""})
    source = SourceFile("Dockerfile", "FROM a\n" + "\n".join(lines))
    repository = Repository(folder)
    try:
        image = build(repository, source, str(folder))
    except UnreadableError as error:
        assert str(error).isprintable()
        return
    files = ContainerFiles(repository, image.layers)
    assert all(one.target.startswith("/") for one in image.layers)
    for path in ("/x", "/y/a", "/z/E", "/"):
        files.find(path)
        files.listing(path)


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "passwd").symlink_to("/etc/passwd")
    (tmp_path / "etc").symlink_to("/etc")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("pipe", "zero", "passwd", "loop", "gone", "etc"):
        with pytest.raises(UnreadableError):
            build(Repository(tmp_path), str(tmp_path / name), str(tmp_path))
    (tmp_path / ".dockerignore").symlink_to("/etc/passwd")
    image = built(
        tmp_path, "FROM a\nCOPY . /app\nCOPY passwd pipe etc zero loop /x/\nCOPY etc/p* /y/\n"
    )
    files = ContainerFiles(Repository(tmp_path), image.layers)
    paths = ("/app/passwd", "/app/pipe", "/x/passwd", "/x/etc", "/x/zero", "/x/loop", "/y/passwd")
    assert [files.source(path) for path in paths] == [None] * len(paths)
    assert files.listing("/app/etc").names == files.listing("/y").names == ()
    assert image.files == ("Dockerfile",)


def test_nothing_outside_of_the_checkout(tmp_path: Path) -> None:
    write(tmp_path, {"in/Dockerfile": "FROM a\nCOPY x /x\nCOPY .. /y\n", "x": "secret"})
    inside = tmp_path / "in"
    repository = Repository(inside)
    image = build(repository, str(inside / "Dockerfile"), str(tmp_path))
    files = ContainerFiles(repository, image.layers)
    assert (files.source("/x"), files.source("/y/x")) == (None, None)
    with pytest.raises(UnreadableError, match="lies outside of the checkout"):
        build(repository, str(tmp_path / "x"), str(tmp_path))
