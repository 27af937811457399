"""Workloads as containers: what each is run with, where, and which ports are suggested."""

from __future__ import annotations

import pytest

from lint502.deployment.containers import HOST, Container, Port, Program
from lint502.deployment.layers import Volume
from lint502.deployment.services import CLUSTER, Pod
from lint502.deployment.texts import Text, Words
from tests.deployment.manifests import Written, deployment, only


def test_a_deployment() -> None:
    written = Written("""\
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: shop, namespace: prod}
        spec:
          selector: {matchLabels: {app: shop}}
          template:
            metadata: {labels: {app: shop}}
            spec:
              securityContext: {runAsUser: 1000}
              hostAliases:
              - ip: 10.0.0.7
                hostnames: [legacy.internal]
              containers:
              - name: api
                image: ghcr.io/acme/api:1.4
                command: [gunicorn]
                args: ["-b", "0.0.0.0:$(PORT)", "shop:app"]
                workingDir: /app
                securityContext: {runAsGroup: 2000}
                env:
                - name: PORT
                  value: "8000"
                ports:
                - name: web
                  containerPort: 8000
                readinessProbe:
                  httpGet: {path: /up, port: web}
                volumeMounts:
                - {name: data, mountPath: /data}
              volumes:
              - name: data
                emptyDir: {}
        """)
    at = written.place
    found = written.project()
    assert (found.name, found.kind, found.files) == ("k8s/", "kubernetes", ("k8s.yaml",))
    assert (found.external, found.unread) == (frozenset((CLUSTER,)), ())
    assert only(found) == Container(
        name="shop/api",
        place=at("name: api"),
        program=Program(
            words=Words(("gunicorn", "-b", "0.0.0.0:8000", "shop:app"), at("command: [")),
            image=written.text("image: ghcr.io/acme/api:1.4"),
            environment={"PORT": written.text('value: "8000"')},
            workdir="/app",
            user=Text("1000:2000", at("runAsUser: 1000")),
        ),
        networks=frozenset((CLUSTER,)),
        namespace="prod/deployment/shop",
        ports=(
            Port(8000, at("containerPort: 8000"), "containerPort", name="web"),
            Port(8000, at("port: web"), "readinessProbe", application="http"),
        ),
        layers=(Volume("/data", at("mountPath: /data"), name="prod/deployment/shop/data"),),
        hosts={"legacy.internal": written.text("ip: 10.0.0.7")},
        pod=Pod("shop", "prod"),
    )


@pytest.mark.parametrize(
    ("version", "kind", "before"),
    [
        ("apps/v1", "StatefulSet", "spec: {template: {"),
        ("apps/v1", "DaemonSet", "spec: {template: {"),
        ("apps/v1", "ReplicaSet", "spec: {template: {"),
        ("extensions/v1beta1", "Deployment", "spec: {template: {"),
        ("v1", "ReplicationController", "spec: {template: {"),
        ("v1", "Pod", ""),
        ("batch/v1", "Job", "spec: {template: {"),
        ("batch/v1", "CronJob", "spec: {jobTemplate: {spec: {template: {"),
        ("argoproj.io/v1alpha1", "Rollout", "spec: {template: {"),
        ("apps.openshift.io/v1", "DeploymentConfig", "spec: {template: {"),
    ],
)
def test_each_kind_of_workload(version: str, kind: str, before: str) -> None:
    pod = "spec: {containers: [{name: app, image: nginx}]}"
    text = f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: one}}\n{before}{pod}"
    found = only(Written(text + "}" * before.count("{")).project())
    assert (found.name, found.namespace) == ("one/app", f"{kind.lower()}/one")


@pytest.mark.parametrize("version", ["serving.knative.dev/v1", "example.com/v1"])
def test_what_only_has_such_a_name(version: str) -> None:
    text = f"apiVersion: {version}\nkind: Deployment\nmetadata: {{name: one}}\n"
    assert Written(text + "spec: {template: {spec: {containers: [{name: app}]}}}").project() == (
        Written("").project()
    )


def test_containers_of_a_pod_share_its_loopback() -> None:
    written = Written(
        deployment("web", "image: nginx", "initContainers: [{name: wait}, {name: log, "
                   "restartPolicy: Always}]\n")
        + "      - name: app\n        image: app\n"
    )  # fmt: skip
    found = written.project().containers
    assert [(one.name, one.namespace) for one in found] == [
        ("web/web", "deployment/web"),
        ("web/app", "deployment/web"),
        ("web/log", "deployment/web"),
    ]


@pytest.mark.parametrize(
    ("more", "namespace", "cluster_dns"),
    [
        ("", "deployment/web", True),
        ("hostNetwork: true", HOST, False),
        ("hostNetwork: true\ndnsPolicy: ClusterFirstWithHostNet", HOST, True),
        ("dnsPolicy: Default", "deployment/web", False),
        ("dnsPolicy: None", "deployment/web", None),
    ],
)
def test_the_network_of_a_pod(more: str, namespace: str, cluster_dns: bool | None) -> None:
    found = only(Written(deployment("web", "image: nginx", more)).project())
    assert (found.namespace, found.pod) == (namespace, Pod("web", "", cluster_dns))


