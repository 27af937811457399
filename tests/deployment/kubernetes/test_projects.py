"""Which manifests are one project, and what is said of those that are not read."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lint502.deployment import kubernetes
from lint502.deployment.containers import Project
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Unread
from lint502.deployment.yaml import documents
from lint502.places import Place, SourceFile
from tests.deployment.manifests import Written, deployment


def projects(here: Path, files: dict[str, str]) -> tuple[Project, ...]:
    (here / ".git").mkdir()
    for name, text in files.items():
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return kubernetes.projects(Repository(here), [str(here / name) for name in files])


def shown(found: tuple[Project, ...]) -> dict[str, list[str]]:
    return {
        project.name: [
            f"{one.name} {one.program.image.value if one.program.image else ''}"
            for one in project.containers
        ]
        for project in found
    }


WEB, API = deployment("web", "image: nginx"), deployment("api", "image: api")
OLD = deployment("api", "image: old")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"k8s/web.yaml": WEB, "k8s/api/deployment.yaml": API},
            {"k8s/": ["api/api api", "web/web nginx"]},
        ),
        (
            {"a/web.yaml": WEB, "b/api.yaml": API},
            {"a/": ["web/web nginx"], "b/": ["api/api api"]},
        ),
        (
            {"a/web.yaml": WEB, "a/b/api.yaml": API},
            {"a/": ["api/api api", "web/web nginx"]},
        ),
        (
            {"web.yaml": WEB, "deploy/api.yaml": API},
            {"./": ["web/web nginx"], "deploy/": ["api/api api"]},
        ),
        (
            {"k8s/web.yaml": WEB, "k8s/dev.yaml": API, "k8s/prod.yaml": OLD},
            {
                "k8s/dev.yaml": ["api/api api", "web/web nginx"],
                "k8s/prod.yaml": ["api/api old", "web/web nginx"],
            },
        ),
        (
            {"k8s/dev/a.yaml": API, "k8s/prod/a.yaml": OLD},
            {"k8s/dev/": ["api/api api"], "k8s/prod/": ["api/api old"]},
        ),
        (
            {"k8s/api-dev.yaml": API, "k8s/api-prod.yaml": OLD, "k8s/web-prod.yaml": WEB,
             "k8s/web-dev.yaml": deployment("web", "image: dev")},
            {
                "k8s/api-dev.yaml": ["api/api api", "web/web dev"],
                "k8s/api-prod.yaml": ["api/api old", "web/web nginx"],
            },
        ),
        (
            {"a.yaml": f"{API}---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: x}}\n",
             "b.yaml": f"{WEB}---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: x}}\n"},
            {"./": ["api/api api", "web/web nginx"]},
        ),
        ({"k8s/crd.yaml": "apiVersion: a/v1\nkind: Thing\nmetadata: {name: x}\n"}, {}),
    ],
)  # fmt: skip
def test_folders(tmp_path: Path, files: dict[str, str], expected: dict[str, list[str]]) -> None:
    assert shown(projects(tmp_path, files)) == expected


def test_more_ways_than_are_read(tmp_path: Path) -> None:
    found = projects(tmp_path, {f"k8s/{number:02}.yaml": API for number in range(52)})
    assert len(found) == 50
    assert [(one.place.file, one.why) for one in found[0].unread] == [
        ("k8s/50.yaml", "is one more way to run this folder; lint502 reads 50"),
        ("k8s/51.yaml", "is one more way to run this folder; lint502 reads 50"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        (
            "kind: Service\nmetadata:\n  name: {{ .Values.name }}\n",
            3,
            "is a template of Helm; render it: helm template . | lint502 check -",
        ),
        (
            'kind: Service\nmetadata:\n  name: {{- include "a.name" . }}\n',
            3,
            "is a template of Helm; render it: helm template . | lint502 check -",
        ),
        (
            "{% if x %}\nkind: Service\n",
            1,
            "is a template; lint502 reads what is rendered from it: … | lint502 check -",
        ),
        ("kind: [", 2, "is no YAML: did not find expected node content"),
        (
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: '{{ name }}'\n",
            4,
            "is a name that is not known",
        ),
        (
            "apiVersion: template.openshift.io/v1\nkind: Template\nmetadata: {name: a}\n",
            1,
            "is a template of OpenShift; render it: oc process … | lint502 check -",
        ),
    ],
)
def test_unread(text: str, line: int, why: str) -> None:
    found = Written(text).project()
    assert found.containers == ()
    assert [(one.place.line, one.why) for one in found.unread] == [(line, why)]


def test_the_templates_of_a_chart_are_said_once(tmp_path: Path) -> None:
    text = "kind: Service\nmetadata: {name: {{ .Values.name }}}\n"
    found = projects(tmp_path, {f"chart/templates/{name}.yaml": text for name in "abc"})
    why = "is a template of Helm; render it: helm template . | lint502 check -; so are 2 more"
    assert [(one.place.file, one.why) for project in found for one in project.unread] == [
        ("chart/templates/a.yaml", why)
    ]


def test_braces_in_a_config_map_are_no_template() -> None:
    text = (
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: rules}\ndata:\n  a: |\n"
        "    {{ $labels.instance }} {{ if .Foo }} {{ range services }}\n"
    )
    found = Written(API + text).project()
    assert ([one.name for one in found.containers], found.unread) == (["api/api"], ())


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    (found,) = kubernetes.projects(Repository(tmp_path), [str(tmp_path / "a.yaml")])
    place = Place("a.yaml", 1, 1, 2)
    assert found.unread == (Unread(place, "there is no such file"),)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("apiVersion: v1\nkind: Pod", True),
        ("apiVersion: v1", False),
        ("kind: Pod", False),
        ("- apiVersion: v1", False),
        ("services: {}", False),
        ("apiVersion: v1\nkind: {}", False),
    ],
)
def test_is_manifest(text: str, is_one: bool) -> None:
    (node,) = documents(SourceFile("a.yaml", text))
    assert kubernetes.is_manifest(node) == is_one


def multiplied() -> str:
    """Aliases and references that come to far more than is written."""
    keys = "\n".join(f"  k{number}: v" for number in range(5_000))
    env = ", ".join(f"{{name: A{number}, value: '1'}}" for number in range(2_000))
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: big}}\ndata:\n{keys}\n"
    text += "---\napiVersion: v1\nkind: List\nmetadata: {}\nitems:\n"
    container = (
        f"{{name: c, env: &e [{env}], envFrom: [{{configMapRef: {{name: big}}}}], volumeMounts: "
        "[{name: v, mountPath: /a}]}"
    )
    volumes = "volumes: [{name: v, configMap: {name: big}}]"
    text += (
        f"- &p {{apiVersion: v1, kind: Pod, metadata: {{name: p, labels: &l {{a: b}}}}, spec: "
        f"&s {{{volumes}, containers: &c [&d {container}{', *d' * 500}]}}}}\n"
    )
    for number in range(500):
        text += (
            f"- {{apiVersion: v1, kind: Pod, metadata: {{name: p{number}, labels: *l}}, "
            f"spec: *s}}\n- {{apiVersion: v1, kind: Service, metadata: {{name: s{number}}}, "
            "spec: {selector: {a: b}, ports: [{port: 80}]}}\n"
        )
    return text


def test_what_multiplies_is_bounded() -> None:
    started = time.process_time()
    found = Written(multiplied()).project()
    assert time.process_time() - started < 5
    assert "comes to more than 100000 values with what it refers to; lint502 stops here" in {
        one.why for one in found.unread
    }


@pytest.mark.parametrize(
    "text",
    [
        "{{if " * 200_000,
        f"a: {'$(' * 800_000}",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, args: ["
        f"'{'$(' * 200_000}'], env: [{{name: A, value: '{'$(' * 200_000}'}}]}}]}}",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [&c {name: c}"
        f"{', *c' * 20_000}]}}",
    ],
    ids=["a template", "no manifest", "variables", "aliases"],
)
def test_long_texts(text: str) -> None:
    started = time.process_time()
    Written(text).project()
    assert time.process_time() - started < 6


def test_thousands_of_documents() -> None:
    text = "".join(
        deployment(f"a{number}", "image: x").replace("\n\n", "\n")
        + f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: a{number}}}\nspec: {{selector: "
        f"{{app: a{number}}}, ports: [{{port: 80, targetPort: 8000}}]}}\n"
        for number in range(1_500)
    )
    started = time.process_time()
    found = Written(text).project()
    assert time.process_time() - started < 8
    assert (len(found.containers), len(found.services), found.unread) == (1_500, 1_500, ())
    assert {len(port.endpoints) for one in found.services for port in one.ports} == {1}
