"""Compose files are told by what is in them."""

from __future__ import annotations

import pytest

from lint502.deployment.compose import is_compose
from lint502.deployment.yaml import documents
from lint502.places import SourceFile


def told(text: str) -> bool:
    (node,) = documents(SourceFile("x.yml", text))
    return is_compose(node)


@pytest.mark.parametrize(
    "text",
    [
        "services: {web: {image: nginx}}",
        "version: '3'\nservices: {web: {build: .}}",
        "services: {web: {build: {context: .}}}",
        "services: {web: {extends: {file: a.yml, service: b}}}",
        "services: {web: {ports: ['80:80']}}",
        "services: {web: {environment: [A=1]}, db: {volumes: ['x:/y'], x-mine: 1}}",
        "web: {image: nginx, links: [app]}\napp: {build: .}",
        "x-a: &a {restart: always}\nservices: {web: {<<: *a, image: nginx}}",
        "include: [a/compose.yaml]",
        "include: [{path: [a.yml, b.yml]}]\nservices: {}",
        "services: {web: {image: nginx, ports: [], restart: always, unheard_of: 1}}",
        "include: [a.yml]\nservices:",
    ],
)
def test_compose(text: str) -> None:
    assert told(text) is True


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}",
        "apiVersion: v1\nkind: List\nservices: {web: {image: nginx}}",
        "on: push\njobs: {test: {runs-on: ubuntu, services: {db: {image: postgres}}}}",
        "image: ruby\nservices: [postgres]\ntest: {script: [rake]}",
        "include: [{local: /a.yml}]",
        "include: [/templates/a.yml]",
        "test: {image: ruby, script: [rake]}",
        "services: {_defaults: {autowire: true}, 'App\\X': {class: X, arguments: [1]}}",
        "name: x\nrecipe: lamp\nservices: {node: {type: 'node:20', build: [npm i]}}",
        "web: {image: {repository: nginx, tag: '1'}}",
        "services: {web: {url: http://x}}",
        "services: [web]",
        "services: web",
        "- services: {web: {image: nginx}}",
        "web: nginx",
        "networks: {a: {}}",
        "services: {web: {image: nginx, replicas: 2, port: 80}}",
        "services: {web: {image: nginx}}\ningress: {enabled: true}",
        "include: [a.yml]\nservices: [a]",
    ],
)
def test_others(text: str) -> None:
    assert told(text) is False
