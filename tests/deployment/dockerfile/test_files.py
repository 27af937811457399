"""Which files stand where in an image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lint502.deployment.dockerfile import build
from lint502.deployment.filesystem import ContainerFiles
from lint502.deployment.layers import Files, Inline, Layer, Moved, Removed, Unseen, Volume
from lint502.deployment.repository import Repository
from tests.support.sites import write

TREE = {
    "nginx.conf": "main\n",
    "conf/a.conf": "a\n",
    "conf/b.conf": "b\n",
    "conf/c.txt": "c\n",
    "conf/sub/d.conf": "d\n",
    "web/nginx/site.conf": "site\n",
    "app.tar.gz": "",
}


def simple(layer: Layer, folder: Path) -> tuple[object, ...]:
    """A layer without its place, paths of this machine without the folder."""
    if isinstance(layer, Files):
        source = layer.source.replace(f"{folder}/", "").replace(str(folder), ".")
        found: tuple[object, ...] = (layer.target, source)
        return (*found, f"from {layer.from_image}") if layer.from_image else found
    if isinstance(layer, Inline):
        return (layer.target, "text", layer.text.value)
    if isinstance(layer, Moved):
        kind = "copied" if layer.kept else "moved"
        kind = kind if layer.rendered is None else f"rendered {' '.join(layer.rendered)}".strip()
        return (layer.target, kind, layer.source)
    names = {Removed: "removed", Unseen: "unseen", Volume: "volume"}
    return (layer.target, names[type(layer)])


def layers(folder: Path, text: str, **options: Any) -> list[tuple[object, ...]]:
    write(folder, {**TREE, "Dockerfile": text})
    image = build(Repository(folder), str(folder / "Dockerfile"), str(folder), **options)
    return [simple(one, folder) for one in image.layers]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COPY nginx.conf /etc/x.conf", [("/etc/x.conf", "nginx.conf")]),
        ("COPY nginx.conf /etc/nginx/", [("/etc/nginx/nginx.conf", "nginx.conf")]),
        ("COPY nginx.conf /etc/nginx", [("/etc/nginx/nginx.conf", "nginx.conf")]),
        ("COPY nginx.conf /etc/other", [("/etc/other", "nginx.conf")]),
        ("COPY conf /etc/nginx/conf.d", [("/etc/nginx/conf.d", "conf")]),
        ("COPY conf/ /new/", [("/new", "conf")]),
        ("COPY . /app", [("/app", ".")]),
        ("COPY ../../nginx.conf /a", [("/a", "nginx.conf")]),
        ("COPY /nginx.conf /a", [("/a", "nginx.conf")]),
        ("COPY nginx.conf conf /a", [("/a/nginx.conf", "nginx.conf"), ("/a", "conf")]),
        ("COPY conf/*.conf /a/", [("/a/a.conf", "conf/a.conf"), ("/a/b.conf", "conf/b.conf")]),
        ("COPY conf/[!ab].t?t /a/", [("/a/c.txt", "conf/c.txt")]),
        ("COPY */nginx/*.conf /a/", [("/a/site.conf", "web/nginx/site.conf")]),
        ("COPY conf/s* /a/", [("/a", "conf/sub")]),
        ("WORKDIR /srv\nWORKDIR x\nCOPY nginx.conf .", [("/srv/x/nginx.conf", "nginx.conf")]),
        ("WORKDIR /srv\nCOPY nginx.conf ./y", [("/srv/y", "nginx.conf")]),
        ("COPY nginx.conf .", [("/nginx.conf", "nginx.conf")]),
        ("ENV D=/etc/nginx F=nginx\nCOPY $F.conf ${D}/x", [("/etc/nginx/x", "nginx.conf")]),
        ("COPY --chown=a:b --chmod=644 --link nginx.conf /a", [("/a", "nginx.conf")]),
        ('COPY ["nginx.conf", "/a b"]', [("/a b", "nginx.conf")]),
        ("COPY --exclude=*.md --exclude=a.* conf/*.conf conf /x/",
         [("/x/b.conf", "conf/b.conf"), ("/x", "conf")]),
        ("COPY --parents conf/a.conf /x/", [("/x/conf/a.conf", "conf/a.conf")]),
        ("COPY --parents conf/./a.conf /x/", [("/x/a.conf", "conf/a.conf")]),
        ("COPY dist /usr/share/nginx/html", [("/usr/share/nginx/html", "unseen")]),
        ("COPY gone.conf /etc/nginx/conf.d/", [("/etc/nginx/conf.d/gone.conf", "unseen")]),
        ("COPY gone*.conf /etc/nginx/conf.d/", [("/etc/nginx/conf.d", "unseen")]),
        ("COPY $NO /etc/nginx/", [("/etc/nginx", "unseen")]),
        ("COPY nginx.conf /etc/$NO/x", [("/etc", "unseen")]),
        ("COPY nginx.conf $NO/x", []),
        ("ADD app.tar.gz /srv", [("/srv", "unseen")]),
        ("ADD nginx.conf /srv/", [("/srv/nginx.conf", "nginx.conf")]),
        ("ADD https://example.com/a.conf?x /etc/nginx/", [("/etc/nginx/a.conf", "unseen")]),
        ("RUN mkdir -p /q/r\nCOPY nginx.conf /q", [("/q/nginx.conf", "nginx.conf")]),
        ("VOLUME /a /b\nVOLUME [\"/c\"]", [("/a", "volume"), ("/b", "volume"), ("/c", "volume")]),
        ("ONBUILD COPY . /app", []),
    ],
)  # fmt: skip
def test_copy(tmp_path: Path, text: str, expected: list[tuple[object, ...]]) -> None:
    assert layers(tmp_path, f"FROM nginx:1.27\n{text}\n") == expected


def test_what_may_write_anything_anywhere_is_said(tmp_path: Path) -> None:
    assert layers(tmp_path, "FROM scratch\nADD app.tar.gz /\nCOPY conf /c\n") == [("/c", "conf")]
    image = build(Repository(tmp_path), str(tmp_path / "Dockerfile"), str(tmp_path))
    assert [(one.place.line, one.why) for one in image.unread] == [
        (2, "which files it puts below / is not known")
    ]


def test_relative_to_a_working_directory_of_the_base(tmp_path: Path) -> None:
    assert layers(tmp_path, "FROM php:8-fpm\nCOPY nginx.conf .\n") == [
        ("/var/www/html/nginx.conf", "nginx.conf")
    ]
    assert layers(tmp_path, "FROM somebody/thing\nCOPY nginx.conf .\n") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COPY <<EOF /a\nx $P $uri\nEOF", [("/a", "text", "x 80 \n")]),
        ("COPY <<'EOF' /a\nx $P $uri\nEOF", [("/a", "text", "x $P $uri\n")]),
        ("COPY <<-EOF /a/\n\tx\n\t\"\\$P\"\nEOF", [("/a/EOF", "text", "x\n\"$P\"\n")]),
        ("COPY <<a <<b nginx.conf /x/\n1\na\n2\nb",
         [("/x/a", "text", "1\n"), ("/x/b", "text", "2\n"), ("/x/nginx.conf", "nginx.conf")]),
        ("COPY <<EOF /a\n$UNKNOWN\nEOF", [("/a", "unseen")]),
    ],
)  # fmt: skip
def test_heredocs(tmp_path: Path, text: str, expected: list[tuple[object, ...]]) -> None:
    assert layers(tmp_path, f"FROM nginx:1.27\nENV P=80\n{text}\n") == expected


def test_the_place_of_a_heredoc(tmp_path: Path) -> None:
    layers(
        tmp_path, "FROM a\nCOPY <<E /a\nx\nE\nRUN cat <<E > /b\ny\nE\nRUN <<E\n\necho z > /c\nE\n"
    )
    found = build(Repository(tmp_path), str(tmp_path / "Dockerfile"), str(tmp_path)).layers
    assert [one.place.line for one in found] == [2, 5, 10]
    assert next(one.text.place.line for one in found if isinstance(one, Inline)) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COPY . /app\nFROM nginx\nCOPY --from=s /app/nginx.conf /etc/nginx/",
         [("/etc/nginx/nginx.conf", "nginx.conf")]),
        ("COPY . /app\nFROM nginx\nCOPY --from=0 /app/conf /c", [("/c", "conf")]),
        ("WORKDIR /app\nCOPY conf ./x\nFROM nginx\nCOPY --from=S app/x/ /c/", [("/c", "conf")]),
        ("COPY . /app\nRUN npm run build\nFROM nginx\nCOPY --from=s /app/dist /html",
         [("/html", "unseen")]),
        ("COPY . /app\nFROM nginx\nCOPY --from=s /app/conf/*.conf /c/",
         [("/c/a.conf", "conf/a.conf"), ("/c/b.conf", "conf/b.conf")]),
        ("COPY nginx.conf /x/y\nCOPY conf /x/z\nFROM nginx\nCOPY --from=s /x /w",
         [("/w/y", "nginx.conf"), ("/w/z", "conf")]),
        ("COPY . /app\nRUN rm /app/conf/a.conf\nFROM nginx\nCOPY --from=s /app/conf /c",
         [("/c", "conf"), ("/c/a.conf", "removed")]),
        ("COPY . /app\nRUN sed -i s/a/b/ /app/nginx.conf\nFROM nginx\n"
         "COPY --from=s /app/nginx.conf /etc/nginx/", [("/etc/nginx/nginx.conf", "unseen")]),
        ("COPY . /app\nRUN rm -rf /app\nFROM nginx\nCOPY --from=s /app/nginx.conf /c",
         [("/c", "unseen")]),
        ("COPY . /app\nRUN sed -i s/a/b/ /app/nginx.conf\nFROM nginx\n"
         "COPY --from=s /app/nginx.conf /c", [("/c", "unseen")]),
        ("COPY . /app\nRUN cp /app/nginx.conf /out.conf\nFROM nginx\nCOPY --from=s /out.conf /c",
         [("/c", "nginx.conf")]),
        ("COPY <<E /a.conf\nx\nE\nFROM nginx\nCOPY --from=s /a.conf /c/",
         [("/c/a.conf", "text", "x\n")]),
        ("FROM nginx\nCOPY --from=s /usr/bin/composer /usr/bin/",
         [("/usr/bin/composer", "/usr/bin/composer", "from base:1")]),
        ("COPY . /app\nFROM s AS t\nFROM nginx\nCOPY --from=t /app/nginx.conf /c",
         [("/c", "nginx.conf")]),
        ("FROM nginx\nCOPY --from=composer:2 /usr/bin/composer /usr/local/bin/composer",
         [("/usr/local/bin/composer", "/usr/bin/composer", "from composer:2")]),
        ("FROM nginx\nCOPY --from=$NO /x/a.conf /c/", [("/c/a.conf", "unseen")]),
        ("FROM nginx\nCOPY --from=node /x/conf/ /c/", [("/c", "/x/conf", "from node")]),
        ("COPY conf /c\nFROM nginx\nCOPY nginx.conf /z", [("/z", "nginx.conf")]),
        ("COPY conf /c\nFROM s\nCOPY nginx.conf /z", [("/c", "conf"), ("/z", "nginx.conf")]),
    ],
)  # fmt: skip
def test_other_stages(tmp_path: Path, text: str, expected: list[tuple[object, ...]]) -> None:
    assert layers(tmp_path, f"FROM base:1 AS s\n{text}\n") == expected


def test_a_stage_that_stands_below(tmp_path: Path) -> None:
    text = "FROM a AS t\nCOPY --from=later /app/nginx.conf /c\nFROM b AS later\nCOPY . /app\n"
    assert layers(tmp_path, text, target="T") == [("/c", "nginx.conf")]


def test_other_contexts(tmp_path: Path) -> None:
    other = tmp_path / "other"
    write(other, {"x.conf": ""})
    text = "FROM nginx\nCOPY --from=o x.conf /a\nCOPY --from=i x.conf /b\nCOPY --from=s x.conf /d\n"
    contexts = {
        "o": str(other),
        "i": "docker-image://im:1",
        "nginx": "docker-image://own:2",
        "s": "service:s",
    }
    assert layers(tmp_path, text, contexts=contexts) == [
        ("/a", "other/x.conf"), ("/b", "/x.conf", "from im:1"), ("/d", "unseen"),
    ]  # fmt: skip
    image = build(
        Repository(tmp_path), str(tmp_path / "Dockerfile"), str(tmp_path), contexts=contexts
    )
    assert image.base is not None and image.base.value == "own:2"


def test_what_dockerignore_leaves_out(tmp_path: Path) -> None:
    ignore = "# no\n*.conf\n!nginx.conf\nconf/*\n!conf/b.*\n/web\n"
    write(tmp_path, {".dockerignore": ignore})
    text = (
        "FROM nginx\nCOPY . /app\nCOPY conf /c\nCOPY conf/*.conf /d/\nCOPY conf/a.conf /e\n"
        "COPY web /f\n"
    )
    found = layers(tmp_path, text)
    assert found == [("/app", "."), ("/c", "conf"), ("/d/b.conf", "conf/b.conf")]
    image = build(Repository(tmp_path), str(tmp_path / "Dockerfile"), str(tmp_path))
    assert [one.why for one in image.unread] == [
        "conf/a.conf is left out by .dockerignore", "web is left out by .dockerignore",
    ]  # fmt: skip
    files = ContainerFiles(Repository(tmp_path), image.layers)
    assert files.listing("/c").names == ("b.conf",)
    assert sorted(files.listing("/app").names) == [
        ".dockerignore", "Dockerfile", "app.tar.gz", "conf", "nginx.conf",
    ]  # fmt: skip
    assert files.listing("/app/conf").names == ("b.conf",)
