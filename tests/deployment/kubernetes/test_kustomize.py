"""Kustomizations: what they come to, also by kubectl's own word."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from textwrap import dedent

import pytest

from lint502.deployment import kubernetes
from lint502.deployment.containers import Container, Project
from lint502.deployment.layers import Files, Inline
from lint502.deployment.repository import Repository
from lint502.places import SourceFile
from tests.deployment.manifests import deployment

WEB = deployment(
    "web",
    """\
    image: nginx:1.25
    env: [{name: A, value: "1"}, {name: B, value: "2"}]
    envFrom: [{configMapRef: {name: settings}}]
    ports: [{containerPort: 80, name: http}]
    volumeMounts: [{name: conf, mountPath: /etc/nginx/conf.d}]
    """,
    "volumes: [{name: conf, configMap: {name: settings}}]",
)
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
"""
BASE = {
    "base/web.yaml": WEB,
    "base/service.yaml": SERVICE,
    "base/default.conf": "server {}",
    "base/kustomization.yaml": """\
        resources: [web.yaml, service.yaml]
        configMapGenerator:
        - {name: settings, files: [default.conf], literals: [LEVEL=info]}
        """,
}


def write(top: Path, files: dict[str, str]) -> list[str]:
    (top / ".git").mkdir(exist_ok=True)
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return [str(top / name) for name in files if name.endswith(".yaml")]


def built(top: Path, files: dict[str, str]) -> dict[str, Project]:
    found = kubernetes.projects(Repository(top), write(top, files))
    return {one.name: one for one in found}


def shown(project: Project) -> dict[str, object]:
    """What a project has, without its places."""
    containers = {one.name: about(one) for one in project.containers}
    return {
        **containers,
        **{
            f"service {one.namespace}/{one.name}": [
                (port.number, [(to.containers, to.number) for to in port.endpoints])
                for port in one.ports
            ]
            for one in project.services
        },
    }


def about(container: Container) -> tuple[object, ...]:
    program = container.program
    files = {}
    for layer in container.layers:
        if isinstance(layer, Inline):
            files[layer.target] = layer.text.value
        elif isinstance(layer, Files):
            files[layer.target] = Path(layer.source).read_text()
    return (
        program.image.value if program.image else None,
        {name: text.value for name, text in program.environment.items() if "." not in name},
        [port.number for port in container.ports],
        files,
        *(() if container.active else ("no replicas",)),
    )


PLAIN_ENV = {"LEVEL": "info", "A": "1", "B": "2"}
PLAIN_FILES = {"/etc/nginx/conf.d/default.conf": "server {}", "/etc/nginx/conf.d/LEVEL": "info"}
PLAIN = ("nginx:1.25", PLAIN_ENV, [80], PLAIN_FILES)
LED = [(80, [(("web/web",), 80)])]

