"""Images of manifests and what they are built from."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.deployment.kubernetes.skaffold import Build, builds
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Text
from lint502.places import Place

SKAFFOLD = """\
apiVersion: skaffold/v4beta6
kind: Config
build:
  artifacts:
  - image: acme/api
    context: src/api
  - image: acme/web
    docker: {dockerfile: docker/web.Dockerfile, target: prod}
  - image: acme/jobs
    jib: {}
  - image: acme/outside
    context: ../..
  - image: '{{ name }}'
  - context: src/none
---
apiVersion: skaffold/v4beta6
kind: Config
"""


def test_builds(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    path = tmp_path / "skaffold.yaml"
    path.write_text(SKAFFOLD)

    def image(line: int, name: str) -> Text:
        text = SKAFFOLD.split("\n")[line - 1]
        start = text.index(name) + 1
        return Text(name, Place("skaffold.yaml", line, start, start + len(name), text))

    assert builds(Repository(tmp_path), str(path)) == (
        Build(image(5, "acme/api"), f"{tmp_path}/src/api", f"{tmp_path}/src/api/Dockerfile"),
        Build(
            image(7, "acme/web"),
            str(tmp_path),
            f"{tmp_path}/docker/web.Dockerfile",
            image(8, "prod"),
        ),
    )


@pytest.mark.parametrize("text", ["", "[", "- a", "apiVersion: v1\nkind: Config\nbuild: {}", "\0"])
def test_no_skaffold(tmp_path: Path, text: str) -> None:
    path = tmp_path / "skaffold.yaml"
    path.write_text(text)
    assert builds(Repository(tmp_path), str(path)) == ()
