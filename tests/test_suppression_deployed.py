"""Comments that ignore a rule in the files of a deployment."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.findings import Problem
from lint502.report_model import Report
from lint502.workspace import CheckRequest, Workspace
from tests.support.sites import write

IGNORE = "# lint502: ignore[port-mismatch] moves on Monday"
NGINX = "server { location / { proxy_pass http://web:8080; } }\n"
COMPOSE = """\
services:
  nginx:
    image: nginx:1.26
    volumes: ["./nginx:/etc/nginx/conf.d"]
  web:
    build: web
    command: >
      gunicorn
      --bind 0.0.0.0:8000 a
  other:
    image: registry.example.com/other:1
"""
COMMAND = """\
    command: >
      gunicorn
      --bind 0.0.0.0:8000 a
"""
DOCKERFILE = """\
FROM python:3.13-slim
CMD gunicorn \\
  --bind 0.0.0.0:8000 a
"""


def check(folder: Path, files: dict[str, str], **request: object) -> Report:
    write(folder, files)
    return Workspace.at(folder).job(CheckRequest(**request)).run().report  # type: ignore[arg-type]


def found(report: Report) -> list[tuple[str, int, str]]:
    return [(one.place.file, one.place.line, one.rule) for one in report.findings]


def before(line: str, text: str, comment: str = IGNORE) -> str:
    """A text with a comment before one of its lines, indented as that is."""
    indent = line[: len(line) - len(line.lstrip())]
    assert text.count(line) == 1
    return text.replace(line, f"{indent}{comment}\n{line}")


MISMATCH = ("nginx/default.conf", 1, "port-mismatch")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (COMPOSE, [MISMATCH]),
        (before("    command: >", COMPOSE), []),
        (before("  web:", COMPOSE), []),
        (before("services:", COMPOSE), []),
        (COMPOSE.replace("command: >", f"command: >  {IGNORE}"), []),
        (before("  other:", COMPOSE), [("compose.yaml", 10, "unused-ignore"), MISMATCH]),
        (before("    build: web", COMPOSE), [("compose.yaml", 6, "unused-ignore"), MISMATCH]),
        (COMPOSE.replace("  web:", f"  web:  {IGNORE}"),
         [("compose.yaml", 5, "unused-ignore"), MISMATCH]),
        # text of a command, which ends with it
        (before("      --bind 0.0.0.0:8000 a", COMPOSE), [MISMATCH]),
    ],
)  # fmt: skip
def test_compose_files(tmp_path: Path, text: str, left: list[tuple[str, int, str]]) -> None:
    files = {"compose.yaml": text, "nginx/default.conf": NGINX, "web/Dockerfile": DOCKERFILE}
    report = check(tmp_path, files)
    assert (found(report), report.problems) == (left, ())
    assert report.suppressed == (0 if MISMATCH in left else 1)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (DOCKERFILE, [MISMATCH]),
        (before("CMD gunicorn \\", DOCKERFILE), []),
        (before("  --bind 0.0.0.0:8000 a", DOCKERFILE), []),
        (before("FROM python:3.13-slim", DOCKERFILE),
         [MISMATCH, ("web/Dockerfile", 1, "unused-ignore")]),
        # these are no comments
        (DOCKERFILE.replace("8000 a", f"8000 a {IGNORE}"), [MISMATCH]),
        (before("CMD gunicorn \\", DOCKERFILE, f"RUN <<EOF\n{IGNORE}\nEOF"), [MISMATCH]),
    ],
)  # fmt: skip
def test_dockerfiles(tmp_path: Path, text: str, left: list[tuple[str, int, str]]) -> None:
    compose = "".join(COMPOSE.splitlines(keepends=True)[:6])
    files = {"compose.yaml": compose, "nginx/default.conf": NGINX, "web/Dockerfile": text}
    report = check(tmp_path, files)
    assert (found(report), report.problems) == (left, ())


def test_variables(tmp_path: Path) -> None:
    compose = COMPOSE.replace("build: web", "image: grafana/grafana")
    compose = compose.replace(COMMAND, "    env_file: web.env\n")
    files = {"compose.yaml": compose, "nginx/default.conf": NGINX}
    variables = "GF_SERVER_HTTP_PORT=3001\n"
    assert found(check(tmp_path, {**files, "web.env": variables})) == [MISMATCH]
    report = check(tmp_path, {**files, "web.env": f"{IGNORE}\n{variables}"})
    assert (found(report), report.suppressed) == ([], 1)
    report = check(tmp_path, {**files, "web.env": f'X="\n{IGNORE}\n"\n{variables}'})
    assert found(report) == [MISMATCH]


def test_start_scripts(tmp_path: Path) -> None:
    compose = COMPOSE.replace(COMMAND, "    command: ./start.sh\n")
    files = {
        "compose.yaml": compose,
        "nginx/default.conf": NGINX,
        "web/Dockerfile": "FROM python:3.13\nWORKDIR /srv\nCOPY . .\n",
    }
    script = "#!/bin/sh\nexec gunicorn --bind 0.0.0.0:8000 a\n"
    assert found(check(tmp_path, {**files, "web/start.sh": script})) == [MISMATCH]
    script = before("exec gunicorn --bind 0.0.0.0:8000 a", script)
    report = check(tmp_path, {**files, "web/start.sh": script})
    assert (found(report), report.suppressed) == ([], 1)


MANIFESTS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: nginx}
data:
  a.conf: |
    server { location / { proxy_pass http://web:8080; } }
  b.conf: |
    server {
        listen 81;
        location / { proxy_pass http://web:8081; }
    }
---
apiVersion: v1
kind: Pod
metadata: {name: nginx}
spec:
  containers:
    - name: nginx
      image: nginx:1.26
      volumeMounts: [{name: conf, mountPath: /etc/nginx/conf.d}]
  volumes: [{name: conf, configMap: {name: nginx}}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  ports:
    - port: 80
"""


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("    - port: 80\n", []),
        ("  ports:\n", []),
        # in YAML: the nginx file as a whole
        ("  a.conf: |\n", [11]),
        ("  b.conf: |\n", [6]),
        ("data:\n", []),
        # in the nginx files
        ("    server { location", [11]),
        ("        location / { proxy_pass http://web:8081", [6]),
    ],
)
def test_manifests(tmp_path: Path, line: str, left: list[int]) -> None:
    """With two nginx files in one."""
    report = check(tmp_path, {"all.yaml": before(line, MANIFESTS)})
    assert found(report) == [("all.yaml", number, "port-mismatch") for number in left]


