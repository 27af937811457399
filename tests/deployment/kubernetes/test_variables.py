"""The variables of a container, by what the API reference says of ``env`` and ``envFrom``."""

from __future__ import annotations

import pytest

from lint502.deployment.containers import Program
from tests.deployment.manifests import Written, deployment, only

CONFIG = """\
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {PORT: "8000", LEVEL: info, app.ini: "[app]"}
---
apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {TOKEN: hidden}
data: {PASSWORD: aGlkZGVu}
"""


def program(fields: str, more: str = "") -> Program:
    found = Written(deployment("web", fields, more) + CONFIG).project()
    return only(found).program


def values(of: Program) -> dict[str, str]:
    return {name: text.value for name, text in of.environment.items()}


def test_values_and_references_to_those_before() -> None:
    found = program(
        """\
        env:
        - {name: HOST, value: 0.0.0.0}
        - {name: BIND, value: "$(HOST):$(PORT)"}
        - {name: PORT, value: "80"}
        - {name: URL, value: "http://$(HOST):$(PORT)/$$(PORT)$"}
        - {name: EMPTY}
        """
    )
    assert values(found) == {
        "HOST": "0.0.0.0", "PORT": "80", "URL": "http://0.0.0.0:80/$(PORT)$", "EMPTY": "",
    }  # fmt: skip
    assert (found.unknown, found.open) == (frozenset(("BIND",)), False)


def test_those_of_config_maps_and_secrets() -> None:
    found = program(
        """\
        envFrom:
        - configMapRef: {name: settings}
        - secretRef: {name: keys}
          prefix: APP_
        env:
        - {name: LEVEL, value: debug}
        - name: WEB_PORT
          valueFrom: {configMapKeyRef: {name: settings, key: PORT}}
        - name: MISSING
          valueFrom: {configMapKeyRef: {name: settings, key: NONE}}
        - name: SECRET
          valueFrom: {secretKeyRef: {name: keys, key: TOKEN}}
        - name: NODE
          valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
        """
    )
    assert values(found) == {
        "PORT": "8000", "LEVEL": "debug", "app.ini": "[app]", "WEB_PORT": "8000",
    }  # fmt: skip
    assert found.unknown == {"APP_TOKEN", "APP_PASSWORD", "MISSING", "SECRET", "NODE"}
    assert not found.open


@pytest.mark.parametrize(
    "source",
    [
        "configMapRef: {name: elsewhere}",
        "secretRef: {name: elsewhere}",
        "configMapRef: {name: '{{ name }}'}",
    ],
)
def test_what_no_manifest_has(source: str) -> None:
    found = program(f"envFrom: [{{{source}}}]\nargs: ['-b', ':$(PORT)']")
    assert (values(found), found.open) == ({}, True)
    assert found.arguments is not None
    assert found.arguments.words == ("-b", ":$(PORT)")


def test_a_value_that_is_put_in_later() -> None:
    found = program("env: [{name: PORT, value: '${PORT}'}, {name: '{{ name }}', value: a}]")
    assert (values(found), found.unknown, found.open) == ({}, frozenset(("PORT",)), True)


SERVICES = """\
---
apiVersion: v1
kind: Service
metadata: {name: my-api}
spec:
  ports: [{port: 80, name: web}]
---
apiVersion: v1
kind: Service
metadata: {name: other, namespace: elsewhere}
spec:
  ports: [{port: 80}]
---
apiVersion: v1
kind: Service
metadata: {name: db}
spec:
  clusterIP: None
  ports: [{port: 5432}]
"""


def test_those_of_services() -> None:
    text = deployment("web", "env: [{name: MY_API_PORT, value: '80'}]") + SERVICES
    found = only(Written(text).project()).program
    assert values(found) == {"MY_API_PORT": "80"}
    assert found.unknown == {
        "MY_API_SERVICE_HOST", "MY_API_SERVICE_PORT", "MY_API_SERVICE_PORT_WEB",
        "MY_API_PORT_80_TCP", "MY_API_PORT_80_TCP_PROTO", "MY_API_PORT_80_TCP_PORT",
        "MY_API_PORT_80_TCP_ADDR",
    }  # fmt: skip
    text = deployment("web", "image: x", "enableServiceLinks: false") + SERVICES
    assert only(Written(text).project()).program.unknown == frozenset()


def test_a_value_that_grows_without_end() -> None:
    lines = ["env:", "- {name: A0, value: 0123456789}"]
    lines += [
        f"- {{name: A{number}, value: '{f'$(A{number - 1})' * 10}'}}" for number in range(1, 30)
    ]
    found = program("\n".join(lines))
    assert list(found.environment) == ["A0", "A1", "A2", "A3"]
    assert len(found.unknown) == 26
