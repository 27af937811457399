"""Networks, names, namespaces and hosts of services."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.deployment.containers import HOST, Container, Project
from tests.support.compose import project, projects, service


def of(found: Project) -> dict[str, Container]:
    return {one.name: one for one in found.containers}


def test_the_default_network(tmp_path: Path) -> None:
    found = project(tmp_path, "name: shop\nservices: {web: {image: web}}")
    web = of(found)["web"]
    assert (set(web.networks), web.names, web.namespace) == (
        {"default"},
        ("web", "shop-web-1", "shop_web_1"),
        "web",
    )
    assert found.external == set()


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({}, "my-shop2"),
        ({".env": "COMPOSE_PROJECT_NAME=other"}, "other"),
    ],
)
def test_the_name_of_a_project(tmp_path: Path, files: dict[str, str], name: str) -> None:
    found = project(tmp_path / "_My-Shop.2", "services: {web: {image: web}}", files)
    assert found.containers[0].names == ("web", f"{name}-web-1", f"{name}_web_1")


def test_names(tmp_path: Path) -> None:
    web = service(tmp_path, "container_name: box\nhostname: host")
    assert web.names == ("web", "box", "host")
    assert service(tmp_path, "container_name: $NAME").names == ("web",)


def test_aliases_hold_on_their_network_alone(tmp_path: Path) -> None:
    text = """
services:
  web:
    image: web
    container_name: w
    networks:
      front: {aliases: [www, '$X'], ipv4_address: 10.0.0.2, ipv6_address: 'fd00::2'}
      back: {}
networks: {front: {}, back: {}}
"""
    web = project(tmp_path, text).containers[0]
    assert web.aliases == {"front": ("web", "w", "www"), "back": ("web", "w")}
    assert web.names == ("web", "w", "www")
    assert (set(web.networks), web.addresses) == ({"front", "back"}, ("10.0.0.2", "fd00::2"))


def test_external_networks(tmp_path: Path) -> None:
    text = """
services:
  a: {image: a, networks: [one, two, three, four]}
networks:
  one: {external: true}
  two: {external: true, name: proxy}
  three: {external: {name: old}}
  four: {name: mine}
"""
    found = project(tmp_path, text)
    assert of(found)["a"].networks == {"one", "proxy", "old", "mine"}
    assert found.external == {"one", "proxy", "old"}


def test_a_network_that_another_project_is_on(tmp_path: Path) -> None:
    other = "services: {x: {image: x, networks: [n]}}\nnetworks: {n: {external: true, name: %s}}"
    text = "name: shop\nservices: {a: {image: a}, b: {image: b, networks: [n, m]}}\n"
    text += "networks: {n: {}, m: {name: mine}}"
    for name, expected in [("shop_default", "default"), ("shop_n", "n"), ("mine", "mine")]:
        found = projects(tmp_path, {"compose.yaml": text, "other/compose.yaml": other % name})
        assert found["compose.yaml"].external == {expected}


def test_two_keys_of_one_network(tmp_path: Path) -> None:
    text = "services: {a: {image: a, networks: [x]}, b: {image: b, networks: [y]}}\n"
    text += "networks: {x: {name: n}, y: {name: n, external: true}}"
    found = of(project(tmp_path, text))
    assert found["a"].networks == found["b"].networks == {"n"}


@pytest.mark.parametrize(
    ("mode", "networks", "names", "namespace"),
    [
        ("host", set(), (), HOST),
        ("none", set(), (), "web"),
        ("bridge", {"bridge"}, (), "web"),
        ("some_network", {"some_network"}, ("web", "w"), "web"),
        ("'service:app'", {"default"}, (), "app"),
        ("'container:box'", {"default"}, (), "app"),
        ("'container:elsewhere'", set(), (), "elsewhere"),
        ("'service:nowhere'", set(), (), "nowhere"),
        ("$MODE", set(), (), ""),
        ("'service:deep'", {"default"}, (), "app"),
    ],
)
def test_network_mode(
    tmp_path: Path, mode: str, networks: set[str], names: tuple[str, ...], namespace: str
) -> None:
    text = f"""
services:
  web: {{image: web, container_name: w, network_mode: {mode}}}
  app: {{image: app, container_name: box}}
  deep: {{image: deep, network_mode: 'service:app'}}
"""
    web = of(project(tmp_path, text))["web"]
    assert (set(web.networks), web.names, web.namespace) == (networks, names, namespace)


def test_namespaces_in_a_circle(tmp_path: Path) -> None:
    text = "services:\n  a: {image: a, network_mode: 'service:b'}\n"
    text += "  b: {image: b, network_mode: 'service:a'}\n"
    found = of(project(tmp_path, text))
    assert {name: one.networks for name, one in found.items()} == {"a": set(), "b": set()}


def test_hosts(tmp_path: Path) -> None:
    text = """
links: [db, 'app:backend', '$X:y']
external_links: ['redis_1:redis']
extra_hosts:
- "somehost=162.242.195.82"
- "old:50.31.209.229"
- "six:::1"
- "sixth=[::1]"
- "host.docker.internal:host-gateway"
- "unknown:$ADDRESS"
"""
    found = service(tmp_path, text)
    assert {name: one.value for name, one in found.hosts.items()} == {
        "db": "db",
        "backend": "app",
        "redis": "redis_1",
        "somehost": "162.242.195.82",
        "old": "50.31.209.229",
        "six": "::1",
        "sixth": "::1",
        "host.docker.internal": "host-gateway",
    }
    found = service(tmp_path, "extra_hosts: {a: 10.0.0.1, b: ['::1', 10.0.0.2]}")
    assert {name: one.value for name, one in found.hosts.items()} == {"a": "10.0.0.1", "b": "::1"}


@pytest.mark.parametrize(
    ("text", "env", "active"),
    [
        ("restart: always", "", True),
        ("profiles: [debug]", "", False),
        ("profiles: [debug, x]", "COMPOSE_PROFILES=a, debug", True),
        ("profiles: [debug]", "COMPOSE_PROFILES=*", True),
        ("profiles: []", "", True),
        ("profiles: ['${P:-debug}']", "", False),
        ("profiles: [$P]", "", False),
        ("scale: 0", "", False),
        ("scale: 2", "", True),
        ("deploy: {replicas: 0}", "", False),
        ("deploy: {replicas: '${N:-0}'}", "", False),
        ("deploy: {replicas: 3}", "", True),
    ],
)
def test_active(tmp_path: Path, text: str, env: str, active: bool) -> None:
    assert service(tmp_path, text, {".env": env}).active is active
