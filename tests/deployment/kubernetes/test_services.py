"""Services: what they lead to, and what a name and a port of nginx mean."""

from __future__ import annotations

import pytest

from lint502.deployment.kubernetes.reached import Cluster, Reached
from lint502.deployment.services import Endpoint, Pod, Service, ServicePort
from tests.deployment.manifests import Written, deployment


def service(name: str, ports: str, more: str = "", namespace: str = "") -> str:
    home = f", namespace: {namespace}" if namespace else ""
    spec = f"ports: [{ports}]{', ' if more else ''}{more}"
    return (
        f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}{home}}}\nspec: {{{spec}}}\n"
    )


def in_namespace(text: str, namespace: str) -> str:
    return text.replace("\nspec:\n", f"\n  namespace: {namespace}\nspec:\n", 1)


API = deployment("api", "image: api\nports: [{containerPort: 8000, name: web}]")


def test_a_service() -> None:
    written = Written(
        API
        + service(
            "api",
            "{port: 80, targetPort: 8000, name: http, nodePort: 30080}, {port: 81, targetPort: "
            "web, appProtocol: kubernetes.io/h2c}, {port: 82}, {port: 83, targetPort: none}, "
            "{port: 84, targetPort: '${PORT}'}, {port: 8000, protocol: UDP}",
            "selector: {app: api}, clusterIP: 10.0.0.5",
        )
    )
    at = written.place
    declared = (Endpoint(("api/api",), 8000, True),)
    (found,) = written.project().services
    assert found == Service(
        name="api",
        place=at("{name: api"),
        ports=(
            ServicePort(
                80, at("port: 80"), written.text("targetPort: 8000"), declared, "http",
                published=30080,
            ),
            ServicePort(
                81, at("port: 81"), written.text("targetPort: web"), declared,
                application=written.text("appProtocol: kubernetes.io/h2c"),
            ),
            ServicePort(
                82, at("port: 82"), written.text("port: 82"), (Endpoint(("api/api",), 82, False),)
            ),
            ServicePort(83, at("port: 83"), written.text("targetPort: none")),
            ServicePort(84, at("port: 84"), None),
            ServicePort(
                8000, at("port: 8000"), written.text("port: 8000"),
                (Endpoint(("api/api",), 8000, False),), protocol="udp",
            ),
        ),
        containers=("api/api",),
        address=written.text("clusterIP: 10.0.0.5"),
    )  # fmt: skip


def test_a_port_of_a_pod_with_several_containers() -> None:
    text = API + "      - name: proxy\n        ports: [{containerPort: 80}]\n"
    text += service("api", "{port: 80}, {port: 9}", "selector: {app: api}")
    (found,) = Written(text).project().services
    assert [port.endpoints for port in found.ports] == [
        (Endpoint(("api/proxy",), 80, True),),
        (Endpoint(("api/api", "api/proxy"), 9, False),),
    ]


@pytest.mark.parametrize(
    ("selector", "containers"),
    [
        ("selector: {app: api}", ("api/api",)),
        ("selector: {app: api, tier: back}", ()),
        ("selector: {app: web}", ()),
        ("selector: {app: '{{ name }}'}", ()),
        ("selector: {}", ()),
        ("", ()),
    ],
)
def test_selectors(selector: str, containers: tuple[str, ...]) -> None:
    (found,) = Written(API + service("api", "{port: 80}", selector)).project().services
    assert found.containers == containers
    assert found.selects == (": {app" in selector)


def test_a_selector_stays_in_its_namespace() -> None:
    text = API + in_namespace(API, "prod") + service("api", "{port: 80}", "selector: {app: api}")
    text += service("api", "{port: 80}", "selector: {app: api}", "prod")
    found = Written(text).project().services
    assert [one.containers for one in found] == [("api/api",), ("prod/api/api",)]
    assert found[1].names == ("api.prod.svc.cluster.local", "api.prod.svc", "api.prod")


def cluster(*texts: str) -> Cluster:
    return Cluster(Written("".join(texts)).project())