CASES: dict[str, tuple[str, dict[str, str], dict[str, object]]] = {
    "what it names": ("", {}, {"web/web": PLAIN, "service /web": LED}),
    "names and a namespace": (
        "namePrefix: my-\nnameSuffix: -x\nnamespace: prod",
        {},
        {
            "my-web-x/web": PLAIN,
            "service prod/my-web-x": [(80, [(("my-web-x/web",), 80)])],
        },
    ),
    "images": (
        "images:\n- {name: nginx, newName: r.io:5000/ours, newTag: '2'}",
        {},
        {"web/web": ("r.io:5000/ours:2", *PLAIN[1:]), "service /web": LED},
    ),
    "replicas": (
        "replicas: [{name: web, count: 0}, {name: web, count: 0}]",
        {},
        {"web/web": (*PLAIN, "no replicas"), "service /web": LED},
    ),
    "a digest": (
        "images:\n- {name: nginx, digest: 'sha256:abc'}\n- {name: other, newTag: '3'}",
        {},
        {"web/web": ("nginx@sha256:abc", *PLAIN[1:]), "service /web": LED},
    ),
    "labels of selectors": (
        "labels:\n- {pairs: {tier: front}, includeSelectors: true}",
        {},
        {"web/web": PLAIN, "service /web": LED},
    ),
    "labels of templates": (
        "commonLabels: {a: b}\nlabels:\n- {pairs: {tier: front}, includeTemplates: true}",
        {},
        {"web/web": PLAIN, "service /web": LED},
    ),
    "a strategic merge": (
        "patches:\n- path: patch.yaml",
        {
            "patch.yaml": """\
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: web}
                spec:
                  template:
                    spec:
                      containers:
                      - name: web
                        env:
                        - {name: B, value: "3"}
                        - {name: C, value: "4"}
                        - {name: A, $patch: delete}
                        ports: [{containerPort: 81}]
                      - {name: log, image: log}
                """
        },
        {
            "web/web": ("nginx:1.25", {"LEVEL": "info", "B": "3", "C": "4"}, [81, 80], PLAIN_FILES),
            "web/log": ("log", {}, [], {}),
            "service /web": LED,
        },
    ),
    "null and replace": (
        "patchesStrategicMerge: [patch.yaml]",
        {
            "patch.yaml": """\
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: web}
                spec:
                  template:
                    spec:
                      containers:
                      - name: web
                        envFrom: null
                        env: [{$patch: replace}, {name: C, value: "4"}]
                """
        },
        {"web/web": ("nginx:1.25", {"C": "4"}, [80], PLAIN_FILES), "service /web": LED},
    ),
    "an object that goes": (
        "patches:\n- patch: |-\n    $patch: delete\n    apiVersion: v1\n    kind: Service\n"
        "    metadata: {name: web}",
        {},
        {"web/web": PLAIN},
    ),
    "JSON patches": (
        "patches:\n- target: {kind: Deployment, name: w.*}\n  patch: |-\n"
        "    - {op: replace, path: /spec/template/spec/containers/0/image, value: own}\n"
        "    - {op: add, path: /spec/template/spec/containers/0/env/-, value: {name: C, "
        "value: x}}\n"
        "    - {op: remove, path: /spec/template/spec/containers/0/env/0}\n"
        "- target: {kind: Service, labelSelector: a=b}\n  patch: |-\n"
        "    - {op: remove, path: /spec}",
        {},
        {
            "web/web": ("own", {"LEVEL": "info", "B": "2", "C": "x"}, [80], PLAIN_FILES),
            "service /web": LED,
        },
    ),
    "a ConfigMap that is merged": (
        "configMapGenerator:\n- {name: settings, behavior: merge, files: [b.conf=own.conf], "
        "literals: [LEVEL='debug'], envs: [own.env]}",
        {"own.conf": "# own", "own.env": "# no\nX=y z\nEMPTY\n"},
        {
            "web/web": (
                "nginx:1.25",
                {"LEVEL": "debug", "X": "y z", "EMPTY": "", "A": "1", "B": "2"},
                [80],
                {
                    "/etc/nginx/conf.d/default.conf": "server {}",
                    "/etc/nginx/conf.d/LEVEL": "debug",
                    "/etc/nginx/conf.d/b.conf": "# own",
                    "/etc/nginx/conf.d/X": "y z",
                    "/etc/nginx/conf.d/EMPTY": "",
                },
            ),
            "service /web": LED,
        },
    ),
    "a ConfigMap that is replaced": (
        "namePrefix: my-\nconfigMapGenerator:\n- {name: settings, behavior: replace, literals: "
        "[LEVEL=none]}",
        {},
        {
            "my-web/web": (
                "nginx:1.25", {"LEVEL": "none", "A": "1", "B": "2"}, [80],
                {"/etc/nginx/conf.d/LEVEL": "none"},
            ),
            "service /my-web": [(80, [(("my-web/web",), 80)])],
        },
    ),
    "a component": (
        "components: [../part]",
        {
            "../part/kustomization.yaml": """\
                apiVersion: kustomize.config.k8s.io/v1alpha1
                kind: Component
                patches:
                - target: {kind: Deployment}
                  patch: |-
                    - {op: replace, path: /spec/template/spec/containers/0/image, value: part}
                """
        },
        {"web/web": ("part", *PLAIN[1:]), "service /web": LED},
    ),
}  # fmt: skip


def tree(case: str) -> dict[str, str]:
    kustomization, files, _ = CASES[case]
    own = {os.path.normpath(f"prod/{name}"): text for name, text in files.items()}
    return {
        **BASE, **own, "prod/kustomization.yaml": f"resources: [../base]\n{kustomization}\n",
    }  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_it_comes_to(tmp_path: Path, case: str) -> None:
    found = built(tmp_path, tree(case))
    assert list(found) == ["prod/"]
    assert shown(found["prod/"]) == CASES[case][2]
    assert found["prod/"].unread == ()


