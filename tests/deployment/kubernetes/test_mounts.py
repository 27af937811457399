"""What volumes put into a container, and what they hide there."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest

from lint502.deployment.filesystem import ContainerFiles, Listing
from lint502.deployment.layers import Inline, Layer, Removed, Unseen, Volume
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Unread
from tests.deployment.manifests import Written, deployment, only

CONFIG = """\
---
apiVersion: v1
kind: ConfigMap
metadata: {name: proxy}
data:
  nginx.conf: |
    events {}
  api.conf: server {}
binaryData:
  logo.png: aGk=
"""


def read(mount: str, volume: str) -> tuple[Written, tuple[Layer, ...], tuple[Unread, ...]]:
    fields = f"volumeMounts:\n- name: v\n{indent(mount, '  ')}"
    pod = f"volumes:\n- name: v\n{indent(volume, '  ')}"
    written = Written(deployment("web", fields, pod) + CONFIG)
    container = only(written.project())
    return written, container.layers, container.unread


def shown(layer: Layer) -> tuple[str, str, str]:
    text = layer.text.value if isinstance(layer, Inline) else ""
    return type(layer).__name__, layer.target, text


ALL = "configMap: {name: proxy}"
NGINX = "events {}\n"


@pytest.mark.parametrize(
    ("mount", "volume", "layers"),
    [
        (
            "mountPath: /etc/nginx/conf.d/",
            ALL,
            [
                ("Removed", "/etc/nginx/conf.d", ""),
                ("Inline", "/etc/nginx/conf.d/api.conf", "server {}"),
                ("Volume", "/etc/nginx/conf.d/logo.png", ""),
                ("Inline", "/etc/nginx/conf.d/nginx.conf", NGINX),
            ],
        ),
        (
            "mountPath: /etc/nginx/nginx.conf\nsubPath: nginx.conf",
            ALL,
            [("Inline", "/etc/nginx/nginx.conf", NGINX)],
        ),
        (
            "mountPath: /etc/nginx/conf.d",
            "configMap: {name: proxy, items: [{key: api.conf, path: sites/default.conf}]}",
            [
                ("Removed", "/etc/nginx/conf.d", ""),
                ("Inline", "/etc/nginx/conf.d/sites/default.conf", "server {}"),
            ],
        ),
        (
            "mountPath: /etc/nginx/conf.d\nsubPath: sites",
            "configMap: {name: proxy, items: [{key: api.conf, path: sites/default.conf}]}",
            [
                ("Removed", "/etc/nginx/conf.d", ""),
                ("Inline", "/etc/nginx/conf.d/default.conf", "server {}"),
            ],
        ),
        (
            "mountPath: /etc/nginx",
            "projected: {sources: [{configMap: {name: proxy, items: [{key: nginx.conf, path: "
            "nginx.conf}]}}, {secret: {name: tls}}]}",
            [("Volume", "/etc/nginx", ""), ("Inline", "/etc/nginx/nginx.conf", NGINX)],
        ),
        ("mountPath: /etc/nginx", "configMap: {name: elsewhere}", [("Volume", "/etc/nginx", "")]),
        ("mountPath: /etc/nginx", "configMap: {name: '{{ a }}'}", [("Volume", "/etc/nginx", "")]),
        ("mountPath: /cache", "emptyDir: {}", [("Volume", "/cache", "")]),
        ("mountPath: /a\nsubPathExpr: $(POD)", ALL, [("Volume", "/a", "")]),
        ("mountPath: '{{ path }}'", ALL, [("Unseen", "/", "")]),
    ],
)
def test_a_volume(mount: str, volume: str, layers: list[tuple[str, str, str]]) -> None:
    written, found, unread = read(mount, volume)
    assert [shown(layer) for layer in found] == layers
    assert [one.why for one in unread] == (
        ["mounts a volume at a path that is not known"] if "{{ path" in mount else []
    )
    if not unread:
        assert {layer.place for layer in found} == {written.place(mount.partition("\n")[0])}


def test_the_text_points_into_the_manifest() -> None:
    written, found, _ = read("mountPath: /etc/nginx/nginx.conf\nsubPath: nginx.conf", ALL)
    (layer,) = found
    assert isinstance(layer, Inline)
    assert (layer.text.block, layer.text.place) == ("|", written.place("nginx.conf: |"))


@pytest.mark.parametrize(
    ("volume", "why"),
    [
        (ALL, "mounts none.conf, which is not in its volume"),
        (
            "configMap: {name: proxy, items: [{key: none, path: none.conf}]}",
            "mounts the key none, which is not in proxy",
        ),
    ],
)
def test_a_key_that_is_not_there(volume: str, why: str) -> None:
    written, _, unread = read("mountPath: /etc/nginx/nginx.conf\nsubPath: none.conf", volume)
    assert unread == (Unread(written.place("mountPath: /etc/nginx/nginx.conf"), why),)


@pytest.mark.parametrize(
    ("volume", "name"),
    [
        ("emptyDir: {}", "deployment/web/v"),
        ("secret: {secretName: tls}", "deployment/web/v"),
        ("persistentVolumeClaim: {claimName: media}", "/media"),
        ("hostPath: {path: /run/app/}", "/run/app"),
    ],
)
def test_what_is_shared_with_others_has_one_name(volume: str, name: str) -> None:
    written, found, _ = read("mountPath: /run/app", volume)
    assert found == (Volume("/run/app", written.place("mountPath: /run/app"), name=name),)


def test_what_is_mounted_below_comes_later(tmp_path: Path) -> None:
    text = deployment(
        "web",
        """\
        volumeMounts:
        - {name: v, mountPath: /etc/nginx/conf.d/api.conf, subPath: api.conf}
        - {name: empty, mountPath: /etc/nginx/conf.d}
        """,
        "volumes:\n- {name: v, configMap: {name: proxy}}\n- {name: empty, configMap: "
        "{name: proxy, items: []}}",
    )
    found = only(Written(text + CONFIG).project())
    assert [type(layer) for layer in found.layers] == [Removed, Inline]
    files = ContainerFiles(Repository(tmp_path), found.layers)
    assert files.listing("/etc/nginx/conf.d") == Listing(("api.conf",), True)
    assert isinstance(files.find("/etc/nginx/conf.d/api.conf"), Inline)


def test_a_volume_that_is_nowhere() -> None:
    text = deployment("web", "volumeMounts: [{name: none, mountPath: /a}, {mountPath: /b}]")
    found = only(Written(text).project())
    assert [type(layer) for layer in found.layers] == [Unseen, Volume]


def test_the_files_of_an_nginx(tmp_path: Path) -> None:
    text = deployment(
        "proxy",
        """\
        image: nginx:1.27
        volumeMounts:
        - {name: v, mountPath: /etc/nginx/nginx.conf, subPath: nginx.conf}
        - {name: v, mountPath: /etc/nginx/conf.d/api.conf, subPath: api.conf}
        """,
        "volumes:\n- {name: v, configMap: {name: proxy}}",
    )
    files = ContainerFiles(Repository(tmp_path), only(Written(text + CONFIG).project()).layers)
    found = [files.source(f"/etc/nginx/{name}") for name in ("nginx.conf", "conf.d/api.conf")]
    assert [(one.name, one.text) for one in found if one is not None] == [
        ("k8s.yaml", NGINX), ("k8s.yaml", "server {}"),
    ]  # fmt: skip