MANY = cluster(
    API,
    service(
        "api", "{port: 80, targetPort: 8000}, {port: 53, protocol: UDP}", "selector: {app: api}"
    ),
    service("web", "{port: 80}", "selector: {app: nobody}", "prod"),
    service("web", "{port: 80}", "selector: {app: nobody}", "test"),
    service("out", "{port: 80}", "type: ExternalName, externalName: example.com"),
    service("odd", "{port: '{{ port }}'}, {port: 81}", "selector: {app: api}"),
    service("pods", "{port: 80}", "clusterIP: None, selector: {app: api}"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("host", "namespace", "found"),
    [
        ("api", "", ("", "api")),
        ("api", "prod", ("", "api")),
        ("api.default", "", ("", "api")),
        ("api.default.svc", "", ("", "api")),
        ("API.default.svc.cluster.local.", "", ("", "api")),
        ("api.default.svc.corp.example", "", ("", "api")),
        ("api.default.cluster.local", "", None),
        ("web", "prod", ("prod", "web")),
        ("web", "test", ("test", "web")),
        ("web", "other", None),
        ("web", "", None),
        ("web.prod", "test", ("prod", "web")),
        ("web.prod.svc.cluster.local", "", ("prod", "web")),
        ("api-1.pods", "", ("", "pods")),
        ("api-1.pods.default.svc.cluster.local", "", ("", "pods")),
        ("api-1.web.prod", "", None),
        ("none", "", None),
        ("www.example.com", "", None),
        ("", "", None),
        ("svc", "", None),
        ("a.svc.svc", "", None),
    ],
)
def test_names(host: str, namespace: str, found: tuple[str, str] | None) -> None:
    service = MANY.service(host, Pod("nginx", namespace))
    assert (service and (service.namespace, service.name)) == found


@pytest.mark.parametrize(
    ("name", "at", "namespace", "homes"),
    [
        ("api", "", "prod", ["api", "default", "prod", "test"]),
        ("web", "prod", "prod", ["web", "prod"]),
        ("web", "prod", "test", ["prod"]),
        ("web", "prod", "", ["prod"]),
    ],
)
def test_all_names_of_a_service(name: str, at: str, namespace: str, homes: list[str]) -> None:
    service = MANY.service(f"{name}.{at or 'any'}", Pod("nginx"))
    assert service is not None
    expected = []
    for home in homes:
        short = f"{name}.{home}"
        full = [f"{short}.svc.cluster.local", f"{short}.svc", short]
        expected += [home] if home == name else full
    found = MANY.names(service, Pod("nginx", namespace))
    assert list(found) == expected
    assert {MANY.service(host, Pod("nginx", namespace)) for host in found} == {service}


def test_a_name_without_a_namespace_is_not_that_of_another_service() -> None:
    found = cluster(service("api", "{port: 80}"), service("api", "{port: 81}", "", "default"))
    own, other = (found.service(host, Pod("a", home)) for host, home in (
        ("api", ""), ("api", "default")
    ))  # fmt: skip
    assert own is not None
    assert other is not None
    assert (own.namespace, other.namespace) == ("", "default")
    assert found.names(own, Pod("a")) == ("api",)
    assert found.names(other, Pod("a", "default")) == ("api", *other.names)


@pytest.mark.parametrize(
    ("host", "namespace", "names"),
    [
        ("web", "other", ["web.prod", "web.test"]),
        ("web", "prod", []),
        ("web", "", []),
        ("web.none", "other", []),
        ("none", "other", []),
    ],
)
def test_names_of_other_namespaces(host: str, namespace: str, names: list[str]) -> None:
    found = MANY.elsewhere(host, Pod("nginx", namespace))
    assert [one.names[-1] for one in found] == names


def test_a_stateful_set_gives_names_to_its_pods() -> None:
    db = deployment("db", "image: x").replace("Deployment", "StatefulSet")
    db = db.replace("spec:\n", "spec:\n  serviceName: db\n", 1)
    found = cluster(db, service("db", "{port: 1}", "clusterIP: None, selector: {app: db}"))
    pod = Pod("nginx")
    assert found.service("db-0.db", pod) is not None
    assert found.service("web-0.db", pod) is None


@pytest.mark.parametrize(
    ("host", "port", "bound", "number", "endpoints"),
    [
        ("api", 80, True, 80, (Endpoint(("api/api",), 8000, True),)),
        ("api", 8000, False, None, None),
        ("api", 53, False, None, None),
        ("web.prod", 80, True, 80, None),
        ("out", 80, None, None, None),
        ("odd", 82, None, None, None),
        ("odd", 81, True, 81, (Endpoint(("api/api",), 81, False),)),
        ("pods", 8000, None, None, (Endpoint(("api/api",), 8000, True),)),
        ("pods", 80, None, None, (Endpoint(("api/api",), 80, False),)),
    ],
)
def test_ports(
    host: str,
    port: int,
    bound: bool | None,
    number: int | None,
    endpoints: tuple[Endpoint, ...] | None,
) -> None:
    pod = Pod("nginx")
    service = MANY.service(host, pod)
    assert service is not None
    expected = next((one for one in service.ports if one.number == number), None)
    assert MANY.reached(host, port, pod) == Reached(service, expected, bound, endpoints)


def test_a_name_that_the_containers_do_not_use() -> None:
    text = API + service("api", "{port: 80, targetPort: none}", "selector: {app: api}")
    found = cluster(text).reached("api", 80, Pod("nginx"))
    assert found is not None
    assert (found.bound, found.endpoints) == (True, ())


def test_udp() -> None:
    found = MANY.reached("api", 53, Pod("nginx"), "udp")
    assert found is not None
    assert (found.bound, found.endpoints) == (True, (Endpoint(("api/api",), 53, False),))