@pytest.mark.parametrize("case", CASES)
def test_kubectl_says_the_same(tmp_path: Path, case: str) -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    write(tmp_path, tree(case))
    run = subprocess.run(
        [kubectl, "kustomize", str(tmp_path / "prod")],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    rendered = kubernetes.project_of("prod/", SourceFile("prod.yaml", run.stdout))
    assert shown(rendered) == CASES[case][2]


def test_overlays_are_projects_and_bases_are_not(tmp_path: Path) -> None:
    overlay = "resources: [../base]\nnamePrefix: {}-\n"
    files = {f"{name}/kustomization.yaml": overlay.format(name) for name in ("dev", "prod")}
    found = built(tmp_path, {**BASE, **files, "base/unused.yaml": deployment("old", "image: x")})
    assert {name: list(shown(one)) for name, one in found.items()} == {
        "dev/": ["dev-web/web", "service /dev-web"],
        "prod/": ["prod-web/web", "service /prod-web"],
    }
    assert found["dev/"].files == (
        "dev/kustomization.yaml", "base/kustomization.yaml", "base/web.yaml", "base/service.yaml",
    )  # fmt: skip


def test_variants_side_by_side(tmp_path: Path) -> None:
    each = (
        "resources: [../base]\nnamePrefix: {0}-\n"
        "labels: [{{pairs: {{v: {0}}}, includeSelectors: true}}]\n"
    )
    files = {f"{name}/kustomization.yaml": each.format(name) for name in ("dev", "prod")}
    files["dev/kustomization.yaml"] += (
        "configMapGenerator: [{name: settings, behavior: merge, literals: [LEVEL=debug]}]"
    )
    found = built(
        tmp_path, {**BASE, **files, "all/kustomization.yaml": "resources: [../dev, ../prod]"}
    )
    assert list(found) == ["all/"]
    levels = {one.name: one.program.environment["LEVEL"].value for one in found["all/"].containers}
    assert levels == {"dev-web/web": "debug", "prod-web/web": "info"}
    assert [one.containers for one in found["all/"].services] == [
        ("dev-web/web",),
        ("prod-web/web",),
    ]


def test_a_file_that_is_generated_from_points_at_it(tmp_path: Path) -> None:
    found = built(tmp_path, BASE)["base/"]
    layers = found.containers[0].layers
    source = str(tmp_path / "base/default.conf")
    place = next(one.place for one in layers if isinstance(one, Files) and one.source == source)
    assert place.file == "base/web.yaml"


@pytest.mark.parametrize(
    ("text", "unread", "names"),
    [
        ("resources: [https://example.com/a.yaml]", [(1, "is not in this repository")], []),
        ("resources: [none.yaml]", [(1, "is not in this repository")], []),
        ("resources: [../../../../../../etc]", [(1, "is not in this repository")], []),
        ("resources: [.]", [], []),
        ("resources: [../base]\nhelmCharts: [{name: a}]",
         [(2, "has helmCharts, which lint502 does not follow")], ["web/web"]),
        ("resources: [../base]\ntransformers: [a.yaml]",
         [(2, "has transformers, which lint502 does not follow")], []),
        ("resources: [../base]\nreplacements: [{targets: [{select: {kind: Deployment}}]}]",
         [(2, "has replacements, which lint502 does not follow")], []),
        ("resources: [../base]\nreplacements: [{targets: [{select: {kind: Job}}]}]",
         [(2, "has replacements, which lint502 does not follow")], ["web/web"]),
        ("resources: [../base]\npatches: [{path: none.yaml}]",
         [(2, "is not in this repository")], ["web/web"]),
        ("resources: [../base]\npatches: [{patch: '{kind: Job, metadata: {name: a}}'}]",
         [(2, "is a patch of an object that is not among the resources")], ["web/web"]),
        ("resources: [../base]\npatches: [{patch: '[{op: copy, path: /a, from: /b}]', target: "
         "{kind: Deployment}}]", [(2, "has an operation that lint502 does not make")], []),
        ("resources: [../base]\npatches: [{patch: '[{op: remove, path: /spec/none/a}]', target: "
         "{kind: Deployment}}]", [(2, "has a path that leads nowhere")], []),
        ("resources: [../base]\npatches: [{patch: '[{op: remove, path: /spec}]', target: {name: "
         "'(a|b)+'}}]", [(2, "has a target that lint502 does not follow")], []),
        ("resources: [../base]\npatches: [{patch: '[', target: {kind: Deployment}}]",
         [(2, "is no YAML: did not find expected node content")], ["web/web"]),
        ("resources: [../base]\nconfigMapGenerator: [{name: a, files: [../../../x, none]}]",
         [(2, "lies outside of the repository"), (2, "is not there")], ["web/web"]),
        ("[", [(1, "is no YAML: did not find expected node content")], []),
        ("- a", [(1, "is no kustomization")], []),
    ],
)  # fmt: skip
def test_what_is_not_followed(
    tmp_path: Path, text: str, unread: list[tuple[int, str]], names: list[str]
) -> None:
    top = tmp_path / "top"
    top.mkdir()
    found = built(top, {**BASE, "prod/kustomization.yaml": text})
    project = found.get("prod/") or Project("", "kubernetes", ())
    assert [(one.place.line, one.why) for one in project.unread] == unread
    assert [one.name for one in project.containers] == names


def test_a_circle(tmp_path: Path) -> None:
    files = {
        "a/kustomization.yaml": "resources: [../b]",
        "b/kustomization.yaml": "resources: [../a]",
    }
    assert built(tmp_path, files) == {}


def test_what_multiplies_is_bounded(tmp_path: Path) -> None:
    files = dict(BASE)
    below = "../base"
    for level in range(30):
        parts = ", ".join([below] * 9)
        files[f"l{level}/kustomization.yaml"] = f"resources: [{parts}]\n"
        below = f"../l{level}"
    started = time.process_time()
    found = built(tmp_path, files)
    assert time.process_time() - started < 10
    assert any("lint502 stops here" in one.why for one in found["l29/"].unread)