def test_both_are_found_in_the_manifests(tmp_path: Path) -> None:
    report = check(tmp_path, {"all.yaml": MANIFESTS})
    assert found(report) == [("all.yaml", 6, "port-mismatch"), ("all.yaml", 10, "port-mismatch")]


def test_where_an_nginx_that_is_an_upstream_states_its_port(tmp_path: Path) -> None:
    own = '    image: nginx:1.26\n    volumes: ["./web:/etc/nginx/conf.d"]\n'
    compose = COMPOSE.replace("    build: web\n", own).replace(COMMAND, "")
    web = "server {\n    listen 8000;\n    location / { return 200; }\n}\n"
    files = {"compose.yaml": compose, "nginx/default.conf": NGINX}
    assert MISMATCH in found(check(tmp_path, {**files, "web/a.conf": web}))
    web = before("    listen 8000;", web)
    report = check(tmp_path, {**files, "web/a.conf": web})
    assert (found(report), report.suppressed) == ([], 1)


def test_where_nginx_runs(tmp_path: Path) -> None:
    """A name that nothing has rests on the network that nginx is on."""
    comment = "# lint502: ignore[unknown-host] added by the overlay of the customer"
    files = {
        "compose.yaml": before("  nginx:", COMPOSE, comment),
        "nginx/default.conf": NGINX.replace("web:8080", "wiki:80"),
        "web/Dockerfile": DOCKERFILE,
    }
    report = check(tmp_path, files)
    assert (found(report), report.suppressed) == ([], 1)


def test_files_of_other_deployments_are_left_alone(tmp_path: Path) -> None:
    """Neither a comment there that is of no use, nor one that is wrong, is of this run."""
    overlay = "services:\n  web:\n    ports: ['80:8000']\n"
    useless, wrong = IGNORE.replace("port", "socket-path"), "# lint502: ignore[none] x"
    files = {
        "compose.yaml": COMPOSE,
        "compose.prod.yaml": f"{wrong}\n{useless}\n{overlay}",
        ".github/workflows/a.yml": f"{wrong}\n{useless}\non: push\n",
        "docs/example.yaml": f"{wrong}\n{useless}\nservices: {{}}\n",
        "nginx/default.conf": NGINX,
        "web/Dockerfile": DOCKERFILE,
    }
    report = check(tmp_path, files, deployments=("compose.yaml",))
    assert (found(report), report.problems) == ([MISMATCH], ())
    report = check(tmp_path, files)
    assert [one.file for one in report.problems] == ["compose.prod.yaml"]
    assert ("compose.prod.yaml", 2, "unused-ignore") in found(report)


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# lint502: ignore[port-mismatch]",
         "this comment does not say why it ignores port-mismatch; write: # lint502: ignore[RULE] "
         "and why"),
        ("# lint502: ignore[port-mismtach] x",
         'this comment ignores a rule "port-mismtach" that does not exist; did you mean '
         '"port-mismatch"?'),
    ],
)  # fmt: skip
def test_a_comment_that_is_no_use(tmp_path: Path, comment: str, message: str) -> None:
    text = before("    command: >", COMPOSE, comment)
    files = {"compose.yaml": text, "nginx/default.conf": NGINX, "web/Dockerfile": DOCKERFILE}
    report = check(tmp_path, files)
    assert report.problems == (Problem("compose.yaml", 7, message),)
    assert found(report) == [MISMATCH]