@pytest.mark.parametrize(
    ("fields", "words", "arguments"),
    [
        ("", None, None),
        ("command: [a, b]", ("a", "b"), None),
        ("args: [c]", None, ("c",)),
        ("command: [a]\nargs: [c]", ("a", "c"), None),
        ("command: []\nargs: [c]", None, ("c",)),
        ("command: [a]\nargs: ['{{ x }}']", None, None),
        ("command: ['{{ x }}']\nargs: [c]", None, None),
        ("command: '{{ x }}'\nargs: [c]", None, None),
        ("command: [sh, -c, 'exec app --port $PORT']", ("sh", "-c", "exec app --port $PORT"), None),
    ],
)
def test_words(
    fields: str, words: tuple[str, ...] | None, arguments: tuple[str, ...] | None
) -> None:
    program = only(Written(deployment("web", fields or "image: x")).project()).program
    assert (program.words and program.words.words) == words
    assert (program.arguments and program.arguments.words) == arguments


@pytest.mark.parametrize(
    "image", ["{{ image }}", "'{{ image }}'", "$IMAGE", "${REGISTRY}/web:1", "<%= image %>"]
)
def test_an_image_that_is_put_in_later(image: str) -> None:
    assert only(Written(deployment("web", f"image: {image}")).project()).program.image is None


def test_ports_that_are_suggested() -> None:
    written = Written(
        deployment(
            "web",
            """\
            ports:
            - {containerPort: 8443, name: secure, hostPort: 443, hostIP: 10.0.0.1}
            - {containerPort: 53, protocol: UDP}
            - {containerPort: 132, protocol: SCTP}
            - {containerPort: '{{ port }}'}
            - {containerPort: 99999}
            readinessProbe: {httpGet: {port: secure, scheme: HTTPS}}
            livenessProbe: {tcpSocket: {port: 9000}}
            startupProbe: {grpc: {port: 50051}}
            """,
        )
    )
    at = written.place
    assert only(written.project()).ports == (
        Port(8443, at("containerPort: 8443"), "containerPort", 443, "10.0.0.1", name="secure"),
        Port(53, at("containerPort: 53"), "containerPort", protocol="udp"),
        Port(8443, written.text("port: secure").place, "readinessProbe", application="https"),
        Port(9000, at("port: 9000"), "livenessProbe"),
        Port(50051, at("port: 50051"), "startupProbe", application="grpc"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "probe",
    [
        "httpGet: {port: nowhere}",
        "httpGet: {port: 80, host: example.com}",
        "exec: {command: [true]}",
        "httpGet: 80",
    ],
)
def test_a_probe_that_says_nothing(probe: str) -> None:
    fields = f"readinessProbe: {{{probe}}}"
    assert only(Written(deployment("web", fields)).project()).ports == ()


@pytest.mark.parametrize(("replicas", "active"), [("0", False), ("1", True)])
def test_none_of_it_is_started(replicas: str, active: bool) -> None:
    text = deployment("web", "image: x").replace(
        "spec:\n  t", f"spec:\n  replicas: {replicas}\n  t"
    )
    assert only(Written(text).project()).active == active


def test_names_that_are_taken() -> None:
    text = deployment("web", "image: x") + deployment("web", "image: y").replace(
        "Deployment", "StatefulSet"
    )
    text += deployment("web", "image: z").replace(
        "name: web\nspec", "name: web\n  namespace: b\nspec"
    )
    names = [one.name for one in Written(text).project().containers]
    assert names == ["web/web", "statefulset/web/web", "b/web/web"]
    twice = deployment("web", "image: x") + "      - name: web\n      - name: web\n"
    names = [one.name for one in Written(twice).project().containers]
    assert names == ["web/web", "deployment/web/web", "deployment/web/web (2)"]


def test_a_list_as_kubectl_writes_it() -> None:
    text = (
        '{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Pod", '
        '"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c"}]}}, {"apiVersion": '
        '"v1", "kind": "PodList", "items": [{"apiVersion": "v1", "kind": "Pod", "metadata": '
        '{"name": "b"}, "spec": {"containers": [{"name": "c"}]}}]}]}'
    )
    assert [one.name for one in Written(text).project().containers] == ["a/c", "b/c"]


def test_the_later_one_of_two() -> None:
    text = deployment("web", "image: old") + deployment("web", "image: new")
    image = only(Written(text).project()).program.image
    assert image is not None and image.value == "new"


def test_what_others_have_made_is_not_there_twice() -> None:
    web = deployment("web", "image: x")
    owned = (
        "metadata:\n  ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web}]\n"
        "  name: web-5d4f"
    )
    replicas = web.replace("Deployment", "ReplicaSet").replace("metadata:\n  name: web", owned)
    found = Written(web + replicas).project()
    assert [one.name for one in found.containers] == ["web/web"]
    assert [one.name for one in Written(replicas).project().containers] == ["web-5d4f/web"]
